"""How cloth hangs: tubes around slices of the body that bridge its hollows and fall straight."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Bools, Floats, Integers

DIRECTIONS = 72
_ANGLES = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
_SIN, _COS = np.sin(_ANGLES).astype(np.float32), np.cos(_ANGLES).astype(np.float32)
_SECANTS = [(k, 1 / np.cos(k * 2 * np.pi / DIRECTIONS)) for k in range(-16, 17)]  # directions up to 80 degrees away
_THICKNESS = 0.028  # metres above and below a slice's height that count as in it


@dataclass(frozen=True)
class Piece:
    """The vertices of the template that hang on a tube, and those that it is wrapped around."""

    levels: Floats  # (L,) falling heights of the slices, of the average body, so that slices do not mix
    order: Integers  # (P,) vertices slice by slice; in two slices if between them
    starts: Integers  # (L,) where each slice begins in `order`
    heights: Floats  # (P,) of the average body
    vertices: Integers  # (N,) those that are moved
    places: Floats  # (N,) their heights on the average body
    share: Floats  # (N,) how far they are moved, 0 to 1

    @classmethod
    def of(cls, vertices: Integers, heights: Floats, wrapped: Bools, share: Floats, levels: Floats) -> "Piece":
        """Of vertices (V,) at heights on the average body, of which some are wrapped and some are moved."""
        slices = [np.flatnonzero(wrapped & (np.abs(heights - level) < _THICKNESS)) for level in levels]
        order, moved = np.concatenate(slices), np.flatnonzero(share > 0)
        starts = np.cumsum([0] + [len(own) for own in slices[:-1]])
        return cls(levels, vertices[order], starts, heights[order], vertices[moved], heights[moved], share[moved])


class Tube:
    """Radii (levels, directions) about a vertical axis, from the top down."""

    def __init__(self, points: Floats, piece: Piece, slope: float) -> None:
        """Wrap slices of points (3, V of the template) tightly in convex hulls.

        Args:
            slope: metres that the cloth may come inwards per metre further down: gravity.
        """
        levels = piece.levels
        x, y, z = points[:, piece.order]
        counts = np.diff(np.append(piece.starts, len(x)))
        flat = np.stack([x, z])
        centre = (np.maximum.reduceat(flat, piece.starts, 1) + np.minimum.reduceat(flat, piece.starts, 1)) / 2
        x, z = flat - np.repeat(centre, counts, axis=1)
        support = np.maximum.reduceat(_SIN[:, None] * x + _COS[:, None] * z, piece.starts, axis=1).astype(np.float64)
        around, hull = np.concatenate([support[-16:], support, support[:16]]), np.full_like(support, np.inf)
        for k, secant in _SECANTS:
            np.minimum(hull, around[16 + k : 16 + k + DIRECTIONS] * secant, out=hull)
        radius = np.ascontiguousarray(hull.T)
        for k in range(1, len(levels)):
            np.maximum(radius[k], radius[k - 1] - slope * (levels[k - 1] - levels[k]), out=radius[k])
        lift = np.add.reduceat(y - piece.heights, piece.starts) / counts
        rows = np.arange(-3, len(levels) + 3).clip(0, len(levels) - 1)
        self.levels = levels
        self.centres = _even(centre.T[rows])
        self.lifts = _even(lift[rows][:, None])
        around = _even(radius[rows]).T
        self.radii = _even(around[np.arange(-3, DIRECTIONS + 3) % DIRECTIONS]).T

    def reach(self, points: Floats, heights: Floats) -> tuple[Floats, Floats]:
        """Axis (x and z) beside points (3, N), and how far from it the tube is in their direction."""
        row, share = self._rows(heights)
        axis = _between(self.centres, row, share)
        turn = np.arctan2(points[0] - axis[0], points[2] - axis[1]) * (DIRECTIONS / (2 * np.pi)) + DIRECTIONS
        whole = turn.astype(int)
        part, left, right = turn - whole, whole % DIRECTIONS, (whole + 1) % DIRECTIONS
        radii = self.radii
        upper = radii[row, left] * (1 - part) + radii[row, right] * part
        lower = radii[row + 1, left] * (1 - part) + radii[row + 1, right] * part
        return axis, upper * (1 - share) + lower * share

    def place(self, points: Floats, heights: Floats, ease: Floats | float) -> Floats:
        """Points (3, N) moved outwards to the tube plus `ease` metres, and level where they are on the average body."""
        (cx, cz), radius = self.reach(points, heights)
        x, z = points[0] - cx, points[2] - cz
        scale = (radius + ease) / np.sqrt(np.maximum(x * x + z * z, 1e-12))
        level = heights + _between(self.lifts, *self._rows(heights))[0]
        return np.stack([cx + x * scale, level, cz + z * scale])

    def _rows(self, heights: Floats) -> tuple[Integers, Floats]:
        levels = self.levels
        place = np.clip((heights - levels[0]) / (levels[-1] - levels[0]) * (len(levels) - 1), 0, len(levels) - 1.001)
        row = place.astype(int)
        return row, place - row


def _between(values: Floats, row: Integers, share: Floats) -> Floats:
    """(K, N) of values (levels, K)."""
    return (values[row] * (1 - share)[:, None] + values[row + 1] * share[:, None]).T


def hang(shell: Floats, points: Floats, piece: Piece, tube: Tube, ease: Floats | float) -> None:
    """Move a shell's vertices (3, V of the template) onto a tube, in place; `points` are those of the body."""
    now = shell[:, piece.vertices].astype(np.float64)
    tubed = tube.place(points[:, piece.vertices].astype(np.float64), piece.places, ease)
    shell[:, piece.vertices] = blend(now, tubed, piece.share)


def _even(padded: Floats) -> Floats:
    """Values smoothed along the first axis, of which three at either end are taken away."""
    count = len(padded) - 6
    return sum(weight * padded[k : k + count] for k, weight in enumerate(_BELL))


_BELL = np.exp(-0.5 * np.arange(-3, 4) ** 2.0) / np.exp(-0.5 * np.arange(-3, 4) ** 2.0).sum()


def blend(start: Floats, end: Floats, share: Floats) -> Floats:
    """Points (3, N) a share (N,) of the way."""
    return start + (end - start) * share
