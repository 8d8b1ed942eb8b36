"""Collars and hoods: rings around the neck."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density
from reposer.data.people.garments.pieces import Hold, sheet
from reposer.data.people.garments.shells import suit_sites, suit_vertices
from reposer.data.people.parts import PARTS
from reposer.data.people.surface import Layer

COLUMNS = 33
_RING = 0.08  # metres; only to compare directions with heights


@dataclass(frozen=True)
class _Row:
    """Where a collar's row of points is from the neckline: metres up and out, behind and in front."""

    up: float
    out: float
    up_front: float
    out_front: float
    spread: float = 0.0  # metres from the middle in front


@dataclass(frozen=True)
class _Cut:
    """A collar: rows from the inside over the top and down."""

    half: float  # of the opening in front, radians
    metres: float  # of cloth from the first row to the last
    rows: tuple[_Row, ...]


_CUTS = {
    "shirt": _Cut(0.10, 0.08, (
        _Row(0.000, 0.000, 0.000, 0.000), _Row(0.031, -0.008, 0.020, -0.006), _Row(0.029, 0.000, 0.019, 0.004, 0.004),
        _Row(0.010, 0.010, 0.000, 0.014, 0.020), _Row(-0.012, 0.012, -0.030, 0.028, 0.034),
    )),
    "lapel": _Cut(0.55, 0.10, (
        _Row(0.000, 0.002, 0.000, 0.004), _Row(0.030, -0.004, 0.018, 0.000), _Row(0.028, 0.006, 0.016, 0.008),
        _Row(0.006, 0.016, -0.006, 0.016, 0.014), _Row(-0.024, 0.018, -0.036, 0.026, 0.030),
    )),
    "stand": _Cut(0.08, 0.09, (
        _Row(0.000, 0.000, 0.000, 0.001), _Row(0.040, -0.006, 0.034, -0.002), _Row(0.040, 0.001, 0.034, 0.006),
        _Row(-0.008, 0.006, -0.010, 0.009),
    )),
    "roll": _Cut(0.0, 0.13, (
        _Row(0.010, -0.003, 0.010, -0.003), _Row(0.060, -0.002, 0.056, 0.000), _Row(0.060, 0.008, 0.056, 0.010),
        _Row(0.026, 0.014, 0.022, 0.016), _Row(-0.008, 0.009, -0.010, 0.011),
    )),
    "scarf": _Cut(0.0, 0.16, (
        _Row(0.014, 0.004, 0.010, 0.004), _Row(0.050, 0.010, 0.036, 0.014), _Row(0.046, 0.026, 0.030, 0.036),
        _Row(0.010, 0.038, -0.004, 0.058), _Row(-0.030, 0.028, -0.060, 0.048),
    )),
    "hood": _Cut(0.14, 0.20, (
        _Row(0.000, 0.004, 0.000, 0.004), _Row(0.034, 0.010, 0.012, 0.006), _Row(0.030, 0.034, 0.012, 0.018, 0.006),
        _Row(-0.012, 0.056, -0.004, 0.026, 0.014), _Row(-0.070, 0.050, -0.024, 0.024, 0.022),
        _Row(-0.115, 0.018, -0.034, 0.014, 0.026),
    )),
}  # fmt: skip


def collar_layers(
    kind: str, fabric: Fabric, name: str, shell: Floats, density: Density, *, opening: float = 0.0
) -> list[Layer]:
    """The collar of a top whose vertices hang at `shell` (3, V of the template).

    Args:
        opening: half its width in front, metres.
    """
    cut = _CUTS[kind]
    half = round(max(cut.half, opening / 0.075), 2)
    around = np.linspace(half, 2 * np.pi - half, COLUMNS)
    hold = _hold(half)
    base = hold.mean(shell)
    outwards = np.stack([np.sin(around), 0 * around, np.cos(around)])
    sideways = np.stack([np.sign(np.pi - around), 0 * around, 0 * around])
    front = smoothstep(np.minimum(around, 2 * np.pi - around), 1.5, half + 0.05)
    points = []
    for row in cut.rows:
        place = base + outwards * (row.out + (row.out_front - row.out) * front) + sideways * (row.spread * front)
        place[1] += row.up + (row.up_front - row.up) * front
        points.append(place)
    grid = np.stack(points, axis=1)
    held = Hold(np.tile(hold.vertices, len(points)), np.tile(hold.shares, len(points)))
    metres = cut.metres, 0.42
    return [sheet(grid, held, fabric, name=name, metres=metres, density=density.cloth, part=PARTS["torso"])]


@lru_cache(maxsize=16)
def _hold(half: float) -> Hold:
    """Where a ring that is open by so many radians sits on the neckline."""
    around = np.linspace(half, 2 * np.pi - half, COLUMNS)
    off = np.abs((around + np.pi) % (2 * np.pi) - np.pi)
    height = np.interp(off, np.radians([0, 30, 60, 90, 180]), [0.556, 0.572, 0.588, 0.597, 0.606])
    sites = suit_sites()
    neck = (sites.y > 0.5) & (sites.arm < 0.5) & (sites.x < 0.12)
    own, places = suit_vertices()[neck], sites.points[:, neck].astype(np.float64)
    turn = np.arctan2(places[0], places[2] + 0.005)
    return Hold.of(
        np.stack([np.sin(around) * _RING, np.cos(around) * _RING, height]),
        np.stack([np.sin(turn) * _RING, np.cos(turn) * _RING, places[1]]),
        own,
    )
