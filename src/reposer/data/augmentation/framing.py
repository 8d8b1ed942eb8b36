"""Framing: which part of a picture is shown, chosen by the body; and how everything in a picture moves along."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from reposer.data.augmentation.config import AugmentationConfig

_HEAD, _SHOULDERS, _HIPS, _KNEES = (0, 14, 15, 16, 17), (2, 5), (8, 11), (9, 12)
_KINDS = 5
"""Three-quarter, half, upper body, without the head, any part."""
DRAWS = 6
"""Numbers that a frame is drawn from."""


@dataclass(frozen=True)
class Frame:
    """Where pictures (B, 3, H, W) are shown: x' = zoom R (x - middle) + the new picture's middle."""

    middle: Tensor
    """(B, 2) x, y of what comes to the middle."""
    zoom: Tensor
    """(B,), 1 or more."""
    turn: Tensor
    """(B,) radians."""
    changed: Tensor
    """(B,) bool: the others stay bit for bit."""
    size: tuple[int, int]

    def moved(self, places: Tensor) -> Tensor:
        """Where places (B, ..., 2) in pixels, x then y, come to be."""
        shape = (-1, *(1,) * (places.ndim - 2))
        cos, sin = ((f(self.turn) * self.zoom).view(shape) for f in (torch.cos, torch.sin))
        x, y = (places - self.middle.view(*shape, 2)).unbind(-1)
        return self._or_unchanged(_pair(cos * x - sin * y + self._x, sin * x + cos * y + self._y), places)

    def origins(self, places: Tensor) -> Tensor:
        """Where what comes to be at places (B, ..., 2) was: the inverse of ``moved``."""
        shape = (-1, *(1,) * (places.ndim - 2))
        cos, sin = ((f(self.turn) / self.zoom).view(shape) for f in (torch.cos, torch.sin))
        x, y = places[..., 0] - self._x, places[..., 1] - self._y
        return self._or_unchanged(_pair(cos * x + sin * y, cos * y - sin * x) + self.middle.view(*shape, 2), places)

    @property
    def _x(self) -> float:
        return (self.size[1] - 1) / 2

    @property
    def _y(self) -> float:
        return (self.size[0] - 1) / 2

    def _or_unchanged(self, moved: Tensor, places: Tensor) -> Tensor:
        return torch.where(self.changed.view(-1, *(1,) * (places.ndim - 1)), moved, places)


def _pair(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack((x, y), dim=-1)


def draw_frame(
    joints: Tensor, visible: Tensor, size: tuple[int, int], numbers: Tensor, config: AugmentationConfig
) -> Frame:
    """A frame of each picture, from numbers (B, DRAWS) in [0, 1) and where the body is; never more than the picture."""
    height, width = size
    chosen, kind, loose_zoom, across, down, turn = numbers.unbind(1)
    top, bottom = _range_of(joints, visible, (kind * _KINDS).long(), loose_zoom)
    known = bottom > top + 1
    zoom = (height / (bottom - top).clamp(min=1)).clamp(1, config.zoom)
    zoom = torch.where(known, zoom, 1 + (config.zoom - 1) * loose_zoom.square())
    # What the zoom limits leaves room: up or down, and across, by chance.
    rows, columns = height / zoom, width / zoom
    y = torch.where(known, (top + bottom) / 2 + 0.08 * rows * (down - 0.5), height * down)
    shown = visible & ((joints[..., 1] - y[:, None]).abs() < rows[:, None] / 2)
    weight = shown.to(joints)
    x = (joints[..., 0] * weight).sum(1) / weight.sum(1).clamp(min=1)
    x = torch.where(shown.any(1), x + 0.3 * columns * (across - 0.5), width * across)
    x = torch.minimum(torch.maximum(x, columns / 2 - 0.5), width - 0.5 - columns / 2)
    y = torch.minimum(torch.maximum(y, rows / 2 - 0.5), height - 0.5 - rows / 2)
    angle = (2 * turn - 1) * math.radians(config.turn)
    return Frame(_pair(x, y), zoom, angle, chosen < config.framing, size)


def _range_of(joints: Tensor, visible: Tensor, kind: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
    """First and last row (B,) of what each kind of frame shows; the same where the body does not tell."""
    rows = joints[..., 1]

    def mean(which: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        shown = torch.stack([visible[:, joint] for joint in which], dim=1)
        values = torch.stack([rows[:, joint] for joint in which], dim=1) * shown
        return values.sum(1) / shown.sum(1).clamp(min=1), shown.any(1)

    highest = rows.masked_fill(~visible, torch.inf).amin(1)
    lowest = rows.masked_fill(~visible, -torch.inf).amax(1)
    length = lowest - highest
    (_, head), (shoulders, chest), (hips, waist), (knees, legs) = map(mean, (_HEAD, _SHOULDERS, _HIPS, _KNEES))
    crown = highest - 0.09 * length
    neck = shoulders - 0.04 * length
    feet = lowest + 0.05 * length
    to_hips = hips + 0.06 * length
    tops = torch.stack((crown, crown, crown, neck, crown), dim=1)
    ends = (knees, to_hips, shoulders + 0.6 * (hips - shoulders), torch.where(number < 0.5, feet, to_hips), crown)
    known = (head & legs, head & waist, head & chest & waist, chest & waist, torch.zeros_like(head))
    here = kind[:, None].clamp(max=_KINDS - 1)
    top = tops.gather(1, here)[:, 0]
    bottom = torch.stack(ends, dim=1).gather(1, here)[:, 0]
    told = torch.stack(known, dim=1).gather(1, here)[:, 0]
    return torch.where(told, top, 0), torch.where(told, bottom, 0)
