"""What hair lies on: the skull by direction, and the trunk from the front and from behind.

Hair is laid out on the average body and taken along to another one by how far the skin below it has moved.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, Integers, smoothstep
from reposer.data.people.hair.hairline import CENTRE
from reposer.data.people.raster import rasterize
from reposer.data.people.shape import Body
from reposer.data.people.template import load_template

_STEP = 10
"""Degrees between directions of the skull."""
_ROWS, _COLUMNS = 16, 37  # angles from straight up, 0 to 150; around, -180 to 180
_CELL, _LEFT, _TOP = 0.02, -0.26, 0.62  # of the trunk's grid, metres
_TRUNK = 28, 26  # its rows and columns
FINE = 2.0**20
"""Steps per metre to which points are rounded, so that sines may differ in the last bit."""


def directions(down: Floats, around: Floats) -> Floats:
    """Unit vectors (3, ...) by angles from straight up and around from the front towards the left, degrees."""
    down, around = np.radians(down), np.radians(around)
    ring = np.sin(down)
    return np.stack([ring * np.sin(around), np.cos(down) + 0 * around, ring * np.cos(around)])


def bilinear(table: Floats, rows: Floats, columns: Floats) -> Floats:
    """Values (K, ...) of a table (K, R, C) between its cells."""
    rows = np.clip(rows, 0, table.shape[1] - 1.001)
    columns = np.clip(columns, 0, table.shape[2] - 1.001)
    r, c = rows.astype(np.intp), columns.astype(np.intp)
    down, right = rows - r, columns - c
    upper = table[:, r, c] * (1 - right) + table[:, r, c + 1] * right
    lower = table[:, r + 1, c] * (1 - right) + table[:, r + 1, c + 1] * right
    return upper + (lower - upper) * down


@dataclass(frozen=True)
class Mould:
    """The average body, as hair needs it."""

    radius: Floats  # (1, rows, columns) of the skull from CENTRE by direction
    skull: tuple[Integers, Floats]  # (4, rows * columns) vertices and shares below each direction
    fronts: Floats  # (1, r, c) z of the trunk in front by height and x; -1 where there is none
    backs: Floats  # (1, r, c) z behind; 1 where there is none
    trunk: Integers  # (r * c,) the vertex next to each place, from behind

    @cached_property
    def lengths(self) -> tuple[Floats, Floats]:
        """Heights (rows, columns) of the skull's surface, and the angles of its rows."""
        down = np.arange(_ROWS) * float(_STEP)
        return CENTRE[1] + self.radius[0] * np.cos(np.radians(down))[:, None], down

    def on(self, towards: Floats, lift: Floats) -> Floats:
        """Points (3, ...) over the skull in directions (3, ...), `lift` metres away from it."""
        return np.stack([
            centre + (self._look(self.radius, towards)[0] + lift) * part
            for centre, part in zip(CENTRE, towards, strict=True)
        ])  # fmt: skip

    def down_to(self, height: Floats, around: Floats) -> Floats:
        """Angles from straight up, degrees, at which the skull reaches heights (N,) at angles around (N,)."""
        heights, down = self.lengths
        columns = np.clip((np.mod(around + 180, 360)) / _STEP, 0, _COLUMNS - 1.001)
        c = columns.astype(int)
        right = columns - c
        profile = heights[:, c] * (1 - right) + heights[:, c + 1] * right
        return np.array([np.interp(-y, -one, down) for y, one in zip(height, profile.T, strict=True)])

    def _look(self, table: Floats, towards: Floats) -> Floats:
        x, y, z = towards
        down = np.degrees(np.arctan2(np.sqrt(x * x + z * z), y)) / _STEP
        return bilinear(table, down, (np.degrees(np.arctan2(x, z)) + 180) / _STEP)

    def depths(self, points: Floats) -> tuple[Floats, Floats]:
        """Z of the trunk in front of and behind points (3, ...); -1 and 1 where it is not."""
        rows, columns = (_TOP - points[1]) / _CELL, (points[0] - _LEFT) / _CELL
        return bilinear(self.fronts, rows, columns)[0], bilinear(self.backs, rows, columns)[0]

    def moved(self, points: Floats, body: Body) -> Floats:
        """Points (3, ...) laid out on the average body, where they are on another one."""
        off = body.points - load_template().points
        vertices, shares = self.skull
        head = sum(off[:, vertices[k]] * shares[k] for k in range(4)).reshape(3, _ROWS, _COLUMNS)
        trunk = off[:, self.trunk].reshape(3, *_TRUNK)
        centre = np.array(CENTRE).reshape(3, *[1] * (points.ndim - 1))
        on_head = self._look(head, points - centre)
        rows, columns = (_TOP - points[1]) / _CELL, (points[0] - _LEFT) / _CELL
        on_trunk = bilinear(trunk, rows, columns)
        share = smoothstep(points[1], 0.52, 0.66)
        return np.round((points + on_trunk + (on_head - on_trunk) * share) * FINE) / FINE

    def bones(self, points: Floats) -> tuple[Integers, Floats]:
        """Bones and weights (4, N) of points (3, N): the head's, and the back's below the chin."""
        template = load_template()
        rows = np.clip(np.rint((_TOP - points[1]) / _CELL), 0, _TRUNK[0] - 1).astype(np.intp)
        columns = np.clip(np.rint((points[0] - _LEFT) / _CELL), 0, _TRUNK[1] - 1).astype(np.intp)
        below = self.trunk[rows * _TRUNK[1] + columns]
        bones, weights = template.weight_bones[:3, below].copy(), template.weights[:3, below].astype(np.float64)
        share = smoothstep(points[1], 0.50, 0.655)
        weights *= (1 - share) / weights.sum(0)
        head = np.full((1, points.shape[1]), template.bone("head"), np.intp)
        return np.concatenate([bones, head]), np.concatenate([weights, share[None]]).astype(np.float32)


