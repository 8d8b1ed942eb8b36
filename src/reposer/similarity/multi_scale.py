"""Multi-scale structural similarity (MS-SSIM), with as many scales as an image allows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from reposer.checks import changed, check_window
from reposer.images import SIGNED
from reposer.poses.tables import table
from reposer.similarity.settings import MultiScaleSSIMSettings, SSIMSettings
from reposer.similarity.ssim import mean_of_map, unit_images

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first: what viewers of the reference weighed them with."""
FLOOR = 1e-4
"""Least value of a term before its power: contrast may be negative, and small powers are infinitely steep at 0."""


def fitting_scales(size: tuple[int, int], window_size: int = 11) -> int:
    """How many scales, five at most, an image (height, width) allows: each halves it, the window must still fit."""
    return sum(min(size) >> scale >= window_size for scale in range(len(SCALE_WEIGHTS)))


def multi_scale_ssim_index(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: MultiScaleSSIMSettings = MultiScaleSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""MS-SSIM of each image, averaged over channels.

    .. math:: MS\text{-}SSIM = l_M^{w_M} \prod_{j=1}^M (c_j s_j)^{w_j}

    :math:`c_j s_j` is contrast times structure, the second fraction of SSIM, averaged over the positions of scale
    j; each scale halves the one before it (mean of 2x2 pixels). At the coarsest scale M the luminance
    :math:`l_M`, the first fraction, is multiplied in before averaging. The five exponents w are those published;
    fewer than five are divided by their sum. Terms below 1e-4 count as 1e-4, without gradient.

    Images and value range are those of ``ssim_index``; scales or a window that do not fit are a ValueError. With
    ``content`` (B, 1, H, W) the averages are over the windows whose centre is content.

    Returns:
        (B,) in [0, 1], at least float32; 1 for identical images.

    Reference: Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment",
    Asilomar 2003, eq. 7.
    """
    settings = changed(settings, fields)
    window = SSIMSettings(window_size=settings.window_size, sigma=settings.sigma)
    x, y = unit_images(generated, target, value_range)
    size = (x.shape[-2], x.shape[-1])
    check_window(size, window.window_size)
    fitting = fitting_scales(size, window.window_size)
    scales = fitting if settings.scales is None else settings.scales
    if not 1 <= scales <= fitting:
        raise ValueError(
            f"scales must be between 1 and {fitting} for an image of {size[0]}x{size[1]} pixels and a window of "
            f"{window.window_size}, got {scales}"
        )
    terms = []
    for _ in range(scales - 1):
        terms.append(mean_of_map(x, y, settings=window, luminance=False, channels=True, content=content))
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        content = None if content is None else F.avg_pool2d(content.float(), 2)
    terms.append(mean_of_map(x, y, settings=window, channels=True, content=content))
    stacked = torch.stack(terms)  # (M, B, C)
    exponents = table(_exponents(scales), stacked).view(-1, 1, 1)
    return (stacked.clamp(min=FLOOR) ** exponents).prod(dim=0).mean(dim=1)


def _exponents(scales: int) -> tuple[float, ...]:
    """All five as published, which sum to 1.0001; fewer to the sum 1."""
    first = SCALE_WEIGHTS[:scales]
    total = sum(first) if scales < len(SCALE_WEIGHTS) else 1.0
    return tuple(weight / total for weight in first)
