"""A z-buffer rasterizer: all triangles at once, as a few operations on long arrays.

Only additions, products, quotients and comparisons in float32, each on its own: the same bits on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]
Keep = Callable[[Integers, Floats], NDArray[np.bool_]]
"""From faces (N,) and barycentric coordinates (2, N) of candidates to those that are there (not cut away)."""

_HALF = np.float32(0.5)  # pixel centres are at halves


@dataclass(frozen=True)
class Fragments:
    """The nearest surface at each covered sample (N of them, in the order of their pixels)."""

    size: tuple[int, int]
    pixels: Integers  # (N,) flat index into the image
    faces: Integers  # (N,)
    depth: Floats  # (N,)
    corners: Integers  # (3, N) vertices of the face
    weights: Floats  # (3, N) barycentric coordinates
    behind: NDArray[np.bool_]  # (N,) the face shows its back

    def interpolate(self, values: Floats) -> Floats:
        """Values (..., N) of values (..., V) at the vertices."""
        first, second, third = self.corners
        a, b, c = self.weights
        return np.take(values, first, -1) * a + np.take(values, second, -1) * b + np.take(values, third, -1) * c

    def image(self, values: NDArray[Any], empty: float) -> NDArray[Any]:
        """An image (h, w) of values (N,)."""
        flat = np.full(self.size[0] * self.size[1], empty, values.dtype)
        flat[self.pixels] = values
        return flat.reshape(self.size)

    def depth_image(self) -> Floats:
        """Depth (h, w), infinite where nothing is."""
        return self.image(self.depth, np.inf)


def barycentric(screen: Floats, corners: Integers, x: Floats, y: Floats) -> Floats:
    """Barycentric coordinates (3, N) of points on the screen in triangles `corners` (3, N) of `screen` (3, V)."""
    first, second, third = corners
    x0, y0 = screen[0][first], screen[1][first]
    x1, y1 = screen[0][second] - x0, screen[1][second] - y0
    x2, y2 = screen[0][third] - x0, screen[1][third] - y0
    dx, dy = x - x0, y - y0
    area = x1 * y2 - x2 * y1
    weights = np.empty((3, len(dx)), np.float32)
    weights[1] = (dx * y2 - x2 * dy) / area
    weights[2] = (x1 * dy - dx * y1) / area
    weights[0] = 1 - weights[1] - weights[2]
    return weights


def _sorted_by_height(xs: Floats, ys: Floats) -> tuple[list[Floats], list[Floats]]:
    """Corners (3 times (T,)) from top to bottom."""
    x, y = list(xs), list(ys)
    for i, j in ((0, 1), (1, 2), (0, 1)):
        swap = y[i] > y[j]
        x[i], x[j] = np.where(swap, x[j], x[i]), np.where(swap, x[i], x[j])
        y[i], y[j] = np.where(swap, y[j], y[i]), np.where(swap, y[i], y[j])
    return x, y


def _slope(x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> Floats:
    return (x1 - x0) / np.maximum(y1 - y0, np.float32(1e-12))


def rasterize(
    screen: Floats, faces: Integers, size: tuple[int, int], *, two_sided: NDArray[np.bool_] | None = None,
    cut: NDArray[np.bool_] | None = None, keep: Keep | None = None,
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
    height, width = size
    xs, ys = np.take(screen[0], faces), np.take(screen[1], faces)
    area = (xs[1] - xs[0]) * (ys[2] - ys[0]) - (xs[2] - xs[0]) * (ys[1] - ys[0])
    shown = area < -1e-6
    if two_sided is not None:
        shown |= two_sided & (area > 1e-6)
    top = np.maximum(np.ceil(np.minimum(np.minimum(ys[0], ys[1]), ys[2]) - _HALF), 0)
    bottom = np.minimum(np.ceil(np.maximum(np.maximum(ys[0], ys[1]), ys[2]) - _HALF), height)
    left, right = np.minimum(np.minimum(xs[0], xs[1]), xs[2]), np.maximum(np.maximum(xs[0], xs[1]), xs[2])
    shown &= (bottom > top) & (right > _HALF) & (left < width)
    chosen = np.flatnonzero(shown)
    corners = np.take(faces, chosen, axis=1)
    xs, ys, zs = np.take(xs, chosen, axis=1), np.take(ys, chosen, axis=1), screen[2][corners]
    area = area[chosen]
    top = top[chosen].astype(np.intp)
    rows = bottom[chosen].astype(np.intp) - top

    x, y = _sorted_by_height(xs, ys)
    owner = np.repeat(np.arange(len(chosen)), rows)
    row = np.arange(len(owner)) + (top - (np.cumsum(rows) - rows))[owner]
    centre = row.astype(np.float32) + _HALF
    long_side = x[0][owner] + _slope(x[0], y[0], x[2], y[2])[owner] * (centre - y[0][owner])
    upper = x[0][owner] + _slope(x[0], y[0], x[1], y[1])[owner] * (centre - y[0][owner])
    lower = x[1][owner] + _slope(x[1], y[1], x[2], y[2])[owner] * (centre - y[1][owner])
    short_side = np.where(centre < y[1][owner], upper, lower)
    start = np.maximum(np.ceil(np.minimum(long_side, short_side) - _HALF), 0).astype(np.intp)
    stop = np.minimum(np.ceil(np.maximum(long_side, short_side) - _HALF), width).astype(np.intp)
    lengths = np.maximum(stop - start, 0)

    z1, z2 = zs[1] - zs[0], zs[2] - zs[0]
    x1, x2, y1, y2 = xs[1] - xs[0], xs[2] - xs[0], ys[1] - ys[0], ys[2] - ys[0]
    across, down = (z1 * y2 - z2 * y1) / area, (z2 * x1 - z1 * x2) / area
    depth_row = zs[0][owner] + down[owner] * (centre - ys[0][owner]) + across[owner] * (_HALF - xs[0][owner])
    span = np.repeat(np.arange(len(owner)), lengths)
    column = np.arange(len(span)) - (np.cumsum(lengths) - lengths - start)[span]
    near = depth_row[span] + across[owner][span] * column.astype(np.float32)
    pixel = (row * width)[span] + column
    if cut is not None and keep is not None:
        doubtful = np.flatnonzero(cut[chosen][owner][span])
        local, place = owner[span[doubtful]], pixel[doubtful]
        weights = barycentric(
            screen, np.take(corners, local, axis=1),
            (place % width).astype(np.float32) + _HALF, (place // width).astype(np.float32) + _HALF,
        )  # fmt: skip
        near[doubtful[~keep(chosen[local], weights)]] = np.inf

    buffer = np.full(height * width, np.inf, np.float32)
    np.minimum.at(buffer, pixel, near)
    winner = np.full(height * width, -1, np.intp)
    nearest = np.flatnonzero((near == buffer[pixel]) & (near < np.inf))
    winner[pixel[nearest]] = nearest
    pixels = np.flatnonzero(winner >= 0)
    local = owner[span[winner[pixels]]]
    corners = np.take(corners, local, axis=1)
    centre_x = (pixels % width).astype(np.float32) + _HALF
    centre_y = (pixels // width).astype(np.float32) + _HALF
    weights = barycentric(screen, corners, centre_x, centre_y)
    return Fragments(size, pixels, chosen[local], buffer[pixels], corners, weights, area[local] > 0)
