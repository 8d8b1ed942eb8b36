"""What holds for every pose: flips, heatmaps, limb masks and body masks."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import plain
from torch import Tensor

from reposer.poses import (
    OPENPOSE_18,
    Pose,
    background_mask,
    body_mask,
    flip_joints,
    joint_heatmaps,
    limb_masks,
)

SIZE = (48, 32)
FLIP = list(OPENPOSE_18.flip_order)
quick = settings(max_examples=20, deadline=None, derandomize=True)


@st.composite
def poses(draw: st.DrawFn, batch: int = 2) -> tuple[Tensor, Tensor]:
    """Draw poses on the pixels of an image, any joints missing: joints (B, 18, 2), visible (B, 18)."""

    def values(strategy: st.SearchStrategy[float]) -> Tensor:
        return torch.tensor(draw(st.lists(strategy, min_size=18 * batch, max_size=18 * batch))).reshape(batch, 18)

    x, y = (values(st.integers(0, side - 1)) for side in reversed(SIZE))
    visible = values(st.booleans()).bool()
    return torch.stack([x, y], dim=-1).float() * visible[..., None], visible


def flipped_parts() -> list[int]:
    """Order of the body parts after a flip: the part whose joints are the swapped joints."""
    ends = [{*part.start, *part.end} for part in OPENPOSE_18.parts]
    return [ends.index({FLIP[joint] for joint in end}) for end in ends]


@quick
@given(poses())
def test_flip_twice_is_nothing(pose: tuple[Tensor, Tensor]) -> None:
    joints, visible = flip_joints(*flip_joints(*pose, SIZE[1]), SIZE[1])
    assert torch.equal(joints, pose[0])
    assert torch.equal(visible, pose[1])


@quick
@given(poses(batch=1))
def test_flip_of_a_pose_is_flip_of_the_batch(pose: tuple[Tensor, Tensor]) -> None:
    joints, visible = flip_joints(*pose, SIZE[1])
    one = Pose(pose[0][0], pose[1][0]).flipped(SIZE[1])
    assert torch.equal(one.joints, joints[0])
    assert torch.equal(one.visible, visible[0])


def test_flip_swaps_left_and_right() -> None:
    names = OPENPOSE_18.joints
    swapped = [names[i] for i in FLIP]
    switch = {"left": "right", "right": "left"}
    assert swapped == [" ".join(switch.get(word, word) for word in name.split()) for name in names]


@pytest.mark.parametrize("kind", ["gaussian", "pixel"])
@quick
@given(poses())
def test_heatmaps_of_flipped_joints(kind: str, pose: tuple[Tensor, Tensor]) -> None:
    """They are the flipped heatmaps, left and right channels swapped."""
    joints, visible = pose[0].double(), pose[1]
    maps = joint_heatmaps(joints, visible, SIZE, kind=kind)  # type: ignore[arg-type]
    of_flipped = joint_heatmaps(*flip_joints(joints, visible, SIZE[1]), SIZE, kind=kind)  # type: ignore[arg-type]
    torch.testing.assert_close(of_flipped, maps[:, FLIP].flip(-1), atol=1e-12, rtol=0)


@quick
@given(poses())
def test_heatmaps(pose: tuple[Tensor, Tensor]) -> None:
    """In [0, 1]; 1 at the joint and nowhere else; zero for a missing joint."""
    joints, visible = pose
    maps = joint_heatmaps(joints, visible, SIZE)
    assert maps.shape == (2, 18, *SIZE)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert maps[~visible].eq(0).all()
    at_joint = joints[..., 1].long() * SIZE[1] + joints[..., 0].long()
    peaks = joint_heatmaps(joints, visible, SIZE, kind="pixel")
    assert torch.equal(maps.flatten(2).gather(2, at_joint[..., None])[..., 0], visible.float())
    assert torch.equal(peaks, maps.eq(1).float())
    assert torch.equal(peaks.sum((2, 3)), visible.float())


def test_heatmaps_ignore_what_missing_joints_hold() -> None:
    visible = torch.zeros(1, 18, dtype=torch.bool)
    assert joint_heatmaps(torch.full((1, 18, 2), -1.0), visible, SIZE).eq(0).all()


@quick
@given(poses())
def test_limb_masks(pose: tuple[Tensor, Tensor]) -> None:
    """In [0, 1], close to 1 somewhere; zero where a joint of the part is missing."""
    joints, visible = pose
    masks = limb_masks(joints, visible, SIZE)
    assert masks.shape == (2, 10, *SIZE)
    assert masks.min() >= 0
    assert masks.max() <= 1
    for i, part in enumerate(OPENPOSE_18.parts):
        whole = visible[:, [*part.start, *part.end]].all(1)
        assert masks[~whole, i].eq(0).all()
        assert (masks[whole, i].amax((1, 2)) > 0.999).all()
    background = background_mask(masks)
    assert torch.equal(background, 1 - masks.amax(1, keepdim=True))
    assert background.min() >= 0


@quick
@given(poses())
def test_limb_masks_of_flipped_joints(pose: tuple[Tensor, Tensor]) -> None:
    joints, visible = (t.double() if t.is_floating_point() else t for t in pose)
    masks = limb_masks(joints, visible, SIZE)
    of_flipped = limb_masks(*flip_joints(joints, visible, SIZE[1]), SIZE)
    # A part of length zero lies along y, flipped or not.
    torch.testing.assert_close(of_flipped, masks[:, flipped_parts()].flip(-1), atol=1e-9, rtol=0)


@quick
@given(poses())
def test_body_mask(pose: tuple[Tensor, Tensor]) -> None:
    """Boolean; covers the visible joints; empty without any."""
    joints, visible = pose
    mask = body_mask(joints, visible, SIZE)
    assert mask.shape == (2, *SIZE)
    assert mask.dtype == torch.bool
    for one, xy, seen in zip(mask, joints.long(), visible, strict=True):
        assert one[xy[seen, 1], xy[seen, 0]].all()
        assert bool(one.any()) == bool(seen.any())


@pytest.mark.parametrize("make", [joint_heatmaps, limb_masks, body_mask])
@quick
@given(pose=poses(batch=3))
def test_a_batch_is_its_poses_one_by_one(
    make: Callable[[Tensor, Tensor, tuple[int, int]], Tensor], pose: tuple[Tensor, Tensor]
) -> None:
    joints, visible = pose[0].double(), pose[1]
    each = [make(joints[i : i + 1], visible[i : i + 1], SIZE) for i in range(3)]
    torch.testing.assert_close(make(joints, visible, SIZE), torch.cat(each), atol=1e-12, rtol=0)


@pytest.mark.parametrize("make", [joint_heatmaps, limb_masks, body_mask])
def test_bad_shapes(make: Callable[[Tensor, Tensor, tuple[int, int]], Tensor]) -> None:
    with pytest.raises(ValueError, match=r"joints must have shape \(B, J, 2\), x then y in pixels, got \(18, 2\)"):
        make(torch.zeros(18, 2), torch.ones(18, dtype=torch.bool), SIZE)
    with pytest.raises(ValueError, match=r"visible must have shape \(B, J\) = \(1, 18\), got \(18,\)"):
        make(torch.zeros(1, 18, 2), torch.ones(18, dtype=torch.bool), SIZE)


def test_sigma_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"sigma must be positive \(pixels\), got 0"):
        joint_heatmaps(torch.zeros(1, 18, 2), torch.ones(1, 18, dtype=torch.bool), SIZE, sigma=0)


def test_pose_shapes() -> None:
    with pytest.raises(ValueError, match=r"a pose needs joints \(J, 2\) and visible \(J,\), got \(18, 3\)"):
        Pose(torch.zeros(18, 3), torch.ones(18, dtype=torch.bool))


@pytest.mark.parametrize("size", [(128, 64), (50, 37)])
def test_batched_maps_equal_plain_numpy_image_by_image(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(4)
    joints = torch.rand(6, 18, 2, generator=generator) * torch.tensor([size[1], size[0]])
    joints[0, 3] = joints[0, 2]  # a limb without length
    visible = torch.rand(6, 18, generator=generator) > 0.2
    heatmaps, masks = plain.pose_maps(joints, visible, size)
    torch.testing.assert_close(joint_heatmaps(joints, visible, size), heatmaps, atol=2e-6, rtol=0)
    torch.testing.assert_close(limb_masks(joints, visible, size), masks, atol=2e-5, rtol=0)
