"""Cameras drawn: six kinds of places, how a camera stands there, what light falls and what the camera makes of it."""

from functools import lru_cache
from math import cos, sin, tan

import numpy as np

from reposer.data.people.arrays import unit
from reposer.data.people.light import Light
from reposer.data.people.scenes.ground import Back, Colour, Zone
from reposer.data.people.scenes.place import Fixture, StreetCamera
from reposer.data.people.scenes.sensor import Sensor
from reposer.data.people.scenes.studio import triple
from reposer.data.people.scenes.things import VARIANTS

KINDS = ("plaza", "road", "wall", "bicycles", "doors", "cars")


@lru_cache(maxsize=8)
def street_cameras(seed: int = 0) -> tuple[StreetCamera, ...]:
    """Six cameras of one district, as in Market-1501."""
    order = np.random.default_rng([seed, 6]).permutation(len(KINDS)).tolist()
    return tuple(sample_camera(np.random.default_rng([seed, number]), KINDS[k]) for number, k in enumerate(order))


def sample_camera(rng: np.random.Generator, kind: str) -> StreetCamera:
    """Draw a camera that looks at a kind of place, one of `KINDS`."""
    height, near = float(rng.uniform(2.5, 3.6)), float(rng.uniform(3.0, 4.0))
    far = near + float(rng.uniform(1.5, 3.5))
    closed = kind in ("wall", "doors")
    away = far + float(rng.uniform(0.6, 1.5) if closed else rng.uniform(4.0, 9.0))
    focal = float(rng.uniform(1.2, 1.6))
    tilt = float(np.arctan(height / near) - np.arctan(rng.uniform(0.40, 0.47) / focal))
    yaw = float(rng.uniform(-0.25, 0.25) if closed else rng.uniform(-0.6, 0.6))
    zones, back = _ground(rng, kind, far, away), _back(rng, kind, away)
    light, soft = _sky(rng)
    return StreetCamera(
        seed=int(rng.integers(2**31)), height=height, yaw=yaw, tilt=tilt, roll=float(rng.normal(0, 0.02)), focal=focal,
        near=near, far=far, zones=zones, back=back, fixtures=_fixtures(rng, kind, near, far, away, yaw),
        light=light, soft_shadows=soft, crowded=float(rng.uniform(0.25, 0.8)), sensor=_sensor(rng),
        shake=float(rng.choice([0.0, 0.0, 0.012])),
    )  # fmt: skip


def _grey(rng: np.random.Generator, low: float, high: float, spread: float = 0.03) -> Colour:
    return triple(rng.uniform(low, high) * (1 + rng.normal(0, spread, 3)))


def _ground(rng: np.random.Generator, kind: str, far: float, away: float) -> tuple[Zone, ...]:
    grass = triple(np.array([0.075, 0.12, 0.035]) * rng.uniform(0.8, 1.6))
    edge = far + float(rng.uniform(0.5, 2.5))
    paved = Zone(
        kind="bricks" if rng.random() < 0.4 else "paving", until=edge, colour=_grey(rng, 0.20, 0.36),
        period=float(rng.choice([0.2, 0.3, 0.4, 0.6])), band=int(rng.choice([0, 0, 6, 9])),
    )  # fmt: skip
    asphalt = Zone(kind="asphalt", until=edge, colour=_grey(rng, 0.17, 0.30))
    kerb = Zone(kind="kerb", until=edge + 0.3, colour=_grey(rng, 0.32, 0.48))
    first = asphalt if kind in ("road", "cars") else paved
    if kind in ("wall", "doors"):
        steps = Zone(kind="steps", until=away + 9, colour=_grey(rng, 0.2, 0.35), period=0.4)
        return (first, steps) if kind == "doors" and edge < away else (first,)
    beyond = edge + float(rng.uniform(1.0, 3.0))
    green = Zone(kind="grass", until=beyond, colour=grass)
    red = Zone(kind="track", until=beyond + 4, colour=triple(np.array([0.24, 0.09, 0.07]) * rng.uniform(0.8, 1.4)))
    rest = Zone(kind="asphalt", until=1e6, colour=_grey(rng, 0.17, 0.3))
    if kind == "road":
        return (first, kerb, green, red, rest)
    if kind == "cars":
        return (first, kerb, rest)
    return (first, kerb, green, rest) if rng.random() < 0.6 else (first, rest)


def _back(rng: np.random.Generator, kind: str, away: float) -> Back:
    green = triple(np.array([0.06, 0.085, 0.045]) * rng.uniform(0.5, 1.3))
    if kind == "wall":
        return Back(kind="slabs", distance=away, height=9, colour=_grey(rng, 0.2, 0.45))
    if kind == "doors":
        return Back(kind="doors", distance=away, height=9, colour=_grey(rng, 0.08, 0.22))
    if rng.random() < 0.5:
        return Back(kind="windows", distance=away, height=9, colour=_grey(rng, 0.2, 0.45, 0.06))
    kinds = rng.choice(["hedge", "trees"])
    return Back(kind="trees" if kinds == "trees" else "hedge", distance=away, height=7, colour=green)


