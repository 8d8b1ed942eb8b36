"""PCKh: the head box rule, joint by joint."""

import pytest
import torch

from reposer.metrics import pckh_counts


def pose(batch: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Joints spread out, all visible; the head is 20 px wide and 10 px high."""
    joints = torch.arange(batch * 18 * 2, dtype=torch.float32).reshape(batch, 18, 2)
    joints[:, [0, 1, 14, 15, 16, 17]] = torch.tensor([[30, 10], [30, 20], [25, 12], [35, 12], [20, 15], [40, 15.0]])
    return joints, torch.ones(batch, 18, dtype=torch.bool)


def count(
    predicted: tuple[torch.Tensor, torch.Tensor], target: tuple[torch.Tensor, torch.Tensor], **options: float
) -> tuple[int, int]:
    right, total = pckh_counts(*predicted, *target, **options)
    return int(right.sum()), int(total.sum())


def test_identical_poses() -> None:
    assert count(pose(2), pose(2)) == (36, 36)


@pytest.mark.parametrize(
    ("dx", "dy", "right"),
    [(9.9, 0, 18), (10, 0, 17), (0, 4.9, 18), (0, 5, 17), (9.9, -4.9, 18), (-10, -5, 17)],
)
def test_a_joint_may_be_off_by_less_than_half_the_head_box(dx: float, dy: float, right: int) -> None:
    joints, visible = pose()
    joints[0, 4] += torch.tensor([dx, dy])
    assert count((joints, visible), pose()) == (right, 18)


def test_fraction() -> None:
    joints, visible = pose()
    joints[0, 4, 0] += 6
    assert count((joints, visible), pose(), fraction=0.25) == (17, 18)


def test_missing_joints() -> None:
    target, predicted = pose(), pose()
    target[1][0, 3] = False  # not in the target: neither right nor wrong
    predicted[1][0, 7] = False  # not found: wrong
    assert count(predicted, target) == (16, 17)


def test_images_with_fewer_than_two_head_joints_are_left_out() -> None:
    joints, visible = pose(3)
    visible[0, [1, 14, 15, 16, 17]] = False
    visible[1, [0, 1, 14, 15, 16, 17]] = False
    right, total = pckh_counts(joints, visible, joints, visible)
    assert total.tolist() == [0, 0, 18]
    assert right.tolist() == [0, 0, 18]


def test_only_head_joints_of_the_target_make_the_box() -> None:
    """Two head joints at one height make a box of no height, in which nothing is right."""
    joints, visible = pose()
    visible[0, [0, 1, 16, 17]] = False
    assert count(pose(), (joints, visible)) == (0, 14)


def test_bad_inputs() -> None:
    joints, visible = pose(2)
    with pytest.raises(ValueError, match="visible must have shape"):
        pckh_counts(joints, visible[:1], joints, visible)
    with pytest.raises(ValueError, match="one shape"):
        pckh_counts(joints[:1], visible[:1], joints, visible)
