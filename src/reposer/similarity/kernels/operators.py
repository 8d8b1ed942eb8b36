"""The kernels as operators of PyTorch, ``torch.ops.reposer``: what the compiler, fake tensors and counters see.

They have no derivatives of their own; ``reposer.similarity.kernels.functions`` gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor

from reposer.similarity.kernels.gradient import window_gradient
from reposer.similarity.kernels.parts import part_index, part_sums
from reposer.similarity.kernels.window import window_rows

MASKS = {"whole": 0, "blacked_out": 1, "weighed": 2}
"""What a mask does, as ``window_rows`` takes it."""
_ENOUGH = 1024
"""Programs that keep a large GPU busy."""
_LIBRARY = torch.library.Library("reposer", "FRAGMENT")
_WINDOW = "int window_size, float sigma, bool uniform, float middle, float length"


class Layout(NamedTuple):
    """Two images (B, C, H, W) of one layout, dense, and what the kernels ask of them."""

    x: Tensor
    y: Tensor

    @property
    def numbers(self) -> tuple[int, ...]:
        """Height, width and strides."""
        return (*self.x.shape[2:], *self.x.stride())


def aligned(x: Tensor, y: Tensor) -> Layout:
    """Both images channels first or both channels last; without a copy where they are."""
    for layout in (torch.contiguous_format, torch.channels_last):
        if x.is_contiguous(memory_format=layout) and y.is_contiguous(memory_format=layout):
            break
    else:
        layout = torch.contiguous_format
    x, y = x.contiguous(memory_format=layout), y.contiguous(memory_format=layout)
    return Layout(x, y) if x.stride() == y.stride() else Layout(x.contiguous().view(x.shape), y.contiguous())


@cache
def weights_of(window_size: int, sigma: float, uniform: bool) -> tuple[float, ...]:
    """Weights of the window as numbers, which the kernels are compiled with."""
    from reposer.similarity.ssim import window_weights

    return tuple(window_weights(window_size, sigma, "uniform" if uniform else "gaussian").tolist())


def constants(length: float) -> tuple[float, float]:
    """C1 and C2 for a value range of that length."""
    from reposer.similarity.ssim import K1, K2

    return (K1 * length) ** 2, (K2 * length) ** 2


class Tiling(NamedTuple):
    """How ``window_rows`` cuts a plane into programs: by rows of the image and columns of the map."""

    rows: int
    block: int
    tiles: int

    @classmethod
    def of(cls, planes: int, height: int, wide: int) -> Tiling:
        """Tall tiles, unless they are too few; each computes the border of its neighbours again."""
        block = 32 if wide <= 32 else 64
        columns = triton.cdiv(wide, block)
        rows = next((r for r in (64, 32) if planes * columns * triton.cdiv(height, r) >= _ENOUGH), 16)
        return cls(rows, block, columns * triton.cdiv(height, rows))


def operator(schema: str, shapes: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as the operator of that schema; ``shapes`` makes empty outputs."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = schema.split("(")[0]
        _LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
        _LIBRARY.impl(name, _on_device(function), "CompositeExplicitAutograd")
        torch.library.register_fake(f"reposer::{name}", shapes, lib=_LIBRARY)
        return getattr(torch.ops.reposer, name).default

    return register


def _on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    def launch(x: Tensor, *arguments: Any) -> Any:
        if x.is_cuda and x.device.index != torch.cuda.current_device():
            with torch.cuda.device(x.device):
                return function(x, *arguments)
        return function(x, *arguments)

    return launch


def _floats(like: Tensor, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float32, device=like.device)


def _rows_shapes(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, window_size: int, sigma: float, uniform: bool, middle: float,
    length: float, scale: float, luminance: bool, to_x: bool, to_y: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    batch, channels, height, width = x.shape
    wide = width - window_size + 1
    planes = batch * channels * (1 if mask is None else mask.shape[1])
    maps = 2 + to_x + to_y if to_x or to_y else 0
    tiles = Tiling.of(planes, height, wide).tiles
    return _floats(x, planes, tiles, 2), _floats(x, planes, maps, height, wide)


@operator(
    f"window_sums(Tensor x, Tensor y, Tensor? mask, int kind, {_WINDOW}, float scale, bool luminance, "
    "bool to_x, bool to_y) -> (Tensor, Tensor)",
    _rows_shapes,
)
def window_sums(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, window_size: int, sigma: float, uniform: bool, middle: float,
    length: float, scale: float, luminance: bool, to_x: bool, to_y: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Sums (planes, tiles, 2) of 1 - SSIM and of the mask's share, and the adjoints of their mean."""
    arguments = (x, y, mask, kind, window_size, sigma, uniform, middle, length, scale, luminance, to_x, to_y)
    sums, adjoints = _rows_shapes(*arguments)
    _rows(*arguments, sums=sums, adjoints=adjoints if to_x or to_y else None)
    return sums, adjoints


