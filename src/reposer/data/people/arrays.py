"""Small arithmetic that gives the same bits on every machine.

Products of matrices by BLAS, `einsum`, and float32 `exp`, `sin` or powers differ between processors in the last bit;
sums, products, quotients, square roots and comparisons do not.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.intp]
Bools = NDArray[np.bool_]
_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])
_ABOVE, _BELOW = np.array([5, 6, 1]), np.array([7, 2, 3])  # of a flat 3x3 matrix: -x, -y, -z and x, y, z of a turn


def product(left: Floats, right: Floats) -> Floats:
    """Matrix product (..., 3, N) of (..., 3, 3) and (..., 3, N)."""
    return (
        left[..., 0:1] * right[..., 0:1, :] + left[..., 1:2] * right[..., 1:2, :] + left[..., 2:3] * right[..., 2:3, :]
    )


def turn(matrices: Floats, vectors: Floats) -> Floats:
    """Vectors (..., 3) turned by matrices (..., 3, 3)."""
    return (
        matrices[..., 0] * vectors[..., 0:1]
        + matrices[..., 1] * vectors[..., 1:2]
        + matrices[..., 2] * vectors[..., 2:3]
    )


def dot(left: Floats, right: Floats) -> Floats:
    """Inner products (...,) of vectors (..., 3)."""
    return left[..., 0] * right[..., 0] + left[..., 1] * right[..., 1] + left[..., 2] * right[..., 2]


def cross(left: Floats, right: Floats) -> Floats:
    """Cross products (..., 3); NumPy's own takes ten times as long for a few vectors."""
    return left[..., _NEXT] * right[..., _LAST] - left[..., _LAST] * right[..., _NEXT]


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) of length 1."""
    return vectors / np.sqrt(np.maximum(dot(vectors, vectors), 1e-20))[..., None]


def unit_columns(vectors: Floats) -> Floats:
    """Vectors (3, N) of length 1."""
    x, y, z = vectors
    return vectors / np.sqrt(np.maximum(x * x + y * y + z * z, np.float32(1e-20)))


def smoothstep(values: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between (the other way round where `low` is the greater)."""
    share = np.minimum(np.maximum((values - values.dtype.type(low)) / values.dtype.type(high - low), 0), 1)
    return share * share * (3 - 2 * share)


def frames(directions: Floats, fronts: Floats) -> Floats:
    """Orthonormal frames (..., 3, 3) with columns direction, front (made square to it) and their cross product."""
    along = unit(directions)
    result = np.empty((*along.shape, 3))
    front = result[..., 1]
    result[..., 0] = along
    front[...] = unit(fronts - dot(fronts, along)[..., None] * along)
    result[..., 2] = cross(along, front)
    return result


def slerp(start: Floats, end: Floats, share: Floats) -> Floats:
    """Rotations (N, 3, 3) a share (N,) of the way from `start` to `end`."""
    step = product(np.swapaxes(start, -1, -2), end)
    cosine = np.clip((step[:, 0, 0] + step[:, 1, 1] + step[:, 2, 2] - 1) / 2, -1, 1)
    axis = np.stack([step[:, 2, 1] - step[:, 1, 2], step[:, 0, 2] - step[:, 2, 0], step[:, 1, 0] - step[:, 0, 1]], 1)
    return product(start, about(axis, np.arccos(cosine) * share))


def about(axes: Floats, angles: Floats) -> Floats:
    """Rotations (N, 3, 3) about axes (N, 3) by angles (N,), radians."""
    axis = unit(axes)
    cosine, sine = np.cos(angles)[:, None], axis * np.sin(angles)[:, None]
    result = axis[:, :, None] * (axis * (1 - cosine))[:, None, :]
    flat = result.reshape(-1, 9)
    flat[:, ::4] += cosine
    flat[:, _BELOW] += sine
    flat[:, _ABOVE] -= sine
    return result
