"""Motions: what is right stays, what estimators get wrong goes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reposer.checks import InputError
from reposer.poses import NAMED_MOTIONS, OPENPOSE_18, Pose, named_motion, named_pose, retarget, retarget_motion
from reposer.poses.motion import cleaned, fill_gaps, keep_sides, resample, smooth, without_flashes

SIZE = (256, 176)
RATE = 25.0


def walk(periods: int = 3) -> tuple[Tensor, Tensor]:
    joints, visible = named_motion("walk", 28, SIZE)
    return joints.repeat(periods, 1, 1), visible.repeat(periods, 1)


def straight(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Joints that each move evenly along a line."""
    random = torch.Generator().manual_seed(seed)
    start, speed = (torch.rand(18, 2, generator=random) * most for most in (100, 3))
    times = torch.arange(count, dtype=torch.float32)[:, None, None]
    return start + times * speed, torch.ones(count, 18, dtype=torch.bool)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 40), seed=st.integers(0, 99), still=st.booleans(), rate=st.sampled_from((3.0, 12.0, 60.0)))
def test_what_moves_evenly_or_not_at_all_stays(count: int, seed: int, still: bool, rate: float) -> None:
    joints, visible = straight(count, seed)
    if still:
        joints = joints[:1].expand(count, -1, -1).clone()
    found, seen = cleaned(joints, visible, rate)
    assert seen.all()
    torch.testing.assert_close(found, joints, rtol=0, atol=1e-3)
    between, seen = resample(joints, visible, 2 * count - 1)
    assert seen.all()
    torch.testing.assert_close(between[::2], joints, rtol=0, atol=1e-3)
    torch.testing.assert_close(between[1::2], (joints[1:] + joints[:-1]) / 2, rtol=0, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), longest=st.integers(1, 6))
def test_gaps_are_filled_between_their_neighbours(seed: int, longest: int) -> None:
    random = torch.Generator().manual_seed(seed)
    joints = torch.rand(30, 4, 2, generator=random) * 50
    visible = torch.rand(30, 4, generator=random) > 0.4
    found, seen = fill_gaps(joints, visible, longest=longest)
    assert (seen | ~visible).all()
    assert torch.equal(found[visible], joints[visible])
    for joint in range(4):
        there = visible[:, joint].nonzero().flatten().tolist()
        for before, after in zip([None, *there], [*there, None], strict=True):
            first, end = 0 if before is None else before + 1, 30 if after is None else after
            if first == end:
                continue
            assert seen[first:end, joint].tolist() == [end - first <= longest and bool(there)] * (end - first)
            around = joints[[each for each in (before, after) if each is not None], joint]
            if seen[first, joint]:
                assert (found[first:end, joint] >= around.amin(0) - 1e-4).all()
                assert (found[first:end, joint] <= around.amax(0) + 1e-4).all()


def test_a_joint_that_is_missing_once_or_seen_once_does_not_pop() -> None:
    joints, visible = walk()
    elbow, missing = 3, 17  # the left ear is turned away
    broken = visible.clone()
    broken[[10, 30, 31], elbow] = False
    broken[20, missing] = True
    _, seen = cleaned(joints, broken, RATE)
    assert seen[:, elbow].all()
    assert not seen[:, missing].any()
    assert not without_flashes(broken, longest=1)[:, missing].any()


def test_smoothing_takes_away_most_jitter_and_leaves_the_motion() -> None:
    joints, visible = walk()
    jitter = torch.randn(joints.shape, generator=torch.Generator().manual_seed(0))
    found = smooth(joints + jitter, visible, rate=RATE)

    def shake(path: Tensor) -> float:
        return float((path[2:] - 2 * path[1:-1] + path[:-2])[:, :14].norm(dim=-1).mean())

    assert shake(found - joints) < 0.3 * shake(jitter)
    assert float((found - joints)[:, :14].norm(dim=-1).mean()) < 0.75 * float(jitter[:, :14].norm(dim=-1).mean())
    assert float((smooth(joints, visible, rate=RATE) - joints)[visible].norm(dim=-1).max()) < 0.02 * SIZE[0]


def test_what_is_missing_has_no_influence() -> None:
    joints, visible = walk()
    visible = visible.clone()
    visible[20:60, 4] = False
    strange = joints.masked_fill(~visible[..., None], float("nan"))
    for found, expected in zip(cleaned(strange, visible, RATE), cleaned(joints, visible, RATE), strict=True):
        assert torch.equal(found, expected)
    found, seen = resample(strange, visible, 50)
    assert found.isfinite().all()
    assert torch.equal(found[~seen], torch.zeros_like(found[~seen]))


@pytest.mark.parametrize("name", NAMED_MOTIONS)
@pytest.mark.parametrize("count", [12, 25, 60])
def test_sides_of_a_right_motion_stay(name: str, count: int) -> None:
    joints, visible = named_motion(name, count, SIZE)
    found, seen = keep_sides(joints, visible, longest=count)
    assert torch.equal(found, joints)
    assert torch.equal(seen, visible)


@pytest.mark.parametrize("which", [slice(5, 6), slice(20, 23), slice(40, 50), slice(0, 2), slice(80, 84)])
def test_exchanged_sides_are_exchanged_back(which: slice) -> None:
    joints, visible = walk()
    body = list(range(1, 14))
    wrong = joints.clone()
    wrong[which] = joints[which][:, list(OPENPOSE_18.flip_order)]
    found, _ = keep_sides(wrong, visible, longest=12)
    assert not torch.equal(wrong[:, body], joints[:, body])
    assert torch.equal(found[:, body], joints[:, body])


