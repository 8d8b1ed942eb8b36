"""Linear-blend skinning of points with their normals.

Sums over bones are of whole numbers in float64, so that no order of additions and no fused operation can change a bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from reposer.data.people.arrays import Floats, Integers

if TYPE_CHECKING:  # bodies, which poses are of, have normals from here
    from reposer.data.people.posing import Skeleton

_SHARES = 2.0**16
"""Steps of weights."""
_FINE = 2.0**22
"""Steps per metre, and of rotations, of what is blended."""


@dataclass(frozen=True)
class Rest:
    """Points at rest and the bones that they follow; float32."""

    points: Floats  # (3, V)
    normals: Floats  # (3, V)
    bones: Integers  # (4, V), the heaviest first
    weights: Floats  # (4, V)

    @cached_property
    def blend(self) -> sparse.csr_array:
        """(V, bones) whole numbers that add up to _SHARES in each row."""
        shares = np.rint(self.weights.T * np.float32(_SHARES)).astype(np.float64)
        shares[:, 0] += _SHARES - shares.sum(1)
        used = shares != 0
        starts = np.concatenate([[0], np.cumsum(used.sum(1))])
        size = len(shares), int(self.bones.max()) + 1
        return sparse.csr_array((shares[used], self.bones.T[used].astype(np.int32), starts.astype(np.int32)), size)


def vertex_normals(points: Floats, faces: Integers) -> Floats:
    """Unit normals (3, V) of points (3, V): the mean of the faces' (3, F), weighted by their areas; 0 off the faces."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (np.take(points, corner, axis=1) for corner in faces)
    bx, by, bz, cx, cy, cz = bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az
    across = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    corners, count = faces.ravel(), points.shape[1]
    x, y, z = (np.bincount(corners, np.tile(values, 3), count).astype(np.float32) for values in across)
    length = np.sqrt(np.maximum(x * x + y * y + z * z, np.float32(1e-30)))
    return np.stack([x / length, y / length, z / length])


def skin(rest: Rest, skeleton: Skeleton) -> tuple[Floats, Floats]:
    """Points and normals (3, V) of posed vertices; normals are not quite of length 1."""
    table = np.empty((len(skeleton.heads), 4, 3))  # columns of the rotations, then the shift
    table[:, :3] = np.swapaxes(skeleton.rotations, 1, 2)
    table[:, 3] = skeleton.translations
    whole = np.rint(table.reshape(len(table), 12) * _FINE)
    blend = rest.blend @ whole[: rest.blend.shape[1]]
    turn = np.ascontiguousarray(blend.T, np.float32).reshape(4, 3, -1) * np.float32(1 / (_SHARES * _FINE))
    points = turn[0] * rest.points[0] + turn[1] * rest.points[1] + turn[2] * rest.points[2] + turn[3]
    normals = turn[0] * rest.normals[0] + turn[1] * rest.normals[1] + turn[2] * rest.normals[2]
    return points, normals
