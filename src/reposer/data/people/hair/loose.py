"""Loose hair: one sheet from the parting or the crown over the skull and down."""

from typing import TYPE_CHECKING

import numpy as np

from reposer.data.people.arrays import Bools, Floats, smoothstep
from reposer.data.people.face.noise import cloud
from reposer.data.people.hair.hairline import CENTRE, hairline
from reposer.data.people.hair.mould import Mould, directions, load_mould
from reposer.data.people.hair.sheet import hair_sheet
from reposer.data.people.hair.strands import Strands
from reposer.data.people.shape import Body
from reposer.data.people.surface import Layer

if TYPE_CHECKING:
    from reposer.data.people.hair.hairstyle import Hairstyle

_CROWN = directions(np.array(24.0), np.array(180.0))
_TEMPLE = 42.0
"""Where the hairline turns down, degrees from the front."""
_GAP = 0.055
"""Metres between neighbouring strands of the grid from which they hang apart."""
_AHEAD = 138.0
"""How far around strands are that may hang before a shoulder, degrees."""
_STIFF = 3
"""How often strands before a shoulder are evened, so that they fall in a curve."""
_BEFORE, _BEHIND = 0.048, 0.032
"""How far in front of and behind the trunk hair hangs, for the cloth between."""


def loose_sheets(
    style: "Hairstyle", body: Body, colour: tuple[int, int, int], density: float, level: int
) -> list[Layer]:
    """The sheet, and where single hairs can be seen a thin one over it."""
    mould = load_mould()
    columns = (25, 37, 49)[2 - level]
    on_skull, hanging = (6, 8, 10)[2 - level], 0
    roots, ends, share = _guides(style, mould, columns)
    points = _over_skull(style, mould, roots, ends, share, on_skull)
    hang = _hang(style, share)
    if hang.max() > 0.02:
        hanging = max(3, round(float(hang.max()) / (0.06, 0.045, 0.035)[2 - level]))
        points = np.concatenate([points, _falling(style, mould, points, hang, share, hanging)], axis=1)
    steps = np.sqrt((np.diff(points, axis=1) ** 2).sum(0)).sum(0)
    across = np.sqrt((np.diff(points, axis=2) ** 2).sum(0))
    strands = Strands(
        colour=colour, metres=(float(np.median(steps)), float(min(across.sum(1).max(), 0.75))), density=density,
        wave=0.012 * style.wave, curl=style.curl, tips=0.10 if hanging else 0.16, seed=style.seed,
        dark_roots=0.2 if style.part is not None else 0.1, edges=0.018 if style.part is not None else 0.0,
    )  # fmt: skip
    wide = across > _GAP
    holes = wide[1:] | wide[:-1]
    shade = _shade(points)
    layers = [hair_sheet(points, body, strands, shade=shade, holes=holes)]
    curly = style.curl > 0.5 and not hanging
    if curly or level < 2:
        layers.append(_stray(points, body, strands, shade, holes, style, 0.45 if curly else 0.74))
    return layers


def _stray(
    points: Floats, body: Body, strands: Strands, shade: Floats, holes: Bools, style: "Hairstyle", sparse: float
) -> Layer:
    """Single strands that stand off the others."""
    middle = np.stack([0 * points[0], np.minimum(points[1], CENTRE[1]), 0 * points[2] + CENTRE[2]])
    off = points - middle
    far = np.sqrt((off * off).sum(0))
    apart = points + off / far * (0.0012 + (0.12 if style.curl > 0.5 else 0.06) * style.volume)
    return hair_sheet(apart, body, strands, shade=shade, holes=holes, sparse=sparse)


def _guides(style: "Hairstyle", mould: Mould, columns: int) -> tuple[Floats, Floats, Floats]:
    """Directions (3, columns) where strands begin and leave the skull, and where they are around, degrees."""
    turn = np.linspace(0, 1, columns)
    hanging = style.length > 0.02
    if style.part is None:
        around = -180 + 360 * turn
        roots = np.repeat(_CROWN[:, None], columns, axis=1)
    else:
        half = np.abs(2 * turn - 1)  # 1 beside the part's front end, 0 at the back of the head
        side = np.where(turn < 0.5, 1.0, -1.0)
        first = (104.0 if style.tucked else 74.0) if hanging else 50.0
        around = np.mod(side * (first + (180 - first) * (1 - half)) + 180, 360) - 180
        around[half == 0] = 180.0
        front = directions(
            mould.down_to(hairline(np.array([style.part]), style.recede), np.array([style.part])),
            np.array([style.part]),
        )
        back = np.clip((1 - half) * 2.2, 0, 1)
        roots = front * (1 - back) + _CROWN[:, None] * back + np.array([0, 0.35, 0])[:, None] * back * (1 - back)
    line = hairline(around, style.recede)
    if hanging:
        line = np.where(np.abs(around) > 60, 0.735, line)
    if style.part is None:
        line = line - style.fringe * smoothstep(np.abs(around), 62.0, 50.0)
    ends = directions(mould.down_to(line, around), around)
    return roots, ends, around


