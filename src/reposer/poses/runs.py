"""Convex shapes as one run of pixels in each row, of many shapes at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
_NEAR = 1e-6
"""Pixels from a border within which rounding might decide whether a pixel is inside."""
_STEEP = 1e-3
"""Pixels: an edge that leans less than this along its limb is not intersected with rows, its columns would be lost."""


class Runs(NamedTuple):
    """Pixels of N shapes: in each row from the first column to the last, none where that is before the first."""

    rows: Integers
    """(N, H)."""
    first: Integers
    last: Integers
    doubtful: Booleans
    """(N,) where rounding might decide about a pixel."""


def rectangles(start: Floats, end: Floats, radius: float, height: int) -> Runs:
    r"""Pixels at most ``radius`` from segments (N, 2), x then y, within their ends, which differ.

    With q from the start to a pixel and d along the segment: 0 <= d . q <= d^2 and \|d x q\| <= radius \|d\|, each an
    interval of columns in a row.
    """
    dx, dy = (end - start).T[..., None]
    squared = dx**2 + dy**2
    reach = radius * np.sqrt(squared)
    x, qy = start[:, 0, None], np.arange(height) - start[:, 1, None]
    ahead = _columns(dx, -dy * qy, squared - dy * qy)
    aside = _columns(-dy, -reach - dx * qy, reach - dx * qy)
    first, last = x + np.maximum(ahead[0], aside[0]), x + np.minimum(ahead[1], aside[1])
    unclear = _near_whole(first, last) | ahead[2] | aside[2]
    return _runs(np.broadcast_to(np.arange(height), first.shape), first, last, unclear)


def discs(centres: Floats, radius: float) -> Runs:
    """Pixels less than ``radius`` from points (N, 2), x then y."""
    x, y = centres.T[..., None]
    rows = np.floor(y - radius) + np.arange(int(2 * radius + 3))
    wide = radius**2 - (rows - y) ** 2
    half = np.where(wide > 0, np.sqrt(np.abs(wide)), -1)
    first, last = x - half, x + half
    return _runs(rows.astype(np.int64), first, last, _near_whole(first, last) | (np.abs(wide) < _NEAR))


def _columns(factor: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Booleans]:
    """The q with low <= factor q <= high: first, last (all or none where factor is 0), and where that is unclear."""
    level = factor == 0
    divisor = np.where(level, 1, factor)
    far = np.where((low <= 0) & (high >= 0), np.inf, -np.inf)
    one, other = low / divisor, high / divisor
    first, last = np.where(level, -far, np.minimum(one, other)), np.where(level, far, np.maximum(one, other))
    touching = level & ((np.abs(low) < _NEAR) | (np.abs(high) < _NEAR))
    return first, last, touching | (~level & (np.abs(factor) < _STEEP))


def _near_whole(first: Floats, last: Floats) -> Booleans:
    """Where a run, or one that is empty by rounding alone, ends near the middle of a pixel."""
    with np.errstate(invalid="ignore"):  # of infinite ends
        near = (np.abs(first - np.round(first)) < _NEAR) | (np.abs(last - np.round(last)) < _NEAR)
        return near & (last - first > -_NEAR)


def _runs(rows: Integers, first: Floats, last: Floats, unclear: Booleans) -> Runs:
    empty = ~(first <= last)
    first, last = np.where(empty, 0, first), np.where(empty, -1, last)
    return Runs(
        rows, np.ceil(first).astype(np.int64), np.floor(last).astype(np.int64), np.bitwise_or.reduce(unclear, -1)
    )
