"""The kernels as operators of PyTorch, ``torch.ops.reposer``: what the compiler, fake tensors and counters see.

They have no derivatives of their own; ``reposer.similarity.kernels.functions`` gives them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reposer.kernels import launch, operator
from reposer.similarity.kernels.gradient import window_gradient
from reposer.similarity.kernels.parts import part_index, part_sums
from reposer.similarity.kernels.window import window_rows

MASKS = {"whole": 0, "blacked_out": 1, "weighed": 2}
"""What a mask does, as ``window_rows`` takes it."""
_COLUMNS = 32
"""Columns of the map that a program computes: a warp."""
_ENOUGH = 1024
"""Programs that keep a large GPU busy."""
_WINDOW = "int window_size, float sigma, bool uniform, float middle, float length"


def _ceil(number: int, by: int) -> int:
    """Quotient, rounded up."""
    return -(-number // by)


def _power(number: int) -> int:
    """The next power of 2."""
    return 1 << (number - 1).bit_length()


class Layout(NamedTuple):
    """Two images (B, C, H, W) of one layout, dense, and their strides: of image, channel and column."""

    x: Tensor
    y: Tensor
    strides: tuple[int, int, int]


def aligned(x: Tensor, y: Tensor) -> Layout:
    """Both images channels first or both channels last; without a copy where they are."""
    _, channels, height, width = x.shape
    size = height * width
    if not (x.is_contiguous() and y.is_contiguous()):
        last = torch.channels_last
        if x.is_contiguous(memory_format=last) and y.is_contiguous(memory_format=last):
            return Layout(x, y, (channels * size, 1, channels))
        x, y = x.contiguous(), y.contiguous()
    return Layout(x, y, (channels * size, size, 1))


@cache
def weights_of(window_size: int, sigma: float, uniform: bool) -> tuple[float, ...]:
    """Weights of the window as numbers, which the kernels are compiled with."""
    from reposer.similarity.windows import window_weights

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
        columns = _ceil(wide, _COLUMNS)
        rows = next((r for r in (128, 64, 32) if planes * columns * _ceil(height, r) >= _ENOUGH), 16)
        return cls(rows, _COLUMNS, columns * _ceil(height, rows))


def _floats(like: Tensor, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float32, device=like.device)


def _rows_shapes(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, gain: float, window_size: int, sigma: float, uniform: bool,
    middle: float, length: float, scale: float, luminance: bool, to_x: bool, to_y: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    batch, channels, height, width = x.shape
    wide = width - window_size + 1
    planes = batch * channels * (1 if mask is None else mask.shape[1])
    maps = 2 + to_x + to_y if to_x or to_y else 0
    tiles = Tiling.of(planes, height, wide).tiles
    sums = _floats(x, planes, tiles, 2) if kind == MASKS["weighed"] else _floats(x, planes, tiles)
    return sums, _floats(x, planes, maps, height, wide)


@operator(
    f"window_sums(Tensor x, Tensor y, Tensor? mask, int kind, float gain, {_WINDOW}, float scale, bool luminance, "
    "bool to_x, bool to_y) -> (Tensor, Tensor)",
    _rows_shapes,
)
def window_sums(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, gain: float, *settings: Any
) -> tuple[Tensor, Tensor]:
    """Sums (planes, tiles) of 1 - SSIM times the gain, or (planes, tiles, 2) as ``window_rows`` says; the adjoints."""
    sums, adjoints = _rows_shapes(x, y, mask, kind, gain, *settings)
    _rows(x, y, mask, kind, gain, settings, sums=sums, adjoints=adjoints if any(settings[-2:]) else None)
    return sums, adjoints


def _map_shapes(x: Tensor, y: Tensor, window_size: int, *settings: Any) -> Tensor:
    border = window_size - 1
    return _floats(x, *x.shape[:2], x.shape[2] - border, x.shape[3] - border)


@operator(f"window_map(Tensor x, Tensor y, {_WINDOW}, float scale, bool luminance) -> Tensor", _map_shapes)
def window_map(x: Tensor, y: Tensor, *settings: Any) -> Tensor:
    """SSIM at every position."""
    values = _map_shapes(x, y, *settings)
    _rows(x, y, None, 0, 1.0, (*settings, False, False), values=values)
    return values


def _adjoints_shapes(x: Tensor, y: Tensor, upstream: Tensor, *settings: Any) -> Tensor:
    return _rows_shapes(x, y, None, 0, 1.0, *settings)[1]


@operator(
    f"window_adjoints(Tensor x, Tensor y, Tensor upstream, {_WINDOW}, float scale, bool luminance, "
    "bool to_x, bool to_y) -> Tensor",
    _adjoints_shapes,
)
def window_adjoints(x: Tensor, y: Tensor, upstream: Tensor, *settings: Any) -> Tensor:
    """The adjoints of SSIM's map for the gradient (B, C, H', W') of every position."""
    adjoints = _adjoints_shapes(x, y, upstream, *settings)
    _rows(x, y, None, 0, 1.0, settings, upstream=upstream.float().contiguous(), adjoints=adjoints)
    return adjoints


