"""Skinned triangle meshes lofted from rings, with texture coordinates and part labels."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.figure import MIRRORED_BONES, Body, Floats

PART_NAMES = (
    "background", "head", "hair", "hat", "torso",
    "right upper arm", "right lower arm", "right hand", "left upper arm", "left lower arm", "left hand",
    "right upper leg", "right lower leg", "right foot", "left upper leg", "left lower leg", "left foot",
    "skirt", "backpack", "bag",
)  # fmt: skip
"""Names of the values of a part mask, by value; a coat below the waist counts as skirt."""
_LABEL = {name: value for value, name in enumerate(PART_NAMES)}
_MIRRORED_LABELS = np.array([0, 1, 2, 3, 4, 8, 9, 10, 5, 6, 7, 14, 15, 16, 11, 12, 13, 17, 18, 19], np.uint8)


@dataclass(frozen=True)
class Patch:
    """A grid of vertices (K rings, M + 1 around, the seam twice) with its texture chart."""

    chart: str
    points: Floats
    around: Floats
    along: Floats
    bones: NDArray[np.intp]
    weights: Floats
    labels: NDArray[np.uint8]  # (K - 1,) part of each band between two rings
    upright: Floats  # 0 to 1: how far to shade as if the surface were vertical, which hides where two patches meet
    flipped: bool = False


@dataclass(frozen=True)
class Mesh:
    """The dressed body at rest, metres. Coordinates come first, vertices last: long rows are fast."""

    vertices: Floats  # (3, V)
    normals: Floats  # (3, V)
    bones: NDArray[np.intp]  # (2, V)
    weights: Floats  # (V,) of the first bone; the second has the rest
    charts: tuple[tuple[str, int], ...]  # chart name and number of vertices, patch by patch
    texture: Floats  # (2, V) position in the chart, 0 to 1, around and along
    triangles: NDArray[np.intp]  # (3, T)
    labels: NDArray[np.uint8]  # (T,) part of each triangle
    skirt: slice | None  # the skirt's vertices: they are laid around the legs for each pose


def ramp(values: Floats, low: float, high: float) -> Floats:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.minimum(np.maximum((values - low) / (high - low), 0), 1)
    return t * t * (3 - 2 * t)


@lru_cache(maxsize=64)
def circle(sides: int, power: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Around (0 to 1, front at 0.5), cosine and sine of `sides + 1` angles from back to back."""
    around = np.linspace(0, 1, sides + 1)
    angle = (around * 2 - 1) * np.pi
    cosine, sine = np.cos(angle), np.sin(angle)
    return around, np.sign(cosine) * np.abs(cosine) ** power, np.sign(sine) * np.abs(sine) ** power


def loft(
    chart: str,
    centres: Floats,
    front: Floats,
    left: Floats,
    depth: Floats,
    width: Floats,
    *,
    sides: int,
    bones: tuple[int, int] | NDArray[np.intp],
    weights: Floats | float = 1.0,
    label: str | list[str],
    along: Floats | None = None,
    upright: Floats | float = 0.0,
    power: float = 1.0,
) -> Patch:
    """Rings around a line: `depth` towards `front`, `width` towards `left`; listed so that they run along
    left x front. `power` below 1 makes boxes, 1 ellipses.
    """
    around, cosine, sine = circle(sides, power)
    points = centres[:, None] + (depth[:, None] * cosine)[..., None] * front + (width[:, None] * sine)[..., None] * left
    shape = points.shape[:2]
    labels = [label] * (shape[0] - 1) if isinstance(label, str) else label
    if along is None:
        along = np.linspace(0, 1, shape[0])

    def spread(values: Floats | float) -> Floats:
        """Per ring to per vertex."""
        result = np.empty(shape)
        result[...] = values[:, None] if isinstance(values, np.ndarray) else values
        return result

    pairs = np.empty((*shape, 2), np.intp)
    pairs[...] = bones[:, None] if isinstance(bones, np.ndarray) else bones
    return Patch(
        chart,
        points,
        np.tile(around, (shape[0], 1)),
        spread(along),
        pairs,
        spread(weights),
        np.array([_LABEL[name] for name in labels], np.uint8),
        spread(upright),
    )


