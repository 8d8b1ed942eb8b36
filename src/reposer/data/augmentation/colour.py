"""Colours: light, tint, contrast and the brightness curve of pairs, and plain backgrounds. Images are in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.data.augmentation.config import AugmentationConfig

DRAWS = 8
_LUMA = (0.299, 0.587, 0.114)


def recoloured(images: Tensor, numbers: Tensor, config: AugmentationConfig) -> Tensor:
    """Change images (B, 3, H, W) by numbers (B, DRAWS) in [0, 1): two images of the same numbers change alike."""
    centred = (2 * numbers - 1)[..., None, None]
    brightness, contrast, saturation, gamma = centred[:, :4, None].unbind(1)
    tint = centred[:, 4:7]
    if config.colour:
        images = images * torch.exp(config.colour * (0.25 * brightness + 0.1 * tint))
        red, green, blue = images.unbind(1)
        grey = (_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue)[:, None]
        images = grey + (images - grey) * torch.exp(0.4 * config.colour * saturation)
        images = 0.5 + (images - 0.5) * torch.exp(0.25 * config.colour * contrast)
    if config.gamma:
        images = images.clamp(1 / 512, 1).pow(torch.exp(0.51 * config.gamma * gamma))
    return images.clamp(0, 1)


def plain(images: Tensor, parts: Tensor, which: Tensor, numbers: Tensor) -> Tensor:
    """Give the background (``parts`` (B, H, W) is 0) of which (B,) images one colour: white, or light with a tint."""
    level, red, green, blue, darker, kind, _, _ = numbers[..., None].unbind(1)
    level = torch.where(kind < 0.5, 0.97 + 0.03 * level, 0.6 + 0.4 * level)
    colour = torch.stack((red, green, blue), dim=1) * 0.06 - 0.03
    colour = torch.where(kind[:, None] < 0.5, level[:, None], level[:, None] + colour)[..., None]
    rows = torch.linspace(0, 1, images.shape[-2], device=images.device)[:, None]
    shade = 1 - torch.where(kind < 0.5, 0, 0.12 * darker)[..., None, None] * rows
    wall = (colour * shade).clamp(0, 1)
    return torch.where(which[:, None, None, None] & (parts == 0)[:, None], wall, images)
