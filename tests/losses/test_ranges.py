"""Every loss on images: one value range, stated, mapped inside, checked."""

import pytest
import torch
from tests.losses.cases import IMAGE_LOSSES, Case, images

RANGES = [(0, 1), (0, 255), (-3, 2)]


@pytest.fixture(params=IMAGE_LOSSES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.mark.parametrize("value_range", RANGES, ids=str)
def test_the_same_pair_has_the_same_loss(case: Case, value_range: tuple[float, float]) -> None:
    low, high = value_range
    pair = tuple(image.requires_grad_() for image in images())
    scaled = [(image + 1) / 2 * (high - low) + low for image in pair]
    expected, value = case.value(*pair), case.value(*scaled, value_range=value_range)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(case.call(case.make_module(value_range=value_range), *scaled), value)
    (gradient,), (of_scaled,) = (torch.autograd.grad(loss, pair[0]) for loss in (expected, value))
    torch.testing.assert_close(of_scaled, gradient, rtol=1e-3, atol=1e-4 * gradient.abs().max().item())


@pytest.mark.parametrize(
    ("stated", "true"), [((-1, 1), (0, 255)), ((0, 1), (-1, 1)), ((0, 1), (0, 255)), ((-1, 1), (-9, 9))], ids=str
)
def test_another_range_is_named(case: Case, stated: tuple[float, float], true: tuple[float, float]) -> None:
    low, high = true
    x, y = ((image - image.amin()) / (image.amax() - image.amin()) * (high - low) + low for image in images())
    name = "image" if case.name == "total_variation_loss" else "generated"
    remedy = "their value_range" if true == (-9, 9) else rf"value_range=\({low}, {high}\)"
    message = rf"^{name} has values from {low} to {high}, expected \[{stated[0]}, {stated[1]}\]; pass {remedy} or"
    with pytest.raises(ValueError, match=message):
        case.value(x, y, value_range=stated)
    if name == "generated":
        with pytest.raises(ValueError, match=r"^target has values from"):
            case.value(torch.zeros_like(x), y, value_range=stated)


def test_nonsense_is_named(case: Case) -> None:
    with pytest.raises(ValueError, match=r"value_range must be \(lowest, highest\), got \(1, -1\)"):
        case.value(*images(), value_range=(1, -1))
    with pytest.raises(TypeError, match=r"must be a floating point tensor, got torch\.uint8; convert files with"):
        case.value(*(torch.zeros(2, 3, 32, 24, dtype=torch.uint8),) * 2)


def test_small_overshoot_and_nan_are_no_range_errors(case: Case) -> None:
    x, y = images()
    assert case.value(x * 1.19, y).isfinite()
    assert case.value(torch.full_like(x, torch.nan), y).isnan()
