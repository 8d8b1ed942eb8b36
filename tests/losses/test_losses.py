"""Every loss: value at identity, closed form, gradient, function equals Module, dtype, bad input."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import vgg19

from reposer import losses
from reposer.features import VGG19Features
from reposer.poses import limb_masks


def vgg_state() -> dict[str, Tensor]:
    """Seeded random weights of the first VGG19 layers."""
    torch.manual_seed(3)
    return {f"features.{name}": t for name, t in vgg19(weights=None).features[:4].state_dict().items()}


class Case:
    """One image loss in both forms, with whatever it needs besides the images."""

    def __init__(self, name: str) -> None:
        self.name = name
        torch.manual_seed(0)
        self.joints = torch.rand(2, 18, 2) * torch.tensor([24.0, 32.0])
        self.visible = torch.ones(2, 18, dtype=torch.bool)
        if name == "perceptual_loss":
            state = vgg_state()
            self.options: dict[str, Any] = {"features": VGG19Features(weights=state)}
            self.module: nn.Module = losses.PerceptualLoss(weights=state)
        else:
            self.options = {}
            self.module = getattr(losses, MODULES[name])()

    def function(self, generated: Tensor, target: Tensor, **options: Any) -> Tensor:
        arguments: tuple[Tensor, ...] = (generated, target)
        if self.name == "part_ssim_loss":
            arguments += (limb_masks(self.joints.to(target.dtype), self.visible, (32, 24)),)
        return getattr(losses, self.name)(*arguments, **self.options, **options)

    def call_module(self, generated: Tensor, target: Tensor) -> Tensor:
        extra = (self.joints.to(target.dtype), self.visible) if self.name == "part_ssim_loss" else ()
        return self.module(generated, target, *extra)


MODULES = {
    "l1_loss": "L1Loss",
    "ssim_loss": "SSIMLoss",
    "part_ssim_loss": "PartSSIMLoss",
    "perceptual_loss": "PerceptualLoss",
}


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


def test_identity_is_zero(case: Case) -> None:
    x, _ = images()
    assert case.function(x, x).item() == pytest.approx(0, abs=1e-6)


def test_function_equals_module(case: Case) -> None:
    x, y = images()
    torch.testing.assert_close(case.function(x, y), case.call_module(x, y))
    assert case.function(x, y) > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(case: Case, dtype: torch.dtype) -> None:
    if case.name == "perceptual_loss":
        case.options["features"].to(dtype)
    assert case.function(*images(dtype)).dtype == dtype


def test_gradient_is_right(case: Case) -> None:
    x, y = (image[:1, :, :11, :11].clone() for image in images(torch.float64))
    x.requires_grad_(True)
    if case.name == "perceptual_loss":
        case.options["features"].double()
    masks = limb_masks(case.joints[:1].double() / 3, case.visible[:1], (11, 11))
    extra = (masks,) if case.name == "part_ssim_loss" else ()
    function: Callable[..., Tensor] = getattr(losses, case.name)
    assert torch.autograd.gradcheck(lambda image: function(image, y, *extra, **case.options), x)


def test_gradient_of_flat_images_is_finite(case: Case) -> None:
    for value in (-1.0, 0.0, 1.0):
        x = torch.full((2, 3, 32, 24), value, requires_grad=True)
        case.function(x, images()[1]).backward()
        assert x.grad is not None
        assert x.grad.isfinite().all()


def test_bad_input_is_named(case: Case) -> None:
    x, y = images()
    with pytest.raises(ValueError, match=r"generated and target must have one shape, got \(1, 3, 32, 24\)"):
        case.function(x[:1], y)
    with pytest.raises(TypeError, match=r"generated must be a floating point tensor, got torch.uint8"):
        case.function(x.to(torch.uint8), y)
    with pytest.raises(ValueError, match=r"must have shape \(B, C, H, W\)"):
        case.function(x[0], y[0])


def test_l1_closed_form() -> None:
    x, y = images()
    assert losses.l1_loss(x, x + 0.25).item() == pytest.approx(0.25, abs=1e-6)
    assert losses.l1_loss(x, y).item() == pytest.approx(nn.functional.l1_loss(x, y).item())


def test_ssim_of_constant_images_closed_form() -> None:
    x, y = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.6)
    c1 = 0.01**2
    expected = 1 - (2 * 0.2 * 0.6 + c1) / (0.2**2 + 0.6**2 + c1)
    assert losses.ssim_loss(x, y, value_range=(0, 1)).item() == pytest.approx(expected, abs=1e-5)


def test_perceptual_distances() -> None:
    x, y = images()
    features = VGG19Features(weights=vgg_state())
    difference = features((x + 1) / 2) - features((y + 1) / 2)
    for distance, expected in (("l1", difference.abs().mean()), ("l2", difference.square().mean())):
        torch.testing.assert_close(losses.perceptual_loss(x, y, features=features, distance=distance), expected)


def test_window_that_does_not_fit_is_named() -> None:
    x, y = images()
    with pytest.raises(ValueError, match="window_size 33 does not fit an image of 32x24 pixels"):
        losses.ssim_loss(x, y, window_size=33)
    with pytest.raises(ValueError, match="window_size must be a positive odd number of pixels, got 4"):
        losses.ssim_loss(x, y, window_size=4)


@pytest.mark.parametrize("real", [True, False])
def test_adversarial_equals_torch(real: bool) -> None:
    logits = torch.linspace(-4, 4, 24, dtype=torch.float64).view(2, 3, 4).requires_grad_(True)
    answer = torch.full_like(logits, float(real))
    cross_entropy = losses.adversarial_loss(logits, real=real, kind="cross_entropy")
    torch.testing.assert_close(cross_entropy, nn.functional.binary_cross_entropy(torch.sigmoid(logits), answer))
    least_squares = losses.adversarial_loss(logits, real=real, kind="least_squares")
    torch.testing.assert_close(least_squares, nn.functional.mse_loss(logits, answer))
    assert losses.AdversarialLoss(kind="least_squares")(logits, real=real) == least_squares
    assert torch.autograd.gradcheck(lambda x: losses.adversarial_loss(x, real=real), logits)


def test_adversarial_of_a_sure_discriminator_is_finite() -> None:
    logits = torch.tensor([-1e4, 1e4], requires_grad=True)
    loss = losses.adversarial_loss(logits, real=True)
    loss.backward()
    assert loss.item() == pytest.approx(5000)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_pool() -> None:
    generator = torch.Generator().manual_seed(0)
    pool = losses.ImagePool(3)
    first = torch.arange(3.0).view(3, 1, 1, 1)
    assert pool.query(first, generator).equal(first)
    shown = [pool.query(torch.full((1, 1, 1, 1), 10.0 + i), generator).item() for i in range(200)]
    swapped = [value for i, value in enumerate(shown) if value != 10 + i]
    assert 70 < len(swapped) < 130
    assert all(value < 10 + i for i, value in enumerate(shown) if value in swapped)
    restored = losses.ImagePool(3)
    restored.load_state_dict(pool.state_dict())
    a, b = (p.query(torch.zeros(8, 1, 1, 1), torch.Generator().manual_seed(4)) for p in (pool, restored))
    assert a.equal(b)
    empty = losses.ImagePool(0)
    assert empty.query(first, generator).equal(first)
    assert empty.state_dict() == {}


def test_objective_is_the_weighted_sum() -> None:
    x, y = images()
    joints, visible = torch.rand(2, 18, 2) * 24, torch.ones(2, 18, dtype=torch.bool)
    config = losses.ObjectiveConfig(adversarial=5, l1=2, ssim=3, part_ssim=10)
    logits = (torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4))
    value = losses.Objective(config)(x, y, joints, visible, fake_logits=logits)
    expected = {
        "adversarial": sum(losses.adversarial_loss(item, real=True) for item in logits) / 2,
        "l1": losses.l1_loss(x, y),
        "ssim": losses.ssim_loss(x, y, window_size=7, sigma=0.8),
        "part_ssim": losses.part_ssim_loss(x, y, limb_masks(joints, visible, (32, 24))),
    }
    assert value.terms.keys() == expected.keys()
    for name, term in expected.items():
        torch.testing.assert_close(value.terms[name], term)
    total = sum(config.weights[name] * term.item() for name, term in expected.items())
    assert value.total.item() == pytest.approx(total, rel=1e-5)
    assert not math.isnan(total)


def test_objective_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="weight of l1 must be at least 0, got -1"):
        losses.ObjectiveConfig(l1=-1)
    with pytest.raises(ValueError, match="at least one term needs a weight above 0"):
        losses.ObjectiveConfig(adversarial=0)
