"""A z-buffer rasterizer: all triangles at once, as a few operations on long arrays.

Only additions, products, quotients and comparisons in float32, each on its own: the same bits on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]
Bools = NDArray[np.bool_]
Keep = Callable[[Integers, Floats], Bools]
"""From faces (N,) and barycentric coordinates (2, N) of candidates to those that are there (not cut away)."""

_HALF = np.float32(0.5)  # pixel centres are at halves
_NOTHING = np.iinfo(np.int64).max


class _Triangles(NamedTuple):
    """Corners on the screen of the triangles that may be seen; arrays (T,)."""

    faces: Integers
    corners: Integers  # (3, T)
    x: Floats  # of the first corner
    y: Floats
    x1: Floats  # from it to the second
    y1: Floats
    x2: Floats  # and to the third
    y2: Floats
    area: Floats  # twice, below 0 where the front is seen

    def slopes(self, first: Floats, second: Floats) -> tuple[Any, Any]:
        """How a quantity grows along x and y that grows by so much (..., T) from the first corner to the others."""
        return (first * self.y2 - second * self.y1) / self.area, (second * self.x1 - first * self.x2) / self.area

    def weights(self, own: Integers, dx: Floats, dy: Floats) -> Floats:
        """Barycentric coordinates (3, N) of points (dx, dy) away from the first corners of triangles `own` (N,)."""
        area = self.area[own]
        second = (dx * self.y2[own] - self.x2[own] * dy) / area
        third = (self.x1[own] * dy - dx * self.y1[own]) / area
        return np.stack([1 - second - third, second, third])

    def weights_at(self, own: Integers, x: Floats, y: Floats) -> Floats:
        """Barycentric coordinates (3, N) in triangles `own` (N,) of points on the screen."""
        return self.weights(own, x - self.x[own], y - self.y[own])


@dataclass(frozen=True)
class Fragments:
    """The nearest surface at each covered sample (N of them, in the order of their pixels)."""

    size: tuple[int, int]
    pixels: Integers  # (N,) flat index into the image
    depth: Floats  # (N,)
    triangles: _Triangles
    own: Integers  # (N,) which of the triangles

    @cached_property
    def faces(self) -> Integers:
        """(N,) of the mesh."""
        return self.triangles.faces[self.own]

    @cached_property
    def corners(self) -> Integers:
        """(3, N) vertices of the faces."""
        return np.take(self.triangles.corners, self.own, axis=1)

    @cached_property
    def behind(self) -> Bools:
        """(N,) whether the face shows its back."""
        return (self.triangles.area > 0)[self.own]

    @cached_property
    def centres(self) -> Floats:
        """X and y (2, N) on the screen."""
        row, column = np.divmod(self.pixels.astype(np.int32), np.int32(self.size[1]))
        return np.stack([column, row]).astype(np.float32) + _HALF

    @cached_property
    def weights(self) -> Floats:
        """(3, N) barycentric coordinates."""
        return self.triangles.weights(self.own, *self._away)

    @cached_property
    def _away(self) -> tuple[Floats, Floats]:
        """X and y from the triangles' first corners."""
        x, y = self.centres
        return x - self.triangles.x[self.own], y - self.triangles.y[self.own]

    def at(self, chosen: Integers) -> "Fragments":
        """Some of them."""
        return replace(self, pixels=self.pixels[chosen], depth=self.depth[chosen], own=self.own[chosen])

    def interpolate(self, values: Floats) -> Floats:
        """Values (K, N) of values (K, V) at the vertices."""
        dx, dy = self._away
        start, second, third = (np.take(values, corner, axis=1) for corner in self.triangles.corners)
        across, down = self.triangles.slopes(second - start, third - start)
        return np.stack(
            [a[self.own] + b[self.own] * dx + c[self.own] * dy for a, b, c in zip(start, across, down, strict=True)]
        )

    def image(self, values: NDArray[Any], empty: float) -> NDArray[Any]:
        """An image (h, w) of values (N,)."""
        flat = np.full(self.size[0] * self.size[1], empty, values.dtype)
        flat[self.pixels] = values
        return flat.reshape(self.size)

    def depth_image(self) -> Floats:
        """Depth (h, w), infinite where nothing is."""
        return self._depths

    @cached_property
    def _depths(self) -> Floats:
        return self.image(self.depth, np.inf)


def _triangles(faces: Integers, corners: Integers, xs: Floats, ys: Floats) -> _Triangles:
    x1, y1, x2, y2 = xs[1] - xs[0], ys[1] - ys[0], xs[2] - xs[0], ys[2] - ys[0]
    return _Triangles(faces, corners, xs[0], ys[0], x1, y1, x2, y2, x1 * y2 - x2 * y1)


