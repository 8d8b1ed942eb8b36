"""Light: where it comes from, and what stands in its way."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers, cross, product, unit
from reposer.data.people.raster import rasterize

REACH = 1.25
"""Half the side of the box around the person that casts shadows, metres."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """One lamp or the sun, and light from all around; linear RGB."""

    towards: tuple[float, float, float]
    """From the person to the lamp, in the world."""
    key: tuple[float, float, float]
    """What a white surface that faces the lamp sends back."""
    sky: tuple[float, float, float]
    """Light from above ..."""
    ground: tuple[float, float, float]
    """... and from below."""
    shadow: float = 1.0
    """How dark cast shadows are: 0 none, 1 no light of the lamp."""

    def axes(self) -> Floats:
        """(3, 3) rows: the lamp's right, up and towards."""
        ahead = unit(np.array(self.towards, float))
        right = unit(cross(np.array([0.0, 1.0, 0.0]), ahead) + np.array([1e-9, 0, 0]))
        return np.array([right, cross(ahead, right), ahead])


@dataclass(frozen=True)
class ShadowMap:
    """How far from the lamp the backs of what it shines on are."""

    depth: Floats  # (n, n)
    axes: Floats  # (3, 3) of the light, in the coordinates of the points that are looked up
    centre: Floats  # (3,)

    def lit(self, points: Floats, bias: float = 0.006) -> Floats:
        """(N,) share of four neighbouring cells that let light through to points (3, N)."""
        side = self.depth.shape[0]
        place = product(self.axes, points - self.centre[:, None])
        scale = np.float32(side / (2 * REACH))
        x = np.minimum(np.maximum(place[0] * scale + np.float32(side / 2 - 0.5), 0), np.float32(side - 1.01))
        y = np.minimum(np.maximum(np.float32(side / 2 - 0.5) - place[1] * scale, 0), np.float32(side - 1.01))
        column, row = x.astype(np.intp), y.astype(np.intp)
        right, below = x - column.astype(np.float32), y - row.astype(np.float32)
        depth = np.float32(bias) - place[2]
        flat, corner = self.depth.ravel(), row * side + column

        def free(step: int) -> Floats:
            return (flat[corner + step] >= depth - np.float32(2 * bias)).astype(np.float32)

        upper = free(0) * (1 - right) + free(1) * right
        lower = free(side) * (1 - right) + free(side + 1) * right
        return upper + (lower - upper) * below


def cast(points: Floats, faces: Integers, axes: Floats, centre: Floats, cells: int) -> ShadowMap:
    """The shadow map of a mesh (points (3, V)) for a lamp with these axes, `cells` wide."""
    axes = axes.astype(np.float32)
    centre = centre.astype(np.float32)
    place = product(axes, points - centre[:, None])
    scale = np.float32(cells / (2 * REACH))
    screen = np.stack([place[0] * scale + np.float32(cells / 2), np.float32(cells / 2) - place[1] * scale, -place[2]])
    # Seen from the lamp only backs count: what the lamp lights cannot shade itself.
    found = rasterize(screen, faces[[0, 2, 1]], (cells, cells))
    # Medians are values that were there, so exact; without them what is thinner than a cell casts blots.
    depth = np.asarray(cv2.medianBlur(found.depth_image(), 3), np.float32)
    return ShadowMap(depth, axes, centre)


_NEAR = ((0.03, 0.05, 0.45), (0.09, 0.12, 0.35))
"""Metres around a point in which something may stand before it, by how many metres it takes away all that it can, and
what share of the light that is."""


def contact(depth: Floats, pitch: float, x: Floats, y: Floats, own: Floats) -> Floats:
    """(N,) brightness of points by what is close in front of them: armpits, hems, chins.

    For a square of cells around a point, the mean over all of them of how far what they show is before the point; empty
    cells count as level with it, so that the edge of a body does not shade itself. Each point is compared by its own
    depth, and what it is compared with changes smoothly from cell to cell: no cell shows.

    Args:
        depth: (h, w) of cells, infinite where nothing is.
        pitch: metres between cells.
        x, y: (N,) where points are, in cells; 0 is the middle of the first one.
        own: (N,) their depth.
    """
    solid = np.isfinite(depth)
    millimetres = np.rint(np.where(solid, depth, np.float32(0)) * np.float32(1000)).astype(np.int32)
    reaches = [max(1, round(metres / pitch)) for metres, _, _ in _NEAR]
    sums = np.stack(
        [_box_sums(image, reach) for reach in reaches for image in (millimetres, solid.astype(np.int32))], axis=-1
    )
    bright = np.ones(len(own), np.float32)
    around = _between_cells(sums.astype(np.float32), x, y)
    for (_, size, strength), reach, total, count in zip(_NEAR, reaches, around[::2], around[1::2], strict=True):
        behind = count * own - total * np.float32(0.001)
        behind *= np.float32(1 / (size * (2 * reach + 1) ** 2))
        bright *= 1 - np.float32(strength) * np.minimum(np.maximum(behind, 0), 1)
    return bright


def _box_sums(values: NDArray[np.int32], reach: int) -> NDArray[np.int32]:
    """(h, w) sums over squares of 2 * reach + 1 cells; whole numbers, so exact."""
    sums = cv2.boxFilter(values, cv2.CV_32S, (2 * reach + 1,) * 2, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return sums.astype(np.int32, copy=False)


def _between_cells(images: Floats, x: Floats, y: Floats) -> Floats:
    """(K, N) of images (h, w, K) at places between the middles of their cells."""
    height, width, count = images.shape
    x = np.minimum(np.maximum(x, 0), np.float32(width - 1.01))
    y = np.minimum(np.maximum(y, 0), np.float32(height - 1.01))
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, below = (x - column.astype(np.float32))[:, None], (y - row.astype(np.float32))[:, None]
    flat, corner = images.reshape(-1, count), (row * np.int32(width) + column).astype(np.intp)
    a, b, c, d = (np.take(flat, corner + step, axis=0) for step in (0, 1, width, width + 1))
    upper, lower = a + (b - a) * right, c + (d - c) * right
    return np.ascontiguousarray((upper + (lower - upper) * below).T)
