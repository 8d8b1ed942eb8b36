"""Where the head is, and crops of it: what they show, and what must not matter."""

import pytest
import torch
from torch import Tensor

from reposer.poses import crops, head_boxes


def pose(nose: tuple[float, float] = (30, 20)) -> tuple[Tensor, Tensor]:
    """A head of five joints above a neck, far from the rest of the body."""
    joints = torch.full((1, 18, 2), 90.0)
    x, y = nose
    face = {0: (x, y), 1: (x, y + 20), 14: (x - 4, y - 4), 15: (x + 4, y - 4), 16: (x - 8, y - 2), 17: (x + 8, y - 2)}
    for joint, place in face.items():
        joints[0, joint] = torch.tensor(place)
    return joints, torch.ones(1, 18, dtype=torch.bool)


def test_the_box_is_around_the_face_and_as_large_as_the_head() -> None:
    (box,), found = head_boxes(*pose())
    assert found.all()
    assert box[0] == 30
    assert box[1] == pytest.approx(20 - 12 / 5)  # the mean of nose, eyes and ears
    assert 28 < box[2] < 45  # from the neck to the nose are 20


def test_it_follows_the_person_and_their_size() -> None:
    joints, visible = pose()
    (box,), _ = head_boxes(joints, visible)
    (moved,), _ = head_boxes(2 * joints + 5, visible)
    torch.testing.assert_close(moved, torch.stack((2 * box[0] + 5, 2 * box[1] + 5, 2 * box[2])))


@pytest.mark.parametrize(("hidden", "there"), [([1], True), ([0, 14, 15], True), ([0, 1, 14, 15, 16], False)])
def test_two_joints_are_enough(hidden: list[int], there: bool) -> None:
    joints, visible = pose()
    visible[:, hidden] = False
    joints[:, hidden] = torch.nan
    box, found = head_boxes(joints, visible)
    assert found.tolist() == [there]
    assert box.isfinite().all()
    if there:
        full = head_boxes(*pose())[0]
        assert (box[:, :2] - full[:, :2]).abs().max() < 4
        assert 0.6 < box[0, 2] / full[0, 2] < 1.4


def test_joints_on_one_point_are_no_head() -> None:
    joints = torch.zeros(1, 18, 2)
    assert not head_boxes(joints, torch.ones(1, 18, dtype=torch.bool))[1].any()


def ramp() -> Tensor:
    """A picture whose two channels are x and y."""
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(50.0), indexing="ij")
    return torch.stack((columns, rows))[None].double()


@pytest.mark.parametrize("side", [8.0, 16.0, 31.3])
def test_crops_of_any_side_show_their_place(side: float) -> None:
    """Enlarged, as they are, and reduced: the crop's centres lie where they should."""
    crop = crops(ramp(), torch.tensor([[22.25, 19.5, side]]), 16)
    steps = ((torch.arange(16) + 0.5) / 16 - 0.5) * side
    off = 1e-6 if side <= 16 else 0.05  # a triangle that is not a whole number of pixels wide is nearly balanced
    torch.testing.assert_close(crop[0, 0], (22.25 + steps).double().expand(16, 16), rtol=0, atol=off)
    torch.testing.assert_close(crop[0, 1], (19.5 + steps).double()[:, None].expand(16, 16), rtol=0, atol=off)


def test_outside_lies_the_colour_of_the_border() -> None:
    crop = crops(ramp(), torch.tensor([[0.0, 0.0, 20.0]]), 20)
    assert crop[0, 0, 0, 0] == 0
    assert crop[0, :, -1, -1].tolist() == [9.5, 9.5]
    far = crops(ramp(), torch.tensor([[-500.0, 900.0, 20.0]]), 20)
    assert far[0, :, 2, 2].tolist() == [0, 39]


def test_reduced_crops_are_averages() -> None:
    """No pixel is skipped: each has its share of the sum."""
    image = torch.zeros(1, 1, 40, 40, dtype=torch.float64, requires_grad=True)
    crops(image, torch.tensor([[19.5, 19.5, 32.0]]), 8).sum().backward()
    assert image.grad is not None
    inside = image.grad[0, 0, 8:32, 8:32]
    torch.testing.assert_close(inside, torch.full_like(inside, 1 / 16))


def test_gradients_are_right() -> None:
    image = torch.rand(2, 2, 9, 7, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[3.2, 4.1, 5.3], [2.7, 5.2, 12.4]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda i, b: crops(i, b, 4), (image, boxes), fast_mode=True)
