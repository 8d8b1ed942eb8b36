"""Paired metrics equal scikit-image and stay finite on every image."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from skimage.metrics import structural_similarity

from reposer.metrics import l1, mask_l1, mask_ssim, part_ssim, sharpness, ssim
from reposer.similarity import PartSSIMSettings, SSIMSettings, part_ssim_index

IMAGES = arrays(np.uint8, (2, 3, 13, 12)).map(torch.from_numpy)


def theirs(x: torch.Tensor, y: torch.Tensor, **options: Any) -> list[float]:
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False} | options
    return [
        structural_similarity(a, b, channel_axis=0, **({"data_range": int(a.max()) - int(a.min())} | options))
        for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]


def noise(*size: int, low: int = 0, high: int = 256, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(low, high, (3, 3, *size), generator=generator, dtype=torch.uint8)
    y = torch.randint(low, high, (3, 3, *size), generator=generator, dtype=torch.uint8)
    return x, (x * 0.7 + y * 0.3).to(torch.uint8)


@pytest.mark.parametrize("size", [(11, 11), (33, 20), (57, 64)])
@pytest.mark.parametrize(("low", "high"), [(0, 256), (60, 200), (250, 256), (128, 130)])
def test_classic_ssim_equals_scikit_image(size: tuple[int, int], low: int, high: int) -> None:
    x, y = noise(*size, low=low, high=high)
    np.testing.assert_allclose(ssim(x, y), theirs(x, y), atol=1e-6)
    np.testing.assert_allclose(ssim(y, x), theirs(y, x), atol=1e-6)


def test_other_settings_equal_scikit_image() -> None:
    x, y = noise(33, 24)
    uniform = SSIMSettings(window="uniform", window_size=17, data_range="full", sample_covariance=True)
    expected = theirs(x, y, gaussian_weights=False, win_size=17, use_sample_covariance=True, data_range=255)
    np.testing.assert_allclose(ssim(x, y, settings=uniform), expected, atol=1e-6)
    wide = SSIMSettings(sigma=1.2, window_size=9, data_range="generated")
    np.testing.assert_allclose(ssim(x, y, settings=wide), theirs(x, y, sigma=1.2), atol=1e-6)


def test_range_is_that_of_the_generated_image() -> None:
    x, y = noise(24, 24)
    narrow = y // 2 + 60
    assert not torch.allclose(ssim(narrow, x), ssim(x, narrow))


def test_each_image_has_its_own_range() -> None:
    x, y = noise(24, 24)
    x[1] = x[1] // 8
    together = ssim(x, y)
    alone = torch.cat([ssim(x[i : i + 1], y[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


def test_one_colour_images_are_defined() -> None:
    grey, other = (torch.full((1, 3, 16, 16), value, dtype=torch.uint8) for value in (100, 140))
    black, textured = torch.zeros_like(grey), noise(16, 16)[0][:1]
    assert [ssim(image, image).item() for image in (grey, black)] == pytest.approx([1, 1])
    assert ssim(grey, other).item() == pytest.approx(2 * 100 * 140 / (100**2 + 140**2), abs=1e-4)
    assert ssim(grey, textured).item() == pytest.approx(0, abs=1e-4)
    assert ssim(black, textured).item() == pytest.approx(0, abs=1e-4)


@given(IMAGES)
@settings(max_examples=25, deadline=None)
def test_identical_images(x: torch.Tensor) -> None:
    assert l1(x, x).eq(0).all()
    torch.testing.assert_close(ssim(x, x), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(
        part_ssim(x, x, part_masks=torch.rand(2, 10, 13, 12)), torch.ones(2, dtype=torch.float64)
    )


@given(IMAGES, IMAGES)
@settings(max_examples=25, deadline=None)
def test_values_lie_in_their_ranges(x: torch.Tensor, y: torch.Tensor) -> None:
    difference = l1(x, y)
    assert difference.dtype == torch.float64
    assert difference.equal(l1(y, x))
    assert ((difference >= 0) & (difference <= 2)).all()
    assert ssim(x, y).abs().le(1 + 1e-9).all()


def test_l1_is_in_the_signed_scale() -> None:
    black, white = (
        torch.zeros(1, 3, 4, 4, dtype=torch.uint8),
        torch.full((1, 3, 4, 4), 255, dtype=torch.uint8),
    )
    assert l1(black, white).item() == 2
    assert l1(black, white // 5).item() == pytest.approx(0.4)


def test_mask_ssim_masks_8_bit_values_and_takes_their_range() -> None:
    x, y = noise(32, 24, low=30, high=180)
    mask = torch.zeros(3, 32, 24, dtype=torch.bool)
    mask[0, 4:28, 6:18] = mask[1, :16] = True
    found = mask_ssim(x, y, body_mask=mask)
    masked = [image * mask[:, None] for image in (x, y)]
    np.testing.assert_allclose(found[:2], theirs(masked[0][:2], masked[1][:2]), atol=1e-6)
    assert found[2] == 1  # an empty mask leaves two black images
    x[0, :, 0, 0] += 50
    assert mask_ssim(x, y, body_mask=mask)[0] == found[0]


def test_part_ssim_is_the_index_of_similarity() -> None:
    x, y = noise(32, 24)
    masks = torch.rand(3, 10, 32, 24) ** 4
    masks[:, 3] = 0
    signed = [image.double() / 127.5 - 1 for image in (x, y)]
    for missing in ("as_released", "exclude"):
        expected = part_ssim_index(*signed, masks.double(), missing_parts=missing, reduction="none")
        found = part_ssim(x, y, part_masks=masks, settings=PartSSIMSettings(missing_parts=missing))
        torch.testing.assert_close(found, expected)


def test_bad_inputs() -> None:
    x, y = noise(16, 12)
    with pytest.raises(TypeError, match=r"generated must be uint8 .*float32; convert .*to_uint8"):
        ssim(x.float(), y)
    with pytest.raises(TypeError, match="target must be uint8"):
        l1(x, y.double())
    with pytest.raises(ValueError, match=r"generated must have shape \(B, 3, H, W\), got \(3, 16, 12\)"):
        l1(x[0], y[0])
    with pytest.raises(ValueError, match=r"one shape, got \(3, 3, 16, 12\) and \(3, 3, 16, 11\)"):
        ssim(x, y[..., :11])
    with pytest.raises(ValueError, match="window_size 11 does not fit an image of 16x9 pixels"):
        ssim(x[..., :9], y[..., :9])
    with pytest.raises(ValueError, match=r"body_mask must have shape \(B, H, W\) = \(3, 16, 12\), got \(3, 12, 16\)"):
        mask_ssim(x, y, body_mask=torch.ones(3, 12, 16))
    with pytest.raises(ValueError, match="part_masks must have shape"):
        part_ssim(x, y, part_masks=torch.ones(3, 10, 12, 16))


def test_mask_l1_is_the_mean_over_the_body() -> None:
    x, y = noise(20, 12)
    mask = torch.zeros(3, 20, 12, dtype=torch.bool)
    mask[0, 4:9, 2:11] = mask[1] = True
    found = mask_l1(x, y, body_mask=mask)
    expected = np.abs(x[0].numpy().astype(float) - y[0].numpy())[:, mask[0].numpy()].mean() / 127.5
    assert found[0].item() == pytest.approx(expected)
    assert found[1].item() == pytest.approx(l1(x, y)[1].item())
    assert found[2] == 0


def test_sharpness_is_the_ratio_of_gradients_over_the_body() -> None:
    x, y = noise(20, 12)
    mask = torch.zeros(3, 20, 12, dtype=torch.bool)
    mask[:, 3:15, 2:9] = True

    def total(image: torch.Tensor) -> float:
        down, right = (np.diff(image.numpy().astype(float), axis=axis) for axis in (1, 2))
        return float(np.sqrt(down[:, :, :-1] ** 2 + right[:, :-1] ** 2)[:, 3:15, 2:9].sum())

    found = sharpness(x, y, body_mask=mask)
    np.testing.assert_allclose(found, [total(a) / total(b) for a, b in zip(x, y, strict=True)])
    assert sharpness(x, x, body_mask=mask).eq(1).all()
    blurred = torch.nn.functional.avg_pool2d(x.float(), 3, 1, 1).to(torch.uint8)
    assert sharpness(blurred, x, body_mask=mask).lt(0.6).all()
    x[:, :, :3] = 0  # outside the body
    assert sharpness(x, y, body_mask=mask).equal(found)
    grey = torch.full_like(x, 90)
    assert sharpness(grey, grey, body_mask=mask).eq(1).all()
    with pytest.raises(ValueError, match="body_mask must have shape"):
        sharpness(x, y, body_mask=mask[:1])
