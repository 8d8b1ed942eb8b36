"""Paired metrics equal outside implementations and plain numpy where implementations can differ."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from reposer.losses import multi_scale_ssim_loss
from reposer.metrics import (
    black_outside,
    mask_ssim,
    multi_scale_ssim,
    part_ssim_by_part,
    psnr,
    ssim,
)
from reposer.poses import OPENPOSE_18
from reposer.similarity import CLASSIC_SSIM, PartSSIMSettings, SSIMSettings

SIZES = [(64, 51), (57, 83), (128, 64)]
RANGES = [(0, 256), (60, 190), (120, 131), (128, 130)]
VARIANTS = {
    "classic": (CLASSIC_SSIM, {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}),
    "fixed range": (
        SSIMSettings(),
        {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255},
    ),
    "51x51 uniform": (
        SSIMSettings(window="uniform", window_size=51, data_range="full", sample_covariance=True),
        {"win_size": 51, "data_range": 255},
    ),
    # scikit-image's Gaussian window reaches to 3.5 deviations: 9 pixels at 1.2.
    "sigma 1.2": (
        SSIMSettings(sigma=1.2, window_size=9, data_range="generated"),
        {"gaussian_weights": True, "sigma": 1.2, "use_sample_covariance": False},
    ),
}


def pictures(size: tuple[int, int], low: int, high: int) -> tuple[Tensor, Tensor]:
    """Noise, a distorted copy, and one-colour images."""
    generator = torch.Generator().manual_seed(size[0] + low)
    x = torch.randint(low, high, (4, 3, *size), generator=generator, dtype=torch.uint8)
    y = torch.randint(low, high, (4, 3, *size), generator=generator, dtype=torch.uint8)
    y[0] = (x[0] * 0.8 + y[0] * 0.2).to(torch.uint8)
    y[2] = low
    x[3], y[3] = low, high - 1
    return x, y


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_ssim_equals_scikit_image(variant: str, size: tuple[int, int], low: int, high: int) -> None:
    ours, theirs = VARIANTS[variant]
    x, y = pictures(size, low, high)
    expected = [
        structural_similarity(a, b, channel_axis=0, **({"data_range": max(1, int(a.max()) - int(a.min()))} | theirs))
        for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y, settings=ours), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_psnr_equals_scikit_image_and_numpy(size: tuple[int, int], low: int, high: int) -> None:
    x, y = pictures(size, low, high)
    outside = [peak_signal_noise_ratio(b, a, data_range=255) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(psnr(x, y), outside, rtol=1e-12)
    unit = [image.double().numpy() / 255 for image in (x, y)]
    plain = [10 * np.log10(1 / np.mean((a - b) ** 2)) for a, b in zip(*unit, strict=True)]
    np.testing.assert_allclose(psnr(x, y), plain, rtol=1e-12)


def test_psnr_ends() -> None:
    x, _ = pictures((16, 11), 0, 256)
    assert psnr(x, x).tolist() == [100.0] * 4
    assert psnr(torch.zeros_like(x), torch.full_like(x, 255)).tolist() == [0.0] * 4


@pytest.mark.parametrize("size", [(33, 20), (41, 64)])
def test_masks_are_plain_multiplication(size: tuple[int, int]) -> None:
    x, y = pictures(size, 30, 200)
    mask = np.zeros((4, *size), dtype=bool)
    mask[0, 5:30, 3:15] = mask[1, :12] = mask[3] = True
    masked = [image.numpy() * mask[:, None] for image in (x, y)]
    found = mask_ssim(x, y, body_mask=torch.from_numpy(mask))
    for i in (0, 1, 3):
        a, b = masked[0][i], masked[1][i]
        span = max(1, int(a.max()) - int(a.min()))
        expected = structural_similarity(
            a, b, channel_axis=0, data_range=span, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert found[i].item() == pytest.approx(expected, abs=1e-6)
    assert found[2] == 1
    np.testing.assert_array_equal(black_outside(x, torch.from_numpy(mask)), masked[0])


@pytest.mark.parametrize("size", [(128, 64), (61, 47), (256, 176)])
def test_multi_scale_ssim_is_that_of_the_loss(size: tuple[int, int]) -> None:
    x, y = pictures(size, 0, 256)
    found = multi_scale_ssim(x, y)
    assert found.shape == (4,)
    assert found.dtype == torch.float64
    for i in range(4):
        loss = multi_scale_ssim_loss(x[i : i + 1].double(), y[i : i + 1].double(), value_range=(0, 255))
        assert found[i].item() == pytest.approx(1 - loss.item(), abs=1e-9)
    assert multi_scale_ssim(x, x).tolist() == pytest.approx([1] * 4)


@pytest.mark.parametrize("missing", ["as_released", "exclude"])
def test_parts_by_name_in_plain_numpy(missing: str) -> None:
    x, y = pictures((33, 20), 0, 256)
    masks = torch.rand(4, 10, 33, 20, generator=torch.Generator().manual_seed(3), dtype=torch.float64) ** 4
    masks[1, 3] = 0
    found = part_ssim_by_part(
        x, y, part_masks=masks, settings=PartSSIMSettings(missing_parts=missing)  # type: ignore[arg-type]
    )  # fmt: skip
    assert list(found) == [part.name for part in OPENPOSE_18.parts]
    a, b = (image.double().numpy()[:, None] / 255 for image in (x, y))
    weights = masks.numpy()[:, :, None]
    weights = weights / (weights.sum(axis=(3, 4), keepdims=True) + 1e-6)

    def mean(values: np.ndarray) -> np.ndarray:
        return (weights * values).sum(axis=(3, 4))

    variances = mean(a**2) - mean(a) ** 2 + mean(b**2) - mean(b) ** 2
    ratio = (2 * mean(a) * mean(b) + 1e-4) * (2 * (mean(a * b) - mean(a) * mean(b)) + 9e-4)
    expected = (ratio / (mean(a) ** 2 + mean(b) ** 2 + 1e-4) / (variances + 9e-4)).mean(axis=2)
    if missing == "exclude":
        expected[1, 3] = np.nan
    np.testing.assert_allclose(torch.stack(list(found.values()), dim=1), expected, atol=1e-5)


def test_parts_need_names() -> None:
    x, y = pictures((33, 20), 0, 256)
    with pytest.raises(ValueError, match="one mask for each of 10 names, got 2"):
        part_ssim_by_part(x, y, part_masks=torch.ones(4, 2, 33, 20))
    assert list(part_ssim_by_part(x, y, part_masks=torch.ones(4, 2, 33, 20), names=("up", "down"))) == ["up", "down"]
