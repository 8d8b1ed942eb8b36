"""Linear-blend skinning of points with their normals."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.posing import Skeleton


@dataclass(frozen=True)
class Rest:
    """Points at rest and the bones that they follow; float32."""

    points: Floats  # (3, V)
    normals: Floats  # (3, V)
    bones: Integers  # (4, V), the heaviest first
    weights: Floats  # (4, V)


def vertex_normals(points: Floats, faces: Integers) -> Floats:
    """Unit normals (3, V) of points (3, V): the mean of the faces' (3, F), weighted by their areas."""
    first, second, third = points[:, faces[0]], points[:, faces[1]], points[:, faces[2]]
    across = np.cross(second - first, third - first, axis=0)
    total = np.stack(
        [sum(np.bincount(corner, values, points.shape[1]) for corner in faces) for values in across.astype(np.float64)]
    )
    length = np.sqrt(total[0] * total[0] + total[1] * total[1] + total[2] * total[2])
    return (total / np.maximum(length, 1e-20)).astype(np.float32)


def skin(rest: Rest, skeleton: Skeleton) -> tuple[Floats, Floats]:
    """Points and normals (3, V) of posed vertices; normals are not quite of length 1."""
    table = np.empty((4, 3, len(skeleton.heads)), np.float32)  # columns of the rotations, then the shift
    table[:3] = skeleton.rotations.transpose(2, 1, 0)
    table[3] = skeleton.translations.T
    blend = np.take(table, rest.bones[0], axis=2) * rest.weights[0]
    for bones, weights in zip(rest.bones[1:], rest.weights[1:], strict=True):
        some = np.flatnonzero(weights)
        blend[:, :, some] += np.take(table, bones[some], axis=2) * weights[some]
    points = blend[0] * rest.points[0] + blend[1] * rest.points[1] + blend[2] * rest.points[2] + blend[3]
    normals = blend[0] * rest.normals[0] + blend[1] * rest.normals[1] + blend[2] * rest.normals[2]
    return points, normals
