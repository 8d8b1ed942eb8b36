"""Lay a piece of a surface flat with as little stretch as can be (as-rigid-as-possible parameterisation)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu


def flatten(points: np.ndarray, faces: np.ndarray, start: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Positions (V, 2) in metres of the vertices of a disk-like piece, near `start` (V, 2) in place and direction."""
    a, b, c = points[faces].transpose(1, 0, 2)
    along = b - a
    length = np.linalg.norm(along, axis=1)
    x = ((c - a) * along).sum(1) / length
    height = np.linalg.norm(np.cross(along, c - a), axis=1) / length
    flat = np.stack(
        [np.zeros_like(points[faces[:, 0], :2]), np.stack([length, 0 * length], 1), np.stack([x, height], 1)], 1
    )
    signed = _area(start[faces])
    if np.median(signed) < 0:
        flat[..., 1] *= -1
    weights = []
    for k in range(3):  # cotangent of the corner against edge k -> k + 1
        p, q = flat[:, k] - flat[:, (k + 2) % 3], flat[:, (k + 1) % 3] - flat[:, (k + 2) % 3]
        weights.append(
            np.clip((p * q).sum(1) / np.maximum(np.abs(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]), 1e-12), 0.05, 10)
        )
    count = len(points)
    rows, columns, values = [], [], []
    for k in range(3):
        i, j = faces[:, k], faces[:, (k + 1) % 3]
        rows += [i, j, i, j]
        columns += [i, j, j, i]
        values += [weights[k], weights[k], -weights[k], -weights[k]]
    places = np.concatenate(rows), np.concatenate(columns)
    laplacian = coo_matrix((np.concatenate(values), places), (count, count)).tocsc()
    solver = splu(laplacian + 1e-9 * coo_matrix(np.eye(count)).tocsc())
    place = start.astype(np.float64)
    for _ in range(rounds):
        covariance = np.zeros((len(faces), 2, 2))
        for k in range(3):
            i, j = k, (k + 1) % 3
            e, f = place[faces[:, i]] - place[faces[:, j]], flat[:, i] - flat[:, j]
            covariance += weights[k][:, None, None] * e[:, :, None] * f[:, None, :]
        cosine, sine = covariance[:, 0, 0] + covariance[:, 1, 1], covariance[:, 1, 0] - covariance[:, 0, 1]
        norm = np.maximum(np.hypot(cosine, sine), 1e-12)
        rotation = np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1) / norm[:, None, None]
        right = np.zeros((count, 2))
        for k in range(3):
            i, j = k, (k + 1) % 3
            turned = weights[k][:, None] * np.einsum("fij,fj->fi", rotation, flat[:, i] - flat[:, j])
            np.add.at(right, faces[:, i], turned)
            np.add.at(right, faces[:, j], -turned)
        place = solver.solve(right)
    return _align(place, start)


def _area(corners: np.ndarray) -> np.ndarray:
    p, q = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]


def _align(place: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Turn and shift, without scaling, to lie as `start` does."""
    p, s = place - place.mean(0), start - start.mean(0)
    covariance = p.T @ s
    angle = np.arctan2(covariance[0, 1] - covariance[1, 0], covariance[0, 0] + covariance[1, 1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return p @ turn + start.mean(0)


def stretch(points: np.ndarray, faces: np.ndarray, place: np.ndarray) -> tuple[float, float, int]:
    """Median and 95th percentile of |log edge length ratio|, and how many triangles are turned over."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    now, was = (np.linalg.norm(p[edges[:, 0]] - p[edges[:, 1]], axis=1) for p in (place, points))
    ratio = now / was
    signed = _area(place[faces])
    log = np.abs(np.log(np.maximum(ratio, 1e-6)))
    return float(np.median(log)), float(np.percentile(log, 95)), int((signed * np.median(np.sign(signed)) < 0).sum())