def _fixtures(
    rng: np.random.Generator, kind: str, near: float, far: float, away: float, yaw: float
) -> tuple[Fixture, ...]:
    placed: list[Fixture] = []

    def put(what: str, x: float, z: float, squeeze: float = 1.0) -> None:
        variant, mirrored = int(rng.integers(VARIANTS)), bool(rng.random() < 0.5)
        placed.append(Fixture(kind=what, variant=variant, x=x, z=-z, mirrored=mirrored, squeeze=squeeze))

    def middle(z: float) -> float:
        return -z * tan(yaw)

    def row(what: str, z: float, step: float, odds: float, low: float = 1.0, high: float = 1.0) -> None:
        x = middle(z) - 0.75 * z
        while x < middle(z) + 0.75 * z:
            if rng.random() < odds:
                put(what, x, z + float(rng.normal(0, 0.12)), squeeze=float(rng.uniform(low, high)))
            x += step * float(rng.uniform(0.8, 1.2))

    if kind in ("plaza", "bicycles"):
        row("bicycle", far + 1.2, 0.55, 0.85, 0.25, 0.8)
        if kind == "bicycles":
            row("bicycle", far + 2.2, 0.6, 0.9, 0.25, 0.8)
            row("bicycle", far + 4.0, 0.9, 0.8, 0.4, 1.0)
        row("tree", away - 0.6, 4.0, 0.8)
    elif kind == "road":
        row("hedge", min(far + 3.2, away - 0.2), 2.3, 0.9)
        row("bicycle", far + 2.6, 1.5, 0.4, 0.5, 1.0)
        row("tree", away - 0.8, 5.0, 0.8)
    elif kind == "wall":
        row("ledge" if rng.random() < 0.6 else "hedge", away - 0.35, 2.5, 0.75)
        row("railing", away - 0.6, 1.9, 0.45)
    elif kind == "doors":
        row("pole", away - 0.25, 2.6, 0.7)
        row("railing", away - 0.8, 3.5, 0.3)
        row("bin", away - 0.3, 5.0, 0.4)
    else:
        row("car", far + 2.6, 4.9, 0.75, 0.85, 1.0)
        row("hedge", min(far + 5.0, away - 0.2), 2.3, 0.8)
        row("tree", away - 0.8, 4.0, 0.8)
    for what, odds, most in (("pole", 0.3, 1), ("bollard", 0.3, 2), ("bicycle", 0.3, 1), ("railing", 0.15, 1)):
        for _ in range(int(rng.integers(1, most + 1)) if rng.random() < odds else 0):
            z = float(rng.uniform(near - 0.8, far + 0.3))
            turned = float(rng.uniform(0.5, 1.0)) if what == "bicycle" else 1.0
            put(what, middle(z) + float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.55)) * z, z, squeeze=turned)
    return tuple(sorted(placed, key=lambda fixture: fixture.z))


def _sky(rng: np.random.Generator) -> tuple[Light, bool]:
    """Clouds in three of five streets, sun in one, shade of houses in one; whether shadows are soft."""
    kind = rng.random()
    side, high = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(0.6, 1.2))
    towards = unit(np.array([sin(side) * cos(high), sin(high), cos(side) * cos(high)]))
    sunny = kind > 0.8
    sun, around = (
        (rng.uniform(0.7, 0.95), rng.uniform(0.36, 0.48)) if sunny
        else (rng.uniform(0.12, 0.32), rng.uniform(0.60, 0.80)) if kind < 0.6
        else (rng.uniform(0.03, 0.12), rng.uniform(0.55, 0.70))
    )  # fmt: skip
    tint = np.array([0.90, 1.0, 1.12]) if kind > 0.6 else np.array([0.97, 1.0, 1.04])
    return Light(
        towards=triple(towards), key=triple(sun * np.array([1.0, 0.96, 0.88])), sky=triple(around * tint),
        ground=triple(0.42 * around * tint), shadow=1.0 if sunny else 0.7,
    ), not sunny  # fmt: skip


def _sensor(rng: np.random.Generator) -> Sensor:
    cast = 1 + rng.normal(0, 0.035, 3)
    return Sensor(
        gain=triple(rng.uniform(0.85, 1.25) * cast / cast.mean()), saturation=float(rng.uniform(0.65, 0.95)),
        contrast=float(rng.uniform(0.0, 0.5)),
        black=float(rng.uniform(0, 0.05)), vignette=0.0, blur=float(rng.uniform(0.15, 0.45)),
        detail=float(rng.uniform(0.75, 1.0)), noise=float(rng.uniform(0.8, 2.2)),
        colour_noise=float(rng.uniform(0.1, 0.4)),
        halo=float(rng.uniform(0.3, 1.2)), quality=int(rng.integers(72, 93)),
    )  # fmt: skip
