"""Every loss: value at identity, gradient, function equals Module, dtype, bad input; every loss is here."""

import copy

import pytest
import torch
from tests.losses.cases import AT_IDENTITY, IMAGE_LOSSES, MODULES, OF_TRUTH, SMALLEST, VGG19, Case, images

from reposer import losses


@pytest.fixture(params=IMAGE_LOSSES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_loss_is_tested() -> None:
    functions = {name for name in losses.__all__ if name.endswith("_loss")}
    assert functions == set(MODULES | OF_TRUTH)
    modules = {name for name in losses.__all__ if name.endswith("Loss")}
    assert modules == set((MODULES | OF_TRUTH).values())


def test_least_at_identity(case: Case) -> None:
    x, _ = images()
    if case.name == "total_variation_loss":
        x = torch.full_like(x, 0.3)
    assert case.value(x, x).item() == pytest.approx(AT_IDENTITY.get(case.name, 0), abs=1e-6)


def test_function_equals_module(case: Case) -> None:
    x, y = images()
    module = case.make_module()
    torch.testing.assert_close(case.value(x, y), case.call(module, x, y))
    torch.testing.assert_close(case.value(x, y), case.call(copy.deepcopy(module), x, y))
    assert case.value(x, y) > 1e-4


def test_gradient_is_right(case: Case) -> None:
    size = SMALLEST.get(case.name, 11)
    x, y = (image[:1, :, :size, :size].clone() for image in images(torch.float64))
    x.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda image: case.value(image, y), x, fast_mode=True)


def test_bad_input_is_named(case: Case) -> None:
    x, y = images()
    name = "image" if case.name == "total_variation_loss" else "generated"
    with pytest.raises(TypeError, match=f"{name} must be a floating point tensor, got torch.uint8"):
        case.value(x.to(torch.uint8), y)
    if name == "image":
        with pytest.raises(ValueError, match=r"image must have shape \(B, C, H, W\).*got \(3, 32, 24\)"):
            case.value(x[0], y)
        with pytest.raises(ValueError, match=r"at least 2x2 pixels, got \(2, 3, 1, 24\)"):
            case.value(x[:, :, :1], y)
        return
    with pytest.raises(ValueError, match=r"generated and target must have one shape, got \(1, 3, 32, 24\)"):
        getattr(losses, case.name)(x[:1], y, *case.besides, **case.networks)
    with pytest.raises(ValueError, match=r"must have shape \(B, C, H, W\)"):
        case.call(case.make_module(), x[0], y[0])


@pytest.mark.parametrize("name", [*VGG19, "lpips_loss"])
def test_networks_name_images_that_do_not_fit(name: str) -> None:
    case = Case(name)
    with pytest.raises(ValueError, match=r"needs images of shape \(B, 3, H, W\) .* got \(2, 4, 32, 24\)"):
        case.value(torch.zeros(2, 4, 32, 24), torch.zeros(2, 4, 32, 24))


@pytest.mark.parametrize("name", ["ssim_loss", "multi_scale_ssim_loss"])
def test_window_that_does_not_fit_is_named(name: str) -> None:
    x, y = images()
    function = getattr(losses, name)
    with pytest.raises(ValueError, match="window_size 33 does not fit an image of 32x24 pixels"):
        function(x, y, window_size=33)
    with pytest.raises(ValueError, match="window_size must be a positive odd number of pixels, got 4"):
        function(x, y, window_size=4)


def test_ssim_of_constant_images_closed_form() -> None:
    x, y = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.6)
    c1 = 0.01**2
    expected = 1 - (2 * 0.2 * 0.6 + c1) / (0.2**2 + 0.6**2 + c1)
    assert losses.ssim_loss(x, y, value_range=(0, 1)).item() == pytest.approx(expected, abs=1e-5)
