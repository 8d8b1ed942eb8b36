"""A picture to look at: photos with their skeletons on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.diagnosis.split import SplitFacts, spread_evenly
from reposer.images import crop_columns, grid, read_image, read_photo, resize
from reposer.letterbox import letterbox
from reposer.poses import Pose, draw_pose

_ROW, _ROWS = 8, 2
_LEAST_HEIGHT = 256
"""Pixels: smaller photos are enlarged."""


def skeletons(splits: Sequence[SplitFacts]) -> Tensor | None:
    """Contact sheet (3, H, W) uint8 of up to 16 images of each split, spread evenly over those in pairs.

    None where no image can be shown.
    """
    rows = []
    for facts in splits:
        shown = list(_shown(facts))
        rows += [shown[i : i + _ROW] for i in range(0, len(shown), _ROW)]
    return grid(rows) if rows else None


def overlay(image: Tensor, pose: Pose) -> Tensor:
    """Draw a pose on an image (3, H, W) uint8, which is darkened so that the lines stand out."""
    drawn = draw_pose(pose, (image.shape[-2], image.shape[-1]))
    return torch.maximum(drawn, (image.float() * 0.75).to(torch.uint8)) if pose.visible.any() else image


def _shown(facts: SplitFacts) -> Iterator[Tensor]:
    if facts.images is None:
        return
    names = [name for name in facts.paired if name in facts.files and name in facts.lists.poses]
    height, width = facts.size
    times = max(1, round(_LEAST_HEIGHT / height))
    for name in spread_evenly(names, _ROW * _ROWS):
        try:
            image = (read_image if facts.photos is None else read_photo)(facts.path_of(name))
        except InputError:
            continue
        image = image if facts.photos is None else letterbox(image, facts.size)
        if image.shape[-2] != height or image.shape[-1] not in facts.widths:
            continue
        pose = facts.lists.poses[name]
        large = resize(crop_columns(image, width), (times * height, times * width), "pil-bicubic")
        yield overlay(large, Pose(times * pose.joints, pose.visible))
