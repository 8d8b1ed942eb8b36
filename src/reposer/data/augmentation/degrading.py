"""What cameras and files do to pictures: blur, noise, JPEG. Images are in [0, 1]; every one on its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from reposer.counters import drawn_bits

DRAWS = 6
_BLOCK = 8
_COSINES = tuple(
    tuple(math.sqrt((1 if k == 0 else 2) / 8) * math.cos(math.pi * (2 * n + 1) * k / 16) for n in range(8))
    for k in range(8)
)
"""Of the discrete cosine transform: row k is frequency k."""


def blurred(images: Tensor, sigmas: Tensor, radius: int) -> Tensor:
    """Gaussian blur of images (B, 3, H, W), of standard deviations (B, 2) across and down, in pixels."""
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    weights = torch.exp(-(offsets.square()) / (2 * sigmas.clamp(min=0.05).square()[..., None]))
    weights = (weights / weights.sum(-1, keepdim=True))[..., None, None, None]
    for axis in (0, 1):  # one shifted picture after the other: sums that no batch changes
        padding = (radius, radius, 0, 0) if axis == 0 else (0, 0, radius, radius)
        padded = functional.pad(images, padding, mode="replicate")
        length, total = images.shape[-1 - axis], torch.zeros_like(images)
        for i in range(2 * radius + 1):
            total = torch.addcmul(total, weights[:, axis, i], padded.narrow(-1 - axis, i, length))
        images = total
    return images


def noisy(images: Tensor, levels: Tensor, keys: Tensor, stream: int) -> Tensor:
    """Add nearly normal noise of standard deviations (B,) to images (B, 3, H, W), by keys (B,)."""
    bits = drawn_bits(keys, stream, images[0].numel()).view(images.shape)
    total = (bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + ((bits >> 24) & 255)
    scale = 1 / math.sqrt(4 * (256**2 - 1) / 12)  # of the sum of four bytes
    return images + (total.float() - 510) * (levels * scale)[:, None, None, None]


def coarsened(images: Tensor, steps: Tensor) -> Tensor:
    """Round the frequencies of 8x8 blocks of images (B, 3, H, W) as JPEG does, steps (B,) of the lowest one in [0, 1].

    Brightness and two differences of colour, the latter twice as coarse; steps grow linearly with the frequency.
    """
    height, width = images.shape[-2:]
    padding = (0, -width % _BLOCK, 0, -height % _BLOCK)
    red, green, blue = functional.pad(images, padding, mode="replicate").unbind(1)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = torch.stack((grey, 0.564 * (blue - grey), 0.713 * (red - grey)), dim=1)
    blocks = planes.unflatten(-1, (-1, _BLOCK)).unflatten(-3, (-1, _BLOCK))  # (B, 3, h, 8, w, 8)
    frequency = torch.arange(_BLOCK, device=images.device)
    table = 1 + 0.45 * (frequency[:, None, None] + frequency)  # (8, 1, 8)
    coarser = torch.arange(3, device=images.device).clamp(max=1) + 1
    table = table * coarser.view(3, 1, 1, 1, 1) * steps.view(-1, 1, 1, 1, 1, 1)
    spectrum = _transformed(_transformed(blocks, -1), -3)
    rounded = (spectrum / table).round() * table
    planes = _transformed(_transformed(rounded, -3, back=True), -1, back=True).flatten(-2).flatten(2, 3)
    grey, of_blue, of_red = planes[..., :height, :width].unbind(1)
    red, blue = grey + of_red / 0.713, grey + of_blue / 0.564
    green = (grey - 0.299 * red - 0.114 * blue) / 0.587
    return torch.stack((red, green, blue), dim=1).clamp(0, 1)


def _transformed(blocks: Tensor, dim: int, *, back: bool = False) -> Tensor:
    """Cosine transform along a dimension of 8, without a product of matrices: each sum in one order, in any batch."""
    parts = blocks.unbind(dim)
    out = []
    for k in range(_BLOCK):
        total = parts[0] * (_COSINES[0][k] if back else _COSINES[k][0])
        for n in range(1, _BLOCK):
            total = torch.add(total, parts[n], alpha=_COSINES[n][k] if back else _COSINES[k][n])
        out.append(total)
    return torch.stack(out, dim)
