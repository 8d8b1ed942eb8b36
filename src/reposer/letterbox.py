"""Photos of any shape in pictures of one size: scaled as a whole, never stretched, with padding about them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from reposer.images import resize
from reposer.poses import Pose

FILL = 128
"""8-bit value of the padding: the middle grey, which a network sees as 0.004."""


class Box(NamedTuple):
    """The part of a picture that shows the photo, in whole pixels; all the rest is padding."""

    top: int
    left: int
    height: int
    width: int

    def crop(self, image: Tensor) -> Tensor:
        """Cut (..., H, W) to the box."""
        return image[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def moved(self, joints: Tensor) -> Tensor:
        """Joints (..., 2) of the picture, x then y, as pixels of its crop."""
        return joints - joints.new_tensor([self.left, self.top])


def content_box(photo: tuple[int, int], size: tuple[int, int]) -> Box:
    """Where a photo of ``photo`` (H, W) pixels stands in a picture of ``size``: as large as fits, in the middle."""
    scale = min(size[0] / photo[0], size[1] / photo[1])
    height, width = (min(max(round(side * scale), 1), most) for side, most in zip(photo, size, strict=True))
    return Box((size[0] - height) // 2, (size[1] - width) // 2, height, width)


def letterbox(photo: Tensor, size: tuple[int, int]) -> Tensor:
    """Show a photo (3, H', W') uint8 in a picture (3, *size), padded with ``FILL``; PIL's antialiased bicubic filter.

    A photo of that size stays as it is.
    """
    box = content_box((photo.shape[-2], photo.shape[-1]), size)
    content = resize(photo, (box.height, box.width), "pil-bicubic")
    if content.shape[-2:] == size:
        return content
    picture = torch.full((3, *size), FILL, dtype=torch.uint8)
    box.crop(picture).copy_(content)
    return picture


def letterbox_pose(pose: Pose, photo: tuple[int, int], size: tuple[int, int]) -> Pose:
    """Move a pose of a photo of ``photo`` (H, W) pixels along: places are counted from the middle of the first pixel.

    A joint on the very edge of the photo stays on a pixel of its content.
    """
    box = content_box(photo, size)
    scale = pose.joints.new_tensor([box.width / photo[1], box.height / photo[0]])
    inside = ((pose.joints + 0.5) * scale - 0.5).clamp(min=0)
    inside = inside.minimum(inside.new_tensor([box.width - 1, box.height - 1]))
    joints = inside + inside.new_tensor([box.left, box.top])
    return Pose(torch.where(pose.visible[:, None], joints, 0.0), pose.visible)


def content_mask(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Which pixels (B, 1, H, W) bool of pictures of ``size`` lie in ``boxes`` (B, 4), fields as in :class:`Box`."""
    top, left, height, width = boxes[:, :, None].unbind(1)
    rows, columns = (torch.arange(side, device=boxes.device) for side in size)
    down = (rows >= top) & (rows < top + height)
    across = (columns >= left) & (columns < left + width)
    return (down[:, :, None] & across[:, None, :])[:, None]


def flip_box(box: Tensor, width: int) -> Tensor:
    """The box (..., 4) in the horizontally flipped picture of ``width`` pixels."""
    top, left, down, across = box.unbind(-1)
    return torch.stack((top, width - left - across, down, across), dim=-1)