def _map_shapes(
    x: Tensor, y: Tensor, window_size: int, sigma: float, uniform: bool, middle: float, length: float, scale: float,
    luminance: bool,
) -> Tensor:  # fmt: skip
    border = window_size - 1
    return _floats(x, *x.shape[:2], x.shape[2] - border, x.shape[3] - border)


@operator(f"window_map(Tensor x, Tensor y, {_WINDOW}, float scale, bool luminance) -> Tensor", _map_shapes)
def window_map(x: Tensor, y: Tensor, *settings: Any) -> Tensor:
    """SSIM at every position."""
    values = _map_shapes(x, y, *settings)
    _rows(x, y, None, 0, *settings, to_x=False, to_y=False, values=values)  # type: ignore[misc]
    return values


def _adjoints_shapes(x: Tensor, y: Tensor, upstream: Tensor, *settings: Any) -> Tensor:
    return _rows_shapes(x, y, None, 0, *settings)[1]


@operator(
    f"window_adjoints(Tensor x, Tensor y, Tensor upstream, {_WINDOW}, float scale, bool luminance, "
    "bool to_x, bool to_y) -> Tensor",
    _adjoints_shapes,
)
def window_adjoints(x: Tensor, y: Tensor, upstream: Tensor, *settings: Any) -> Tensor:
    """The adjoints of SSIM's map for the gradient (B, C, H', W') of every position."""
    adjoints = _adjoints_shapes(x, y, upstream, *settings)
    _rows(x, y, None, 0, *settings, upstream=upstream.float().contiguous(), adjoints=adjoints)
    return adjoints


