"""SSIM and PSSIM equal the released reference code and scikit-image."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from reposer.checks import InputError
from reposer.images import to_signed
from reposer.losses import SSIMLoss, ssim_loss
from reposer.poses import limb_masks
from reposer.similarity import (
    SSIMSettings,
    masked_ssim,
    part_ssim,
    part_ssim_index,
    ssim_index,
    ssim_map,
    ssim_of_planes,
    window_weights,
)
from reposer.similarity.windows import matrix_product, window_average
from tests import plain


def case(golden: dict[str, Any], tag: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    fake, real = (
        to_signed(torch.from_numpy(golden[f"{tag}_{k}_uint8"]).permute(0, 3, 1, 2)).to(dtype) for k in ("fake", "real")
    )
    keypoints = torch.from_numpy(golden[f"{tag}_keypoints_yx"])
    masks = limb_masks(keypoints.flip(-1).to(dtype), (keypoints >= 0).all(-1), tuple(fake.shape[-2:]))
    return fake, real, masks


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tag", ["market", "fashion"])
def test_golden_values(golden_losses: dict[str, Any], tag: str, dtype: torch.dtype) -> None:
    fake, real, masks = case(golden_losses, tag, dtype)
    expected = {name.removeprefix(f"{tag}_"): value for name, value in golden_losses.items() if name.startswith(tag)}
    assert ssim_index(fake, real).mean().item() == pytest.approx(expected["ssim_w11_s1.5"], abs=1e-5)
    assert ssim_index(fake, real, window_size=7, sigma=0.8).mean().item() == pytest.approx(
        expected["ssim_w7_s0.8"], abs=1e-5
    )
    assert part_ssim(fake, real, masks).mean().item() == pytest.approx(expected["foreground_part_ssim"], abs=1e-5)
    assert part_ssim_index(fake, real, masks).item() == pytest.approx(expected["part_ssim_index"], abs=1e-5)
    each = part_ssim_index(fake, real, masks, reduction="none")
    np.testing.assert_allclose(each, expected["part_ssim_index_each"], atol=1e-5)


def gradient(
    index: Callable[..., torch.Tensor], golden: dict[str, Any], tag: str, dtype: torch.dtype
) -> npt.NDArray[np.float64]:
    """Of the mean PSSIM by the generated images."""
    fake, real, masks = case(golden, tag, dtype)
    fake.requires_grad_(True)
    (found,) = torch.autograd.grad(index(fake, real, masks).mean(), fake)
    return found.double().numpy()


@pytest.mark.parametrize("tag", ["market", "fashion"])
def test_golden_gradient(golden_losses: dict[str, Any], tag: str) -> None:
    expected = golden_losses[f"{tag}_part_ssim_grad"]
    found = gradient(part_ssim_index, golden_losses, tag, torch.float64)[: len(expected)]
    assert np.abs(found - expected).max() <= 5e-5 * np.abs(expected).max()


def add_one_by_one(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Product of two batches of matrices, summed in the worst order: what libraries do on some processors."""
    terms = a.numpy()[..., None, :] * b.transpose(-1, -2).numpy()[..., None, :, :]
    return torch.from_numpy(np.add.accumulate(terms, axis=-1)[..., -1])


@pytest.mark.parametrize("order", ["of this processor", "one by one"])
@pytest.mark.parametrize("tag", ["market", "fashion"])
def test_float32_gradient_is_as_exact_as_that_of_the_plain_formula(
    golden_losses: dict[str, Any], tag: str, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = gradient(part_ssim_index, golden_losses, tag, torch.float64)
    if order == "one by one":
        monkeypatch.setattr("reposer.similarity.parts.matrix_product", add_one_by_one)
    ours, plainly = (
        np.abs(gradient(index, golden_losses, tag, torch.float32) - exact).max()
        for index in (part_ssim_index, plain.part_ssim_index)
    )
    assert ours <= plainly


@pytest.mark.parametrize("size", [(17, 11), (128, 64)])
def test_part_ssim_equals_the_definition_part_by_part(size: tuple[int, int]) -> None:
    x, y, masks = (torch.rand(2, n, *size, generator=torch.Generator().manual_seed(n)).double() for n in (3, 3, 5))
    x, y = 2 * x - 1, 1 - 2 * y.flip(-1)
    masks[0, 2] = 0
    found, expected = [], []
    for function, values in ((part_ssim, found), (plain.part_ssim, expected)):
        images = [image.clone().requires_grad_(True) for image in (x, y)]
        value = function(*images, masks)
        values += [value, *torch.autograd.grad(value.square().sum(), images)]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)  # weights sum up to 1 - 1e-8


