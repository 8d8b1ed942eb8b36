"""Photos in pictures of one size: never stretched, keypoints moved along, the rest grey."""

from pathlib import Path

import pytest
import torch

from reposer.decoding import photo_size_of, size_of
from reposer.images import read_image
from reposer.letterbox import FILL, Box, content_box, content_mask, flip_box, letterbox, letterbox_pose
from reposer.poses import Pose
from tests.own_photos import write_photo

SIZE = (128, 64)


@pytest.mark.parametrize(("photo", "box"), [
    ((128, 64), Box(0, 0, 128, 64)),
    ((4000, 2000), Box(0, 0, 128, 64)),
    ((64, 64), Box(32, 0, 64, 64)),
    ((300, 400), Box(40, 0, 48, 64)),
    ((400, 100), Box(0, 16, 128, 32)),
    ((3, 1), Box(0, 10, 128, 43)),
    ((1, 10_000), Box(63, 0, 1, 64)),
])  # fmt: skip
def test_content_is_as_large_as_fits_and_in_the_middle(photo: tuple[int, int], box: Box) -> None:
    assert content_box(photo, SIZE) == box


@pytest.mark.parametrize("photo", [(64, 64), (300, 400), (400, 100), (97, 53), (40, 20)])
def test_keypoints_stay_on_what_they_mark(photo: tuple[int, int]) -> None:
    """A spot in the photo is where its keypoint is, to within the rounding of the box to whole pixels."""
    height, width = photo
    for x, y in ((width * 0.3, height * 0.4), (width * 0.8, height * 0.7)):
        rows, columns = torch.arange(height)[:, None], torch.arange(width)
        far = ((rows - y) / height).square() + ((columns - x) / width).square()
        image = (255 * torch.exp(-far * 400)).round().to(torch.uint8).expand(3, -1, -1)
        shown = letterbox(image.contiguous(), SIZE)
        moved = letterbox_pose(Pose(torch.tensor([[x, y]]), torch.tensor([True])), photo, SIZE).joints[0]
        box = content_box(photo, SIZE)
        spot = box.crop(shown)[0].double()
        total = spot.sum()
        found_y = (spot.sum(1) * torch.arange(box.height)).sum() / total + box.top
        found_x = (spot.sum(0) * torch.arange(box.width)).sum() / total + box.left
        assert moved.tolist() == pytest.approx([found_x.item(), found_y.item()], abs=0.3)


def test_padding_is_grey_and_content_is_not_stretched() -> None:
    photo = torch.full((3, 200, 200), 30, dtype=torch.uint8)
    shown = letterbox(photo, SIZE)
    box = content_box((200, 200), SIZE)
    inside = content_mask(torch.tensor([box]), SIZE)[0, 0]
    assert shown[:, inside].eq(30).all()
    assert shown[:, ~inside].eq(FILL).all()
    assert abs(box.height / box.width - 1) < 1 / 64


def test_a_photo_of_the_size_stays_as_it_is() -> None:
    photo = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8)
    assert torch.equal(letterbox(photo, SIZE), photo)


def test_joints_on_the_edge_stay_in_the_content_and_missing_ones_are_0() -> None:
    joints = torch.tensor([[0.0, 0.0], [399.4, 299.4], [7.0, 7.0]])
    visible = torch.tensor([True, True, False])
    moved = letterbox_pose(Pose(joints, visible), (300, 400), SIZE)
    assert moved.joints.tolist() == [[0, 40], [63, 87], [0, 0]]
    assert moved.visible.tolist() == visible.tolist()


def test_boxes_of_flipped_pictures() -> None:
    box = torch.tensor([[0, 3, 128, 32], [10, 0, 50, 64]])
    mask = content_mask(box, SIZE)
    assert mask.shape == (2, 1, *SIZE)
    assert mask.sum().item() == 128 * 32 + 50 * 64
    assert torch.equal(content_mask(flip_box(box, 64), SIZE), mask.flip(-1))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_sizes_are_those_of_the_shown_photo(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_photo(path, torch.randint(0, 256, (3, 30, 20)), turned=True)
    assert photo_size_of(path) == size_of(path) == (30, 20) == tuple(read_image(path).shape[1:])
    write_photo(path, torch.randint(0, 256, (3, 30, 20)))
    assert photo_size_of(path) == (30, 20)
