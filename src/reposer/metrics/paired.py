"""Full-reference metrics: how close a generated image is to the real one, one number per image.

All of them take 8-bit images ``(B, 3, H, W)`` uint8, as stored in files, because the published numbers are
defined on files and rounding to 8 bit is part of them; ``reposer.images.to_uint8`` converts [-1, 1]. All
return ``(B,)`` float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer import similarity
from reposer.checks import check_window
from reposer.metrics.eight_bit import check_eight_bit
from reposer.poses.skeleton import OPENPOSE_18
from reposer.similarity import CLASSIC_SSIM, PartSSIMSettings, SSIMSettings
from reposer.similarity.parts import index_of_centred, index_of_planes
from reposer.tensors import check_body_mask, check_masks

PSNR_CEILING = 100.0
"""PSNR of identical images in dB: otherwise it, and with it the mean of the set, would be infinite."""
_FULL_RANGE = 255.0
_PARTS = tuple(part.name for part in OPENPOSE_18.parts)


def l1(generated: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of each image in the [-1, 1] scale: mean |a - b| / 127.5.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.

    Returns:
        (B,) float64 in [0, 2]; 0 for identical images.

    Raises:
        TypeError, ValueError: if the images are not uint8 (B, 3, H, W) of one shape.
    """
    check_eight_bit(generated=generated, target=target)
    # Integers: the sum is exact.
    total = (generated.to(torch.int16) - target).abs().sum(dim=(1, 2, 3))
    return total.double() * 2 / _FULL_RANGE / generated[0].numel()


def mask_l1(generated: Tensor, target: Tensor, *, body_mask: Tensor) -> Tensor:
    """``l1`` over the pixels inside ``body_mask`` only, see ``black_outside``; 0 for an empty mask."""
    inside = l1(black_outside(generated, body_mask), black_outside(target, body_mask))
    return inside / body_mask.double().mean(dim=(1, 2)).clamp(min=1 / body_mask[0].numel())


def sharpness(generated: Tensor, target: Tensor, *, body_mask: Tensor) -> Tensor:
    r"""How sharp the body is, as a share of the target: the ratio of their mean gradients.

    .. math:: \frac{\sum_{p \in M} \|\nabla a(p)\|}{\sum_{p \in M} \|\nabla b(p)\|}

    with a the generated image, b the target, M the ``body_mask``, and differences to the next pixel on the right and
    below, summed over the channels. Blur is below 1; 1 is as sharp as the target; noise and wrong patterns count as
    sharp too, so read it alongside SSIM or L1. Arguments and errors are those of ``l1`` and ``black_outside``.

    Returns:
        (B,) float64, at least 0; 1 for identical images. A sum below one grey level counts as one.
    """
    check_eight_bit(generated=generated, target=target)
    check_body_mask(body_mask, generated)
    sums = []
    for image in (generated, target):
        pixels = image.double()
        right, below = pixels[..., :-1, 1:] - pixels[..., :-1, :-1], pixels[..., 1:, :-1] - pixels[..., :-1, :-1]
        length = torch.hypot(right, below) * body_mask[:, None, :-1, :-1]
        sums.append(length.sum(dim=(1, 2, 3)).clamp(min=1))
    return sums[0] / sums[1]


def psnr(generated: Tensor, target: Tensor) -> Tensor:
    r"""Peak signal-to-noise ratio of each image in dB, for the 8-bit range L = 255; arguments as in ``l1``.

    .. math:: 10 \log_{10} \frac{L^2}{\mathrm{mean}\,(a - b)^2}

    Returns:
        (B,) float64, at least 0 and at most 100, which is what identical images get.
    """
    x, y = _as_float64(generated, target)
    error = (x - y).square().mean(dim=(1, 2, 3))
    return (10 * torch.log10(_FULL_RANGE**2 / error)).clamp(max=PSNR_CEILING)


def ssim(generated: Tensor, target: Tensor, *, settings: SSIMSettings = CLASSIC_SSIM) -> Tensor:
    r"""SSIM of each image: the mean of ``reposer.similarity.ssim_map`` over positions and channels.

    The classic dynamic range is L = max - min of the *generated* image, but at least one 8-bit step: a uniformly grey
    image has L = 0, and SSIM would be 0 / 0. With one step it is close to the limit of L -> 0: 1 for two equal grey
    images, near 0 wherever the target has contrast.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        settings: window, range and covariance.

    Returns:
        (B,) float64 in [-1, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: if the images are not uint8 (B, 3, H, W) of one shape that the window fits.

    Reference: Wang et al., IEEE TIP 2004; the defaults are those of the evaluation of Def-GAN (Siarohin et al., CVPR
    2018), which all of the field's classic numbers follow.
    """
    check_eight_bit(generated=generated, target=target)
    check_window((generated.shape[-2], generated.shape[-1]), settings.window_size)
    if generated.device.type == "cpu":
        pairs = zip(generated.numpy(), target.numpy(), strict=True)
        return torch.tensor([_ssim(x, y, settings) for x, y in pairs], dtype=torch.float64)
    x, y = generated.double(), target.double()  # in float32, variances of flat areas drown in rounding
    return similarity.ssim_index(x, y, value_range=(0.0, _FULL_RANGE), settings=settings)


