"""Full-reference metrics: how close a generated image is to the real one, one number per image.

All of them take 8-bit images ``(B, 3, H, W)`` uint8, as they lie in files, because the published numbers are
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
from reposer.checks import check_masks, check_window
from reposer.metrics.eight_bit import check_eight_bit
from reposer.poses.skeleton import OPENPOSE_18
from reposer.similarity import CLASSIC_SSIM, PartSSIMSettings, SSIMSettings
from reposer.similarity.parts import index_of_centred

PSNR_CEILING = 100.0
"""PSNR of identical images in dB: it would be infinite, and one such pair would make the mean of a set so."""
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
    _check(generated, target)
    # Whole numbers: the sum is exact.
    total = (generated.to(torch.int16) - target).abs().sum(dim=(1, 2, 3))
    return total.double() * 2 / _FULL_RANGE / generated[0].numel()


def mask_l1(generated: Tensor, target: Tensor, *, body_mask: Tensor) -> Tensor:
    """``l1`` over the pixels of the target's body alone.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        body_mask: (B, H, W) bool, from ``reposer.poses.body_mask`` of the target's pose.

    Returns:
        (B,) float64 in [0, 2]; 0 for images that are identical inside the mask, or an empty mask.

    Raises:
        TypeError, ValueError: as in ``l1``, and if the mask does not fit the images.
    """
    inside = l1(black_outside(generated, body_mask), black_outside(target, body_mask))
    return inside / body_mask.double().mean(dim=(1, 2)).clamp(min=1 / body_mask[0].numel())


def sharpness(generated: Tensor, target: Tensor, *, body_mask: Tensor) -> Tensor:
    r"""How sharp the body is, as a share of the target: the ratio of their mean gradients.

    .. math:: \frac{\sum_{p \in M} \|\nabla a(p)\|}{\sum_{p \in M} \|\nabla b(p)\|}

    with differences to the next pixel on the right and below, summed over the channels. Blur is below 1; 1 is as
    sharp as the target; noise and wrong patterns count as sharp too, so read it beside SSIM or L1.

    Args:
        generated: (B, 3, H, W) uint8, a.
        target: (B, 3, H, W) uint8, b.
        body_mask: (B, H, W) bool, M, from ``reposer.poses.body_mask`` of the target's pose.

    Returns:
        (B,) float64, at least 0; 1 for identical images. A sum below one grey level counts as one.

    Raises:
        TypeError, ValueError: as in ``l1``, and if the mask does not fit the images.
    """
    _check(generated, target)
    _check_mask(generated, body_mask)
    sums = []
    for image in (generated, target):
        pixels = image.double()
        right, below = pixels[..., :-1, 1:] - pixels[..., :-1, :-1], pixels[..., 1:, :-1] - pixels[..., :-1, :-1]
        length = torch.hypot(right, below) * body_mask[:, None, :-1, :-1]
        sums.append(length.sum(dim=(1, 2, 3)).clamp(min=1))
    return sums[0] / sums[1]


def psnr(generated: Tensor, target: Tensor) -> Tensor:
    r"""Peak signal-to-noise ratio of each image in dB, over the range of 8 bit: L = 255, as 1 for images in [0, 1].

    .. math:: 10 \log_{10} \frac{L^2}{\mathrm{mean}\,(a - b)^2}

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.

    Returns:
        (B,) float64, at least 0 and at most 100, which is what identical images get.

    Raises:
        TypeError, ValueError: as in ``l1``.
    """
    x, y = _as_float64(generated, target)
    error = (x - y).square().mean(dim=(1, 2, 3))
    return (10 * torch.log10(_FULL_RANGE**2 / error)).clamp(max=PSNR_CEILING)


def ssim(generated: Tensor, target: Tensor, *, settings: SSIMSettings | None = None) -> Tensor:
    r"""SSIM of each image: the mean of ``reposer.similarity.ssim_map`` over positions and channels.

    The classic dynamic range is L = max - min of the *generated* image. It is never taken below one step of
    8 bit: a uniformly grey image has L = 0, and SSIM would be 0 / 0. With one step it is about the limit of
    L -> 0: 1 for two equal grey images, near 0 wherever the target has contrast.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        settings: window, range and covariance; None is the classic SSIM.

    Returns:
        (B,) float64 in [-1, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: if the images are not uint8 (B, 3, H, W) of one shape that the window fits.

    Reference: Wang et al., IEEE TIP 2004; with the defaults as computed by the evaluation of Def-GAN
    (Siarohin et al., CVPR 2018), which all of the field's classic numbers follow.
    """
    settings = settings or CLASSIC_SSIM
    _check(generated, target)
    check_window((generated.shape[-2], generated.shape[-1]), settings.window_size)
    if generated.device.type == "cpu":
        pairs = zip(generated.numpy(), target.numpy(), strict=True)
        return torch.tensor([_ssim(x, y, settings) for x, y in pairs], dtype=torch.float64)
    x, y = generated.double(), target.double()  # in float32, variances of flat areas drown in rounding
    return similarity.ssim_index(x, y, value_range=(0.0, _FULL_RANGE), settings=settings)


def _ssim(generated: NDArray[np.uint8], target: NDArray[np.uint8], settings: SSIMSettings) -> float:
    """SSIM of one pair (3, H, W) on a processor."""
    full = settings.data_range == "full"
    data_range = _FULL_RANGE if full else max(1.0, float(generated.max()) - float(generated.min()))
    seen = _where_different(generated, target, settings.window_size)
    missing = similarity.ssim_of_planes(
        generated[seen].astype(np.float64),
        target[seen].astype(np.float64),
        data_range=data_range,
        settings=settings,
    )
    border = settings.window_size - 1
    channels, height, width = generated.shape
    return 1 - missing / (channels * (height - border) * (width - border))


def _where_different(
    generated: NDArray[np.uint8], target: NDArray[np.uint8], window_size: int
) -> tuple[slice, slice, slice]:
    """Box of all pixels of one pair (3, H, W) that a window over a different pixel sees: elsewhere SSIM is 1.

    White padding and black surroundings are left out so.
    """
    different = (generated != target).any(axis=0)

    def side(axis: int) -> slice:
        (places,) = different.any(axis=axis).nonzero()
        if not len(places):
            return slice(0, window_size)
        return slice(max(0, int(places[0]) - window_size + 1), int(places[-1]) + window_size)

    return slice(None), side(1), side(0)


def mask_ssim(generated: Tensor, target: Tensor, *, body_mask: Tensor, settings: SSIMSettings | None = None) -> Tensor:
    """SSIM of each image after both are multiplied by the body mask of the target: black outside.

    The dynamic range is that of the masked generated image, and the black surroundings, equal in both, count.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        body_mask: (B, H, W) bool, from ``reposer.poses.body_mask`` of the target's pose.
        settings: as in ``ssim``.

    Returns:
        (B,) float64 in [-1, 1]; 1 for images that are identical inside the mask, or an empty mask.

    Raises:
        TypeError, ValueError: as in ``ssim``, and if the mask does not fit the images.

    Reference: Ma et al., "Pose Guided Person Image Generation", NIPS 2017.
    """
    return ssim(black_outside(generated, body_mask), black_outside(target, body_mask), settings=settings)


def black_outside(images: Tensor, body_mask: Tensor) -> Tensor:
    """Black out what lies outside the body: the images of mask-SSIM, mask-LPIPS and mask-IS.

    Args:
        images: (B, 3, H, W) uint8.
        body_mask: (B, H, W) bool.

    Raises:
        ValueError: if the mask does not fit the images.
    """
    _check_mask(images, body_mask)
    return images * body_mask.bool()[:, None]


def _check_mask(images: Tensor, body_mask: Tensor) -> None:
    expected = (images.shape[0], *images.shape[2:])
    if tuple(body_mask.shape) != expected:
        raise ValueError(f"body_mask must have shape (B, H, W) = {expected}, got {tuple(body_mask.shape)}")


def multi_scale_ssim(generated: Tensor, target: Tensor) -> Tensor:
    """MS-SSIM of each image, see ``reposer.similarity.multi_scale_ssim_index``: window 11, sigma 1.5, range 255.

    As many of the five scales as the image allows: 3 at 128x64, 5 at 256x176 pixels; values of different sizes
    are not comparable.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.

    Returns:
        (B,) float64 in [0, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: as in ``ssim``.

    Reference: Wang, Simoncelli and Bovik, Asilomar 2003.
    """
    x, y = _as_float64(generated, target)
    return similarity.multi_scale_ssim_index(x, y, value_range=(0.0, _FULL_RANGE))


def part_ssim(
    generated: Tensor, target: Tensor, *, part_masks: Tensor, settings: PartSSIMSettings | None = None
) -> Tensor:
    """PSSIM of each image, see ``reposer.similarity.part_ssim_index``.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        part_masks: (B, P, H, W) in [0, 1], from ``reposer.poses.limb_masks`` of the target's pose.
        settings: window, missing parts, background and statistics; None is as its authors score.

    Returns:
        (B,) float64 in [-1, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: if the images or the masks do not fit.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    settings = settings or PartSSIMSettings()
    _check(generated, target)
    check_masks(part_masks, generated)
    check_window((generated.shape[-2], generated.shape[-1]), settings.window_size)
    middle = _FULL_RANGE / 2
    return index_of_centred(
        generated.double() - middle,
        target.double() - middle,
        part_masks.double(),
        _FULL_RANGE,
        settings,
        planes=generated.device.type == "cpu",
    )


def part_ssim_by_part(
    generated: Tensor,
    target: Tensor,
    *,
    part_masks: Tensor,
    names: Sequence[str] = _PARTS,
    settings: PartSSIMSettings | None = None,
) -> dict[str, Tensor]:
    """SSIM of each body part by its name, see ``reposer.similarity.part_ssim_values``: tells which limb is bad.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        part_masks: as in ``part_ssim``.
        names: of the P parts; by default those of ``limb_masks`` for OpenPose-18.
        settings: as in ``part_ssim``; with missing parts excluded, a missing part is NaN.

    Returns:
        {name: (B,) float64 in [-1, 1]}, in the order of the names.

    Raises:
        TypeError, ValueError: if the images, the masks or the number of names do not fit.
    """
    settings = settings or PartSSIMSettings()
    x, y = _as_float64(generated, target)
    values = similarity.part_ssim_values(
        x,
        y,
        part_masks.to(x.dtype),
        value_range=(0.0, _FULL_RANGE),
        settings=settings,
    )
    if values.shape[1] != len(names):
        raise ValueError(f"part_masks must have one mask for each of {len(names)} names, got {values.shape[1]}")
    return dict(zip(names, values.unbind(dim=1), strict=True))


def _as_float64(generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check two batches of 8-bit images and return their values 0 to 255 as float64."""
    _check(generated, target)
    return generated.double(), target.double()


def _check(generated: Tensor, target: Tensor) -> None:
    """Raise TypeError or ValueError unless both are 8-bit images of one shape."""
    check_eight_bit(generated=generated, target=target)
