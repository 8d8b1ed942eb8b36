"""Full-reference metrics: how close a generated image is to the real one, one number an image.

All of them take 8-bit images ``(B, 3, H, W)`` uint8, as they lie in files, because the published numbers are
defined on files and rounding to 8 bit is part of them; ``reposer.images.to_uint8`` converts [-1, 1]. All
return ``(B,)`` float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from reposer import similarity
from reposer.similarity import MissingParts, Window

DataRange = Literal["generated", "full"]
_FULL_RANGE = 255.0


@dataclass(frozen=True, kw_only=True)
class SSIMSettings:
    """How SSIM is computed; the defaults are the field's "classic" SSIM."""

    window: Window = "gaussian"
    """Weights of the sliding window."""
    window_size: int = 11
    """Odd width of the window in pixels."""
    sigma: float = 1.5
    """Standard deviation of the Gaussian window in pixels."""
    data_range: DataRange = "generated"
    """L of the constants (K L)^2: "generated" is max - min of each generated image, "full" is 255."""
    sample_covariance: bool = False
    """Multiply variances and covariance by n / (n - 1), n = pixels of the window."""

    def __str__(self) -> str:
        sigma = f"-{self.sigma:g}" if self.window == "gaussian" else ""
        covariance = "-sample" if self.sample_covariance else ""
        return f"{self.window}{self.window_size}{sigma}{covariance}-range.{self.data_range}"


@dataclass(frozen=True, kw_only=True)
class PartSSIMSettings:
    """How PSSIM is computed; the defaults are those of its authors."""

    window_size: int = 7
    """Odd width of the Gaussian window of the background term in pixels."""
    sigma: float = 0.8
    """Its standard deviation in pixels."""
    missing_parts: MissingParts = "as_released"
    """"as_released" counts a part with a missing joint as SSIM 1; "exclude" leaves it out."""

    def __str__(self) -> str:
        return f"gaussian{self.window_size}-{self.sigma:g}-{self.missing_parts}"


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
    x, y = _as_float64(generated, target)
    return (x - y).abs().mean(dim=(1, 2, 3)) * 2 / _FULL_RANGE


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
    settings = settings or SSIMSettings()
    # float64: over a small range the constants (K L)^2 come near the rounding of float32.
    x, y = _as_float64(generated, target)
    if settings.data_range == "generated":
        data_range = (x.amax(dim=(1, 2, 3)) - x.amin(dim=(1, 2, 3))).clamp(min=1)
    else:
        data_range = torch.full(x.shape[:1], _FULL_RANGE, dtype=x.dtype, device=x.device)
    similarities = similarity.ssim_map(
        x,
        y,
        window=settings.window,
        window_size=settings.window_size,
        sigma=settings.sigma,
        data_range=data_range,
        sample_covariance=settings.sample_covariance,
    )
    return similarities.mean(dim=(1, 2, 3))


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
    expected = (generated.shape[0], *generated.shape[2:])
    if tuple(body_mask.shape) != expected:
        raise ValueError(f"body_mask must have shape (B, H, W) = {expected}, got {tuple(body_mask.shape)}")
    mask = body_mask.bool()[:, None]
    return ssim(generated * mask, target * mask, settings=settings)


def part_ssim(
    generated: Tensor, target: Tensor, *, part_masks: Tensor, settings: PartSSIMSettings | None = None
) -> Tensor:
    """PSSIM of each image, see ``reposer.similarity.part_ssim_index``.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        part_masks: (B, P, H, W) in [0, 1], from ``reposer.poses.limb_masks`` of the target's pose.
        settings: window and missing parts; None is as its authors score.

    Returns:
        (B,) float64 in [-1, 1]; 1 for identical images.

    Raises:
        TypeError, ValueError: if the images or the masks do not fit.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    settings = settings or PartSSIMSettings()
    x, y = _as_float64(generated, target)
    return similarity.part_ssim_index(
        x,
        y,
        part_masks.to(x.dtype),
        window_size=settings.window_size,
        sigma=settings.sigma,
        missing_parts=settings.missing_parts,
        reduction="none",
        value_range=(0.0, _FULL_RANGE),
    )


def _as_float64(generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Check two batches of 8-bit images and return their values 0 to 255 as float64."""
    for name, image in (("generated", generated), ("target", target)):
        if image.dtype != torch.uint8:
            raise TypeError(
                f"{name} must be uint8 (B, 3, H, W), got {image.dtype}; "
                "convert [-1, 1] with reposer.images.to_uint8(image)"
            )
        if image.ndim != 4:
            raise ValueError(f"{name} must have shape (B, 3, H, W), got {tuple(image.shape)}")
    if generated.shape != target.shape:
        shapes = f"{tuple(generated.shape)} and {tuple(target.shape)}"
        raise ValueError(f"generated and target must have one shape, got {shapes}")
    return generated.double(), target.double()
