"""Where the head is in a picture, and crops of it at a resolution of their own."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.poses.skeleton import OPENPOSE_18, shown_joints

_NOSE, _NECK, _EYES_AND_EARS = slice(0, 1), 1, slice(14, 18)
_OF_NECK, _OF_FACE = 1.7, 2.6
"""Sides of a square around the head, hair and chin included: in distances from the face to the neck, and in lengths of
the diagonal of the box of nose, eyes and ears, which are all that is left where the neck is not in the picture."""


def head_boxes(joints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Squares around the heads of poses of ``OPENPOSE_18``.

    Args:
        joints: (B, 18, 2) float pixels, x then y.
        visible: (B, 18) bool.

    Returns:
        Middle and side (B, 3): x, y and length in pixels; found (B,) bool: two of nose, eyes and ears are visible, or
        one and the neck. The others are squares of side 1 at the corner.

    Raises:
        TypeError, ValueError: if the shapes are not those of the skeleton.
    """
    OPENPOSE_18.check(joints, visible)
    joints = shown_joints(joints, visible)
    face, shown = (torch.cat((each[:, _NOSE], each[:, _EYES_AND_EARS]), dim=1) for each in (joints, visible[..., None]))
    count = shown.sum(dim=1)  # (B, 1)
    middle = (face * shown).sum(dim=1) / count.clamp(min=1)
    lowest = face.masked_fill(~shown, torch.inf).amin(dim=1)
    highest = face.masked_fill(~shown, -torch.inf).amax(dim=1)
    with_neck = visible[:, _NECK, None]
    extent = torch.where(count > 1, highest - lowest, 0)
    to_neck = torch.where(with_neck, joints[:, _NECK] - middle, 0)
    side = torch.maximum(_OF_NECK * _length(to_neck), _OF_FACE * _length(extent))
    found = (count > 1) | ((count > 0) & with_neck)
    found &= side > 1
    box = torch.cat((middle.masked_fill(~found, 0), side.masked_fill(~found, 1)), dim=1)
    return box, found[:, 0]


def _length(vectors: Tensor) -> Tensor:
    """Lengths (B, 1) without an endless slope at 0."""
    return vectors.square().sum(dim=1, keepdim=True).clamp(min=1e-12).sqrt()


def head_crops(images: Tensor, joints: Tensor, visible: Tensor, size: int) -> Tensor:
    """The heads (B, C, size, size) of images (B, C, H, W), see ``head_boxes`` and ``crops``; 0 where there is none."""
    boxes, found = head_boxes(joints, visible)
    return crops(images, boxes, size) * found[:, None, None, None]


def crops(images: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Square crops (B, C, size, size) of images (B, C, H, W), read between pixels; smaller ones are averages.

    Two matrix products with weights that fall linearly with the distance, so that gradients are the same wherever they
    are computed. Outside of the images lies their border's colour.

    Args:
        images: float.
        boxes: (B, 3), x and y of the middle and length of a side, in pixels whose centres are at whole numbers.
        size: pixels of a side of the crops.
    """
    boxes = boxes.to(images.dtype)
    columns = _weights(boxes[:, 0], boxes[:, 2], images.shape[-1], size)
    rows = _weights(boxes[:, 1], boxes[:, 2], images.shape[-2], size)
    with torch.autocast(images.device.type, enabled=False):
        return rows[:, None] @ images @ columns[:, None].mT


def _weights(middle: Tensor, side: Tensor, length: int, size: int) -> Tensor:
    """(B, size, length) how much each pixel of a row of that length has of each pixel of a crop."""
    steps = (torch.arange(size, device=side.device, dtype=side.dtype) + 0.5) / size - 0.5
    places = (middle[:, None] + steps * side[:, None]).clamp(0, length - 1)[..., None]
    reach = (side / size).clamp(min=1)[:, None, None]
    pixels = torch.arange(length, device=side.device, dtype=side.dtype)
    weights = (1 - (pixels - places).abs() / reach).clamp(min=0)
    return weights / weights.sum(dim=-1, keepdim=True)
