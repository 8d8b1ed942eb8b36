"""Things that stand in streets, drawn once each: bicycles, cars, poles, railings, bins, trees, hedges."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.scenes.canvas import Canvas, Colour, Sprite
from reposer.data.people.scenes.noise import at, clouds

PAINTS: tuple[Colour, ...] = (
    (0.02, 0.02, 0.022), (0.05, 0.05, 0.055), (0.20, 0.20, 0.21), (0.45, 0.46, 0.47), (0.24, 0.03, 0.03),
    (0.03, 0.06, 0.20), (0.04, 0.12, 0.07), (0.30, 0.22, 0.05), (0.02, 0.03, 0.05), (0.30, 0.30, 0.31),
)  # fmt: skip


def _bicycle(rng: np.random.Generator) -> Sprite:
    """From the side, the front wheel to the right; often with a basket."""
    sheet = Canvas(1.75, 1.08, 150)
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    rubber, steel = (0.015, 0.015, 0.016), (0.30, 0.30, 0.31)
    rear, front, radius = (-0.52, 0.33), (0.53, 0.33), 0.32
    for hub in (rear, front):
        sheet.fill(sheet.disc(hub, radius), (0.10, 0.10, 0.10), 0.10)  # spokes
        sheet.fill(sheet.ring(hub, radius, 0.018), rubber)
        sheet.fill(sheet.ring(hub, radius - 0.022, 0.007), steel, 0.8)
        turn = rng.uniform(0, np.pi)
        for k in range(6):
            dx, dy = radius * np.cos(turn + k * np.pi / 6), radius * np.sin(turn + k * np.pi / 6)
            sheet.fill(sheet.tube((hub[0] - dx, hub[1] - dy), (hub[0] + dx, hub[1] + dy), 0.002), steel, 0.5)
        sheet.fill(np.maximum(sheet.ring(hub, radius + 0.035, 0.010), hub[1] + 0.05 - sheet.y), paint, 0.9)
        sheet.fill(sheet.disc(hub, 0.03), rubber)
    crank, seat, head = (-0.06, 0.30), (-0.22, 0.76), (0.36, 0.82)
    low = rng.random() < 0.6  # a frame to step through
    tubes = [(crank, seat), (crank, rear), ((-0.20, 0.66), rear), (crank, (0.38, 0.66)), ((0.33, 0.90), front)]
    tubes.append(((-0.14, 0.50), (0.37, 0.62)) if low else ((-0.19, 0.70), (0.37, 0.72)))
    for start, end in tubes:
        sheet.fill(sheet.tube(start, end, 0.017), paint)
    sheet.fill(sheet.tube((-0.33, 0.83), (-0.10, 0.85), 0.035), rubber)
    sheet.fill(sheet.tube(head, (0.30, 1.00), 0.014), steel)
    sheet.fill(sheet.tube((0.30, 1.00), (0.16, 0.97), 0.018), rubber)
    sheet.fill(sheet.disc(crank, 0.07), (0.08, 0.08, 0.08))
    sheet.fill(sheet.tube((-0.75, 0.70), (-0.35, 0.70), 0.015), steel)
    if rng.random() < 0.6:
        basket = sheet.polygon((0.42, 0.68), (0.66, 0.68), (0.74, 0.94), (0.38, 0.94))
        sheet.fill(basket, (0.12, 0.12, 0.12) if rng.random() < 0.5 else steel, 0.75)
    return sheet.sprite()


def _car(rng: np.random.Generator) -> Sprite:
    sheet = Canvas(4.6, 1.6, 60)
    paint = np.array(PAINTS[int(rng.integers(len(PAINTS)))] if rng.random() < 0.6 else (0.6, 0.6, 0.6))
    tall = rng.uniform(1.36, 1.55)
    light = 0.75 + 0.5 * smoothstep(sheet.y + 0 * sheet.x, 0.3, 0.95)
    cabin = sheet.polygon((-1.7, 0.85), (1.35, 0.85), (0.45, tall), (-1.1, tall))
    sheet.fill(cabin, paint[:, None, None] * light)
    sheet.fill(
        sheet.polygon((-1.45, 0.88), (-0.25, 0.88), (-0.25, tall - 0.08), (-1.0, tall - 0.08)), (0.03, 0.035, 0.04)
    )
    sheet.fill(
        sheet.polygon((-0.18, 0.88), (1.08, 0.88), (0.38, tall - 0.08), (-0.18, tall - 0.08)), (0.03, 0.035, 0.04)
    )
    sheet.fill(sheet.tube((-1.85, 0.60), (1.85, 0.55), 0.32), paint[:, None, None] * light)
    sheet.fill(sheet.tube((-2.1, 0.45), (2.1, 0.42), 0.15), paint[:, None, None] * light * 0.8)
    for x in (-1.35, 1.35):
        sheet.fill(sheet.disc((x, 0.34), 0.38), (0.01, 0.01, 0.01))
        sheet.fill(sheet.disc((x, 0.32), 0.31), (0.02, 0.02, 0.02))
        sheet.fill(sheet.disc((x, 0.32), 0.19), (0.25, 0.25, 0.26))
    sheet.fill(sheet.disc((2.05, 0.62), 0.08, 1.6), (0.75, 0.75, 0.70))
    sheet.fill(sheet.disc((-2.05, 0.66), 0.08, 1.3), (0.35, 0.02, 0.02))
    return sheet.sprite()


def _round(sheet: Canvas, centre: float, radius: float) -> Floats:
    """How bright a standing cylinder is across."""
    across = np.clip((sheet.x - centre) / radius, -1, 1)
    return 0.55 + 0.55 * np.sqrt(np.maximum(1 - (across + 0.35) ** 2 / 1.9, 0))


def _pole(rng: np.random.Generator) -> Sprite:
    radius = float(rng.uniform(0.025, 0.06))
    sheet = Canvas(0.5, 3.4, 100)
    grey = np.array([1.0, 1.0, 1.02]) * rng.uniform(0.08, 0.55)
    bright = _round(sheet, 0.0, radius) + 0 * sheet.y
    sheet.fill(sheet.tube((0, -0.2), (0, 3.6), radius), grey[:, None, None] * bright)
    sheet.fill(sheet.tube((0, 0), (0, 0.12), radius * 1.6), grey[:, None, None] * bright * 0.8)
    if rng.random() < 0.3:
        sheet.fill(sheet.tube((0, 2.25), (0, 2.5), 0.14), (0.55, 0.55, 0.5))
    return sheet.sprite()


def _bollard(rng: np.random.Generator) -> Sprite:
    sheet = Canvas(0.3, 0.85, 150)
    grey = np.array([1.0, 0.98, 0.94]) * rng.uniform(0.1, 0.5)
    sheet.fill(sheet.tube((0, 0.0), (0, 0.76), 0.075), grey[:, None, None] * (_round(sheet, 0, 0.075) + 0 * sheet.y))
    sheet.fill(np.maximum(sheet.tube((0, 0.60), (0, 0.66), 0.076), np.abs(sheet.y - 0.63) - 0.035), (0.5, 0.5, 0.48))
    return sheet.sprite()


def _railing(rng: np.random.Generator) -> Sprite:
    """Two metres of a steel rail."""
    sheet = Canvas(2.0, 1.05, 110)
    steel = rng.uniform(0.25, 0.6)
    for y, radius in ((1.0, 0.030), (0.55, 0.018), (0.15, 0.018)):
        across = np.clip((sheet.y - y) / radius, -1, 1) + 0 * sheet.x
        shine = np.array([0.97, 1.0, 1.03])[:, None, None] * steel * (0.75 + 0.5 * across)
        sheet.fill(sheet.tube((-1.2, y), (1.2, y), radius), shine)
    bars = rng.random() < 0.5
    for x in np.arange(-0.9, 1.0, 0.15 if bars else 0.9).tolist():
        sheet.fill(sheet.tube((x, 0.0), (x, 1.0), 0.012 if bars else 0.025), (steel * 0.8,) * 3)
    return sheet.sprite()


def _leaves(sheet: Canvas, seed: int, colour: Floats) -> Floats:
    """(3, h, w) colours of foliage: clumps that the light falls on from above."""
    x, y = sheet.x.astype(np.float32) + 0 * sheet.y.astype(np.float32), sheet.y.astype(np.float32) + 0 * sheet.x
    clumps, fine = at(clouds(seed, 0.9), x, y, 1.6), at(clouds(seed + 1, 1.0), x, y, 0.6)
    above = at(clouds(seed, 0.9), x, y + 0.03, 1.6)
    bright = np.clip(0.8 + 0.28 * clumps + 0.28 * fine + 0.5 * (clumps - above), 0.08, 2.2)
    return colour[:, None, None] * bright


def _green(rng: np.random.Generator) -> Floats:
    return np.array([0.065, 0.10, 0.045]) * rng.uniform(0.6, 1.5) * (1 + rng.normal(0, 0.12, 3))


def _hedge(rng: np.random.Generator) -> Sprite:
    sheet, seed = Canvas(2.4, 0.95, 100), int(rng.integers(4))
    edge = at(clouds(seed, 0.9), sheet.x.astype(np.float32) + 0 * sheet.y, 0.2 * sheet.y.astype(np.float32), 1.2)
    ends = np.abs(sheet.x) - 1.08 + 0.35 * np.maximum(sheet.y - 0.45, 0)
    sheet.fill(np.maximum(sheet.y - 0.85, ends) - 0.035 * edge, _leaves(sheet, seed, _green(rng)))
    return sheet.sprite()


def _tree(rng: np.random.Generator) -> Sprite:
    sheet, seed = Canvas(3.2, 4.2, 60), int(rng.integers(4))
    bark = np.array([0.10, 0.085, 0.07]) * rng.uniform(0.6, 1.4)
    rough = 1 + 0.25 * at(clouds(seed), sheet.x.astype(np.float32) * 3 + 0 * sheet.y, sheet.y.astype(np.float32), 1.0)
    sheet.fill(sheet.tube((0, -0.2), (0.1, 3.0), 0.11), bark[:, None, None] * _round(sheet, 0.05, 0.12) * rough)
    holes = at(clouds(seed, 1.0), sheet.x.astype(np.float32) + 0 * sheet.y, sheet.y.astype(np.float32), 1.5)
    sheet.fill(sheet.disc((0, 3.9), 1.25, 1.25) + 0.22 * holes, _leaves(sheet, seed, _green(rng)))
    return sheet.sprite()


def _bin(rng: np.random.Generator) -> Sprite:
    sheet = Canvas(0.62, 1.0, 120)
    paint = np.array([0.05, 0.10, 0.07] if rng.random() < 0.5 else [0.16, 0.16, 0.17]) * rng.uniform(0.7, 1.6)
    body = sheet.polygon((-0.24, 0.0), (0.24, 0.0), (0.28, 0.85), (-0.28, 0.85))
    sheet.fill(body, paint[:, None, None] * (_round(sheet, 0, 0.27) + 0 * sheet.y))
    sheet.fill(sheet.tube((-0.24, 0.88), (0.24, 0.88), 0.045), paint * 1.4)
    sheet.fill(sheet.tube((-0.15, 0.72), (0.15, 0.72), 0.045), (0.01, 0.01, 0.01))
    return sheet.sprite()


def _step(rng: np.random.Generator) -> Sprite:
    """A low wall of stone, like those around flower beds."""
    sheet, seed = Canvas(2.6, 0.55, 90), int(rng.integers(4))
    stone = np.array([1.0, 0.98, 0.95]) * rng.uniform(0.12, 0.35)
    spots = at(clouds(seed, 0.9), sheet.x.astype(np.float32) + 0 * sheet.y, sheet.y.astype(np.float32), 0.9)
    sheet.fill(sheet.y - 0.5, stone[:, None, None] * (0.7 + 0.06 * spots))
    sheet.fill(np.maximum(sheet.y - 0.5, 0.42 - sheet.y), stone[:, None, None] * (1.15 + 0.05 * spots))
    return sheet.sprite()


_MAKERS: dict[str, Callable[[np.random.Generator], Sprite]] = {
    "bicycle": _bicycle, "car": _car, "pole": _pole, "bollard": _bollard, "railing": _railing, "hedge": _hedge,
    "tree": _tree, "bin": _bin, "ledge": _step,
}  # fmt: skip
VARIANTS = 6


@lru_cache(maxsize=128)
def thing(kind: str, variant: int) -> Sprite:
    """The sprite of a kind of thing; each has `VARIANTS`."""
    rng = np.random.default_rng([list(_MAKERS).index(kind), variant])
    return _MAKERS[kind](rng)
