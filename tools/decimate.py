"""Fewer triangles between the same vertices: each step moves one vertex onto a neighbour (half-edge collapse)."""

from __future__ import annotations

import heapq

import numpy as np


def _quadrics(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(V, 4, 4) sums over triangles of area times the squared distance from their planes."""
    a, b, c = points[faces].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(area, 1e-20)
    plane = np.concatenate([normal, -(normal * a).sum(1, keepdims=True)], axis=1)
    quadric = plane[:, :, None] * plane[:, None, :] * area[:, None]
    total = np.zeros((len(points), 4, 4))
    for corner in faces.T:
        np.add.at(total, corner, quadric)
    return total


def decimate(points: np.ndarray, faces: np.ndarray, targets: list[int], price: np.ndarray) -> list[np.ndarray]:
    """Faces at each number of triangles in `targets` (descending); vertices on a border stay.

    Args:
        points: (V, D) what should stay alike: first x, y and z, then anything else that matters, in metres.
        price: (V,) how dear it is to move a vertex.
    """
    xyz = points[:, :3].astype(np.float64)
    quadric = _quadrics(xyz, faces)
    around: list[set[int]] = [set() for _ in points]
    alive = {i: tuple(face) for i, face in enumerate(faces.tolist())}
    for i, face in alive.items():
        for vertex in face:
            around[vertex].add(i)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges, count = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
    border = np.zeros(len(points), bool)
    border[edges[count == 1]] = True

    def cost(vertex: int, to: int) -> float:
        place = np.append(xyz[to], 1.0)
        step = points[to] - points[vertex]
        return float(
            (place @ quadric[vertex] @ place + 1e-9 * (step @ step) + 1e-7 * (step[3:] @ step[3:])) * price[vertex]
        )

    def neighbours(vertex: int) -> set[int]:
        return {other for face in around[vertex] for other in alive[face]} - {vertex}

    def allowed(vertex: int, to: int) -> bool:
        if len(neighbours(vertex) & neighbours(to)) != 2:
            return False
        for face in around[vertex]:
            corners = alive[face]
            if to in corners:
                continue
            before = xyz[list(corners)]
            after = xyz[[to if corner == vertex else corner for corner in corners]]
            old, new = (np.cross(p[1] - p[0], p[2] - p[0]) for p in (before, after))
            if old @ new < 0.3 * np.linalg.norm(old) * np.linalg.norm(new) or np.linalg.norm(new) < 1e-9:
                return False
        return True

    heap = [(cost(v, to), v, to) for v in range(len(points)) if not border[v] for to in neighbours(v)]
    heapq.heapify(heap)
    levels = []
    for target in targets:
        while len(alive) > target and heap:
            was, vertex, to = heapq.heappop(heap)
            if not around[vertex] or to not in neighbours(vertex):
                continue
            now = cost(vertex, to)
            if now > was * 1.0001 + 1e-15:
                heapq.heappush(heap, (now, vertex, to))
                continue
            if not allowed(vertex, to):
                continue
            for face in list(around[vertex]):
                corners = alive[face]
                around[vertex].discard(face)
                if to in corners:
                    del alive[face]
                    for corner in corners:
                        around[corner].discard(face)
                else:
                    alive[face] = tuple(to if corner == vertex else corner for corner in corners)
                    around[to].add(face)
            quadric[to] += quadric[vertex]
            for other in sorted(neighbours(to)):
                if not border[other]:
                    heapq.heappush(heap, (cost(other, to), other, to))
                if not border[to]:
                    heapq.heappush(heap, (cost(to, other), to, other))
        levels.append(np.array([alive[i] for i in sorted(alive)]))
    return levels
