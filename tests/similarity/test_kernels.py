"""The fused kernels against PyTorch's operators.

On a GPU they are compiled; elsewhere Triton's interpreter runs them, a tenth of a millisecond an operation: there the
images are tiny, and so are the tiles, or there would be one.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.rounding import assert_rounds_like, off
from torch import Tensor

from reposer.losses import part_ssim_loss, perceptual_ssim_loss, ssim_loss
from reposer.similarity import (
    CLASSIC_SSIM,
    masked_ssim,
    multi_scale_ssim_index,
    part_ssim,
    part_ssim_index,
    part_ssim_values,
    ssim_index,
    ssim_map,
)
from reposer.similarity.kernels import choice

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
pytestmark = [pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")]
if DEVICE == "cuda":
    pytestmark.append(pytest.mark.gpu)

Function = Callable[..., Tensor]


@pytest.fixture(autouse=True)
def fused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the kernels serve where these tests run; the operators that were called."""
    from reposer.similarity.kernels import operators

    called: list[str] = []
    for name in ("window_sums", "window_map", "sums_of_parts"):
        monkeypatch.setattr(operators, name, _noting(getattr(operators, name), called, name))
    monkeypatch.setattr(choice, "DEVICES", {DEVICE})
    if DEVICE == "cpu":
        monkeypatch.setattr(operators.Tiling, "of", _small_tiles)
    return called


