"""Pictures enlarged, made smaller and moved by any amount, without aliasing and without an edge."""

from __future__ import annotations

import torch
from torch import Tensor

_REACH = 2.0
"""Of the cubic kernel, in pixels of the coarser picture."""


def resample(image: Tensor, scale: float, shift: tuple[float, float], size: tuple[int, int]) -> Tensor:
    r"""Show an image through a uniform scale and a shift; beyond its edge it goes on as at its edge.

    The place x of the image is shown at :math:`s x + t`, per axis, both counted in pixels from the middle of the first:

    .. math:: y_i = \sum_j w_{ij} x_j, \quad w_{ij} \propto k\left(\frac{(i - t) / s - j}{\max(1, 1 / s)}\right)

    with the cubic kernel k of Keys with a = -1/2, stretched where the image becomes smaller, so that it is averaged.
    A whole shift at scale 1 copies pixels exactly.

    Args:
        image: (C, H, W), uint8 or float; the result keeps the type, uint8 rounded and clipped.
        scale: s, pixels of the result for one of the image.
        shift: t along x and y, in pixels of the result.
        size: (H', W') of the result.

    Returns:
        (C, H', W').

    Reference: Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE TASSP 1981.
    """
    (height, width), (down, across) = image.shape[-2:], size
    rows, top = _weights(down, height, scale, shift[1])
    columns, left = _weights(across, width, scale, shift[0])
    part = image[:, top : top + rows.shape[1], left : left + columns.shape[1]]
    shown = torch.stack([rows @ (plane.float() @ columns.T) for plane in part])
    return shown.round().clamp(0, 255).to(torch.uint8) if image.dtype == torch.uint8 else shown.to(image.dtype)


def _weights(count: int, length: int, scale: float, shift: float) -> tuple[Tensor, int]:
    """Weights (count, n) float32 of the pixels that are shown, and the first of them."""
    wide = max(1.0, 1 / scale)
    places = (torch.arange(count, dtype=torch.float64) - shift) / scale
    reach = int(_REACH * wide) + 1
    steps = torch.arange(-reach, reach + 1)
    pixels = places.round().long()[:, None] + steps
    weights = _cubic((places[:, None] - pixels) / wide)
    pixels = pixels.clamp(0, length - 1)
    first = int(pixels.min())
    matrix = torch.zeros(count, int(pixels.max()) - first + 1, dtype=torch.float64)
    matrix.scatter_add_(1, pixels - first, weights / weights.sum(dim=1, keepdim=True))
    return matrix.float(), first


def _cubic(x: Tensor) -> Tensor:
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < _REACH, far, 0))
