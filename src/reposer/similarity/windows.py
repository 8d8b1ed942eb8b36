"""Averages under a window, which moves over an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from reposer.similarity.settings import Window

Average = Callable[[Tensor], Tensor]
"""A linear average of images (B, C, H, W): under a window, under masks or both."""


def matrix_product(a: Tensor, b: Tensor) -> Tensor:
    """Product of two batches of matrices, never in the reduced precision of autocast or TF32.

    Variance by subtraction would lose most of its digits there.
    """
    with torch.autocast(a.device.type, enabled=False):
        if a.dtype == torch.float32 and _reduces_float32(a.device.type):
            return (a.double() @ b.double()).float()
        return a @ b


def _reduces_float32(device_type: str) -> bool:
    backend = torch.backends.cuda.matmul if device_type == "cuda" else torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    return backend.fp32_precision not in ("none", "ieee")


# What torch.compiler.assume_constant_result does, without importing the compiler, which takes seconds.
_reduces_float32._dynamo_marked_constant = True  # type: ignore[attr-defined]


def window_weights(window_size: int, sigma: float, window: Window = "gaussian") -> Tensor:
    """Weights (window_size,) of a one-dimensional window, float64, sum 1."""
    if window == "uniform":
        return torch.full((window_size,), 1 / window_size, dtype=torch.float64)
    offsets = torch.arange(window_size, dtype=torch.float64) - window_size // 2
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    return weights / weights.sum()


def _band(length: int, weights: Tensor) -> Tensor:
    """Matrix (length - window + 1, length) that filters a signal of that length with the window, valid area only."""
    window = len(weights)
    offset = (
        torch.arange(length, device=weights.device) - torch.arange(length - window + 1, device=weights.device)[:, None]
    )
    inside = (offset >= 0) & (offset < window)
    return torch.where(inside, weights[offset.clamp(0, window - 1)], torch.zeros_like(weights[0]))


class _Filter(torch.autograd.Function):
    """Filter (..., H, W) with a separable window, valid area only.

    Products with banded matrices: at the sizes of this field several times faster than convolutions on a CPU. Wide
    images are cut into tiles, or most of a band would be zeros.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(image: Tensor, weights: Tensor) -> Tensor:
        rows = [matrix_product(image[..., tile], band.T) for tile, band in _tiles(image.shape[-1], weights)]
        image = rows[0] if len(rows) == 1 else torch.cat(rows, dim=-1)
        columns = [matrix_product(band, image[..., tile, :]) for tile, band in _tiles(image.shape[-2], weights)]
        return columns[0] if len(columns) == 1 else torch.cat(columns, dim=-2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        border = len(weights) - 1
        return _Filter.apply(F.pad(gradient, [border] * 4), weights.flip(0)), None


_TILE = 32


def _tiles(length: int, weights: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Pieces of a signal of that length, each with the matrix that filters it; their results, joined, are whole."""
    border = len(weights) - 1
    valid = length - border
    tile = _TILE if valid > 2 * _TILE else valid
    whole = _band(tile + border, weights)
    for start in range(0, valid, tile):
        end = min(start + tile, valid) + border
        yield slice(start, end), whole if end - start == tile + border else _band(end - start, weights)


def window_average(weights: Tensor, like: Tensor) -> Average:
    """Average under a sliding separable window, from its one-dimensional weights; valid area only."""
    weights = weights.to(device=like.device, dtype=like.dtype)
    return lambda image: _Filter.apply(image, weights)