def _small_tiles(planes: int, height: int, wide: int) -> Any:
    from reposer.similarity.kernels.operators import Tiling

    return Tiling(4, 8, -(-wide // 8) * -(-height // 4))


def _noting(function: Function, called: list[str], name: str) -> Function:
    def noting(*arguments: Any) -> Any:
        called.append(name)
        return function(*arguments)

    return noting


def plainly(function: Function, *arguments: Any, **options: Any) -> Tensor:
    """The same without kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "DEVICES", set())
        return function(*arguments, **options)


def images(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Two images in [-1, 1], the second like the first, as a generated one is; on a GPU four times as large."""
    generator = torch.Generator().manual_seed(seed)
    x, noise = torch.rand(2, *grown(shape), generator=generator) * 2 - 1
    return x.to(DEVICE, dtype), (0.6 * x + 0.4 * noise).to(DEVICE, dtype)


def grown(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Larger where that costs nothing."""
    batch, channels, height, width = shape
    return shape if DEVICE == "cpu" or height >= 100 else (2 * batch, channels, 4 * height + 1, 7 * width)


def masks(batch: int, parts: int, height: int, width: int) -> Tensor:
    """Soft masks; the last of each image is missing."""
    found = torch.rand(*grown((batch, parts, height, width)), generator=torch.Generator().manual_seed(1)) ** 4
    found[:, -1] = 0
    return found.to(DEVICE)


def assert_as_plain(function: Function, x: Tensor, y: Tensor, *, both: bool = True, called: list[str]) -> None:
    """Value and gradients round like those of the plain operators in float32 do beside float64."""
    results = []
    for run, dtype in ((lambda f, *a: f(*a), x.dtype), (plainly, x.dtype), (plainly, torch.float64)):
        pair = [image.detach().to(dtype).requires_grad_(needs) for image, needs in ((x, True), (y, both))]
        before = len(called)
        value = run(function, *pair)
        assert (len(called) > before) == (run is not plainly)
        weights = torch.linspace(0.5, 2, value.numel(), device=DEVICE).view(value.shape).to(value.dtype)
        gradients = torch.autograd.grad((value * weights).sum(), pair if both else pair[:1])
        assert all(gradient.dtype == dtype for gradient in gradients)
        results.append((value, *gradients))
    for name, *tensors in zip(("value", "for generated", "for target"), *results, strict=False):
        assert_rounds_like(*tensors, name=name)


WINDOWS: list[dict[str, Any]] = [
    {"window_size": 3, "sigma": 0.8},
    {"window_size": 3, "sigma": 2.0, "sample_covariance": True},
    {"window_size": 5, "window": "uniform"},
]


@pytest.mark.parametrize("window", WINDOWS)
def test_mean_of_an_image(window: dict[str, Any], fused: list[str]) -> None:
    assert_as_plain(lambda x, y: ssim_index(x, y, **window), *images(2, 1, 6, 7), called=fused)


@pytest.mark.parametrize("loss", ["ssim", "part_ssim"])
def test_losses(loss: str, fused: list[str]) -> None:
    shown = masks(2, 3, 6, 5)
    function = {"ssim": ssim_loss, "part_ssim": lambda x, y, **o: part_ssim_loss(x, y, shown.to(x.dtype), **o)}[loss]
    assert_as_plain(lambda x, y: function(x, y, window_size=3), *images(2, 2, 6, 5), called=fused)


def test_several_tiles(fused: list[str]) -> None:
    assert_as_plain(lambda x, y: ssim_index(x, y, window_size=3), *images(1, 1, 9, 12), called=fused)


@pytest.mark.slow
@pytest.mark.parametrize("window_size", [7, *(pytest.param(size, marks=pytest.mark.nightly) for size in (11, 15))])
def test_larger_windows(window_size: int, fused: list[str]) -> None:
    assert_as_plain(lambda x, y: ssim_index(x, y, window_size=window_size), *images(1, 1, 17, 15), called=fused)


def test_only_one_gradient(fused: list[str]) -> None:
    x, y = images(2, 1, 6, 7)
    assert_as_plain(lambda x, y: ssim_index(x, y, window_size=3), x, y, both=False, called=fused)
    assert_as_plain(lambda y, x: ssim_index(x, y, window_size=3), y, x, both=False, called=fused)


@pytest.mark.parametrize("value_range", [(0, 1), (0, 255), (-2, 1)])
def test_value_range(value_range: tuple[float, float], fused: list[str]) -> None:
    low, high = value_range
    x, y = ((image + 1) / 2 * (high - low) + low for image in images(1, 3, 6, 5))
    assert_as_plain(lambda x, y: ssim_index(x, y, value_range=value_range, window_size=3), x, y, called=fused)


def test_map(fused: list[str]) -> None:
    assert_as_plain(lambda x, y: ssim_map(x, y, window_size=3, data_range=3.0), *images(1, 2, 7, 6), called=fused)


def test_contrast_alone(fused: list[str]) -> None:
    assert_as_plain(lambda x, y: ssim_map(x, y, window_size=3, luminance=False), *images(1, 2, 6, 7), called=fused)


def test_multi_scale(fused: list[str]) -> None:
    assert_as_plain(
        lambda x, y: multi_scale_ssim_index(x, y, window_size=3, scales=2), *images(1, 2, 6, 7), called=fused
    )


def test_features(fused: list[str]) -> None:
    def loss(x: Tensor, y: Tensor) -> Tensor:
        features = {"features": lambda image: {"relu1_1": image}, "layers": {"relu1_1": 1.0}}
        return perceptual_ssim_loss(x, y, window_size=3, **features)

    assert_as_plain(loss, *images(1, 3, 6, 7), called=fused)


@pytest.mark.parametrize("parts", [1, 2])
def test_local_statistics(parts: int, fused: list[str]) -> None:
    shown = masks(1, parts + 1, 4, 5)[:, -parts:]  # without the first: of one mask, the empty one
    assert_as_plain(lambda x, y: masked_ssim(x, y, shown.to(x.dtype), window_size=3), *images(1, 1, 4, 5), called=fused)


def test_parts(fused: list[str]) -> None:
    shown = masks(2, 4, 9, 11)
    assert_as_plain(lambda x, y: part_ssim(x, y, shown.to(x.dtype)), *images(2, 3, 9, 11), called=fused)


@pytest.mark.parametrize("missing_parts", ["as_released", "exclude"])
@pytest.mark.parametrize("background", ["blacked_out", "normalized"])
@pytest.mark.parametrize("statistics", ["global", pytest.param("local", marks=pytest.mark.slow)])
def test_index(missing_parts: str, background: str, statistics: str, fused: list[str]) -> None:
    options: Any = {"missing_parts": missing_parts, "background": background, "statistics": statistics}
    batch, parts, channels = (2, 3, 2) if statistics == "global" else (1, 2, 1)
    shown = masks(batch, parts, 4, 5)

    def index(x: Tensor, y: Tensor) -> Tensor:
        return part_ssim_index(x, y, shown.to(x.dtype), reduction="none", window_size=3, **options)

    assert_as_plain(index, *images(batch, channels, 4, 5), called=fused)


@pytest.mark.slow
def test_index_of_another_range_and_many_parts(fused: list[str]) -> None:
    shown = masks(1, 18, 7, 9)
    x, y = ((image + 1) / 2 for image in images(1, 3, 7, 9))
    assert_as_plain(
        lambda x, y: part_ssim_index(x, y, shown.to(x.dtype), value_range=(0, 1), window_size=3),
        x,
        y,
        both=False,
        called=fused,
    )


def test_values_of_parts(fused: list[str]) -> None:
    x, y = images(2, 2, 6, 5)
    shown = masks(2, 3, 6, 5)
    values = part_ssim_values(x, y, shown, missing_parts="exclude")
    assert fused
    torch.testing.assert_close(values, plainly(part_ssim_values, x, y, shown, missing_parts="exclude"), equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype, fused: list[str]) -> None:
    x, y = images(1, 1, 4, 5, dtype=dtype)
    shown = masks(1, 3, 4, 5)
    for function in (
        lambda x, y: ssim_index(x, y, window_size=3),
        lambda x, y: part_ssim_index(x, y, shown, window_size=3),
    ):
        x.requires_grad_()
        value, expected = function(x, y), plainly(function, x.detach().float(), y.float())
        assert fused
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        (expected,) = torch.autograd.grad(plainly(function, x, y).sum(), x)
        assert gradient.dtype == dtype
        torch.testing.assert_close(gradient, expected, rtol=2e-2, atol=1e-3 * expected.abs().max().item())


def test_two_dtypes(fused: list[str]) -> None:
    x, y = images(1, 1, 6, 7)
    value = ssim_index(x.half(), y, window_size=3)
    assert fused
    torch.testing.assert_close(value, ssim_index(x.half().float(), y, window_size=3))


@pytest.mark.parametrize("target_too", [True, False])
def test_channels_last(target_too: bool, fused: list[str]) -> None:
    x, y = images(1, 2, 4, 5)
    last = {"memory_format": torch.channels_last}
    shown = masks(1, 3, 4, 5)
    x.requires_grad_()
    found = part_ssim_index(x.contiguous(**last), y.contiguous(**last) if target_too else y, shown, window_size=3)
    expected = part_ssim_index(x, y, shown, window_size=3)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, x)[0] for value in (found, expected)))


def test_views(fused: list[str]) -> None:
    x, y = images(1, 2, 8, 5)
    rows = slice(0, None, 2)
    x, y = x[:, :, rows], y[:, :1, rows].expand(-1, x.shape[1], -1, -1)
    value = ssim_index(x, y, window_size=3)
    expected = ssim_index(x.contiguous(), y.contiguous(), window_size=3)
    assert fused
    torch.testing.assert_close(value, expected, rtol=0, atol=0)


def test_equal_images_have_exactly_1_and_no_gradient(fused: list[str]) -> None:
    x = images(1, 3, 6, 7)[0].requires_grad_()
    loss = part_ssim_loss(x, x.detach(), masks(1, 3, 6, 7), window_size=3)
    assert fused
    assert loss.item() == 0
    assert torch.autograd.grad(loss, x)[0].abs().max() < 1e-6


@pytest.mark.slow
def test_same_bits_again(fused: list[str]) -> None:
    x, y = images(2, 1, 6, 7)
    shown = masks(2, 3, 6, 7)
    x.requires_grad_()

    def run() -> list[Tensor]:
        loss = part_ssim_loss(x, y, shown, window_size=3)
        return [loss.detach(), *torch.autograd.grad(loss, x)]

    first = run()
    for _ in range(20 if DEVICE == "cuda" else 1):
        assert all(torch.equal(a, b) for a, b in zip(first, run(), strict=True))


def test_nan_is_seen(fused: list[str]) -> None:
    x, y = images(1, 1, 6, 7)
    x[0, 0, 3, 3] = torch.nan
    assert ssim_map(x, y, window_size=3).isnan().sum() == 9
    assert ssim_map(x, y, window_size=3, luminance=False).isnan().sum() == 9
    assert len(fused) == 2


@pytest.mark.slow
def test_second_derivatives(fused: list[str]) -> None:
    x, y = images(1, 1, 5, 5)
    shown = masks(1, 2, 5, 5)

    def curvature(function: Function) -> Tensor:
        image = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(function(image, y).sum(), image, create_graph=True)
        return torch.autograd.grad((gradient**2).sum(), image)[0]

    for function in (
        lambda x, y: ssim_index(x, y, window_size=3),
        lambda x, y: ssim_map(x, y, window_size=3),
        lambda x, y: masked_ssim(x, y, shown, window_size=3),
        lambda x, y: part_ssim(x, y, shown),
        lambda x, y: part_ssim_index(x, y, shown, window_size=3),
    ):
        called = len(fused)
        found, expected = curvature(function), plainly(curvature, function)
        assert len(fused) > called
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@pytest.mark.slow
def test_without_them_where_they_do_not_fit(fused: list[str]) -> None:
    x, y = images(1, 1, 40, 41)
    shown = masks(1, 2, 40, 41)
    ssim_index(x.double(), y.double())
    ssim_index(x, y, window_size=1)
    ssim_index(x, y, window_size=35)
    ssim_index(x, y, settings=CLASSIC_SSIM)
    ssim_map(x, y, data_range=torch.ones(1, device=DEVICE))
    part_ssim_index(x, y, shown.requires_grad_())
    torch.func.vmap(lambda x, y: ssim_index(x[None], y[None]))(x, y)
    torch.func.grad(lambda x: ssim_index(x, y).sum())(x)
    assert not fused


@pytest.mark.parametrize("wrong", [{"window_size": 101}, {"window_size": 4}])
def test_errors_are_those_of_the_plain_operators(wrong: dict[str, Any]) -> None:
    x, y = images(1, 1, 6, 7)
    messages = []
    for run in (lambda f: f(), plainly):
        with pytest.raises(ValueError, match="window_size") as error:
            run(lambda: ssim_index(x, y, **wrong))
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["ssim", "part_ssim"])
def test_compiles_whole(loss: str, fused: list[str]) -> None:
    torch.compiler.reset()
    x, y = images(1, 3, 6, 7)
    shown = masks(1, 2, 6, 7)
    x.requires_grad_()
    function = {
        "ssim": lambda x, y: ssim_loss(x, y, window_size=3),
        "part_ssim": lambda x, y: part_ssim_loss(x, y, shown, window_size=3),
    }[loss]
    compiled = torch.compile(function, fullgraph=True, backend="inductor" if DEVICE == "cuda" else "aot_eager")
    found, expected = compiled(x, y), function(x, y)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, x)[0] for value in (found, expected)))


@pytest.mark.slow
def test_operators_are_registered_rightly() -> None:
    from reposer.similarity.kernels import operators as ops

    x, y = images(1, 1, 4, 5)
    shown = masks(1, 2, 4, 5)
    window = (3, 1.5, False, 0.0, 2.0)
    _, adjoints = ops.window_sums(x, y, None, 0, 1.0, *window, 1.0, True, True, False)
    sums, visible = ops.sums_of_parts(x, y, shown, 0.0)
    utilities = ("test_schema", "test_faketensor")
    namespace = torch.ops.reposer
    for operator, arguments in (
        (namespace.window_sums, (x, y, visible, 1, 1.0, *window, 1.0, True, True, False)),
        (namespace.window_map, (x, y, *window, 1.0, True)),
        (
            namespace.window_adjoints,
            (
                x,
                y,
                torch.ones(*x.shape[:2], x.shape[2] - 2, x.shape[3] - 2, device=DEVICE),
                *window,
                1.0,
                True,
                False,
                True,
            ),
        ),
        (namespace.window_gradients, (x, y, None, 0, adjoints, None, None, None, 1, 1.0, *window, True, False)),
        (namespace.part_sums, (x, y, shown, 0.0)),
        (namespace.part_index, (sums, None, 1, 2.0, False, False, False)),
    ):
        torch.library.opcheck(operator.default, arguments, test_utils=utilities)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(32, 3, 128, 64), (7, 3, 256, 176)])
def test_published_batches(shape: tuple[int, ...], fused: list[str]) -> None:
    x, y = images(*shape)
    shown = masks(shape[0], 10, *shape[2:])
    assert_as_plain(lambda x, y: ssim_index(x, y), x, y, called=fused)
    assert_as_plain(lambda x, y: part_ssim_index(x, y, shown.to(x.dtype), reduction="none"), x, y, called=fused)
    exact = plainly(part_ssim_loss, x.double(), y.double(), shown.double())
    assert off(part_ssim_loss(x, y, shown), exact) < 1e-6
