"""MS-SSIM against an outside implementation, closed forms, and images of any size."""

import numpy as np
import pytest
import torch
from torch import Tensor

from reposer.losses import multi_scale_ssim_loss, ssim_loss
from reposer.similarity import SCALE_WEIGHTS, fitting_scales

TAPS = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
TAPS /= TAPS.sum()


def photos(size: tuple[int, int], noise: float = 0.2) -> tuple[Tensor, Tensor]:
    """Smooth images and noisy ones."""
    generator = torch.Generator().manual_seed(7)
    y = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8, generator=generator), size, mode="bicubic").clamp(0, 1)
    x = (y + noise * torch.randn(y.shape, generator=generator)).clamp(0, 1)
    return x, y


@pytest.mark.parametrize("noise", [0.05, 0.4])
def test_five_scales_equal_an_outside_implementation(noise: float) -> None:
    outside = pytest.importorskip("pytorch_msssim")
    x, y = (image.double() for image in photos((256, 256), noise))
    window = torch.from_numpy(TAPS).repeat(3, 1, 1, 1)  # its own is rounded to float32
    expected = outside.ms_ssim(x, y, data_range=1.0, win=window)
    assert multi_scale_ssim_loss(x, y, value_range=(0, 1)).item() == pytest.approx(1 - expected.item(), abs=1e-9)


def test_three_scales_written_out() -> None:
    """With numpy: filter, halve, multiply; at the size of Market-1501."""
    x, y = (image.double().numpy() for image in photos((128, 64)))

    def means(image: np.ndarray) -> np.ndarray:
        for axis in (2, 3):
            image = np.apply_along_axis(np.convolve, axis, image, TAPS, "valid")
        return image

    exponents = np.array(SCALE_WEIGHTS[:3]) / sum(SCALE_WEIGHTS[:3])
    index = np.ones((2, 3))
    for scale, exponent in enumerate(exponents):
        mean_x, mean_y = means(x), means(y)
        variances = means(x**2) - mean_x**2 + means(y**2) - mean_y**2
        term = (2 * (means(x * y) - mean_x * mean_y) + 0.03**2) / (variances + 0.03**2)
        if scale == 2:
            term *= (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
        index *= term.mean(axis=(2, 3)) ** exponent
        x, y = (i.reshape(2, 3, i.shape[2] // 2, 2, i.shape[3] // 2, 2).mean(axis=(3, 5)) for i in (x, y))
    actual = multi_scale_ssim_loss(*(image.double() for image in photos((128, 64))), value_range=(0, 1))
    assert actual.item() == pytest.approx(1 - index.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("size", "scales"),
    [((11, 40), 1), ((22, 22), 2), ((128, 64), 3), ((175, 176), 4), ((256, 176), 5), ((999, 999), 5)],
)
def test_scales_fit_the_image(size: tuple[int, int], scales: int) -> None:
    assert fitting_scales(size) == scales


def test_odd_sizes_and_one_scale() -> None:
    x, y = photos((61, 47))
    assert 0 < multi_scale_ssim_loss(x, y, value_range=(0, 1)) < 1
    one = multi_scale_ssim_loss(x, y, scales=1, value_range=(0, 1))
    torch.testing.assert_close(one, ssim_loss(x, y, value_range=(0, 1)))


def test_opposite_images_have_a_gradient_that_is_finite() -> None:
    _, y = photos((64, 64))
    x = (1 - y).requires_grad_()
    loss = multi_scale_ssim_loss(x, y, value_range=(0, 1))
    loss.backward()
    assert 0.9 < loss.item() <= 1
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_scales_that_do_not_fit_are_named() -> None:
    x, y = photos((128, 64))
    for scales in (0, 4):
        with pytest.raises(ValueError, match=f"between 1 and 3 for an image of 128x64 pixels and .*11, got {scales}"):
            multi_scale_ssim_loss(x, y, scales=scales, value_range=(0, 1))
