"""Things in front of people: rectangles, ellipses and strips, in colours and patterns of the pair itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reposer.data.augmentation.moving import pixels, sampled

DRAWS = 16
_SECOND = 0.3
"""How often there are two."""


def occluder_mask(numbers: Tensor, size: tuple[int, int]) -> Tensor:
    """Where a thing is, (B, H, W) bool, by numbers (B, 8) in [0, 1)."""
    height, width = size
    kind, x, y, long, narrow, turn, _, _ = numbers[:, :, None, None].unbind(1)
    place = pixels(size, numbers)
    dx, dy = place[..., 0] - x * width, place[..., 1] - y * height
    angle = math.pi * turn
    u, v = dx * torch.cos(angle) + dy * torch.sin(angle), dy * torch.cos(angle) - dx * torch.sin(angle)
    a, b = height * (0.05 + 0.15 * long), height * (0.03 + 0.1 * narrow)
    u, v = (u / a).abs(), (v / b).abs()
    rectangle, ellipse, strip = torch.maximum(u, v) < 1, u * u + v * v < 1, v < 0.5
    return torch.where(kind < 0.4, rectangle, torch.where(kind < 0.8, ellipse, strip))


def occluded(images: Tensor, patterns: Tensor, which: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Put things in front of which (B,) images (B, 3, H, W) in [0, 1], by numbers (B, 2 DRAWS) in [0, 1).

    Args:
        patterns: (B, 3, H, W), of which the things have a part: turned, enlarged, and in other colours.

    Returns:
        The images, and where things are, (B, H, W) bool.
    """
    size = (images.shape[-2], images.shape[-1])
    covered = torch.zeros_like(images[:, 0], dtype=torch.bool)
    for number, drawn in enumerate(numbers.chunk(2, dim=1)):
        mask = occluder_mask(drawn[:, :8], size) & which[:, None, None]
        if number:
            mask &= (drawn[:, 15] < _SECOND)[:, None, None]
        images = torch.where(mask[:, None], _texture(patterns, drawn[:, 8:]), images)
        covered |= mask
    return images, covered


def _texture(patterns: Tensor, numbers: Tensor) -> Tensor:
    """A part of each pattern, by numbers (B, 8)."""
    height, width = patterns.shape[-2:]
    x, y, turn, zoom, red, green, blue, _ = numbers[:, :, None, None].unbind(1)
    place = pixels((height, width), patterns)
    dx, dy = place[..., 0] - width / 2, place[..., 1] - height / 2
    angle, scale = 2 * math.pi * turn, 0.1 + 0.9 * zoom
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    places = torch.stack((width * x + cos * dx - sin * dy, height * y + sin * dx + cos * dy), dim=-1)
    tint = 0.4 + torch.stack((red, green, blue), dim=1)
    return (sampled(patterns, places) * tint).clamp(0, 1)
