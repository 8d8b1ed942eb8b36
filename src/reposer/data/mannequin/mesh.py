"""Skinned triangle meshes lofted from rings, with texture coordinates and part labels."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.figure import MIRRORED_BONES, Body

PART_NAMES = (
    "background", "head", "hair", "hat", "torso",
    "right upper arm", "right lower arm", "right hand", "left upper arm", "left lower arm", "left hand",
    "right upper leg", "right lower leg", "right foot", "left upper leg", "left lower leg", "left foot",
    "skirt", "backpack", "bag",
)  # fmt: skip
"""Names of the values of a part mask, by value; a coat below the waist counts as skirt."""
_LABEL = {name: value for value, name in enumerate(PART_NAMES)}
_MIRRORED_LABELS = np.array([0, 1, 2, 3, 4, 8, 9, 10, 5, 6, 7, 14, 15, 16, 11, 12, 13, 17, 18, 19], np.uint8)

Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Patch:
    """A grid of vertices (K rings, M + 1 around, the seam twice) with its texture chart."""

    chart: str
    points: Numbers
    around: Numbers
    along: Numbers
    bones: NDArray[np.intp]
    weights: Numbers
    labels: NDArray[np.uint8]
    flipped: bool = False


@dataclass(frozen=True)
class Mesh:
    """The dressed body at rest, metres."""

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    bones: NDArray[np.intp]
    """(V, 2)"""
    weights: NDArray[np.float32]
    """(V, 1) of the first bone; the second has the rest."""
    charts: tuple[tuple[str, int], ...]
    """Chart name and number of vertices, patch by patch."""
    texture: NDArray[np.float32]
    """(V, 2) position in the chart, 0 to 1, around and along."""
    triangles: NDArray[np.int32]
    labels: NDArray[np.uint8]
    """(T,) part of each triangle."""
    skirt: slice | None
    """The skirt's vertices: they are laid around the legs for each pose."""


def ramp(values: Numbers, low: float, high: float) -> Numbers:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@lru_cache(maxsize=64)
def _circle(sides: int, power: float) -> tuple[Numbers, Numbers, Numbers]:
    """Around (0 to 1, front at 0.5), cosine and sine of `sides + 1` angles from back to back."""
    around = np.linspace(0, 1, sides + 1)
    angle = (around * 2 - 1) * np.pi
    cosine, sine = np.cos(angle), np.sin(angle)
    return around, np.sign(cosine) * np.abs(cosine) ** power, np.sign(sine) * np.abs(sine) ** power


def loft(
    chart: str,
    centres: Numbers,
    front: Numbers,
    left: Numbers,
    depth: Numbers,
    width: Numbers,
    *,
    sides: int,
    bones: tuple[int, int] | NDArray[np.intp],
    weights: Numbers | float = 1.0,
    label: str | list[str],
    along: Numbers | None = None,
    power: float = 1.0,
) -> Patch:
    """Rings around a line: `depth` towards `front`, `width` towards `left`; listed so that they run along
    left x front. `power` below 1 makes boxes, 1 ellipses."""
    around, cosine, sine = _circle(sides, power)
    points = (
        centres[:, None]
        + np.asarray(depth)[:, None, None] * cosine[:, None] * np.asarray(front, float)
        + np.asarray(width)[:, None, None] * sine[:, None] * np.asarray(left, float)
    )
    rings, columns = points.shape[:2]
    if along is None:
        along = np.linspace(0, 1, rings)
    labels = [label] * (rings - 1) if isinstance(label, str) else label
    weights = np.asarray(weights, float)
    if weights.ndim == 1:
        weights = weights[:, None]
    bones = np.asarray(bones)
    if bones.ndim == 2:
        bones = bones[:, None]
    return Patch(
        chart,
        points,
        np.broadcast_to(around, (rings, columns)),
        np.broadcast_to(along[:, None], (rings, columns)),
        np.broadcast_to(bones, (rings, columns, 2)),
        np.broadcast_to(weights, (rings, columns)),
        np.array([_LABEL[name] for name in labels], np.uint8),
    )


def mirrored(patch: Patch) -> Patch:
    """The same patch on the other side of the body."""
    return Patch(
        patch.chart,
        patch.points * np.array([-1, 1, 1]),
        patch.around,
        patch.along,
        MIRRORED_BONES[patch.bones],
        patch.weights,
        _MIRRORED_LABELS[patch.labels],
        flipped=True,
    )


@lru_cache(maxsize=256)
def _grid_triangles(rings: int, columns: int, flipped: bool) -> NDArray[np.int32]:
    index = np.arange(rings * columns, dtype=np.int32).reshape(rings, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    corners = [a, c, b, b, c, d] if flipped else [a, b, c, b, d, c]
    return np.stack(corners, axis=-1).reshape(-1, 3)


def grid_normals(points: Numbers, flipped: bool = False) -> Numbers:
    """Unit normals (K, M + 1, 3) of a closed grid of rings."""
    around = np.empty_like(points)
    around[:, 1:-1] = points[:, 2:] - points[:, :-2]
    around[:, 0] = around[:, -1] = points[:, 1] - points[:, -2]
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    normal = np.stack(
        [
            along[..., 1] * around[..., 2] - along[..., 2] * around[..., 1],
            along[..., 2] * around[..., 0] - along[..., 0] * around[..., 2],
            along[..., 0] * around[..., 1] - along[..., 1] * around[..., 0],
        ],
        axis=-1,
    )
    normal /= np.sqrt((normal * normal).sum(-1, keepdims=True)) + 1e-12
    return -normal if flipped else normal


def join(patches: list[Patch], body: Body, skirt: Patch | None) -> Mesh:
    """Put patches together as one mesh in metres."""
    every = [*patches, skirt] if skirt is not None else patches
    placed = [body.place(patch.points) for patch in every]
    sizes = [patch.weights.size for patch in every]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    triangles = [
        _grid_triangles(*patch.weights.shape, patch.flipped) + np.int32(start)
        for patch, start in zip(every, starts, strict=False)
    ]
    flat = np.concatenate
    return Mesh(
        vertices=flat([points.reshape(-1, 3) for points in placed]).astype(np.float32),
        normals=flat(
            [
                grid_normals(points, patch.flipped).reshape(-1, 3)
                for points, patch in zip(placed, every, strict=True)
            ]
        ).astype(np.float32),
        bones=flat([patch.bones.reshape(-1, 2) for patch in every]),
        weights=flat([patch.weights.reshape(-1, 1) for patch in every]).astype(np.float32),
        charts=tuple((patch.chart, size) for patch, size in zip(every, sizes, strict=True)),
        texture=flat(
            [np.stack([patch.around, patch.along], axis=-1).reshape(-1, 2) for patch in every]
        ).astype(np.float32),
        triangles=flat(triangles),
        labels=flat(
            [np.repeat(patch.labels, 2 * (patch.weights.shape[1] - 1)) for patch in every]
        ),
        skirt=slice(int(starts[-2]), int(starts[-1])) if skirt is not None else None,
    )
