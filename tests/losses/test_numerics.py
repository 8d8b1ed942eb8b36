"""SSIM and PSSIM losses: finite in every precision, value ranges, function transforms, compilation."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from reposer.losses import PartSSIMLoss, part_ssim_loss, ssim_loss

SIZE = (16, 12)
SSIM = {"window_size": 7, "sigma": 0.8}
PART_OPTIONS = [
    {"missing_parts": missing, "background": background, "statistics": statistics}
    for missing, background, statistics in product(
        ("as_released", "exclude"), ("blacked_out", "normalized"), ("global", "local")
    )
]
Loss = Callable[..., Tensor]
LOSSES = {"ssim": SSIM, **{f"part_ssim-{'-'.join(options.values())}": options for options in PART_OPTIONS}}


@pytest.fixture(params=list(LOSSES))
def loss(request: pytest.FixtureRequest) -> Loss:
    """A loss of (generated, target, part_masks) with one choice of all options."""
    options = LOSSES[request.param]
    if request.param == "ssim":
        return lambda generated, target, _, **more: ssim_loss(generated, target, **SSIM, **more)
    return partial(part_ssim_loss, **options)


def images(dtype: torch.dtype = torch.float32, size: tuple[int, int] = SIZE) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 2, 3, *size, generator=generator, dtype=torch.float64) * 2 - 1
    return x.to(dtype), y.to(dtype)


def masks(kind: str = "soft", size: tuple[int, int] = SIZE) -> Tensor:
    """Masks (2, 3, H, W); the third part is always missing."""
    parts = torch.zeros(2, 3, *size)
    if kind == "soft":
        parts[:, :2] = torch.rand(2, 2, *size, generator=torch.Generator().manual_seed(2))
    elif kind == "one pixel":
        parts[:, 0, 0, 0] = parts[:, 1, 9, 5] = 1
    elif kind == "full":
        parts[:, :2] = 1
    return parts


def pairs() -> dict[str, tuple[Tensor, Tensor]]:
    x, y = images()
    constant, black = torch.full_like(x, 0.3), torch.full_like(x, -1.0)
    return {
        "identical": (x, x),
        "inverted": (x, -x),
        "constant": (constant, constant),
        "constant against noise": (constant, y),
        "black": (black, black),
        "black against noise": (black, y),
        "black against white": (black, -black),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("kind", ["soft", "one pixel", "empty", "full"])
def test_value_and_gradient_are_finite(loss: Loss, dtype: torch.dtype, kind: str) -> None:
    for name, (x, y) in pairs().items():
        generated = x.to(dtype).requires_grad_(True)
        value = loss(generated, y.to(dtype), masks(kind).to(dtype))
        value.backward()
        assert generated.grad is not None
        assert value.dtype == torch.float32, name
        assert -1e-4 <= value.item() <= 2 + 1e-4, name
        assert generated.grad.isfinite().all(), name
        if x is y:
            assert value.item() == pytest.approx(0, abs=1e-4), name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_low_precision_costs_only_the_rounding_of_the_images(loss: Loss, dtype: torch.dtype) -> None:
    x, y = (image.to(dtype) for image in images())
    assert loss(x, y, masks()).item() == pytest.approx(loss(x.double(), y.double(), masks()).item(), abs=2e-6)
    assert loss(x, y.float(), masks()) == loss(x, y, masks())


def test_autocast_changes_nothing(loss: Loss) -> None:
    x, y = images()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(x, y, masks())
    assert inside.dtype == torch.float32
    assert inside == loss(x, y, masks())


def test_float64_stays_float64(loss: Loss) -> None:
    assert loss(*images(torch.float64), masks()).dtype == torch.float64


@pytest.mark.parametrize("value_range", [(0, 1), (0, 255)])
def test_value_range_does_not_matter(loss: Loss, value_range: tuple[float, float]) -> None:
    low, high = value_range
    x, y = images()
    scaled = [(image + 1) / 2 * (high - low) + low for image in (x, y)]
    value = loss(*scaled, masks(), value_range=value_range)
    assert value.item() == pytest.approx(loss(x, y, masks()).item(), abs=1e-5)


@pytest.mark.parametrize(("stated", "true"), [((-1, 1), (0, 255)), ((0, 1), (-1, 1)), ((0, 1), (0, 255))])
def test_wrong_value_range_is_named(loss: Loss, stated: tuple[float, float], true: tuple[float, float]) -> None:
    low, high = true
    x, y = ((image - image.amin()) / (image.amax() - image.amin()) * (high - low) + low for image in images())
    message = (
        rf"generated has values from {low} to {high}, expected \[{stated[0]}, {stated[1]}\]; "
        rf"pass value_range=\({low}, {high}\) or scale the images"
    )
    with pytest.raises(ValueError, match=message):
        loss(x, y, masks(), value_range=stated)
    with pytest.raises(ValueError, match="target has values from"):
        loss(torch.zeros_like(x), y, masks(), value_range=stated)
    with pytest.raises(ValueError, match=r"value_range must be \(lowest, highest\), got \(1, -1\)"):
        loss(x, y, masks(), value_range=(1, -1))


def test_small_overshoot_and_nan_are_no_range_errors(loss: Loss) -> None:
    x, y = images()
    assert loss(x * 1.19, y, masks()).isfinite()
    assert loss(torch.full_like(x, torch.nan), y, masks()).isnan()
    with pytest.raises(ValueError, match="generated has values from"):
        loss(x * 1.25, y, masks())
    with pytest.raises(ValueError, match="pass their value_range or scale the images"):
        loss(x * 1000, y, masks())


@pytest.mark.slow
def test_values_are_read_in_eager_mode_only() -> None:
    torch.compiler.reset()
    x, y = (1000 * image for image in images())
    assert torch.compile(part_ssim_loss, fullgraph=True, backend="aot_eager")(x, y, masks()).isfinite()
    assert torch.func.grad(part_ssim_loss)(x, y, masks()).isfinite().all()
    assert torch.func.vmap(lambda a, b: ssim_loss(a[None], b[None], **SSIM))(x, y).isfinite().all()


def test_vmap_equals_a_loop(loss: Loss) -> None:
    x, y = images()

    def one(generated: Tensor, target: Tensor, parts: Tensor) -> Tensor:
        return loss(generated[None], target[None], parts[None])

    expected = torch.stack([one(*item) for item in zip(x, y, masks(), strict=True)])
    torch.testing.assert_close(torch.func.vmap(one)(x, y, masks()), expected)
    gradients = torch.func.vmap(torch.func.grad(one))(x, y, masks())
    x.requires_grad_(True)
    loss(x, y, masks()).backward()
    torch.testing.assert_close(gradients, x.grad * len(x))  # type: ignore[operator]
    # The first argument alone: the others are plain tensors inside the transform.
    torch.testing.assert_close(torch.func.grad(loss)(x.detach(), y, masks()), x.grad)


@pytest.mark.slow
def test_first_and_second_derivatives(loss: Loss) -> None:
    x, y = (image[:1, :1, :8, :8].clone() for image in images(torch.float64))
    parts = masks().double()[:1, :, :8, :8]
    x.requires_grad_(True)
    y.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, parts), (x, y))
    assert torch.autograd.gradgradcheck(lambda a, b: loss(a, b, parts), (x, y))


@pytest.mark.slow
def test_compiles_whole(loss: Loss) -> None:
    torch.compiler.reset()
    _assert_compiled_equals_eager(loss, "aot_eager", *images(), masks())


@pytest.mark.slow(20)
@pytest.mark.parametrize(
    "options",
    [pytest.param({}, marks=pytest.mark.nightly), {"missing_parts": "exclude", "background": "normalized"}],
)
def test_compiles_with_inductor(options: dict[str, Any]) -> None:
    torch.compiler.reset()
    _assert_compiled_equals_eager(partial(part_ssim_loss, **options), "inductor", *images(), masks())


@pytest.mark.slow
@pytest.mark.parametrize("multi_scale", [False, True])
def test_module_compiles_whole(multi_scale: bool) -> None:
    torch.compiler.reset()
    joints = torch.rand(2, 18, 2, generator=torch.Generator().manual_seed(3)) * 12
    visible = torch.ones(2, 18, dtype=torch.bool)
    module = PartSSIMLoss(multi_scale=multi_scale, reference_height=128)
    _assert_compiled_equals_eager(module, "aot_eager", *images(), joints, visible)


def _assert_compiled_equals_eager(function: Loss, backend: str, x: Tensor, y: Tensor, *rest: Tensor) -> None:
    x.requires_grad_(True)
    expected = function(x, y, *rest)
    (expected_gradient,) = torch.autograd.grad(expected, x)
    value = torch.compile(function, fullgraph=True, backend=backend)(x, y, *rest)
    (gradient,) = torch.autograd.grad(value, x)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-7)
