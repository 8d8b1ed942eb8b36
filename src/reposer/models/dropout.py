"""Dropout that depends on the item alone, in one pass with the ReLU before and the reflection padding after it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reposer.counters import mix, salt_of
from reposer.kernels import launch, on_kernels, operator

_BLOCK = 1024


class ItemDropout(nn.Module):
    """Dropout whose mask is a function of an item's key alone: not of the batch, the process or the device.

    With ``keys`` (B,) int32, a value is kept iff a hash of (key, layer, position) falls below 1 - p. Without keys it
    is ``torch.nn.Dropout``.

    Args:
        p: the share that is dropped.
        rectify: ReLU before it.
        padding: rows and columns of reflection padding after it, on each side.
    """

    def __init__(self, p: float, *, rectify: bool = False, padding: int = 0) -> None:
        super().__init__()
        self.p, self.rectify, self.padding = p, rectify, padding
        self.keys: Tensor | None = None
        self.layer = 0

    def extra_repr(self) -> str:
        return f"{self.p}, rectify={self.rectify}, padding={self.padding}"

    def forward(self, features: Tensor) -> Tensor:
        p = self.p if self.training else 0.0
        if p and self.keys is None:
            return pad(F.dropout(F.relu(features) if self.rectify else features, p), self.padding)
        salt = salt_of(self.layer)
        if self.keys is None and not on_kernels(features):
            return _plain(features, None, 0, 0.0, self.padding, self.rectify)
        arguments = (features, self.keys if p else None, salt, p, self.padding, self.rectify)
        if torch.compiler.is_compiling():  # which makes one kernel of it, and perhaps of more
            return _plain(*arguments)
        return _Padded.apply(*arguments) if p or self.padding or self.rectify else features


class ReflectionPad(nn.Module):
    """``torch.nn.ReflectionPad2d`` of all four sides; on a GPU without changing the memory layout."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def extra_repr(self) -> str:
        return str(self.padding)

    def forward(self, features: Tensor) -> Tensor:
        if on_kernels(features) and features.is_floating_point():
            return _Padded.apply(features, None, 0, 0.0, self.padding, False)
        return pad(features, self.padding)


def pad(features: Tensor, padding: int) -> Tensor:
    """Reflection padding of all four sides by PyTorch."""
    return F.pad(features, (padding,) * 4, mode="reflect") if padding else features


def set_dropout_keys(network: nn.Module, keys: Tensor | None) -> None:
    """Give every dropout layer of a network the keys (B,) int32 of the items that come next; None: no keys."""
    layers = [module for module in network.modules() if isinstance(module, ItemDropout)]
    for number, layer in enumerate(layers):
        layer.keys, layer.layer = keys, number


class _Padded(torch.autograd.Function):
    """Only its output is kept, which the layer behind it keeps anyway: it is 0 where a gradient stops."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, keys: Tensor | None, salt: int, p: float, padding: int, rectify: bool
    ) -> Tensor:
        out = _padded(features, keys, salt, p, padding, rectify)
        ctx.settings = (salt, p, padding, rectify)
        ctx.save_for_backward(out if rectify else None, keys)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return (_unpadded(gradient, *ctx.saved_tensors, *ctx.settings), None, None, None, None, None)


def _bound(p: float) -> int:
    """What a hash must fall below: of int32's range, the lowest 1 - p."""
    return int((1 - 2 * p) * 2**31)


def _factor(features: Tensor, keys: Tensor, salt: int, p: float) -> Tensor:
    """0 where a value is dropped, else what makes up for it."""
    positions = torch.arange(features[0].numel(), dtype=torch.int32, device=features.device)
    bits = mix(mix(positions).view(1, *features.shape[1:]) ^ mix(keys + salt).view(-1, 1, 1, 1))
    return (bits < _bound(p)).to(features.dtype) / (1 - p)


def _plain(features: Tensor, keys: Tensor | None, salt: int, p: float, padding: int, rectify: bool) -> Tensor:
    features = F.relu(features) if rectify else features
    return pad(features if keys is None else features * _factor(features, keys, salt, p), padding)


def _last(tensor: Tensor) -> bool:
    """Whether the channels lie next to each other, as in the memory layout ``channels_last``."""
    return not tensor.is_contiguous() and tensor.is_contiguous(memory_format=torch.channels_last)


def _format(last: bool) -> torch.memory_format:
    return torch.channels_last if last else torch.contiguous_format


def _padded_shape(features: Tensor, keys: Tensor | None, salt: int, p: float, padding: int, rectify: bool) -> Tensor:
    batch, channels, height, width = features.shape
    shape = (batch, channels, height + 2 * padding, width + 2 * padding)
    return torch.empty(shape, dtype=features.dtype, device=features.device, memory_format=_format(_last(features)))


@operator(
    "padded(Tensor features, Tensor? keys, int salt, float p, int padding, bool rectify) -> Tensor", _padded_shape
)
def _padded(features: Tensor, keys: Tensor | None, salt: int, p: float, padding: int, rectify: bool) -> Tensor:
    if not on_kernels(features):
        out = _plain(features, keys, salt, p, padding, rectify)
        return out.clone() if out is features else out
    from reposer.models.padding_kernels import padded

    last = _last(features)
    features = features.contiguous(memory_format=_format(last))
    out = _padded_shape(features, keys, salt, p, padding, rectify)
    launch(
        padded,
        -(-out.numel() // _BLOCK),
        (features, keys, out),
        (*features.shape[1:], out.numel(), salt, _bound(p), 1 / (1 - p)),
        (padding, rectify, keys is not None, last, _BLOCK),
    )
    return out


def _unpadded_shape(gradient: Tensor, out: Tensor | None, keys: Tensor | None, *settings: Any) -> Tensor:
    batch, channels, height, width = gradient.shape
    border = 2 * settings[2]
    return torch.empty(
        (batch, channels, height - border, width - border),
        dtype=gradient.dtype, device=gradient.device, memory_format=_format(_last(gradient if out is None else out)),
    )  # fmt: skip


@operator(
    "unpadded(Tensor gradient, Tensor? out, Tensor? keys, int salt, float p, int padding, bool rectify) -> Tensor",
    _unpadded_shape,
)
def _unpadded(
    gradient: Tensor, out: Tensor | None, keys: Tensor | None, salt: int, p: float, padding: int, rectify: bool
) -> Tensor:
    result = _unpadded_shape(gradient, out, keys, salt, p, padding, rectify)
    if not on_kernels(gradient):
        if padding:
            gradient = torch.ops.aten.reflection_pad2d_backward(gradient, result, [padding] * 4)
        if out is not None:
            rows, columns = (slice(padding, size - padding) for size in out.shape[2:])
            # The factor is the same wherever the gradient does not stop.
            scaled = gradient if keys is None else gradient * (torch.ones_like(gradient[:1, :1, :1, :1]) / (1 - p))
            return torch.ops.aten.threshold_backward(scaled, out[..., rows, columns], 0)
        return gradient if keys is None else gradient * _factor(gradient, keys, salt, p)
    from reposer.models.padding_kernels import unpadded

    last = _last(gradient if out is None else out)
    gradient = gradient.contiguous(memory_format=_format(last))
    launch(
        unpadded,
        -(-result.numel() // _BLOCK),
        (gradient, out, keys, result),
        (*result.shape[1:], result.numel(), salt, _bound(p), 1 / (1 - p)),
        (padding, rectify, keys is not None, last, _BLOCK),
    )
    return result
