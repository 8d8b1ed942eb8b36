"""Light: where it comes from, and what stands in its way."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers, cross, product, unit
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
    return ShadowMap(found.depth_image(), axes, centre)


def box_means(values: NDArray[np.int32], solid: Bools, reach: int) -> Floats:
    """(h, w) means over the solid cells of squares of 2 * reach + 1 cells; whole numbers, so exact."""
    sums, count = (
        cv2.boxFilter(image, cv2.CV_32S, (2 * reach + 1,) * 2, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for image in (np.where(solid, values, 0).astype(np.int32, copy=False), solid.astype(np.int32))
    )
    means: Floats = np.divide(sums, np.maximum(count, 1), dtype=np.float32, casting="unsafe")
    return means


def contact(depth: Floats, pitch: float) -> Floats:
    """(h, w) brightness by what is close in front: armpits, hems, chins. `pitch`: metres between samples of depth."""
    solid = np.isfinite(depth)
    millimetres = np.rint(np.where(solid, depth, np.float32(0)) * np.float32(1000)).astype(np.int32)
    bright = np.ones(depth.shape, np.float32)
    for metres, size, strength in ((0.03, 0.05, 0.45), (0.09, 0.12, 0.35)):
        reach = max(1, round(metres / pitch))
        behind = (millimetres - box_means(millimetres, solid, reach)) * np.float32(0.001 / size)
        bright *= 1 - np.float32(strength) * np.minimum(np.maximum(behind, 0), 1)
    return np.where(solid, bright, 1)
