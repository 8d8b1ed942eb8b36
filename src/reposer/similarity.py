"""Structural similarity: SSIM maps, and SSIM from mask-weighted statistics; shared by losses and metrics.

All of it rests on one formula (Wang et al., "Image quality assessment: from error visibility to structural
similarity", IEEE TIP 2004, eq. 13), here ``_ssim``.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from reposer.checks import check_images, check_masks, check_window
from reposer.images import SIGNED, to_unit
from reposer.poses.parts import background_mask

K1, K2 = 0.01, 0.03
_EPSILON = 1e-6

Window = Literal["gaussian", "uniform"]
MissingParts = Literal["as_released", "exclude"]
Reduction = Literal["mean", "none"]


def _ssim(
    mean_x: Tensor,
    mean_y: Tensor,
    variance_x: Tensor,
    variance_y: Tensor,
    covariance: Tensor,
    data_range: Tensor | float,
) -> Tensor:
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance * (2 * covariance + c2) / (variance_x + variance_y + c2)


def _at_least_float32(image: Tensor) -> Tensor:
    return image if image.dtype == torch.float64 else image.float()


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


def _filter(image: Tensor, weights: Tensor) -> Tensor:
    """Filter (N, C, H, W) with a separable window, valid area only.

    Two products with banded matrices: at the sizes of this field many times faster than convolutions on a CPU, and
    untouched by the reduced precision that GPU convolutions have by default.
    """
    height, width = image.shape[-2:]
    return _band(height, weights) @ (image @ _band(width, weights).T)


def ssim_map(
    generated: Tensor,
    target: Tensor,
    *,
    window_size: int = 11,
    sigma: float = 1.5,
    data_range: Tensor | float = 1.0,
    window: Window = "gaussian",
    sample_covariance: bool = False,
) -> Tensor:
    r"""SSIM at every position where the window fits.

    .. math:: \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                   {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
              \quad C_i = (K_i L)^2,\ K = (0.01, 0.03)

    with window-weighted means, variances and covariance, computed in at least float32.

    Args:
        generated: (B, C, H, W), values in an interval of length ``data_range``.
        target: (B, C, H, W).
        window_size: odd width of the window in pixels.
        sigma: standard deviation of the Gaussian window in pixels (not used by the uniform one).
        data_range: L, the length of the value range; a number, or one per image (B,).
        window: "gaussian" or "uniform".
        sample_covariance: multiply variances and covariance by n / (n - 1), n = pixels of the window.

    Returns:
        (B, C, H - window_size + 1, W - window_size + 1), values in [-1, 1].

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or the window does not fit.

    Reference: Wang et al., IEEE TIP 2004, eq. 13.
    """
    check_images(generated, target)
    check_window((generated.shape[-2], generated.shape[-1]), window_size)
    x, y = _at_least_float32(generated), _at_least_float32(target)
    weights = window_weights(window_size, sigma, window).to(x)
    if isinstance(data_range, Tensor):
        data_range = data_range.to(x).view(-1, 1, 1, 1)
    # Moments about the middle of the range: variance by subtraction loses less there.
    origin = data_range / 2
    x, y = x - origin, y - origin
    with torch.autocast(x.device.type, enabled=False):
        moments = _filter(torch.cat((x, y, x * x, y * y, x * y)), weights)
    mean_x, mean_y, square_x, square_y, product = moments.chunk(5)
    scale = window_size**2 / (window_size**2 - 1) if sample_covariance else 1.0
    variance_x = (square_x - mean_x**2).clamp(min=0) * scale
    variance_y = (square_y - mean_y**2).clamp(min=0) * scale
    covariance = (product - mean_x * mean_y) * scale
    return _ssim(mean_x + origin, mean_y + origin, variance_x, variance_y, covariance, data_range)


def ssim_index(
    generated: Tensor,
    target: Tensor,
    *,
    window_size: int = 11,
    sigma: float = 1.5,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    """SSIM index of each image (B,): the mean of ``ssim_map`` over positions and channels.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        window_size: odd width of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
    """
    check_images(generated, target)
    x, y = to_unit(generated, value_range), to_unit(target, value_range)
    return ssim_map(x, y, window_size=window_size, sigma=sigma).mean(dim=(1, 2, 3))


def part_ssim(
    generated: Tensor, target: Tensor, part_masks: Tensor, *, value_range: tuple[float, float] = SIGNED
) -> Tensor:
    r"""SSIM of each body part and channel from mask-weighted statistics over the whole image.

    .. math:: w = \frac{m}{\sum m + 10^{-6}},\quad \mu_x = \sum w x,\quad \sigma_x^2 = \sum w x^2 - \mu_x^2,\quad
              \sigma_{xy} = \sum w x y - \mu_x \mu_y

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W), non-negative; an all-zero mask marks a missing part, whose SSIM is 1.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        (B, P, C) in [-1, 1], at least float32.

    Reference: Shi et al., Pattern Recognition 2022.
    """
    check_images(generated, target)
    check_masks(part_masks, generated)
    x = _at_least_float32(to_unit(generated, value_range)).flatten(2)
    y = _at_least_float32(to_unit(target, value_range)).flatten(2)
    masks = part_masks.to(x.dtype).flatten(2)
    # All statistics of all parts are one batched matrix product: (B, P, HW) x (B, HW, 5C).
    with torch.autocast(x.device.type, enabled=False):
        x, y = x - 0.5, y - 0.5  # as in ssim_map
        sums = masks @ torch.cat((x, y, x * x, y * y, x * y), dim=1).transpose(1, 2)
    total = masks.sum(-1, keepdim=True)
    mean_x, mean_y, square_x, square_y, product = (sums / (total + _EPSILON)).chunk(5, dim=-1)
    variance_x = (square_x - mean_x**2).clamp(min=0)
    variance_y = (square_y - mean_y**2).clamp(min=0)
    shown = total > 0
    origin = 0.5 * shown  # an empty mask has mean 0
    return _ssim(mean_x + origin, mean_y + origin, variance_x, variance_y, product - mean_x * mean_y, 1.0)


def part_ssim_index(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    window_size: int = 7,
    sigma: float = 0.8,
    missing_parts: MissingParts = "as_released",
    reduction: Reduction = "mean",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Part-based SSIM index, PSSIM = (F + B) / 2.

    F is the mean over parts and channels of ``part_ssim``; B is the mean of the SSIM map of the two images,
    both multiplied by the background mask 1 - max over the part masks.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1], from ``reposer.poses.limb_masks`` or any parser.
        window_size: odd width of the Gaussian window of the background term, in pixels.
        sigma: its standard deviation in pixels.
        missing_parts: "as_released" counts a missing part as SSIM 1, as the published code does (it flatters);
            "exclude" leaves it out of the mean; an image without any part then has F = 1.
        reduction: "mean" over the batch, or "none": one value an image.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        A scalar, or (B,); in [-1, 1], 1 for identical images; at least float32.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    parts = part_ssim(generated, target, part_masks, value_range=value_range).mean(-1)  # (B, P)
    if missing_parts == "exclude":
        shown = (part_masks.flatten(2).amax(-1) > 0).to(parts.dtype)
        foreground = 1 + ((parts - 1) * shown).sum(1) / shown.sum(1).clamp(min=1)
    else:
        foreground = parts.mean(1)
    background = background_mask(part_masks)
    x, y = (_at_least_float32(to_unit(image, value_range)) * background for image in (generated, target))
    index = (foreground + ssim_map(x, y, window_size=window_size, sigma=sigma).mean(dim=(1, 2, 3))) / 2
    return index.mean() if reduction == "mean" else index
