"""Every loss: value at identity, gradient, function equals Module, dtype, bad input; every loss is here."""

import copy
from typing import Any

import pytest
import torch
from tests.losses.random_weights import squeeze_state, vgg_state
from torch import Tensor, nn

from reposer import losses
from reposer.features import LPIPSNetwork, VGG19Features
from reposer.poses import limb_masks

MODULES = {
    "l1_loss": "L1Loss",
    "l2_loss": "L2Loss",
    "charbonnier_loss": "CharbonnierLoss",
    "total_variation_loss": "TotalVariationLoss",
    "ssim_loss": "SSIMLoss",
    "multi_scale_ssim_loss": "MultiScaleSSIMLoss",
    "part_ssim_loss": "PartSSIMLoss",
    "perceptual_loss": "PerceptualLoss",
    "style_loss": "StyleLoss",
    "perceptual_ssim_loss": "PerceptualSSIMLoss",
    "lpips_loss": "LPIPSLoss",
}
VGG19 = ("perceptual_loss", "style_loss", "perceptual_ssim_loss")
AT_IDENTITY = {"charbonnier_loss": 1e-3}
SMALLEST = {"multi_scale_ssim_loss": 22, "lpips_loss": 17}  # two scales; three poolings


class Case:
    """One image loss in both forms, with whatever it needs besides the images."""

    def __init__(self, name: str) -> None:
        self.name = name
        torch.manual_seed(0)
        self.joints = torch.rand(2, 18, 2) * torch.tensor([24.0, 32.0])
        self.visible = torch.ones(2, 18, dtype=torch.bool)
        self.options: dict[str, Any] = {}
        keywords: dict[str, Any] = {}
        if name in VGG19:
            keywords = {"weights": vgg_state()}
            self.options = {"features": VGG19Features(weights=vgg_state())}
        elif name == "lpips_loss":
            pytest.importorskip("lpips")
            keywords = {"backbone": "squeeze", "weights": squeeze_state()}
            self.options = {"network": LPIPSNetwork("squeeze", weights=squeeze_state())}
        self.module: nn.Module = getattr(losses, MODULES[name])(**keywords)

    def function(self, generated: Tensor, target: Tensor) -> Tensor:
        for network in self.options.values():
            network.to(target.dtype)
        arguments: tuple[Tensor, ...] = (generated, target)
        if self.name == "part_ssim_loss":
            height, width = target.shape[-2:]
            scale = torch.tensor([width / 24, height / 32], dtype=torch.float64)
            joints = self.joints[: len(target)].double() * scale
            arguments += (limb_masks(joints, self.visible[: len(target)], (height, width)).to(target.dtype),)
        elif self.name == "total_variation_loss":
            arguments = (generated,)
        return getattr(losses, self.name)(*arguments, **self.options)

    def call_module(self, generated: Tensor, target: Tensor) -> Tensor:
        if self.name == "total_variation_loss":
            return self.module(generated)
        return self.module(generated, target, *((self.joints, self.visible) if self.name == "part_ssim_loss" else ()))


@pytest.fixture(params=list(MODULES))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def images(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 2, 3, 32, 24, generator=generator, dtype=torch.float64).to(dtype) * 2 - 1
    return x, y


def test_every_loss_is_tested() -> None:
    functions = {name for name in losses.__all__ if name.endswith("_loss")}
    assert functions == {*MODULES, "adversarial_loss"}
    modules = {name for name in losses.__all__ if name.endswith("Loss")}
    assert modules == {*MODULES.values(), "AdversarialLoss"}


def test_least_at_identity(case: Case) -> None:
    x, _ = images()
    if case.name == "total_variation_loss":
        x = torch.full_like(x, 0.3)
    assert case.function(x, x).item() == pytest.approx(AT_IDENTITY.get(case.name, 0), abs=1e-6)


def test_function_equals_module(case: Case) -> None:
    x, y = images()
    torch.testing.assert_close(case.function(x, y), case.call_module(x, y))
    case.module = copy.deepcopy(case.module)
    torch.testing.assert_close(case.function(x, y), case.call_module(x, y))
    assert case.function(x, y) > 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(case: Case, dtype: torch.dtype) -> None:
    value = case.function(*images(dtype))
    assert value.dtype == dtype
    assert value.ndim == 0


def test_gradient_is_right(case: Case) -> None:
    size = SMALLEST.get(case.name, 11)
    x, y = (image[:1, :, :size, :size].clone() for image in images(torch.float64))
    x.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda image: case.function(image, y), x, fast_mode=True)


def test_gradient_of_flat_images_is_finite(case: Case) -> None:
    for value in (-1.0, 0.0, 1.0):
        x = torch.full((2, 3, 32, 24), value, requires_grad=True)
        case.function(x, images()[1]).backward()
        assert x.grad is not None
        assert x.grad.isfinite().all()


def test_bad_input_is_named(case: Case) -> None:
    x, y = images()
    name = "image" if case.name == "total_variation_loss" else "generated"
    with pytest.raises(TypeError, match=f"{name} must be a floating point tensor, got torch.uint8"):
        case.function(x.to(torch.uint8), y)
    if name == "image":
        with pytest.raises(ValueError, match=r"image must have shape \(B, C, H, W\).*got \(3, 32, 24\)"):
            case.function(x[0], y)
        with pytest.raises(ValueError, match=r"at least 2x2 pixels, got \(2, 3, 1, 24\)"):
            case.function(x[:, :, :1], y)
        return
    with pytest.raises(ValueError, match=r"generated and target must have one shape, got \(1, 3, 32, 24\)"):
        getattr(losses, case.name)(
            x[:1], y, *((torch.ones(2, 10, 32, 24),) if "part" in case.name else ()), **case.options
        )
    with pytest.raises(ValueError, match=r"must have shape \(B, C, H, W\)"):
        case.call_module(x[0], y[0])


@pytest.mark.parametrize("name", [*VGG19, "lpips_loss"])
def test_networks_name_images_that_do_not_fit(name: str) -> None:
    case = Case(name)
    with pytest.raises(ValueError, match=r"needs images of shape \(B, 3, H, W\) .* got \(2, 4, 32, 24\)"):
        case.function(torch.zeros(2, 4, 32, 24), torch.zeros(2, 4, 32, 24))


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
