"""Part-based SSIM (PSSIM): SSIM of each body part, and the index of parts and background.

Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from reposer.checks import check_choice, check_masks
from reposer.images import SIGNED
from reposer.poses.parts import background_mask
from reposer.similarity.planes import mean_ssim_of_planes, part_ssim_of_planes
from reposer.similarity.settings import Background, MissingParts, Statistics
from reposer.similarity.ssim import (
    EPSILON,
    centred_images,
    matrix_product,
    mean_masked_ssim,
    mean_ssim,
    ssim_of_averages,
)

Reduction = Literal["mean", "none"]

_CHOICES = {
    "background": get_args(Background),
    "missing_parts": get_args(MissingParts),
    "reduction": get_args(Reduction),
    "statistics": get_args(Statistics),
}


def part_ssim(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    statistics: Statistics = "global",
    window_size: int = 7,
    sigma: float = 0.8,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""SSIM of each body part and channel, from mask-weighted statistics over the whole image.

    .. math:: w = \frac{m}{\sum m + 10^{-6}},\quad \mu_x = \sum w x,\quad \sigma_x^2 = \sum w x^2 - \mu_x^2,\quad
              \sigma_{xy} = \sum w x y - \mu_x \mu_y

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W), non-negative; an all-zero mask marks a missing part, whose SSIM is 1.
        statistics: "global": one mean, variance and covariance a part, as published, which does not see where in
            the part a colour is; "local": the mean of an SSIM map under the mask,
            ``reposer.similarity.masked_ssim``, which does.
        window_size: odd width of the Gaussian window of the local statistics, in pixels.
        sigma: its standard deviation in pixels.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        (B, P, C) in [-1, 1], at least float32.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, values lie far outside
            ``value_range``, or ``statistics`` is unknown.

    Reference: Shi et al., Pattern Recognition 2022.
    """
    _check_choices(statistics=statistics)
    x, y, masks, data_range = _centred(generated, target, part_masks, value_range)
    return _part_ssim(x, y, masks, statistics, data_range, window_size, sigma)


def part_ssim_values(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    statistics: Statistics = "global",
    window_size: int = 7,
    sigma: float = 0.8,
    missing_parts: MissingParts = "as_released",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    """SSIM of each body part: the mean of ``part_ssim`` over channels; tells which limb is bad.

    ``PartSSIMLoss.part_values`` returns them by name.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1].
        statistics: as in ``part_ssim``.
        window_size: as in ``part_ssim``.
        sigma: as in ``part_ssim``.
        missing_parts: "as_released" gives a missing part the value 1; "exclude" gives it NaN.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        (B, P) in [-1, 1], at least float32.

    Raises:
        TypeError, ValueError: as in ``part_ssim``.
    """
    _check_choices(statistics=statistics, missing_parts=missing_parts)
    x, y, masks, data_range = _centred(generated, target, part_masks, value_range)
    values = _part_ssim(x, y, masks, statistics, data_range, window_size, sigma).mean(-1)
    return torch.where(_shown(masks), values, torch.nan) if missing_parts == "exclude" else values


def part_ssim_index(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    window_size: int = 7,
    sigma: float = 0.8,
    missing_parts: MissingParts = "as_released",
    background: Background = "blacked_out",
    statistics: Statistics = "global",
    reduction: Reduction = "mean",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Part-based SSIM index, PSSIM = (F + B) / 2.

    F is the mean over parts and channels of ``part_ssim``; B is the mean SSIM of the background, which the mask
    1 - max over the part masks shows.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1], from ``reposer.poses.limb_masks`` or any parser.
        window_size: odd width of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
        missing_parts: "as_released" counts a missing part as SSIM 1, as the published code does (it flatters);
            "exclude" leaves it out of the mean; an image without any part then has F = 1.
        background: "blacked_out" takes the mean SSIM map of the two images multiplied by the background mask, as
            published: the blacked-out body counts as SSIM 1 and its outline as structure; "normalized" takes
            ``reposer.similarity.masked_ssim``: only visible background counts; B = 1 where there is none.
        statistics: of the parts, "global" as published or "local", see ``part_ssim``.
        reduction: "mean" over the batch, or "none": one value an image.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        A scalar, or (B,); in [-1, 1], 1 for identical images; at least float32.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, values lie far outside
            ``value_range``, or a choice is unknown.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    _check_choices(missing_parts=missing_parts, background=background, statistics=statistics, reduction=reduction)
    index = index_of_centred(
        *_centred(generated, target, part_masks, value_range),
        window_size=window_size,
        sigma=sigma,
        missing_parts=missing_parts,
        background=background,
        statistics=statistics,
    )
    return index.mean() if reduction == "mean" else index


def index_of_centred(
    x: Tensor,
    y: Tensor,
    masks: Tensor,
    data_range: float,
    *,
    window_size: int,
    sigma: float,
    missing_parts: MissingParts,
    background: Background,
    statistics: Statistics,
    planes: bool = False,
) -> Tensor:
    """``part_ssim_index`` (B,) of what ``centred_images`` returns; ``planes``: the faster way without gradient."""
    if planes and statistics == "global":
        parts = part_ssim_of_planes(x, y, masks, data_range=data_range).mean(-1)
    else:
        parts = _part_ssim(x, y, masks, statistics, data_range, window_size, sigma).mean(-1)  # (B, P)
    if missing_parts == "exclude":
        shown = _shown(masks)
        foreground = 1 + ((parts - 1) * shown).sum(1) / shown.sum(1).clamp(min=1)
    else:
        foreground = parts.mean(1)
    visible = background_mask(masks)
    if background == "normalized":
        surroundings = mean_masked_ssim(
            x, y, visible, data_range=data_range, window_size=window_size, sigma=sigma
        ).mean(dim=(1, 2))
    else:
        black = -data_range / 2
        x, y = ((image - black) * visible + black for image in (x, y))
        mean = mean_ssim_of_planes if planes else mean_ssim
        surroundings = mean(x, y, data_range=data_range, window_size=window_size, sigma=sigma)
    return (foreground + surroundings) / 2


def _check_choices(**choices: str) -> None:
    for name, value in choices.items():
        check_choice(name, value, _CHOICES[name])


def _centred(
    generated: Tensor, target: Tensor, part_masks: Tensor, value_range: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Check everything; what ``centred_images`` returns, and the masks in the same dtype before the range."""
    x, y, data_range = centred_images(generated, target, value_range)
    check_masks(part_masks, generated)
    return x, y, part_masks.to(x.dtype), data_range


def _part_ssim(
    x: Tensor, y: Tensor, masks: Tensor, statistics: Statistics, data_range: float, window_size: int, sigma: float
) -> Tensor:
    """SSIM (B, P, C) of each part of centred images."""
    if statistics == "local":
        return mean_masked_ssim(x, y, masks, data_range=data_range, window_size=window_size, sigma=sigma)
    masks = masks.flatten(2)
    total = masks.sum(-1, keepdim=True)
    whole = total + EPSILON

    def average(image: Tensor) -> Tensor:
        # All channels of all parts are one batched matrix product: (B, P, HW) x (B, HW, C).
        return matrix_product(masks, image.flatten(2).transpose(1, 2)) / whole

    origin = data_range / 2 * (total / whole)  # an empty mask has mean 0
    return ssim_of_averages(x, y, average, dim=-1, origin=origin, data_range=data_range)


def _shown(masks: Tensor) -> Tensor:
    """Which parts (B, P) have a mask that is not all zero."""
    return masks.flatten(2).amax(-1) > 0