def _rows(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, window_size: int, sigma: float, uniform: bool, middle: float,
    length: float, scale: float, luminance: bool, to_x: bool, to_y: bool,
    *, sums: Tensor | None = None, values: Tensor | None = None, adjoints: Tensor | None = None,
    upstream: Tensor | None = None,
) -> None:  # fmt: skip
    layout = aligned(x, y)
    batch, channels, height, width = x.shape
    parts = 1 if mask is None else mask.shape[1]
    planes = batch * parts * channels
    tiling = Tiling.of(planes, height, width - window_size + 1)
    window_rows[(planes * tiling.tiles,)](
        *layout, None if mask is None else mask.contiguous(), upstream, sums, values, adjoints,
        channels, parts, *layout.numbers, middle, length / 2, *constants(length), scale,
        WEIGHTS=weights_of(window_size, sigma, uniform), MASK=kind, LUMINANCE=luminance, CENTRED=middle == 0,
        TO_X=to_x, TO_Y=to_y, ROWS=tiling.rows, BLOCK=tiling.block, num_warps=max(1, tiling.block // 32),
    )  # fmt: skip


def _gradient_shapes(x: Tensor, y: Tensor, *arguments: Any) -> tuple[Tensor, Tensor]:
    for_x, for_y = (
        torch.empty_like(image) if needed else image.new_empty(0)
        for image, needed in zip(aligned(x, y), arguments[-2:], strict=True)
    )
    return for_x, for_y


@operator(
    "window_gradients(Tensor x, Tensor y, Tensor? mask, int kind, Tensor? adjoints, Tensor? upstream, "
    "Tensor? plane_factors, Tensor? part_masks, Tensor? part_factors, int planes_per_value, float factor, "
    f"{_WINDOW}, bool to_x, bool to_y) -> (Tensor, Tensor)",
    _gradient_shapes,
)
def window_gradients(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, adjoints: Tensor | None, upstream: Tensor | None,
    plane_factors: Tensor | None, part_masks: Tensor | None, part_factors: Tensor | None, planes_per_value: int,
    factor: float, window_size: int, sigma: float, uniform: bool, middle: float, length: float, to_x: bool, to_y: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Gradients with respect to both images, or an empty tensor, of means of SSIM and of SSIM of parts."""
    layout = aligned(x, y)
    grads = _gradient_shapes(x, y, to_x, to_y)
    batch, channels, height, width = x.shape
    block = 256
    window_gradient[(batch * channels * triton.cdiv(height * width, block),)](
        *layout, mask, adjoints, upstream, plane_factors, part_masks, part_factors,
        grads[0] if to_x else None, grads[1] if to_y else None,
        planes_per_value, factor, channels, 0 if part_masks is None else part_masks.shape[1], *layout.numbers,
        middle, length / 2,
        WEIGHTS=weights_of(window_size, sigma, uniform), MASK=kind, CENTRED=middle == 0,
        TO_X=to_x, TO_Y=to_y, ADD=False, BLOCK=block,
    )  # fmt: skip
    return grads


class Chunks(NamedTuple):
    """How ``part_sums`` cuts the pixels of an image into programs."""

    pixels: int
    number: int

    @classmethod
    def of(cls, planes: int, size: int) -> Chunks:
        """At most 64, each of some steps, few enough that another launch adds them up at once."""
        count = min(64, max(1, _ENOUGH // planes), triton.cdiv(size, 512))
        pixels = triton.cdiv(triton.cdiv(size, count), 128) * 128
        return cls(pixels, triton.cdiv(size, pixels))


def _part_shapes(x: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    batch, channels, height, width = x.shape
    chunks = Chunks.of(batch * channels, height * width).number
    return _floats(x, batch, 5, channels, masks.shape[1], chunks), _floats(x, batch, 1, height, width)


@operator(
    "part_sums(Tensor x, Tensor y, Tensor masks, float middle) -> (Tensor, Tensor)",
    lambda x, y, masks, middle: _part_shapes(x, masks),
)
def sums_of_parts(x: Tensor, y: Tensor, masks: Tensor, middle: float) -> tuple[Tensor, Tensor]:
    """Sums (B, 5, C, P, chunks) under masks (B, P, H, W), and the background mask (B, 1, H, W)."""
    layout, masks = aligned(x, y), masks.contiguous()
    sums, visible = _part_shapes(x, masks)
    batch, channels, height, width = x.shape
    chunks = Chunks.of(batch * channels, height * width)
    padded = max(16, triton.next_power_of_2(masks.shape[1]))
    part_sums[(batch * channels * chunks.number,)](
        *layout, masks, visible, sums, channels, masks.shape[1], *layout.numbers, middle, chunks.pixels,
        CENTRED=middle == 0, PARTS=padded, BLOCK=max(2048 // padded, 16),
    )  # fmt: skip
    return sums, visible


def _index_shapes(sums: Tensor, *settings: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, _, channels, parts, _ = sums.shape
    empty = sums.new_empty
    return empty(batch), empty((batch, parts, channels)), empty(batch * channels), empty((batch, parts, channels, 4))


@operator(
    "part_index(Tensor sums, Tensor? window_sums, int positions, float length, bool exclude, bool normalized) "
    "-> (Tensor, Tensor, Tensor, Tensor)",
    _index_shapes,
)
def index_of_sums(
    sums: Tensor, window_sums: Tensor | None, positions: int, length: float, exclude: bool, normalized: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """PSSIM (B,) with the background's window sums, SSIM (B, P, C) of the parts, and both kinds of derivatives."""
    from reposer.similarity.ssim import EPSILON

    outputs = _index_shapes(sums)
    batch, _, channels, parts, chunks = sums.shape
    tiles = 1 if window_sums is None else window_sums.shape[1]
    power = triton.next_power_of_2
    part_index[(batch,)](
        sums, window_sums, None if window_sums is None else outputs[0], *outputs[1:],
        channels, parts, chunks, tiles, positions, EPSILON, length / 2, *constants(length),
        EXCLUDE=exclude, NORMALIZED=normalized,
        LANES=power(channels * parts), CHUNKS=power(chunks), CHANNELS=power(channels), TILES=power(tiles),
    )  # fmt: skip
    return outputs