def rasterize(
    screen: Floats, faces: Integers, size: tuple[int, int], *, two_sided: Bools | None = None,
    cut: Bools | None = None, keep: Keep | None = None,
) -> Fragments:  # fmt: skip
    """Find the nearest face at each pixel centre.

    Triangles are cut into rows of pixels, rows into pixels, and the nearest pixel wins. Where two triangles share an
    edge they compute its crossings alike, so no pixel between them stays empty.

    Args:
        screen: (3, V) x and y in pixels (centre of the first pixel: 0.5) and depth.
        faces: (3, F) corners; counter-clockwise as seen from outside the body.
        size: height and width.
        two_sided: (F,) faces that are seen from behind too.
        cut: (F,) faces of which only a part is there, as `keep` says.
    """
    shown, rows = _facing(screen, faces, size, two_sided)
    depths = np.take(screen[2], shown.corners)
    own, pixel, near = _fill(shown, rows, depths, size[1])
    nearest = np.full(size[0] * size[1], _NOTHING)
    # Positive floats are in the order of their bits; the candidate's number fills the lower half.
    beyond = np.maximum(near - min(np.float32(0), depths.min(initial=0)), 0)
    key = (beyond.view(np.int32).astype(np.int64) << 32) | np.arange(len(own))
    if cut is None or keep is None:
        np.minimum.at(nearest, pixel, key)
    else:
        doubtful = cut[shown.faces][own]
        whole, part = np.flatnonzero(~doubtful), np.flatnonzero(doubtful)
        np.minimum.at(nearest, pixel[whole], key[whole])
        part = part[key[part] < nearest[pixel[part]]]
        local, place = own[part], pixel[part]
        x, y = (place % size[1]).astype(np.float32) + _HALF, (place // size[1]).astype(np.float32) + _HALF
        part = part[keep(shown.faces[local], shown.weights_at(local, x, y))]
        np.minimum.at(nearest, pixel[part], key[part])
    pixels = np.flatnonzero(nearest < _NOTHING)
    winner = nearest[pixels] & 0xFFFFFFFF
    return Fragments(size, pixels, near[winner], shown, own[winner])


class _Rows(NamedTuple):
    """Rows of pixels that triangles cover."""

    corners: tuple[list[Floats], list[Floats]]  # x and y (3 times (T,)) of the triangles, from top to bottom
    top: NDArray[np.int32]  # (T,) first row
    many: NDArray[np.int32]  # (T,) rows


def _facing(
    screen: Floats, faces: Integers, size: tuple[int, int], two_sided: Bools | None
) -> tuple[_Triangles, _Rows]:
    """Triangles that show their front, or are seen from both sides, and that cover rows and columns of the image."""
    height, width = size
    x, y = np.take(screen[0], faces), np.take(screen[1], faces)
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    front = area < -1e-6
    if two_sided is not None:
        front |= two_sided & (area > 1e-6)
    facing = np.flatnonzero(front)
    x, y = np.take(x, facing, axis=1), np.take(y, facing, axis=1)
    first, last = (np.ceil(ends - _HALF) for ends in (y.min(0), y.max(0)))
    left, right = (np.ceil(ends - _HALF) for ends in (x.min(0), x.max(0)))
    covers = np.flatnonzero(
        (last > first) & (right > left) & (last > 0) & (first < height) & (right > 0) & (left < width)
    )
    x, y, chosen = np.take(x, covers, axis=1), np.take(y, covers, axis=1), facing[covers]
    top = np.maximum(first[covers], 0).astype(np.int32)
    count = np.minimum(last[covers], height).astype(np.int32) - top
    shown = _triangles(chosen, np.take(faces, chosen, axis=1), x, y)
    return shown, _Rows(_sorted_by_height(x, y), top, count)


def _sorted_by_height(xs: Floats, ys: Floats) -> tuple[list[Floats], list[Floats]]:
    """Corners (3 times (T,)) from top to bottom."""
    x, y = list(xs), list(ys)
    for i, j in ((0, 1), (1, 2), (0, 1)):
        swap = y[i] > y[j]
        x[i], x[j] = np.where(swap, x[j], x[i]), np.where(swap, x[i], x[j])
        y[i], y[j] = np.minimum(y[i], y[j]), np.maximum(y[i], y[j])
    return x, y


def _fill(shown: _Triangles, rows: _Rows, depths: Floats, width: int) -> tuple[Integers, Integers, Floats]:
    """Triangle, flat pixel and depth (N,) of all that triangles cover, whether it is seen or not."""
    (x0, x1, x2), (y0, y1, y2) = rows.corners

    def slope(x: Floats, y: Floats, to_x: Floats, to_y: Floats) -> Floats:
        return (to_x - x) / np.maximum(to_y - y, np.float32(1e-12))

    owner = _owners(rows.many)
    row = np.arange(len(owner), dtype=np.int32) + (rows.top - (np.cumsum(rows.many, dtype=np.int32) - rows.many))[owner]
    centre = row.astype(np.float32) + _HALF
    middle = y1[owner]
    below = centre - y0[owner]
    upper = centre < middle
    start_x, start_y = np.where(upper, x0[owner], x1[owner]), np.where(upper, below, centre - middle)
    steep = np.where(upper, slope(x0, y0, x1, y1)[owner], slope(x1, y1, x2, y2)[owner])
    long_side, short_side = x0[owner] + slope(x0, y0, x2, y2)[owner] * below, start_x + steep * start_y
    start = np.ceil(np.minimum(long_side, short_side) - _HALF).astype(np.int32)
    stop = np.ceil(np.maximum(long_side, short_side) - _HALF).astype(np.int32)
    start = np.maximum(start, 0)
    length = np.minimum(stop, width) - start
    full = np.flatnonzero(length > 0)
    owner, row, start, length, centre = owner[full], row[full], start[full], length[full], centre[full]

    across, down = shown.slopes(depths[1] - depths[0], depths[2] - depths[0])
    step = across[owner]
    begin = depths[0][owner] + down[owner] * (centre - shown.y[owner])
    begin += step * (start.astype(np.float32) + _HALF - shown.x[owner])
    span = _owners(length)
    place = np.arange(len(span), dtype=np.int32) - (np.cumsum(length, dtype=np.int32) - length)[span]
    near = begin[span] + step[span] * place.astype(np.float32)
    pixel = (row * np.int32(width) + start)[span] + place
    return owner[span], pixel.astype(np.intp), near


def _owners(counts: NDArray[np.int32]) -> Integers:
    """0 as often as the first count says, 1 as often as the second, ..."""
    return np.repeat(np.arange(len(counts)), counts)
