"""Retargeting: a pose of anybody, fitted to another person, is where that person's joints would be."""

import pytest
import torch
from tests.builds import Pairs, errors, unlike_pairs

from reposer.checks import InputError
from reposer.poses import NAMED_POSES, Pose, named_pose, retarget, retarget_joints
from reposer.poses.proportions import LIMB_NAMES, limb_lengths, with_middles

SIZE = (256, 176)
STANDING = named_pose("standing", SIZE)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return unlike_pairs(60, seed=3)


def without(visible: torch.Tensor, *joints: int) -> torch.Tensor:
    visible = visible.clone()
    visible[..., list(joints)] = False
    return visible


def test_poses_of_unlike_builds_come_within_three_percent_of_the_height(pairs: Pairs) -> None:
    before, after = (errors(*each, pairs) for each in (pairs.target, retarget_joints(*pairs.target, *pairs.source)))
    assert before.mean() > 0.1
    assert after.mean() < 0.02
    assert after.quantile(0.95) < 0.05
    for kind in set(pairs.kinds):
        of = torch.tensor([each == kind for each in pairs.kinds])
        assert after[of].mean() < 0.03, kind
        assert after[of].mean() < before[of].mean(), kind


def test_so_do_two_hundred_pairs() -> None:
    pairs = unlike_pairs(200)
    assert errors(*retarget_joints(*pairs.target, *pairs.source), pairs).mean() < 0.03


def test_in_the_picture_of_the_target_only_proportions_change(pairs: Pairs) -> None:
    """A person of another size and place, but of the same build, leaves a pose as it is; nobody's feet move."""
    joints, visible = pairs.target
    fitted, _ = retarget_joints(joints, visible, joints * 1.7 + 30, visible, place="target")
    torch.testing.assert_close(fitted[visible], joints[visible], atol=0.2, rtol=0)
    fitted, _ = retarget_joints(joints, visible, *pairs.source, place="target")
    assert ((fitted - joints).norm(dim=-1) * visible).mean() > 1
    both = visible[:, [10, 13]].all(dim=1)
    lowest = (each[both][:, [10, 13], 1].amax(dim=1) for each in (fitted, joints))
    torch.testing.assert_close(next(lowest), next(lowest))


def test_missing_joints_stay_missing_and_disturb_little(pairs: Pairs) -> None:
    (joints, seen), (source, source_seen) = pairs.target, pairs.source
    seen = seen & (torch.rand(seen.shape, generator=torch.Generator().manual_seed(0)) > 0.2)
    nowhere = joints.masked_fill(~seen[..., None], torch.nan)
    fitted, visible = retarget_joints(nowhere, seen, source, without(source_seen, 9, 10, 4))
    assert torch.equal(visible, seen)
    assert (fitted[~seen] == 0).all()
    assert errors(fitted, visible, pairs).mean() < 0.05


def test_a_batch_is_its_poses_one_by_one(pairs: Pairs) -> None:
    poses = [tensor[:5] for tensor in (*pairs.target, *pairs.source)]
    fitted, _ = retarget_joints(*poses)
    for index in range(5):
        target, source = Pose(poses[0][index], poses[1][index]), Pose(poses[2][index], poses[3][index])
        one = retarget(target, source)
        torch.testing.assert_close(one.joints, torch.where(target.visible[:, None], fitted[index], 0))
    many, _ = retarget_joints(*poses[:2], poses[2][:1], poses[3][:1])
    torch.testing.assert_close(many[0], fitted[0])


def test_directions_and_foreshortening_stay() -> None:
    target = named_pose("sitting", SIZE)
    fitted = retarget(target, Pose(STANDING.joints * torch.tensor([1.0, 2.0]), STANDING.visible))
    for start, end in ((2, 3), (3, 4), (8, 9), (9, 10)):
        before, after = (pose.joints[end] - pose.joints[start] for pose in (target, fitted))
        torch.testing.assert_close(after / after.norm(), before / before.norm(), atol=1e-4, rtol=0)
    ratios = [
        float((fitted.joints[end] - fitted.joints[start]).norm() / (target.joints[end] - target.joints[start]).norm())
        for start, end in ((8, 9), (11, 12))
    ]
    assert ratios[0] == pytest.approx(ratios[1], abs=1e-3)  # however much each is shortened


def test_scale_and_shift_of_the_target_do_not_matter() -> None:
    target = named_pose("running-1", SIZE)
    other = Pose(torch.where(target.visible[:, None], target.joints * 3.7 + 100, 0), target.visible)
    torch.testing.assert_close(retarget(other, STANDING).joints, retarget(target, STANDING).joints, atol=0.02, rtol=0)


def test_it_stands_on_the_ground_of_the_source() -> None:
    for name in NAMED_POSES:
        fitted = retarget(named_pose(name, (100, 300)), STANDING)
        assert float(fitted.joints[[10, 13], 1].max()) == pytest.approx(
            float(STANDING.joints[[10, 13], 1].max()), abs=0.01
        )
        hips = [float(pose.joints[[8, 11], 0].mean()) for pose in (fitted, STANDING)]
        assert hips[0] == pytest.approx(hips[1], abs=0.01)