def _over_skull(style: "Hairstyle", mould: Mould, roots: Floats, ends: Floats, around: Floats, rows: int) -> Floats:
    """Points (3, rows, columns) from the roots to where strands leave the skull."""
    rng = np.random.default_rng(style.seed)
    share = np.linspace(0, 1, rows)[:, None]
    towards = roots[:, None] * (1 - share) ** 2 + ends[:, None] * share**2
    towards = towards + 2 * share * (1 - share) * _between(style, mould, roots, ends, around)[:, None]
    towards /= np.sqrt((towards**2).sum(0))
    hanging = style.length > 0.02
    front = smoothstep(np.abs(around), 75.0, 45.0)
    rise = (
        0.45 + 0.55 * smoothstep(share, 0.0, 0.3)
        if style.part is not None
        else 1.0 - 0.12 * smoothstep(share, 0.3, 0.0)
    )
    fall: Floats
    if hanging:
        fall = 1 - 0.30 * smoothstep(share, 0.45, 1.0)
    elif style.volume > 0.028:  # an afro is round
        fall = 1 - 0.55 * smoothstep(share, 0.6, 1.0)
    else:  # sides lie close to the head
        fall = 1 - smoothstep(share, 0.65 - 0.35 * style.taper, 0.87) * (1 - 0.2 * front)
    lumps = 1 + 0.10 * (1 + style.curl) * cloud(rng, (rows, len(around)), (rows, max(4, len(around) // 2)))
    lift: Floats = 0.003 + style.volume * rise * fall * lumps
    if style.part is not None:  # the first strands lie on the hairline
        lift *= 1 - 0.7 * smoothstep(np.abs(np.linspace(-1, 1, len(around))), 0.84, 1.0)
    if not hanging and style.volume <= 0.028:
        lift = np.where(share == 1, np.minimum(lift, 0.002), lift)
    if hanging:  # over the ears
        lift = lift + 0.012 * smoothstep(share, 0.6, 1.0) * smoothstep(np.abs(np.abs(around) - 90), 45.0, 20.0)
    return mould.on(towards, lift)


def _between(style: "Hairstyle", mould: Mould, roots: Floats, ends: Floats, around: Floats) -> Floats:
    """Directions (3, columns) towards which strands bend on their way: along the hairline, then straight down."""
    middle: Floats = roots + ends
    if style.part is not None:
        off, first = np.abs(around), float(np.abs(around).min())
        bend = np.sign(around) * (off - (first - _TEMPLE) * smoothstep(off, first + 40, first))
        middle = directions(mould.down_to(np.full(len(around), 0.805), bend), bend)
    return middle / np.sqrt((middle**2).sum(0))


def _hang(style: "Hairstyle", around: Floats) -> Floats:
    """(columns,) how far strands hang below the skull."""
    if style.length <= 0.02:
        return np.zeros(len(around))
    fringe = smoothstep(np.abs(around), 55.0, 60.0) if style.part is None and style.fringe else np.ones(len(around))
    return style.length * np.asarray(fringe)


def _falling(style: "Hairstyle", mould: Mould, points: Floats, hang: Floats, around: Floats, rows: int) -> Floats:
    """Points (3, rows, columns) that hang from the last row of `points`, outside of the trunk."""
    start = points[:, -1:]
    down = np.linspace(0, 1, rows + 1)[1:, None] * hang
    side = np.where(around > 0, 1, 0)
    ahead = np.array(style.ahead)[side] & (np.abs(around) < _AHEAD)
    far = np.abs(around)
    x, y, z = (np.repeat(part, rows, axis=0) for part in start)
    y = y - down
    x0, z0 = start[0] / 0.09, (start[2] - 0.045) / 0.09
    if style.length < 0.2:  # a bob curls in below
        inwards = 0.06 * down / 0.1 * down
        flare = 0.03 * down - 2.0 * inwards
        x, z = x + x0 * flare, z + z0 * flare
    else:
        settle = smoothstep(down, 0.02, 0.22)
        first = max(74.0, float(far.min()))
        spread = np.sign(around) * (0.050 + 0.075 * np.clip((far - first) / (_AHEAD - first), 0, 1))
        x = x + np.where(ahead, spread - x, -0.12 * x) * settle
        z = z + np.where(ahead, 0.0, -0.05) * settle * smoothstep(-far, -125.0, -85.0)
    swing = 0.006 * style.wave
    if swing:
        phase = 2 * np.pi * down / 0.085 + 0.05 * around
        z, x = z + np.sign(z0) * swing * np.sin(phase), x + np.sign(x0) * swing * np.cos(phase)
    front, back = mould.depths(np.stack([x, y, z]))
    ahead_below, back_below = mould.depths(np.stack([x, y - 0.03, z]))
    front, back = np.maximum(front, ahead_below), np.minimum(back, back_below)
    z = np.where(ahead, np.maximum(z, front + _BEFORE), np.minimum(z, np.where(back < 0.9, back - _BEHIND, z)))
    hanging = np.concatenate([start, np.stack([x, y, z])], axis=1)
    for _ in range(_STIFF):
        even = (hanging[:, :-2] + 2 * hanging[:, 1:-1] + hanging[:, 2:]) / 4
        hanging[:, 1:-1] = np.where(ahead, even, hanging[:, 1:-1])
    return hanging[:, 1:]


def _shade(points: Floats) -> Floats:
    shade = np.ones(points.shape[1:])
    shade *= 1 - 0.35 * smoothstep(points[1], 0.70, 0.60) * smoothstep(points[2], -0.06, 0.02)
    return shade