@pytest.mark.parametrize("size", [(15, 11), (90, 33), (77, 140)])
def test_tiles_of_wide_images_filter_as_one(size: tuple[int, int]) -> None:
    image = torch.rand(2, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([0.1, 0.2, 0.3, 0.15, 0.25], dtype=torch.float64)  # not symmetric
    expected = torch.nn.functional.conv2d(image[:, None], torch.outer(weights, weights)[None, None])[:, 0]
    found = window_average(weights, image)(image)
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found.square().sum(), image)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.square().sum(), image)[0])


def test_no_reduced_precision_of_matrix_products() -> None:
    a, b = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")  # TF32 or bfloat16 where the device has it
        assert matrix_product(a, b).equal((a.double() @ b.double()).float())
    finally:
        torch.set_float32_matmul_precision(before)
    exact = a @ b
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert matrix_product(a, b).equal(exact)


@pytest.mark.parametrize("size", [(33, 20), (64, 48)])
@pytest.mark.parametrize("options", [
    {"window_size": 11, "sigma": 1.5},
    {"window_size": 7, "window": "uniform"},
    {"window_size": 7, "window": "uniform", "sample_covariance": True},
])  # fmt: skip
def test_ssim_map_equals_scikit_image(size: tuple[int, int], options: dict[str, Any]) -> None:
    generator = np.random.default_rng(5)
    x, y = generator.uniform(size=(2, 3, *size))
    mine = ssim_map(torch.from_numpy(x)[None], torch.from_numpy(y)[None], **options).mean().item()
    gaussian = options.get("window", "gaussian") == "gaussian"
    theirs = structural_similarity(
        x, y, channel_axis=0, data_range=1.0, gaussian_weights=gaussian,
        win_size=None if gaussian else options["window_size"],
        use_sample_covariance=options.get("sample_covariance", False),
    )  # fmt: skip
    assert mine == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("options", [
    {"window_size": 7, "sigma": 0.8},
    {"window": "uniform", "window_size": 7},
    {"data_range": "generated"},
    {"sample_covariance": True},
    {"window": "uniform", "window_size": 9, "data_range": "generated", "sample_covariance": True},
], ids=str)  # fmt: skip
def test_every_setting_counts_in_every_form(options: dict[str, Any]) -> None:
    x, y = torch.rand(2, 2, 3, 40, 32, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 0.6 - 0.2
    settings = SSIMSettings(**options)
    index = ssim_index(x, y, settings=settings)
    torch.testing.assert_close(ssim_index(x, y, **options), index)
    torch.testing.assert_close(1 - ssim_loss(x, y, **options), index.mean())
    torch.testing.assert_close(1 - SSIMLoss(settings=settings)(x, y), index.mean())
    torch.testing.assert_close(1 - SSIMLoss(**options)(x, y), index.mean())
    torch.testing.assert_close(ssim_map((x + 1) / 2, (y + 1) / 2, settings=settings).mean(dim=(1, 2, 3)), index)
    everywhere = torch.ones(2, 1, 40, 32, dtype=torch.float64)
    torch.testing.assert_close(masked_ssim(x, y, everywhere, settings=settings).mean(dim=(1, 2)), index)
    assert (index - ssim_index(x, y)).abs().min() > 1e-4
    measured = options.get("data_range") == "generated"
    line = window_weights(settings.window_size, settings.sigma, settings.window)
    lengths = (x.amax((1, 2, 3)) - x.amin((1, 2, 3))).tolist() if measured else [2.0] * 2
    for i, length in enumerate(lengths):
        c1, c2 = (0.01 * length) ** 2, (0.03 * length) ** 2
        mean = partial(F.conv2d, weight=torch.outer(line, line).expand(3, 1, -1, -1), groups=3)
        a, b = x[i : i + 1] + 1, y[i : i + 1] + 1
        u, v = mean(a), mean(b)
        n = settings.window_size**2
        scale = n / (n - 1) if settings.sample_covariance else 1.0
        covariance, variances = scale * (mean(a * b) - u * v), scale * (mean(a * a + b * b) - u * u - v * v)
        expected = (2 * u * v + c1) * (2 * covariance + c2) / ((u * u + v * v + c1) * (variances + c2))
        assert index[i].item() == pytest.approx(expected.mean().item(), abs=1e-9)


def test_unknown_settings_are_named() -> None:
    x = torch.zeros(1, 3, 16, 16)
    masks = torch.ones(1, 1, 16, 16)
    for call in (
        lambda **fields: ssim_loss(x, x, **fields),
        lambda **fields: SSIMLoss(**fields),
        lambda **fields: part_ssim_index(x, x, masks, **fields),
    ):
        with pytest.raises(TypeError, match="unexpected keyword 'windw_size'; did you mean 'window_size'"):
            call(windw_size=7)
        with pytest.raises(ValueError, match="window_size must be a positive odd number of pixels, got 8"):
            call(window_size=8)
        with pytest.raises(ValueError, match="sigma must be a positive number of pixels, got 0"):
            call(sigma=0)
    with pytest.raises(InputError, match="unknown data_range 'generate'; did you mean 'generated'"):
        SSIMSettings(data_range="generate")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown window 'gauss'; did you mean 'gaussian'"):
        ssim_index(x, x, window="gauss")


def test_ssim_is_luminance_times_contrast_and_structure() -> None:
    torch.manual_seed(0)
    x, y = torch.rand(2, 1, 3, 32, 24, dtype=torch.float64)
    options: dict[str, Any] = {"window_size": 7, "window": "uniform"}
    mean_x, mean_y = (torch.nn.functional.avg_pool2d(image, 7, stride=1) for image in (x, y))
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    torch.testing.assert_close(ssim_map(x, y, **options), luminance * ssim_map(x, y, luminance=False, **options))
    torch.testing.assert_close(ssim_map(x, y, luminance=False), ssim_map(x + 3, y + 7, luminance=False))


def test_missing_parts() -> None:
    x, y = torch.rand(2, 1, 3, 32, 24) * 2 - 1
    masks = torch.zeros(1, 10, 32, 24)
    assert part_ssim(x, y, masks).eq(1).all()
    masks[:, 0, 5:20, 5:20] = 1
    released = part_ssim_index(x, y, masks)
    excluded = part_ssim_index(x, y, masks, missing_parts="exclude")
    assert released - excluded == pytest.approx((1 - part_ssim(x, y, masks)[0, 0].mean()).item() * 0.9 / 2, abs=1e-5)


@pytest.mark.parametrize("low_high", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
def test_value_range_does_not_matter(low_high: tuple[float, float]) -> None:
    torch.manual_seed(0)
    x, y = torch.rand(2, 2, 3, 32, 24, dtype=torch.float64)
    masks = torch.rand(2, 10, 32, 24)
    low, high = low_high
    scaled = part_ssim_index(x * (high - low) + low, y * (high - low) + low, masks, value_range=low_high)
    assert scaled.item() == pytest.approx(part_ssim_index(x, y, masks, value_range=(0, 1)).item(), abs=1e-9)


@given(
    arrays(
        np.uint8,
        st.tuples(st.just(3), st.integers(7, 70), st.integers(7, 40)),
        elements=st.integers(0, 255),
        fill=st.integers(0, 255),
    ),
    st.sampled_from(("gaussian", "uniform")),
    st.booleans(),
    st.integers(0, 255),
)
@settings(max_examples=40)
def test_ssim_of_planes_is_that_of_the_map(
    image: npt.NDArray[np.uint8], window: Any, sample_covariance: bool, seed: int
) -> None:
    """Images of one colour and of few, wider and narrower than a tile."""
    other = np.roll(image, seed % image.shape[1], axis=1) // 2 + seed // 2
    options = {"window_size": 7, "sigma": 1.1, "window": window, "sample_covariance": sample_covariance}
    for length in (255.0, 9.0):
        expected = ssim_map(
            torch.from_numpy(image)[None].double(), torch.from_numpy(other)[None].double(), data_range=length, **options
        )
        found = ssim_of_planes(image, other, data_range=length, **options)
        assert found == pytest.approx((1 - expected).sum().item(), abs=1e-8, rel=1e-9)
    assert ssim_of_planes(image, image, data_range=255.0, **options) == 0