@lru_cache(maxsize=1)
def load_mould() -> Mould:
    """Made once in a process."""
    template = load_template()
    own = np.unique(template.skin[0].vertices)
    x, y, _ = template.points[:, own].astype(np.float64)
    skin = template.skin[0]
    ears = np.zeros(template.points.shape[1], bool)
    ears[skin.vertices] |= template.masks["ears"] > 0.05
    mouth = np.zeros(template.points.shape[1], bool)
    mouth[skin.vertices] |= template.masks["inside-mouth"] > 0.05
    kept = (y > 0.56) & (np.abs(x) < 0.12) & ~ears[own] & ~mouth[own]
    own = own[kept]
    off = template.points[:, own].astype(np.float64) - np.array(CENTRE)[:, None]
    far = np.sqrt((off * off).sum(0))
    down, around = np.meshgrid(np.arange(_ROWS) * _STEP, np.arange(_COLUMNS) * _STEP - 180.0, indexing="ij")
    towards = directions(down.ravel().astype(float), around.ravel())
    unit = off / far
    cosine = sum(towards[k][:, None] * unit[k] for k in range(3))
    near = np.argsort(-np.round(cosine, 9), axis=1, kind="stable")[:, :4]
    closeness = 1 / (1.0001 - np.take_along_axis(cosine, near, 1))
    shares = closeness / closeness.sum(1, keepdims=True)
    radius = (far[near] * shares).sum(1).reshape(1, _ROWS, _COLUMNS)
    return Mould(radius, (own[near].T, shares.T), *_trunk())


def _trunk() -> tuple[Floats, Floats, Integers]:
    template = load_template()
    skin = template.skin[0]
    neck = skin.vertices[skin.faces]
    neck = neck[:, template.points[1, neck].min(0) > 0.45]
    faces = np.concatenate([template.suit, neck], axis=1)
    x, y, z = template.points
    screen = np.stack([(x - _LEFT) / _CELL + 0.5, (_TOP - y) / _CELL + 0.5, z]).astype(np.float32)
    views = []
    for sign in (-1, 1):
        found = rasterize(
            screen * np.array([[1], [1], [sign]], np.float32), faces, _TRUNK, two_sided=np.ones(faces.shape[1], bool)
        )
        views.append((found.image(found.depth * np.float32(sign), np.nan), found))
    front, back = (view[0].astype(np.float64) for view in views)
    behind = views[1][1]
    vertex = behind.image(faces[0, behind.faces].astype(np.float64), -1).ravel().astype(np.intp)
    filled = np.flatnonzero(vertex >= 0)
    rows, columns = np.divmod(np.arange(len(vertex)), _TRUNK[1])
    for place in np.flatnonzero(vertex < 0):
        off = (rows[filled] - rows[place]) ** 2 + (columns[filled] - columns[place]) ** 2
        vertex[place] = vertex[filled[off.argmin()]]
    return np.where(np.isnan(front), -1.0, front)[None], np.where(np.isnan(back), 1.0, back)[None], vertex
