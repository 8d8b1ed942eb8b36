"""Masks of body parts from the labels of pixels, as rendered people have them."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.correspondence import PART_NAMES
from reposer.poses.tables import table

_ENDS = {"hair": "head", "hand": "lower arm", "foot": "lower leg"}
"""Labels that belong to another part: a hand of a few pixels is no part to compare on its own."""


def _part(label: str) -> str:
    return next((label.replace(end, whole) for end, whole in _ENDS.items() if label.endswith(end)), label)


LABELLED_PARTS = tuple(dict.fromkeys(_part(label) for label in PART_NAMES[1:]))
"""Names of the masks that ``labelled_masks`` makes: the ten parts of ``OPENPOSE_18``, skirt, and what is carried."""
_NUMBERS = (-1, *(LABELLED_PARTS.index(_part(label)) for label in PART_NAMES[1:]))


def labelled_masks(labels: Tensor) -> Tensor:
    """Exact masks (B, 12, H, W) float32, 0 and 1, of part labels.

    Args:
        labels: (B, H, W) whole numbers that mean ``PART_NAMES``; 0 is background.

    Raises:
        TypeError, ValueError: if they are no whole numbers of that shape.
    """
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be whole numbers, got {labels.dtype}")
    if labels.ndim != 3:
        raise ValueError(f"labels must have shape (B, H, W), got {tuple(labels.shape)}")
    like = torch.empty((), device=labels.device)
    part = table(_NUMBERS, like, torch.long)[labels.long()]
    numbers = torch.arange(len(LABELLED_PARTS), device=labels.device)
    return (part[:, None] == numbers[:, None, None]).float()