def _rows(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, gain: float, settings: tuple[Any, ...],
    *, sums: Tensor | None = None, values: Tensor | None = None, adjoints: Tensor | None = None,
    upstream: Tensor | None = None,
) -> None:  # fmt: skip
    window_size, sigma, uniform, middle, length, scale, luminance, to_x, to_y = settings
    x, y, strides = aligned(x, y)
    batch, channels, height, width = x.shape
    parts = 1 if mask is None else mask.shape[1]
    planes = batch * parts * channels
    rows, block, tiles = Tiling.of(planes, height, width - window_size + 1)
    launch(
        window_rows,
        planes * tiles,
        (x, y, None if mask is None else mask.contiguous(), upstream, sums, values, adjoints),
        (channels, parts, height, width, *strides, middle, length / 2, *constants(length), scale, gain),
        (weights_of(window_size, sigma, uniform), kind, luminance, middle == 0, to_x, to_y, rows, block),
        warps=max(1, block // 32),
    )


def _gradient_shapes(x: Tensor, y: Tensor, *arguments: Any) -> tuple[Tensor, Tensor]:
    x, y, _ = aligned(x, y)
    to_x, to_y = arguments[-2:]
    return torch.empty_like(x) if to_x else x.new_empty(0), torch.empty_like(y) if to_y else y.new_empty(0)


@operator(
    "window_gradients(Tensor x, Tensor y, Tensor? mask, int kind, Tensor? adjoints, Tensor? upstream, "
    "Tensor? part_masks, Tensor? factors, int planes_per_value, float factor, "
    f"{_WINDOW}, bool to_x, bool to_y) -> (Tensor, Tensor)",
    _gradient_shapes,
)
def window_gradients(
    x: Tensor, y: Tensor, mask: Tensor | None, kind: int, adjoints: Tensor | None, upstream: Tensor | None,
    part_masks: Tensor | None, factors: Tensor | None, planes_per_value: int, factor: float,
    window_size: int, sigma: float, uniform: bool, middle: float, length: float, to_x: bool, to_y: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Gradients with respect to both images, or an empty tensor, of means of SSIM and of SSIM of parts."""
    x, y, strides = aligned(x, y)
    for_x, for_y = _gradient_shapes(x, y, to_x, to_y)
    batch, channels, height, width = x.shape
    parts, block = 0 if part_masks is None else part_masks.shape[1], 256
    launch(
        window_gradient,
        batch * channels * _ceil(height * width, block),
        (x, y, mask, adjoints, upstream, part_masks, factors, for_x if to_x else None, for_y if to_y else None),
        (planes_per_value, channels, parts, height, width, *strides, middle, length / 2, factor),
        (weights_of(window_size, sigma, uniform), kind, middle == 0, to_x, to_y, block),
    )
    return for_x, for_y


class Chunks(NamedTuple):
    """How ``part_sums`` cuts the pixels of an image into programs."""

    pixels: int
    number: int

    @classmethod
    def of(cls, size: int) -> Chunks:
        """At most 64, each of some steps, few enough that another launch adds them up at once."""
        pixels = 128 * _ceil(_ceil(size, min(64, _ceil(size, 256))), 128)
        return cls(pixels, _ceil(size, pixels))


def _part_shapes(x: Tensor, y: Tensor, masks: Tensor, middle: float) -> tuple[Tensor, Tensor]:
    batch, channels, height, width = x.shape
    chunks = Chunks.of(height * width).number
    return _floats(x, batch, 5, channels, masks.shape[1], chunks), _floats(x, batch, 1, height, width)


@operator("part_sums(Tensor x, Tensor y, Tensor masks, float middle) -> (Tensor, Tensor)", _part_shapes)
def sums_of_parts(x: Tensor, y: Tensor, masks: Tensor, middle: float) -> tuple[Tensor, Tensor]:
    """Sums (B, 5, C, P, chunks) under masks (B, P, H, W), and the background mask (B, 1, H, W)."""
    x, y, strides = aligned(x, y)
    masks = masks.contiguous()
    sums, visible = _part_shapes(x, y, masks, middle)
    batch, channels, height, width = x.shape
    parts, chunks = masks.shape[1], Chunks.of(height * width)
    padded = max(16, _power(parts))
    launch(
        part_sums,
        batch * channels * chunks.number,
        (x, y, masks, visible, sums),
        (channels, parts, height * width, *strides, chunks.pixels, middle),
        (middle == 0, padded, max(512 // padded, 16)),
        warps=2,
    )
    return sums, visible


def _index_shapes(sums: Tensor, window_sums: Tensor | None, *settings: Any) -> tuple[Tensor, Tensor]:
    batch, _, channels, parts, _ = sums.shape
    values = _floats(sums, batch, parts, channels) if window_sums is None else _floats(sums, batch)
    return values, _floats(sums, batch, parts + 1, channels, 4)


@operator(
    "part_index(Tensor sums, Tensor? window_sums, int positions, float length, bool exclude, bool normalized, "
    "bool mean) -> (Tensor, Tensor)",
    _index_shapes,
)
def index_of_sums(
    sums: Tensor, window_sums: Tensor | None, positions: int, length: float, exclude: bool, normalized: bool, mean: bool
) -> tuple[Tensor, Tensor]:
    """1 - PSSIM (B,) with the background's window sums, or SSIM (B, P, C) of the parts without; the derivatives.

    With ``mean`` each is divided by B, and the derivatives are those of the mean of 1 - PSSIM, not of PSSIM.
    """
    from reposer.similarity.ssim import EPSILON

    values, factors = _index_shapes(sums, window_sums)
    batch, _, channels, parts, chunks = sums.shape
    tiles = 1 if window_sums is None else window_sums.shape[1]
    share, slope = (1 / batch, -1 / batch) if mean else (1.0, 1.0)
    launch(
        part_index,
        batch,
        (sums, window_sums, *((None, values) if window_sums is None else (values, None)), factors),
        (channels, parts, chunks, tiles, positions, EPSILON, length / 2, *constants(length), share, slope),
        (exclude, normalized, _power(channels * parts), _power(chunks), _power(channels), _power(tiles)),
    )
    return values, factors
