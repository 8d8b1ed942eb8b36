"""Hair combed back, and the knot that may hold it: ponytails, buns and braids."""

from typing import TYPE_CHECKING

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.hair.hairline import hairline
from reposer.data.people.hair.mould import Mould, directions, load_mould
from reposer.data.people.hair.sheet import hair_sheet
from reposer.data.people.hair.strands import Strands
from reposer.data.people.shape import Body
from reposer.data.people.surface import Layer

if TYPE_CHECKING:
    from reposer.data.people.hair.hairstyle import Hairstyle

_PLAIT = 0.034
"""Metres from one crossing of a braid to the next."""
_OFF = 0.032
"""How far behind the trunk a tail hangs."""


def tied_sheets(
    style: "Hairstyle", body: Body, colour: tuple[int, int, int], density: float, level: int
) -> list[Layer]:
    """A sheet from the hairline to the knot, and what becomes of the hair from there."""
    mould = load_mould()
    columns, rows = (25, 37, 49)[2 - level], (5, 7, 9)[2 - level]
    around = np.linspace(-180, 180, columns)
    starts = directions(mould.down_to(hairline(around, style.recede) + 0.001, around), around)
    knot = directions(mould.down_to(np.array([style.knot]), np.array([180.0])), np.array([180.0]))
    share = np.linspace(0, 1, rows)[:, None]
    over = starts + knot + np.array([0.0, 1.0, 0.0])[:, None] * smoothstep(np.abs(around), 100.0, 20.0)
    over /= np.sqrt((over**2).sum(0))
    towards = starts[:, None] * (1 - share) ** 2 + knot[:, None] * share**2 + 2 * share * (1 - share) * over[:, None]
    towards /= np.sqrt((towards**2).sum(0))
    sides = 1 - style.taper * smoothstep(np.abs(np.abs(around) - 110), 70.0, 30.0)
    lift = 0.0030 + style.volume * smoothstep(share, 0.0, 0.35) * (1 - 0.4 * smoothstep(share, 0.6, 1.0)) * sides
    points = mould.on(towards, lift)
    long = float(np.median(np.sqrt((np.diff(points, axis=1) ** 2).sum(0)).sum(0)))
    strands = Strands(
        colour=colour, metres=(long, 0.5), density=density, roots=0.05, tips=0.0, curl=0.7 * style.curl,
        wave=0.004 * style.wave, dark_roots=0.1, seed=style.seed,
    )  # fmt: skip
    layers = [hair_sheet(points, body, strands, shade=np.ones(points.shape[1:]))]
    if style.tie == "nape":
        return layers
    seat = mould.on(knot, np.full(1, style.volume))[:, 0]
    if style.tie == "bun":
        return [*layers, _bun(style, body, colour, density, level, seat, knot[:, 0])]
    return [*layers, _tail(style, body, colour, density, level, seat, mould)]


def _bun(
    style: "Hairstyle", body: Body, colour: tuple[int, int, int], density: float, level: int, seat: Floats, out: Floats
) -> Layer:
    """A ball of wound hair on the knot, flattened towards the head."""
    rows, columns = (6, 8, 10)[2 - level], (10, 14, 18)[2 - level]
    size = 0.026 + 0.4 * style.length
    side = np.array([1.0, 0.0, 0.0])
    up = np.cross(out, side)
    down, turn = np.linspace(0, np.pi, rows)[:, None], np.linspace(0, 2 * np.pi, columns)[None]
    centre = seat + out * size * 0.55
    lumps = 1 + 0.06 * np.sin(5 * turn + 3 * down) * np.sin(down)
    ring, along = np.sin(down) * lumps, np.cos(down)
    points = (
        centre[:, None, None]
        + size * (side[:, None, None] * ring * np.sin(turn) + up[:, None, None] * ring * np.cos(turn))
        + 0.8 * size * out[:, None, None] * (along + 0 * turn)
    )
    strands = Strands(
        colour=colour, metres=(3.1 * size, 6.3 * size), density=density, wave=0.010, tips=0.0, dark_roots=0.0,
        seed=style.seed + 1,
    )  # fmt: skip
    return hair_sheet(points, body, strands, shade=np.clip(0.72 + 0.35 * along + 0 * turn, 0.5, 1))


def _tail(
    style: "Hairstyle", body: Body, colour: tuple[int, int, int], density: float, level: int, seat: Floats, mould: Mould
) -> Layer:
    """A tube that leaves the knot outwards and hangs down the back; a braid is one with crossings."""
    braid = style.tie == "braid"
    length = style.length
    per_metre = (45, 80, 120)[2 - level] if braid else (22, 30, 40)[2 - level]
    rows, columns = max(7, round(length * per_metre)), (7, 9, 13)[2 - level]
    share = np.linspace(0, 1, rows)
    along = share * length
    bow = smoothstep(along, 0.0, 0.09)
    y = seat[1] - along + 0.030 * bow
    z = seat[2] - 0.006 - 0.026 * bow * (1 - smoothstep(along, 0.10, 0.3))
    x = np.zeros(rows) + seat[0]
    if style.ahead[1]:
        x = x + 0.05 * smoothstep(along, 0.08, 0.3)
    _, back = mould.depths(np.stack([x, y, z]))
    _, lower = mould.depths(np.stack([x, y - 0.04, z]))
    back = np.minimum(back, lower)
    z = np.minimum(z, np.where(back < 0.9, back - _OFF, z))
    radius = 0.012 + (0.010 + 0.3 * style.volume) * smoothstep(share, 0.0, 0.2)
    radius *= 1 - (0.35 if braid else 0.75) * smoothstep(share, 0.4 if braid else 0.3, 1.0)
    crossing = np.abs(np.sin(np.pi * along / _PLAIT)) if braid else np.ones(rows)
    radius = radius * (0.72 + 0.28 * crossing)
    path = np.stack([x, y, z])
    step = np.gradient(path, axis=1)
    step /= np.sqrt((step**2).sum(0))
    side = np.array([1.0, 0.0, 0.0])[:, None]
    out = np.stack([0 * x, -step[2], step[1]])
    out /= np.sqrt(np.maximum((out**2).sum(0), 1e-9))
    turn = np.linspace(0, 2 * np.pi, columns)
    points = path[:, :, None] + radius[:, None] * (
        side[:, :, None] * np.sin(turn) * (1.25 if braid else 1.0) + out[:, :, None] * np.cos(turn) * 0.8
    )
    strands = Strands(
        colour=colour, metres=(length, 0.12), density=density, tips=0.06 if braid else 0.30,
        wave=0.010 if braid else 0.010 * style.wave, curl=style.curl, dark_roots=0.2, seed=style.seed + 1,
    )  # fmt: skip
    shade = (0.55 + 0.45 * crossing)[:, None] + 0 * turn
    return hair_sheet(points, body, strands, shade=shade)
