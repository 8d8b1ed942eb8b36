"""How cloth hangs: tubes around slices of the body that bridge its hollows and fall straight."""

import numpy as np

from reposer.data.people.arrays import Bools, Floats, smoothstep

DIRECTIONS = 72
_ANGLES = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
_SIN, _COS = np.sin(_ANGLES), np.cos(_ANGLES)
_BETWEEN = (_ANGLES[:, None] - _ANGLES + np.pi) % (2 * np.pi) - np.pi
_SECANTS = np.where(np.abs(_BETWEEN) < 1.4, 1 / np.maximum(np.cos(_BETWEEN), 0.1), 1e6)


class Tube:
    """Radii (levels, directions) about a vertical axis, from the top down."""

    def __init__(self, points: Floats, heights: Floats, levels: Floats, slope: float, *, smooth: float = 1.0) -> None:
        """Wrap slices of points (3, N) tightly in convex hulls.

        Args:
            heights: (N,) by which points belong to slices (of the average body, so that slices do not mix).
            levels: (L,) falling heights of the slices.
            slope: metres that the cloth may come inwards per metre further down: gravity.
            smooth: how strongly neighbouring levels are evened, in levels.
        """
        self.levels = levels
        centres, radii = [], []
        for level in levels:
            near = points[::2][:, np.abs(heights - level) < 0.028].astype(np.float64)
            centre = (near.max(1) + near.min(1)) / 2
            centres.append(centre)
            radii.append(_hull_radii(near - centre[:, None]))
        centre, radius = np.array(centres), np.array(radii)
        for k in range(1, len(levels)):
            radius[k] = np.maximum(radius[k], radius[k - 1] - slope * (levels[k - 1] - levels[k]))
        self.centres = _even(centre, smooth)
        self.radii = _even(_even(radius, smooth).T, 1.0, wrap=True).T

    def place(self, points: Floats, heights: Floats, ease: Floats | float) -> Floats:
        """Points (3, N) moved outwards to the tube plus `ease` metres."""
        levels = self.levels
        place = np.clip((heights - levels[0]) / (levels[-1] - levels[0]) * (len(levels) - 1), 0, len(levels) - 1.001)
        row, share = place.astype(int), place - place.astype(int)

        def between(values: Floats) -> Floats:
            return values[row] * (1 - share) + values[row + 1] * share

        cx, cz = between(self.centres[:, 0]), between(self.centres[:, 1])
        x, z = points[0] - cx, points[2] - cz
        distance = np.sqrt(np.maximum(x * x + z * z, 1e-12))
        turn = np.arctan2(x, z) % (2 * np.pi) * (DIRECTIONS / (2 * np.pi))
        left = turn.astype(int) % DIRECTIONS
        part, right = turn - turn.astype(int), (left + 1) % DIRECTIONS
        radii = self.radii
        upper = radii[row, left] * (1 - part) + radii[row, right] * part
        lower = radii[row + 1, left] * (1 - part) + radii[row + 1, right] * part
        scale = (upper * (1 - share) + lower * share + ease) / distance
        return np.stack([cx + x * scale, points[1], cz + z * scale])


def _hull_radii(points: Floats) -> Floats:
    """(directions,) how far the convex hull of points (2, N) about the origin reaches."""
    support = (points[0] * _SIN[:, None] + points[1] * _COS[:, None]).max(1)
    return (support * _SECANTS).min(1)


def _even(values: Floats, width: float, *, wrap: bool = False) -> Floats:
    """Values smoothed along the first axis by a Gaussian."""
    if width <= 0:
        return values
    reach = int(3 * width)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="wrap" if wrap else "edge")
    total = sum(weight * padded[k : k + len(values)] for k, weight in enumerate(weights))
    return total / weights.sum()


def blend(start: Floats, end: Floats, share: Floats) -> Floats:
    """Points (3, N) a share (N,) of the way."""
    return start + (end - start) * share


def hang(
    points: Floats, sites_y: Floats, chosen: Bools, levels: Floats, *, slope: float, ease: Floats, share: Floats,
    smooth: float = 1.0,
) -> Floats:  # fmt: skip
    """Points (3, N) of which the chosen ones wrap a tube of themselves, as far as `share` (N,) says."""
    tube = Tube(points[:, chosen], sites_y[chosen], levels, slope, smooth=smooth)
    return np.where(share > 0, blend(points, tube.place(points, sites_y, ease), share), points)


__all__ = ["DIRECTIONS", "Tube", "blend", "hang", "smoothstep"]
