"""Every loss: finite on hard images in every precision, statistics in at least float32, unmoved by autocast."""

import copy

import pytest
import torch
from tests.losses.cases import AT_IDENTITY, MODULES, Case, images
from torch import Tensor

from reposer import losses

HALF = [torch.bfloat16, torch.float16]


@pytest.fixture(params=list(MODULES))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def pairs() -> dict[str, tuple[Tensor, Tensor]]:
    x, y = images(size=(22, 23), batch=1)
    grey, black = torch.full_like(x, 0.3), torch.full_like(x, -1.0)
    return {
        "identical": (x, x),
        "inverted": (x, -x),
        "constant": (grey, grey),
        "constant against noise": (grey, y),
        "noise against constant": (x, grey),
        "black": (black, black),
        "black against noise": (black, y),
        "black against white": (black, -black),
        "zero": (torch.zeros_like(x), torch.zeros_like(x)),
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, *HALF], ids=str)
def test_value_and_gradient_are_finite(case: Case, dtype: torch.dtype) -> None:
    for name, (x, y) in pairs().items():
        generated = x.to(dtype).requires_grad_()
        value = case.value(generated, y.to(dtype))
        value.backward()
        assert value.dtype == torch.promote_types(dtype, torch.float32), name
        assert value.ndim == 0
        assert value.isfinite(), name
        assert generated.grad is not None
        assert generated.grad.dtype == dtype
        assert generated.grad.isfinite().all(), name
        if x is y and case.name not in ("total_variation_loss", "adversarial_loss"):
            # Features reach far beyond the range of 1 that SSIM's constants are made for: more rounding.
            tolerance = 1e-3 if case.name == "perceptual_ssim_loss" else 1e-4
            assert value.item() == pytest.approx(AT_IDENTITY.get(case.name, 0), abs=tolerance), name


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_half_precision_costs_only_the_rounding_of_the_images(case: Case, dtype: torch.dtype) -> None:
    # Sums of 16 bit would be off by a per cent: bfloat16 counts to 256.
    x, y = (image.to(dtype) for image in images())
    torch.testing.assert_close(case.value(x, y), case.value(x.float(), y.float()), rtol=1e-4, atol=1e-6)


def test_autocast_keeps_the_value(case: Case) -> None:
    x, y = (image.requires_grad_() for image in images())
    expected = case.value(x, y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = case.value(x, y)
    assert value.dtype == torch.float32
    tolerance = 2e-2 if case.networks else 0  # their convolutions do run in bfloat16
    torch.testing.assert_close(value, expected, rtol=tolerance, atol=0)
    (gradient,) = torch.autograd.grad(value, x)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_features_of_half_precision(dtype: torch.dtype) -> None:
    """A network in half precision: its maps are averaged in float32."""
    for name in ("perceptual_loss", "style_loss", "perceptual_ssim_loss"):
        case = Case(name)
        x, y = images()
        expected = case.value(x, y)
        value = getattr(losses, name)(x, y, features=copy.deepcopy(case.networks["features"]).to(dtype))
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected, rtol=2e-2, atol=0)