def mirrored(patch: Patch) -> Patch:
    """The same patch on the other side of the body."""
    points, bones = patch.points * np.array([-1, 1, 1]), MIRRORED_BONES[patch.bones]
    return replace(patch, points=points, bones=bones, labels=_MIRRORED_LABELS[patch.labels], flipped=True)


@lru_cache(maxsize=256)
def _grid_triangles(rings: int, columns: int, flipped: bool) -> NDArray[np.intp]:
    """Corners (3, T) of the triangles of a grid."""
    index = np.arange(rings * columns).reshape(rings, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    corners = [[a, c, b], [b, c, d]] if flipped else [[a, b, c], [b, d, c]]
    return np.stack([np.stack(triple) for triple in corners], axis=-1).reshape(3, -1)


@lru_cache(maxsize=256)
def _grid_neighbours(rings: int, columns: int, flipped: bool) -> NDArray[np.intp]:
    """Neighbours (4, V) of each vertex of a closed grid: before and after it, around and along."""
    index = np.arange(rings * columns).reshape(rings, columns)
    before, after = np.roll(index, 1, axis=1), np.roll(index, -1, axis=1)
    before[:, 0], after[:, -1] = index[:, -2], index[:, 1]
    above, below = np.vstack([index[:1], index[:-1]]), np.vstack([index[1:], index[-1:]])
    order = [after, before] if flipped else [before, after]
    return np.stack([*order, above, below]).reshape(4, -1)


def _normals(points: Floats, neighbours: NDArray[np.intp]) -> Floats:
    before, after, above, below = neighbours
    ax, ay, az = points[:, after] - points[:, before]
    bx, by, bz = points[:, below] - points[:, above]
    normal = np.stack([by * az - bz * ay, bz * ax - bx * az, bx * ay - by * ax])
    return normal / (np.sqrt((normal * normal).sum(0)) + 1e-12)


def grid_normals(points: Floats, rings: int) -> Floats:
    """Unit normals (3, V) of the points (3, V) of one closed grid."""
    return _normals(points, _grid_neighbours(rings, points.shape[1] // rings, False))


@lru_cache(maxsize=64)
def _topology(shapes: tuple[tuple[int, int, bool], ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Triangles (3, T) and neighbours (4, V) of several grids with vertices in one list."""
    starts = np.cumsum([0] + [rings * columns for rings, columns, _ in shapes])
    placed = list(zip(shapes, starts.tolist(), strict=False))
    triangles = np.concatenate([_grid_triangles(*shape) + start for shape, start in placed], axis=1)
    return triangles, np.concatenate([_grid_neighbours(*shape) + start for shape, start in placed], axis=1)


def join(patches: list[Patch], body: Body, skirt: Patch | None) -> Mesh:
    """Put patches together as one mesh in metres."""
    every = [*patches, skirt] if skirt is not None else patches
    shapes = [(*patch.points.shape[:2], patch.flipped) for patch in every]
    sizes = [patch.points.shape[0] * patch.points.shape[1] for patch in every]
    flat = np.concatenate
    points = body.place(flat([patch.points.reshape(-1, 3) for patch in every])).T
    triangles, neighbours = _topology(tuple(shapes))
    normals = _normals(points, neighbours)
    upright = flat([patch.upright.ravel() for patch in every])
    normals[1] *= 1 - upright
    return Mesh(
        vertices=np.ascontiguousarray(points, np.float32),
        normals=np.ascontiguousarray(normals, np.float32),
        bones=np.ascontiguousarray(flat([patch.bones.reshape(-1, 2) for patch in every]).T),
        weights=flat([patch.weights.ravel() for patch in every]).astype(np.float32),
        charts=tuple((patch.chart, size) for patch, size in zip(every, sizes, strict=True)),
        texture=flat([np.stack([patch.around.ravel(), patch.along.ravel()]) for patch in every], 1).astype(np.float32),
        triangles=triangles,
        labels=flat([patch.labels.repeat(2 * (patch.points.shape[1] - 1)) for patch in every]),
        skirt=slice(sum(sizes[:-1]), sum(sizes)) if skirt is not None else None,
    )
