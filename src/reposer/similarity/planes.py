"""SSIM without gradient on a processor: plane by plane and in place, so that all of it stays in the cache.

What ``ssim_of_averages`` computes, about twice as fast as by its tensors, each of which goes through memory.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.checks import changed, check_window
from reposer.similarity.settings import SSIMSettings, Window
from reposer.similarity.ssim import EPSILON, K1, K2, ssim_of_moments
from reposer.similarity.windows import window_weights

Floats = NDArray[np.float64]
_TILE = 32
_STRIP = 24_000
"""Values of a plane that are worked on at a time: some ten such arrays fit into a core's own cache."""
_CHUNK = 8192
"""The same where the values of all channels and the masks of all parts are."""


def ssim_of_planes(
    generated: NDArray[np.generic],
    target: NDArray[np.generic],
    *,
    data_range: float,
    lowest: float = 0.0,
    settings: SSIMSettings = SSIMSettings(),
    **fields: Any,
) -> float:
    """Sum of ``1 - reposer.similarity.ssim_map`` over the positions of one pair of images, in float64.

    Args:
        generated: (C, H, W), any numbers.
        target: (C, H, W).
        data_range: L of the constants, whatever the settings say of it.
        lowest: possible value; the highest is L more.
        settings: window, which must fit, and covariance.
        fields: single fields of the settings.
    """
    settings = changed(settings, fields)
    border, (height, width) = settings.window_size - 1, generated.shape[1:]
    strips = math.ceil(height * width / _STRIP)
    rows = math.ceil((height - border) / strips)
    return sum(
        _missing(
            plane[top : top + rows + border], other[top : top + rows + border], lowest + data_range / 2, data_range,
            settings,
        )
        for plane, other in zip(generated, target, strict=True)
        for top in range(0, height - border, rows)
    )  # fmt: skip


def _missing(
    plane: NDArray[np.generic], other: NDArray[np.generic], middle: float, data_range: float, settings: SSIMSettings
) -> float:
    """Sum of 1 - SSIM over the positions of two planes (H, W), whose values are about ``middle``."""
    scale = settings.variance_scale
    c1, c2, origin = (K1 * data_range) ** 2, (K2 * data_range) ** 2, data_range / 2
    values = np.empty((4, *plane.shape))
    _products(plane, other, middle, values)
    band = _band(settings.window_size, settings.sigma, settings.window)
    mean_x, mean_y, variances, structure = _filtered(values, band, settings.window_size - 1)
    shift = mean_x - mean_y
    shift *= shift
    variances -= mean_x * mean_x
    variances -= mean_y * mean_y
    np.maximum(variances, 0, out=variances)
    structure -= shift
    np.maximum(structure, 0, out=structure)
    if scale != 1:
        variances *= scale
        structure *= scale
    variances += c2
    structure /= variances  # 1 - contrast and structure
    mean_x += origin
    mean_y += origin
    mean_x *= mean_x
    mean_y *= mean_y
    mean_x += mean_y
    mean_x += c1
    shift /= mean_x  # 1 - luminance
    np.multiply(shift, structure, out=mean_y)
    shift += structure
    shift -= mean_y
    return float(shift.sum())


def mean_ssim_under(
    generated: Tensor, target: Tensor, masks: Tensor, data_range: float, settings: SSIMSettings
) -> Tensor:
    """Mean SSIM (B,) float64 of images (B, C, H, W) of any numbers from 0, multiplied by masks (B, 1, H, W)."""
    height, width = generated.shape[-2:]
    check_window((height, width), settings.window_size)
    missing = [
        ssim_of_planes(a * mask, b * mask, data_range=data_range, settings=settings)
        for a, b, mask in zip(generated.numpy(), target.numpy(), masks.double().numpy(), strict=True)
    ]
    border = settings.window_size - 1
    return 1 - torch.tensor(missing, dtype=torch.float64) / (generated.shape[1] * (height - border) * (width - border))


def part_ssim_of_planes(generated: Tensor, target: Tensor, masks: Tensor, data_range: float) -> Tensor:
    """SSIM (B, P, C) float64 of each body part, with global statistics, of images of any numbers from 0."""
    (batch, parts), (channels, pixels) = masks.shape[:2], (generated.shape[1], generated[0, 0].numel())
    moments, sums = np.zeros((batch, parts, channels * 4)), np.zeros((batch, parts))
    weights, values = np.empty((parts, min(pixels, _CHUNK))), np.empty((channels, 4, min(pixels, _CHUNK)))
    flat = (tensor.flatten(2).numpy() for tensor in (generated, target, masks))
    for image, (planes, others, shares) in enumerate(zip(*flat, strict=True)):
        for start in range(0, pixels, _CHUNK):
            seen = slice(start, min(start + _CHUNK, pixels))
            count = seen.stop - start
            weight, value = weights[:, :count], values[..., :count]
            weight[:] = shares[:, seen]
            for channel, (plane, other) in enumerate(zip(planes, others, strict=True)):
                _products(plane[seen], other[seen], data_range / 2, value[channel])
            sums[image] += weight.sum(-1)
            moments[image] += weight @ value.reshape(channels * 4, count).T
    total = torch.from_numpy(sums)[..., None]
    averages = (torch.from_numpy(moments).unflatten(-1, (-1, 4)) / (total + EPSILON)[..., None]).unbind(-1)
    origin = data_range / 2 * (total / (total + EPSILON))  # an empty mask has mean 0
    return ssim_of_moments(*averages, origin=origin, data_range=data_range)


def _products(plane: NDArray[np.generic], other: NDArray[np.generic], middle: float, out: Floats) -> None:
    """x, y, x^2 + y^2 and (x - y)^2 of two planes less the middle, into ``out`` (4, ...)."""
    x, y, squares, difference = out
    np.subtract(plane, middle, out=x)
    np.subtract(other, middle, out=y)
    np.multiply(x, x, out=squares)
    np.multiply(y, y, out=difference)
    squares += difference
    np.subtract(x, y, out=difference)
    difference *= difference


def _filtered(images: Floats, band: Floats, border: int) -> Floats:
    """Images (K, H, W) under a separable window, valid area only: (K, H - border, W - border)."""
    count, height, width = images.shape
    lines = images.reshape(-1, width)
    rows = np.empty((count * height, width - border))
    for start in range(0, width - border, _TILE):
        wide = min(_TILE, width - border - start)
        np.matmul(
            lines[:, start : start + wide + border],
            band[:wide, : wide + border].T,
            out=rows[:, start : start + wide],
        )
    rows = rows.reshape(count, height, width - border)
    filtered = np.empty((count, height - border, width - border))
    for start in range(0, height - border, _TILE):
        high = min(_TILE, height - border - start)
        np.matmul(
            band[:high, : high + border],
            rows[:, start : start + high + border],
            out=filtered[:, start : start + high],
        )
    return filtered


@cache
def _band(window_size: int, sigma: float, window: Window) -> Floats:
    """Matrix (tile, tile + border) that filters with the window; its upper left part does it for smaller tiles."""
    weights = window_weights(window_size, sigma, window).numpy()
    band = np.zeros((_TILE, _TILE + window_size - 1))
    for i in range(_TILE):
        band[i, i : i + window_size] = weights
    return band