def _ssim(generated: NDArray[np.uint8], target: NDArray[np.uint8], settings: SSIMSettings) -> float:
    """SSIM of one pair (3, H, W) on the CPU."""
    full = settings.data_range == "full"
    data_range = _FULL_RANGE if full else max(1.0, float(generated.max()) - float(generated.min()))
    seen = _where_different(generated, target, settings.window_size)
    missing = similarity.ssim_of_planes(generated[seen], target[seen], data_range=data_range, settings=settings)
    border = settings.window_size - 1
    channels, height, width = generated.shape
    return 1 - missing / (channels * (height - border) * (width - border))


def _where_different(
    generated: NDArray[np.uint8], target: NDArray[np.uint8], window_size: int
) -> tuple[slice, slice, slice]:
    """Box around all windows of one pair (3, H, W) that see a difference: elsewhere, as in the padding, SSIM is 1."""
    different = (generated != target).any(axis=0)

    def side(axis: int) -> slice:
        (places,) = different.any(axis=axis).nonzero()
        if not len(places):
            return slice(0, window_size)
        return slice(max(0, int(places[0]) - window_size + 1), int(places[-1]) + window_size)

    return slice(None), side(1), side(0)


def mask_ssim(generated: Tensor, target: Tensor, *, body_mask: Tensor, settings: SSIMSettings = CLASSIC_SSIM) -> Tensor:
    """``ssim`` of each pair after ``black_outside``; 1 for an empty mask.

    The dynamic range is that of the masked generated image, and the black surroundings, equal in both, count.

    Reference: Ma et al., "Pose Guided Person Image Generation", NIPS 2017.

    Reference: Ma et al., "Pose Guided Person Image Generation", NIPS 2017.
    """
    return ssim(black_outside(generated, body_mask), black_outside(target, body_mask), settings=settings)


def black_outside(images: Tensor, body_mask: Tensor) -> Tensor:
    """Black out what lies outside the body: the images of mask-SSIM, mask-LPIPS and mask-IS.

    Args:
        images: (B, 3, H, W) uint8.
        body_mask: (B, H, W) bool, from ``reposer.poses.body_mask`` of the target's pose.

    Raises:
        TypeError, ValueError: if the mask does not fit the images, or is neither bool nor 0 and 1.
    """
    check_body_mask(body_mask, images)
    return images * body_mask.bool()[:, None]


def multi_scale_ssim(generated: Tensor, target: Tensor) -> Tensor:
    """MS-SSIM of each image, in [0, 1]: ``reposer.similarity.multi_scale_ssim_index``, window 11, sigma 1.5, range 255.

    It uses as many of the five scales as the image allows: 3 at 128x64, 5 at 256x176 pixels; values of different sizes
    are not comparable. Arguments and errors are those of ``ssim``.
    """
    x, y = _as_float64(generated, target)
    return similarity.multi_scale_ssim_index(x, y, value_range=(0.0, _FULL_RANGE))


def part_ssim(
    generated: Tensor, target: Tensor, *, part_masks: Tensor, settings: PartSSIMSettings = PartSSIMSettings()
) -> Tensor:
    """PSSIM of each image, see ``reposer.similarity.part_ssim_index``.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        part_masks: (B, P, H, W) in [0, 1], from ``reposer.poses.limb_masks`` of the target's pose.
        settings: window, missing parts, background and statistics; the defaults are those of its authors.

    Returns:
        (B,) float64 in [-1, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: if the images or the masks do not fit.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    check_eight_bit(generated=generated, target=target)
    check_masks(part_masks, generated)
    check_window((generated.shape[-2], generated.shape[-1]), settings.window_size)
    if generated.device.type == "cpu" and (settings.statistics, settings.background) == ("global", "blacked_out"):
        return index_of_planes(generated, target, part_masks, _FULL_RANGE, settings)
    middle = _FULL_RANGE / 2
    x, y = generated.double() - middle, target.double() - middle
    return index_of_centred(x, y, part_masks.double(), _FULL_RANGE, settings)


def part_ssim_by_part(
    generated: Tensor,
    target: Tensor,
    *,
    part_masks: Tensor,
    names: Sequence[str] = _PARTS,
    settings: PartSSIMSettings = PartSSIMSettings(),
) -> dict[str, Tensor]:
    """SSIM of each body part by its name, see ``reposer.similarity.part_ssim_values``: tells which limb is bad.

    Arguments and errors are those of ``part_ssim``, and ``names`` those of the P parts; by default OpenPose-18's.

    Returns:
        {name: (B,) float64 in [-1, 1]}, in the order of the names; with missing parts excluded, a missing one is NaN.
    """
    x, y = _as_float64(generated, target)
    masks = part_masks.to(x.dtype)
    values = similarity.part_ssim_values(x, y, masks, value_range=(0.0, _FULL_RANGE), settings=settings)
    if values.shape[1] != len(names):
        raise ValueError(f"part_masks must have one mask for each of {len(names)} names, got {values.shape[1]}")
    return dict(zip(names, values.unbind(dim=1), strict=True))


def _as_float64(generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check two batches of 8-bit images and return their values 0 to 255 as float64."""
    check_eight_bit(generated=generated, target=target)
    return generated.double(), target.double()
