"""A z-buffer rasterizer: all triangles at once, as a few operations on long arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.figure import Floats

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Surface:
    """The nearest surface in each covered pixel (F of them)."""

    pixels: Integers  # (F,) flat index into the image; a pixel on the very edge of two triangles may stand here twice
    triangles: Integers  # (F,) which triangle
    depth: Floats  # (h * w,) infinite where nothing is
    _corners: Integers
    _offsets: tuple[Floats, Floats]
    _local: Integers
    _edges: tuple[Floats, Floats, Floats, Floats]

    def interpolate(self, values: Floats) -> Floats:
        """Values (F,) at the pixels of values (V,) at the vertices, linear on each triangle."""
        first, second, third = values[self._corners]
        along_x, along_y = _gradient(second - first, third - first, *self._edges)
        dx, dy = self._offsets
        return first[self._local] + along_x[self._local] * dx + along_y[self._local] * dy


def _gradient(d1: Floats, d2: Floats, x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> tuple[Floats, Floats]:
    """Slopes in x and y of values that change by d1, d2 along a triangle's edges (x1, y1), (x2, y2)."""
    area = x1 * y2 - x2 * y1
    return (d1 * y2 - d2 * y1) / area, (d2 * x1 - d1 * x2) / area


_ORDER = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])  # an edge and the two after it


def _bounds(x: Floats, y: Floats, first: Floats, owner: Integers, line: Floats) -> tuple[Floats, Floats]:
    """Where each pixel row of each triangle begins and ends.

    x and y (3, T) are the corners, first (T,) the height of each triangle's first row, owner and line (R,) the triangle
    of each row and the number of the row within it. Edges that go up bound a triangle on the left, those that go down
    on the right; of the three, one stands alone on its side.
    """
    rise = y[[1, 2, 0]] - y
    slope = (x[[1, 2, 0]] - x) / (rise + np.float32(1e-30))  # a level edge bounds nothing
    start = x + (first - y) * slope
    up = rise < 0
    left = (up[0] ^ up[1] ^ up[2]) & ~(up[0] & up[1])  # one edge goes up: it stands alone on the left
    alone = up == left
    which = alone[1] + 2 * alone[2].astype(np.intp)
    single, one, two = _ORDER[:, which] * len(left) + np.arange(len(left))

    def cross(edge: Integers) -> Floats:
        return start.take(edge)[owner] + slope.take(edge)[owner] * line

    low = np.maximum(cross(np.where(left, single, one)), cross(np.where(left, single, two)))
    high = np.minimum(cross(np.where(left, one, single)), cross(np.where(left, two, single)))
    return low, high


def rasterize(x: Floats, y: Floats, depth: Floats, triangles: Integers, size: tuple[int, int]) -> Surface:
    """Find the nearest front face in each pixel.

    Triangles are cut into pixel rows, rows into pixels, and the nearest pixel wins.

    Args:
        x, y, depth: (V,) position of the vertices in pixels (centre of the first pixel: 0.5) and depth.
        triangles: (3, T) corners; clockwise on the screen faces the camera.
        size: height and width of the image.
    """
    height, width = size
    half = np.float32(0.5)  # pixel centres are at halves: rounding goes to the next one
    xs, ys = x[triangles], y[triangles]
    facing = np.flatnonzero((xs[1] - xs[0]) * (ys[2] - ys[0]) - (xs[2] - xs[0]) * (ys[1] - ys[0]) > 1e-3)
    ys = np.take(ys, facing, axis=1)
    top = np.maximum(np.minimum(np.minimum(ys[0], ys[1]), ys[2]) + half, 0).astype(np.intp)
    bottom = np.minimum(np.maximum(np.maximum(ys[0], ys[1]), ys[2]) + half, height).astype(np.intp)
    crossing = np.flatnonzero(bottom > top)  # some pass between the centres of two pixel rows
    facing, top, rows = facing[crossing], top[crossing], (bottom - top)[crossing]
    corners = np.take(triangles, facing, axis=1)
    xs, ys = x[corners], y[corners]
    edges = (xs[1] - xs[0], ys[1] - ys[0], xs[2] - xs[0], ys[2] - ys[0])
    zs = depth[corners]
    depth_x, depth_y = _gradient(zs[1] - zs[0], zs[2] - zs[0], *edges)
    first = top.astype(np.float32) + half
    depth_top = zs[0] + depth_x * (half - xs[0]) + depth_y * (first - ys[0])

    owner = np.repeat(np.arange(len(facing)), rows)
    line = np.arange(len(owner)) - (np.cumsum(rows) - rows)[owner]  # within the triangle
    low, high = _bounds(xs, ys, first, owner, line.astype(np.float32))
    start, stop = (np.minimum(np.maximum(edge + half, 0), width).astype(np.intp) for edge in (low, high))
    lengths = np.maximum(stop - start, 0)

    span = np.repeat(np.arange(len(owner)), lengths)
    column = np.arange(len(span)) - (np.cumsum(lengths) - lengths - start)[span]
    row = line + top[owner]
    pixel = (row * width)[span] + column
    depth_row = depth_top[owner] + depth_y[owner] * line.astype(np.float32)
    near = depth_row[span] + depth_x[owner][span] * column.astype(np.float32)

    buffer = np.full(height * width, np.inf, np.float32)
    np.minimum.at(buffer, pixel, near)
    chosen = np.flatnonzero(near == buffer[pixel])
    line_of = span[chosen]
    local = owner[line_of]
    dx = column[chosen].astype(np.float32) - (xs[0] - half)[local]
    dy = row[line_of].astype(np.float32) - (ys[0] - half)[local]
    return Surface(pixel[chosen], facing[local], buffer, corners, (dx, dy), local, edges)
