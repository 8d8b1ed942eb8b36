"""The side-by-side picture: photo with its skeleton, target pose, result."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.images import resize
from reposer.poses import Pose, draw_pose

_LEAST, _MOST, _GAP = 256, 1024, 4
"""Pixels: height of the panels, and white between them."""


def side_by_side(photo: Tensor, source: Pose, target: Pose, size: tuple[int, int], result: Tensor) -> Tensor:
    """Draw three panels of one height: the photo with a pose over it, the target pose on black, the result.

    Args:
        photo: (3, H', W') uint8.
        source: the pose in it, in its pixels.
        target: the target pose, in pixels of a frame of
        size: (H, W).
        result: (3, H'', W'') uint8.

    Returns:
        (3, h, w) uint8, as high as the photo, but from 256 to 1,024 pixels.
    """
    height = min(max(_LEAST, photo.shape[-2]), _MOST)
    shown = _as_high(photo, height)
    drawn = _drawn(source, (photo.shape[-2], photo.shape[-1]), height)
    over = torch.where((drawn > 0).any(dim=0), drawn, (shown.float() * 0.75).to(torch.uint8))
    panels = [over, _drawn(target, size, height), _as_high(result, height)]
    gap = torch.full((3, height, _GAP), 255, dtype=torch.uint8)
    return torch.cat([panels[0], gap, panels[1], gap, panels[2]], dim=2)


def _fitted(size: tuple[int, int], height: int) -> tuple[int, int]:
    return height, max(1, round(size[1] * height / size[0]))


def _as_high(image: Tensor, height: int) -> Tensor:
    return resize(image, _fitted((image.shape[-2], image.shape[-1]), height), "pil-bicubic")


def _drawn(pose: Pose, size: tuple[int, int], height: int) -> Tensor:
    scale = height / size[0]
    place = (scale - 1) / 2  # from the middle of the first pixel
    return draw_pose(Pose(pose.joints * scale + place, pose.visible), _fitted(size, height))