@pytest.mark.parametrize("name", NAMED_MOTIONS)
def test_a_named_motion_closes_and_moves_evenly(name: str) -> None:
    joints, visible = named_motion(name, 60, SIZE)
    steps = (joints - joints.roll(1, dims=0))[:, 1:14].norm(dim=-1)
    assert steps[0].max() < 1.5 * steps[1:].max()
    assert steps.max() < 0.06 * SIZE[0]
    assert visible[:, 1:14].all()
    torch.testing.assert_close(named_motion(name, 30, SIZE)[0], joints[::2])
    low, high = joints[visible].amin(0), joints[visible].amax(0)
    assert (low > 0).all()
    assert (high < torch.tensor(SIZE[::-1])).all()


def test_the_walk_walks() -> None:
    joints, visible = named_motion("walk", 40, SIZE)
    right, left = joints[:, 10], joints[:, 13]
    torch.testing.assert_close(
        right[:, 1] - right[:, 1].mean(), left.roll(20, 0)[:, 1] - left[:, 1].mean(), atol=3, rtol=0
    )
    apart = (right - left)[:, 0]
    assert apart[0] > 0.15 * SIZE[0], "the right heel strikes at first"
    assert apart[20] < -0.15 * SIZE[0], "the left one half a period later"
    assert ((apart[1:] > 0) != (apart[:-1] > 0)).sum() == 2, "they pass each other twice"
    wrists = (joints[:, 4] - joints[:, 7])[:, 0]
    assert torch.corrcoef(torch.stack((apart, wrists)))[0, 1] < -0.8, "arms swing against the legs"
    ground = joints[:, [10, 13], 1].amax(1)
    assert float(ground.max() - ground.min()) < 0.05 * SIZE[0], "one foot is always on the ground"
    assert not visible[:, [15, 17]].all(), "it looks to the right"


def test_the_turn_shows_face_and_back() -> None:
    joints, visible = named_motion("turn", 4, SIZE)
    front, right, back, left = (Pose(*pose) for pose in zip(joints, visible, strict=True))
    for found, name in (
        (front, "standing"),
        (right, "turned-90-right"),
        (back, "turned-180"),
        (left, "turned-90-left"),
    ):
        expected = named_pose(name, SIZE)
        assert torch.equal(found.visible, expected.visible)
        between = (found.joints - expected.joints)[found.visible]
        torch.testing.assert_close(between, between[:1].expand_as(between), atol=0.5, rtol=0)


def test_a_motion_of_another_name_is_refused() -> None:
    with pytest.raises(InputError, match="unknown motion 'wlak'; did you mean 'walk'"):
        named_motion("wlak", 3, SIZE)
    with pytest.raises(InputError, match="positive"):
        named_motion("walk", 0, SIZE)


def test_a_motion_is_fitted_once() -> None:
    joints, visible = walk(1)
    source = named_pose("standing", (128, 64))
    jitter = torch.randn(joints.shape, generator=torch.Generator().manual_seed(0))
    once, _ = retarget_motion(joints + jitter, visible, source)
    each = torch.stack([retarget(Pose(*one), source).joints for one in zip(joints + jitter, visible, strict=True)])

    def thighs(poses: Tensor) -> Tensor:
        return (poses[:, 9] - poses[:, 8]).norm(dim=-1)

    ratio, ratios = (thighs(fitted) / thighs(joints + jitter) for fitted in (once, each))
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-3, atol=0)
    assert ratios.std() > 0.01 * ratios.mean()


def test_a_motion_stands_where_the_source_stands_and_keeps_its_ways() -> None:
    joints, visible = walk()
    forwards = torch.arange(len(joints))[:, None, None] * torch.tensor([1.0, 0.0])
    source = named_pose("standing", (128, 64))
    fitted, _ = retarget_motion(joints + forwards, visible, source)
    ground = fitted[:, [10, 13], 1].amax(1)
    assert abs(float(ground.median() - source.joints[[10, 13], 1].max())) < 0.5
    hips = fitted[:, [8, 11], 0].mean(1)
    assert abs(float(hips.median() - source.joints[[8, 11], 0].mean())) < 0.5
    assert float(hips[-1] - hips[0]) == pytest.approx(len(joints) * 0.5, rel=0.1), "half as large: half as far"


def test_a_motion_without_limbs_stays_and_one_without_feet_stands_by_its_hips() -> None:
    joints, visible = walk(1)
    source = named_pose("standing", SIZE)
    nobody = torch.zeros_like(visible)
    nobody[:, 1] = True
    found, seen = retarget_motion(joints, nobody, source)
    assert torch.equal(seen, nobody)
    assert torch.equal(found[:, 1], joints[:, 1])
    sitting = visible.clone()
    sitting[:, [9, 10, 12, 13]] = False
    found, _ = retarget_motion(joints, sitting, source)
    hips = found[:, [8, 11]].mean(1).median(0).values
    torch.testing.assert_close(hips, source.joints[[8, 11]].mean(0), atol=1, rtol=0)


def test_named_motions_are_those_of_the_script() -> None:
    from tools.make_motions import motions

    from reposer.poses.gaits import _moments

    made = motions()
    assert set(made) == set(_moments()) == {motion.moments for motion in NAMED_MOTIONS.values()}
    for name, moments in made.items():
        torch.testing.assert_close(torch.from_numpy(_moments()[name]), torch.tensor(moments), atol=2e-4, rtol=0)
