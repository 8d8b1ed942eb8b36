"""ReLU, dropout and padding in one pass: Triton's kernels against PyTorch's operators.

On a GPU the kernels are compiled; elsewhere Triton's interpreter runs them.
"""

import importlib.util
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reposer import kernels
from reposer.models.dropout import ItemDropout, ReflectionPad, set_dropout_keys

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
with_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
on_gpu = [pytest.mark.gpu] if DEVICE == "cuda" else []
KEYS = torch.tensor([-5, 1 << 30, 77], dtype=torch.int32)


def both_ways(layer: nn.Module, features: Tensor, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """Output and gradient, by the kernels and by PyTorch's operators in float32."""
    found = []
    for devices, dtype in (({DEVICE}, features.dtype), (set(), torch.float32)):
        monkeypatch.setattr(kernels, "DEVICES", devices)
        x = features.detach().to(dtype, copy=True).requires_grad_()
        out = layer(x)
        weights = torch.linspace(-1, 1, out.numel(), device=out.device).view(out.shape).to(features.dtype)
        out.backward(weights.to(dtype))
        assert x.grad is not None
        found.append((out.detach(), x.grad))
    return found


@with_triton
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "options",
    [{"p": 0.5, "rectify": True, "padding": 1}, {"p": 0.3}, {"p": 0.0, "rectify": True, "padding": 3}, {"padding": 3}],
)
@pytest.mark.parametrize("marked", [pytest.param(None, marks=on_gpu)])
def test_kernels_equal_the_operators(
    options: dict[str, Any], dtype: torch.dtype, last: bool, marked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = ItemDropout(**options) if "p" in options else ReflectionPad(**options)
    set_dropout_keys(nn.Sequential(ItemDropout(0.1), layer), KEYS.to(DEVICE))
    features = torch.randn(3, 5, 6, 7, generator=torch.Generator().manual_seed(0)).to(DEVICE, dtype)
    features[0, 0, 0, 0] = torch.nan
    if last:
        features = features.contiguous(memory_format=torch.channels_last)
    (fused, gradient), (plain, expected) = both_ways(layer, features, monkeypatch)
    half = torch.finfo(dtype).eps if dtype.itemsize == 2 else 0.0  # the interpreter cuts off what it should round
    torch.testing.assert_close(fused, plain.to(dtype), rtol=half, atol=0, equal_nan=True)
    assert fused.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
    # A gradient is a sum of up to nine, in any order, rounded once.
    torch.testing.assert_close(gradient.float(), expected, rtol=max(half, 1e-6), atol=1e-6)


def test_one_layer_is_relu_dropout_and_padding() -> None:
    """Values and gradients are those of the three layers, bit for bit."""
    features = torch.randn(3, 4, 6, 5, requires_grad=True)
    whole, alone = ItemDropout(0.4, rectify=True, padding=1), ItemDropout(0.4)
    for layer in (whole, alone):
        set_dropout_keys(layer, KEYS)
    found, expected = whole(features), F.pad(alone(F.relu(features)), (1, 1, 1, 1), mode="reflect")
    assert found.equal(expected)
    weights = torch.randn_like(found)
    a, b = (torch.autograd.grad(out, features, weights)[0] for out in (found, expected))
    assert a.equal(b)


def test_compiled_layer_equals_the_layer() -> None:
    layer = ItemDropout(0.5, rectify=True, padding=1)
    set_dropout_keys(layer, KEYS)
    features = torch.randn(3, 2, 4, 4, requires_grad=True)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    found, expected = compiled(features), layer(features)
    assert found.equal(expected)
    a, b = (torch.autograd.grad(out.square().sum(), features)[0] for out in (found, expected))
    assert a.equal(b)