def test_without_feet_the_hips_keep_their_place_and_without_hips_the_neck() -> None:
    target = named_pose("waving", (100, 300))
    for missing, anchor in (((10,), [8, 11]), ((8, 9, 10, 11, 12, 13), [1])):
        source = Pose(STANDING.joints, without(STANDING.visible, *missing))
        fitted = retarget(target, source)
        torch.testing.assert_close(fitted.joints[anchor].mean(0), source.joints[anchor].mean(0), atol=0.01, rtol=0)


def test_a_shortened_limb_is_only_a_lower_bound() -> None:
    def lengths(pose: Pose) -> dict[str, float]:
        places = with_middles(pose.joints[None].double(), pose.visible[None])
        return dict(zip(LIMB_NAMES, limb_lengths(*places)[0].tolist(), strict=True))

    usual = lengths(STANDING)
    joints = STANDING.joints.clone()
    joints[[4, 7]] = joints[[3, 6]] + 1  # both forearms point at the camera
    assert lengths(Pose(joints, STANDING.visible))["forearm"] == pytest.approx(usual["forearm"], rel=0.05)
    joints = STANDING.joints.clone()
    joints[4] = joints[3] + 1.3 * (joints[4] - joints[3])  # one is longer than usual
    assert lengths(Pose(joints, STANDING.visible))["forearm"] > 1.08 * usual["forearm"]


def test_nothing_to_go_by_leaves_the_target() -> None:
    target = named_pose("waving", SIZE)
    nobody = Pose(torch.full((18, 2), torch.nan), torch.zeros(18, dtype=torch.bool))
    assert torch.equal(retarget(target, nobody).joints, target.joints)
    assert not retarget(nobody, target).visible.any()


def test_joints_outside_the_picture_are_missing() -> None:
    low = Pose(STANDING.joints + torch.tensor([0.0, -40.0]), STANDING.visible)
    fitted = retarget(named_pose("arms-up", SIZE), low, size=SIZE)
    assert not fitted.visible[[4, 7]].any()
    assert fitted.visible[[10, 13]].all()


def test_wrong_arguments_are_named() -> None:
    joints, visible = STANDING.joints[None], STANDING.visible[None]
    with pytest.raises(ValueError, match="expected 1 or 3 source poses, as many as targets, got 2"):
        retarget_joints(
            joints.expand(3, -1, -1), visible.expand(3, -1), joints.expand(2, -1, -1), visible.expand(2, -1)
        )
    with pytest.raises(ValueError, match=r"must have shape \(B, 18, 2\)"):
        retarget_joints(joints[:, :17], visible[:, :17], joints, visible)
    with pytest.raises(TypeError, match="target must be a reposer Pose, got 'standing'"):
        retarget("standing", STANDING)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMED_POSES)
def test_named_poses_fit_into_any_frame(name: str) -> None:
    for height, width in ((128, 64), (256, 176), (64, 256), (40, 20)):
        pose = named_pose(name, (height, width))
        shown = pose.joints[pose.visible]
        assert (shown >= -0.5).all()
        assert (shown < torch.tensor([width, height]) - 0.5).all()
        assert pose.visible[1:14].all()


def test_named_poses_are_24_and_one_is_not_the_other() -> None:
    poses = {name: named_pose(name, SIZE) for name in NAMED_POSES}
    assert len(poses) == 24
    for index, name in enumerate(NAMED_POSES):
        for other in NAMED_POSES[:index]:
            assert (poses[name].joints - poses[other].joints)[1:14].norm(dim=1).max() > 5, (name, other)


def test_left_and_right_of_named_poses_are_right() -> None:
    def x(name: str, joint: int) -> float:
        return float(named_pose(name, SIZE).joints[joint, 0])

    assert x("standing", 5) > x("standing", 2)  # from the front the left shoulder is on the right of the picture
    assert x("turned-180", 5) < x("turned-180", 2)
    assert x("turned-90-left", 0) < x("turned-90-left", 1)
    assert x("turned-90-right", 0) > x("turned-90-right", 1)
    assert named_pose("turned-90-right", SIZE).visible[[16, 17]].tolist() == [True, False]  # the right ear is seen
    assert named_pose("turned-180", SIZE).visible[[0, 14, 15, 16, 17]].tolist() == [False, False, False, True, True]
    assert x("walking-1", 10) > x("walking-1", 13)  # the right foot is in front, the right wrist behind
    assert x("walking-1", 4) < x("walking-1", 7)


def test_a_misspelt_pose_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown pose 'hands-on-hip'; did you mean 'hands-on-hips'"):
        named_pose("hands-on-hip", SIZE)
    with pytest.raises(InputError, match="size must be"):
        named_pose("waving", (0, 4))


def test_named_poses_are_those_of_the_script() -> None:
    from tools.make_named_poses import POSES, rows

    from reposer.poses.named import _table

    assert tuple(POSES) == NAMED_POSES
    for name, row in rows().items():
        assert [place is not None for place in row] == [place is not None for place in _table()[name]]
        for made, kept in zip(row, _table()[name], strict=True):
            assert made is None or made == pytest.approx(kept, abs=0.0011)
