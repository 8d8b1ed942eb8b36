"""Part-based SSIM (PSSIM): SSIM of each body part, and the index of parts and background.

Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor

from reposer.checks import changed, check_choice
from reposer.images import SIGNED
from reposer.poses.parts import SCALES, background_mask
from reposer.similarity.kernels.choice import kernels_fit
from reposer.similarity.planes import mean_ssim_under, part_ssim_of_planes
from reposer.similarity.settings import PartSSIMSettings
from reposer.similarity.ssim import (
    EPSILON,
    centred,
    masked_ssim,
    mean_masked_ssim,
    mean_of_map,
    mean_ssim,
    ssim_of_averages,
    unit_images,
)
from reposer.similarity.windows import matrix_product
from reposer.tensors import check_images, check_masks

Reduction = Literal["mean", "none"]


_CHUNK = 2048


class _MaskedSums(torch.autograd.Function):
    """Sums (B, P, C) of images (B, C, N) under masks (B, P, N): one batched matrix product for all parts and channels.

    On a processor chunk by chunk: its libraries may add up a whole product one by one, which loses two digits over the
    pixels of an image.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(masks: Tensor, images: Tensor) -> Tensor:
        chunk = _CHUNK if images.device.type == "cpu" else images.shape[-1]
        pairs = zip(masks.split(chunk, dim=-1), images.split(chunk, dim=-1), strict=True)
        return torch.stack([matrix_product(mask, image.transpose(-1, -2)) for mask, image in pairs]).sum(0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        masks, images = ctx.saved_tensors
        for_masks = matrix_product(gradient, images) if ctx.needs_input_grad[0] else None
        return for_masks, matrix_product(gradient.transpose(-1, -2), masks)


def part_ssim(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    settings: PartSSIMSettings = PartSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""SSIM of each body part and channel, from mask-weighted statistics over the whole image.

    .. math:: w = \frac{m}{\sum m + 10^{-6}},\quad \mu_x = \sum w x,\quad \sigma_x^2 = \sum w x^2 - \mu_x^2,\quad
              \sigma_{xy} = \sum w x y - \mu_x \mu_y

    With ``statistics="local"``, the mean of an SSIM map under the mask, ``reposer.similarity.masked_ssim``, which
    sees where in the part a colour is; one mean, variance and covariance, as published, do not.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W), non-negative; an all-zero mask marks a missing part, whose SSIM is 1.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        settings: statistics, and the window of local ones.
        fields: single fields of the settings.

    Returns:
        (B, P, C) in [-1, 1], at least float32.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, values lie far outside
            ``value_range``, or a choice is unknown.
    """
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    check_masks(part_masks, generated)
    if kernels_fit(generated, target, part_masks, settings=settings.ssim):
        from reposer.similarity.kernels import functions

        return functions.part_ssim(generated, target, part_masks, value_range, settings)
    return part_ssim_of_centred(*_centred(generated, target, part_masks, value_range), settings)


def part_ssim_values(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    settings: PartSSIMSettings = PartSSIMSettings(),
    **fields: Any,
) -> Tensor:
    """SSIM (B, P) of each body part: the mean of ``part_ssim`` over channels; tells which limb is bad.

    Arguments and errors are those of ``part_ssim``. With ``multi_scale``, part_masks are (B, 5 P, H, W), over whose
    sets the mean is taken. A missing part has the value 1 as released, NaN if it is excluded.
    """
    settings = changed(settings, fields)
    values = part_ssim(generated, target, part_masks, value_range=value_range, settings=settings).mean(-1)
    if settings.missing_parts == "exclude":
        values = torch.where(_shown(part_masks), values, torch.nan)
    return values.unflatten(1, (len(SCALES), -1)).mean(1) if settings.multi_scale else values


def part_ssim_index(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    reduction: Reduction = "mean",
    value_range: tuple[float, float] = SIGNED,
    settings: PartSSIMSettings = PartSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""Part-based SSIM index, PSSIM = (F + B) / 2.

    F is the mean over parts and channels of ``part_ssim``; B is the mean SSIM of the background, which the mask
    1 - max over the part masks shows: as published, of the two images multiplied by it, so the blacked-out body
    counts as SSIM 1 and its outline as structure; "normalized", ``reposer.similarity.masked_ssim``: only visible
    background counts, and B = 1 where there is none. An image without any part has F = 1.

    The other arguments and errors are those of ``part_ssim``; masks in [0, 1] from ``reposer.poses.limb_masks`` or
    any parser.

    Args:
        reduction: "mean" over the batch, or "none": one value per image.

    Returns:
        A scalar, or (B,); in [-1, 1], 1 for identical images; at least float32.
    """
    check_choice("reduction", reduction, get_args(Reduction))
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    check_masks(part_masks, generated)
    if kernels_fit(generated, target, part_masks, settings=settings.ssim):
        from reposer.similarity.kernels import functions

        index = functions.part_ssim_index(generated, target, part_masks, value_range, settings)
    else:
        index = index_of_centred(*_centred(generated, target, part_masks, value_range), settings)
    return index.mean() if reduction == "mean" else index


def mean_part_distance(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: PartSSIMSettings = PartSSIMSettings(),
    **fields: Any,
) -> Tensor:
    """1 - the mean of ``part_ssim_index`` over the batch, a scalar; of padded images, over their ``content``."""
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    check_masks(part_masks, generated)
    if content is not None:
        return 1 - _index_within(generated, target, part_masks, content, value_range, settings).mean()
    if kernels_fit(generated, target, part_masks, settings=settings.ssim):
        from reposer.similarity.kernels import functions

        return functions.part_distance(generated, target, part_masks, value_range, settings)
    return 1 - index_of_centred(*_centred(generated, target, part_masks, value_range), settings).mean()


def index_of_planes(
    generated: Tensor, target: Tensor, masks: Tensor, full_range: float, settings: PartSSIMSettings
) -> Tensor:
    """``part_ssim_index`` (B,) float64 of images of any numbers from 0, as published, without gradient: faster."""
    parts = part_ssim_of_planes(generated, target, masks, full_range).mean(-1)
    visible = background_mask(masks.amax(dim=1, keepdim=True).double())
    surroundings = mean_ssim_under(generated, target, visible, full_range, settings.ssim)
    return (mean_of_parts(parts, masks, settings) + surroundings) / 2


def index_of_centred(x: Tensor, y: Tensor, masks: Tensor, full_range: float, settings: PartSSIMSettings) -> Tensor:
    """``part_ssim_index`` (B,) of what ``centred_images`` returns."""
    parts = part_ssim_of_centred(x, y, masks, full_range, settings).mean(-1)  # (B, P)
    foreground = mean_of_parts(parts, masks, settings)
    visible = background_mask(masks)
    if settings.background == "normalized":
        surroundings = mean_masked_ssim(x, y, visible, full_range, settings.ssim).mean(dim=(1, 2))
    else:
        black = -full_range / 2
        x, y = ((image - black) * visible + black for image in (x, y))
        surroundings = mean_ssim(x, y, full_range, settings.ssim)
    return (foreground + surroundings) / 2


def _index_within(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    content: Tensor,
    value_range: tuple[float, float],
    settings: PartSSIMSettings,
) -> Tensor:
    """``part_ssim_index`` (B,) of the content (B, 1, H, W) of padded images, in which parts and background end."""
    masks, visible = part_masks * content, background_mask(part_masks) * content
    parts = part_ssim(generated, target, masks, value_range=value_range, settings=settings).mean(-1)
    foreground = mean_of_parts(parts, masks, settings)
    if settings.background == "normalized":
        shown = masked_ssim(generated, target, visible, value_range=value_range, settings=settings.ssim)
        return (foreground + shown.mean(dim=(1, 2))) / 2
    x, y = (image * visible for image in unit_images(generated, target, value_range))
    shown = mean_of_map(x, y, settings=settings.ssim, channels=True, content=content)
    return (foreground + shown.mean(1)) / 2


def mean_of_parts(parts: Tensor, masks: Tensor, settings: PartSSIMSettings) -> Tensor:
    """F (B,) of PSSIM from the SSIM (B, P) of each part."""
    if settings.missing_parts == "exclude":
        shown = _shown(masks)
        return 1 + ((parts - 1) * shown).sum(1) / shown.sum(1).clamp(min=1)
    return parts.mean(1)


def _centred(
    generated: Tensor, target: Tensor, part_masks: Tensor, value_range: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor, float]:
    """What ``centred`` returns, and the masks in the same dtype before the range."""
    x, y, full_range = centred(generated, target, value_range)
    return x, y, part_masks.to(x.dtype), full_range


def part_ssim_of_centred(x: Tensor, y: Tensor, masks: Tensor, full_range: float, settings: PartSSIMSettings) -> Tensor:
    """SSIM (B, P, C) of each part of centred images."""
    if settings.statistics == "local":
        return mean_masked_ssim(x, y, masks, full_range, settings.ssim)
    masks = masks.flatten(2)
    total = masks.sum(-1, keepdim=True)
    whole = total + EPSILON

    def average(image: Tensor) -> Tensor:
        return _MaskedSums.apply(masks, image.flatten(2)) / whole

    origin = full_range / 2 * (total / whole)  # an empty mask has mean 0
    return ssim_of_averages(x, y, average, dim=-1, origin=origin, data_range=full_range)


def _shown(masks: Tensor) -> Tensor:
    """Which parts (B, P) have a mask that is not all zero."""
    return masks.flatten(2).amax(-1) > 0
