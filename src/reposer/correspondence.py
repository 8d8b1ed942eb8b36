"""Where what one picture shows is in another: flow and visibility, as they are known or as a network explains them.

A flow (B, 2, H, W) holds for each pixel of the target the place of the same point in the source: x, then y, in pixels
whose centres are at whole numbers. Networks and losses share these types; neither imports the other.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

PART_NAMES = (
    "background", "head", "hair", "torso", "right upper arm", "right lower arm", "right hand", "left upper arm",
    "left lower arm", "left hand", "right upper leg", "right lower leg", "right foot", "left upper leg",
    "left lower leg", "left foot", "skirt", "accessory",
)  # fmt: skip
"""What the part labels of pixels mean, by value."""

_OTHER_SIDE = {"left": "right", "right": "left"}
MIRRORED_PARTS = tuple(
    PART_NAMES.index(" ".join(_OTHER_SIDE.get(word, word) for word in name.split())) for name in PART_NAMES
)
"""The label of each part in a mirrored picture."""


class PairTruth(NamedTuple):
    """What is known about the targets of pairs, as data sets of rendered people tell it."""

    flow: Tensor
    """(B, 2, H, W) float: for each pixel of the target x, y of the same surface point in the source, pixels."""
    seen: Tensor
    """(B, H, W) bool: the target shows the person there, and the source shows the same point."""
    parts: Tensor
    """(B, H, W) uint8, the part that each pixel of the target shows, see ``PART_NAMES``; 0 is background."""


class Explained(NamedTuple):
    """A generated image and what the network says of where it comes from, coarse to fine."""

    image: Tensor
    """(B, 3, H, W) in [-1, 1]."""
    flows: tuple[Tensor, ...]
    """(B, 2, h, w) each, in pixels of the whole source, from the smallest to full size (H, W)."""
    visibilities: tuple[Tensor, ...]
    """(B, 1, h, w) each, of the same sizes: logits of whether the source shows the point."""


def carried(image: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Images (B, C, H, W) sampled where the flow (B, 2, h, w) points; what lies outside is the border's colour.

    ``mode``: of ``torch.nn.functional.grid_sample``, "bilinear", "nearest" or "bicubic".
    """
    height, width = image.shape[-2:]
    x, y = flow.unbind(dim=1)
    grid = torch.stack(((x + 0.5) * (2 / width) - 1, (y + 0.5) * (2 / height) - 1), dim=-1)
    return grid_sample(image, grid, mode=mode, padding_mode="border", align_corners=False)
