"""Collars and hoods: rings around the neck."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density
from reposer.data.people.garments.pieces import Hold, sheet
from reposer.data.people.garments.shells import suit_vertices
from reposer.data.people.parts import PARTS
from reposer.data.people.sites import vertex_sites
from reposer.data.people.surface import Layer

COLUMNS = 33
_RING = 0.08  # metres; only to compare directions with heights
# Kind: half the opening in front (radians); rows of (up, out, share in front), from the inside over the top and down.
_CUTS: dict[str, tuple[float, tuple[tuple[float, float, float], ...]]] = {
    "shirt": (0.12, ((0.004, -0.002, 1), (0.034, 0.000, 1), (0.030, 0.006, 1), (-0.004, 0.014, 3.0))),
    "lapel": (0.45, ((0.004, 0.004, 1), (0.034, 0.006, 1), (0.030, 0.014, 1), (-0.022, 0.026, 1.6))),
    "stand": (0.05, ((0.000, -0.001, 1), (0.040, 0.004, 1), (0.040, 0.009, 1), (-0.010, 0.010, 1))),
    "roll": (0.0, ((0.010, -0.003, 1), (0.060, 0.004, 1), (0.058, 0.013, 1), (0.030, 0.016, 1), (-0.008, 0.010, 1))),
    "scarf": (0.0, ((0.014, 0.004, 1), (0.050, 0.014, 1), (0.044, 0.034, 1), (0.010, 0.046, 1), (-0.030, 0.034, 1.5))),
    "hood": (0.16, ((0.000, 0.004, 1), (0.038, 0.018, 0.5), (0.034, 0.050, 0.4), (-0.016, 0.072, 0.3),
                    (-0.062, 0.052, 0.3), (-0.080, 0.022, 0.3))),
}  # fmt: skip


def collar_layers(
    kind: str, fabric: Fabric, name: str, shell: Floats, density: Density, *, opening: float, gap: float
) -> list[Layer]:
    """The collar of a top whose vertices hang at `shell` (3, V of the template)."""
    half, rows = _CUTS[kind]
    half = max(half, 0.5 * gap / 0.07, 2.0 * opening if kind == "shirt" else 0.0)
    around = np.linspace(half, 2 * np.pi - half, COLUMNS)
    hold = _hold(round(half, 3))
    base = hold.mean(shell)
    out = np.stack([np.sin(around), 0 * around, np.cos(around)])
    forward = np.exp(-(((around + np.pi) % (2 * np.pi) - np.pi) ** 2) / 0.5)
    points = []
    for up, away, front in rows:
        share = 1 + (front - 1) * forward
        rise = np.zeros_like(out)
        rise[1] = up * (share if up < 0 or front < 1 else 1.0)
        if up < 0 and front > 1:
            rise[1] = up - 0.02 * (front - 1) * forward
        points.append(base + rise + out * away * np.minimum(share, 1.6))
    grid = np.stack(points, axis=1)
    held = Hold(np.tile(hold.vertices, len(rows)), np.tile(hold.shares, len(rows)))
    return [
        sheet(grid, held, fabric, name=name, metres=(0.09, 0.42), density=density.cloth, part=PARTS["torso"])
    ]  # fmt: skip


@lru_cache(maxsize=16)
def _hold(half: float) -> Hold:
    """Where a ring that is open by so many radians sits on the neckline."""
    around = np.linspace(half, 2 * np.pi - half, COLUMNS)
    off = np.abs((around + np.pi) % (2 * np.pi) - np.pi)
    height = np.interp(off, np.radians([0, 30, 60, 90, 180]), [0.556, 0.572, 0.588, 0.597, 0.606])
    sites = vertex_sites().at(suit_vertices())
    neck = (sites.y > 0.5) & (sites.arm < 0.5) & (sites.x < 0.12)
    own, places = suit_vertices()[neck], sites.points[:, neck].astype(np.float64)
    turn = np.arctan2(places[0], places[2] + 0.005)
    return Hold.of(
        np.stack([np.sin(around) * _RING, np.cos(around) * _RING, height]),
        np.stack([np.sin(turn) * _RING, np.cos(turn) * _RING, places[1]]),
        own,
    )
