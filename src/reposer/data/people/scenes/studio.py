"""Studios: paper, painted or panelled walls behind a person, and lamps."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep, unit
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light
from reposer.data.people.scenes.framing import Viewpoint
from reposer.data.people.scenes.noise import at, clouds
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.sensor import Sensor
from reposer.data.people.scenes.shadows import Shadows, floor_and_wall

Wall = Literal["plain", "panels", "bricks"]
Floor = Literal["paper", "concrete", "wood"]


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A floor and a wall, `away` metres behind the person; of paper, one goes over into the other."""

    colour: tuple[float, float, float]
    """Of the wall, linear RGB."""
    floor_colour: tuple[float, float, float]
    wall: Wall = "plain"
    floor: Floor = "paper"
    away: float = 1.0
    across: float = 0.0
    """How much brighter the wall is at the right edge of the picture than in the middle."""
    down: float = 0.0
    """How much brighter at the lower edge."""
    corners: float = 0.0
    """How much darker at the corners."""
    seed: int = 0

    def __call__(self, camera: Camera, size: tuple[int, int]) -> Floats:
        height, width = size
        x = np.linspace(-1, 1, width, dtype=np.float32)
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        f = np.float32
        glow = 1 + f(self.across) * x + f(self.down) * y - f(self.corners / 2) * (x * x + y * y)
        wall = np.array(self.colour, f)[:, None, None] * glow
        base = camera.project(np.array([[0.0], [0.0], [-self.away]]))[1, 0]
        if base > height + 0.2 * camera.scale and self.wall == "plain":
            return wall
        floor: Floats
        places, behind = floor_and_wall(camera, size, self.away)
        right, up, ahead = camera.rotation.T.astype(f)
        world = [
            axis[0] * places[0] + axis[1] * places[1] + axis[2] * places[2] + f(origin)
            for axis, origin in zip((right, up, ahead), camera.target, strict=True)
        ]
        if self.wall != "plain":
            pitch = 1 / camera.scale
            relief = _panels(world[0], world[1], pitch) if self.wall == "panels" else _bricks(world[0], world[1], pitch)
            wall = wall * (1 + (relief - 1) * behind)
        if base > height + 0.2 * camera.scale:
            return wall
        floor = np.array(self.floor_colour, f)[:, None, None] * (1 + f(0.5 * self.across) * x + f(0.5 * self.down) * y)
        if self.floor == "paper":  # a wide curve: the wall's light goes over into the floor's
            share = smoothstep(world[1] - (world[2] + f(self.away)), 0.35, -0.45)
            return wall + (floor - wall) * share
        floor = floor * self._planks(world[0], world[2]) if self.floor == "wood" else floor * self._spots(world)
        skirting = 1 - f(0.35) * smoothstep(world[2] + f(self.away), 0.12, 0.0) * (1 - behind)
        return np.where(behind > 0, wall, floor * skirting)

    def _planks(self, x: Floats, z: Floats) -> Floats:
        """Boards of 9 cm from left to right, each of another brown."""
        board = np.floor(z * np.float32(1 / 0.09))
        tint = at(clouds(self.seed % 8), board * np.float32(0.37), board * np.float32(0.61), 1.0)
        veins = at(clouds(self.seed % 8), x * np.float32(0.3) + tint, z * np.float32(6) + tint, 2.0)
        joint = np.abs(z * np.float32(1 / 0.09) - board - np.float32(0.5)) > np.float32(0.46)
        return (1 + np.float32(0.13) * tint + np.float32(0.10) * veins) * np.where(joint, np.float32(0.75), 1)

    def _spots(self, world: list[Floats]) -> Floats:
        return 1 + np.float32(0.05) * at(clouds(self.seed % 8), world[0], world[2], 3.0)


def _line(distance: Floats, width: float, pitch: float) -> Floats:
    """How much of a line, 0 to 1, pixels `pitch` metres wide show at a distance from its middle."""
    share = np.clip((np.float32(width / 2 + pitch / 2) - np.abs(distance)) / np.float32(pitch), 0, 1)
    return share * np.float32(min(1.0, width / pitch))


def _panels(x: Floats, y: Floats, pitch: float) -> Floats:
    """Mouldings: a rail at 0.95 m, frames below and above it."""
    relief = 1 - 0.28 * _line(y - np.float32(0.95), 0.012, pitch) + 0.10 * _line(y - np.float32(0.965), 0.02, pitch)
    period = np.float32(0.9)
    aside = np.abs(x - np.floor(x / period + np.float32(0.5)) * period)
    for low, high, half in ((0.22, 0.82, 0.36), (1.10, 2.6, 0.36)):
        inside = (y > low - 0.01) & (y < high + 0.01) & (aside < half + 0.01)
        edge = np.minimum(np.minimum(np.abs(y - low), np.abs(y - high)), np.abs(aside - np.float32(half)))
        relief = relief - 0.22 * _line(edge, 0.012, pitch) * inside
        relief = relief + 0.07 * _line(edge - np.float32(0.018), 0.016, pitch) * inside
    return relief


def _bricks(x: Floats, y: Floats, pitch: float) -> Floats:
    """Painted bricks of 22 by 7.5 cm."""
    row = np.floor(y * np.float32(1 / 0.075))
    aside = x * np.float32(1 / 0.22) + np.float32(0.5) * (row - 2 * np.floor(row / 2))
    column = np.floor(aside)
    level = _line(
        (np.float32(0.5) - np.abs(y * np.float32(1 / 0.075) - row - np.float32(0.5))) * np.float32(0.075), 0.009, pitch
    )
    upright = _line((np.float32(0.5) - np.abs(aside - column - np.float32(0.5))) * np.float32(0.22), 0.009, pitch)
    joint = np.maximum(level, upright)
    tint = at(clouds(3), column * np.float32(0.31), row * np.float32(0.47), 1.0)
    return (1 + np.float32(0.02) * tint) * (1 - np.float32(0.14) * joint)


WHITE = 0.48
"""Share of studios that are white all over."""


def sample_studio(rng: np.random.Generator) -> Scene:
    """Draw a studio.

    Half are white to the edge, most others light grey, one in eight dark or coloured; where feet are shown a
    few have floors of wood or concrete. The lamp stands in front, to one side, so that the shadow falls on the wall:
    soft on white, hard in one of four.
    """
    kind = rng.random()
    hard = rng.random() < 0.25
    if kind < WHITE:
        white = rng.uniform(0.93, 1.12) + rng.normal(0, 0.006, 3)
    elif kind < 0.88:
        white = rng.uniform(0.62, 0.93) + rng.normal(0, 0.010, 3)
    elif kind < 0.96:
        white = rng.uniform(0.08, 0.35) * (1 + rng.normal(0, 0.04, 3))
    else:
        white = np.clip(rng.uniform(0.25, 0.8) * (1 + rng.normal(0, 0.09, 3)), 0.05, 1)
    dark = bool(white.mean() < 0.4)
    hard = hard or (dark and rng.random() < 0.6)
    style = rng.random()
    wall: Wall = "plain" if kind < WHITE or style < 0.86 else "panels" if style < 0.95 else "bricks"
    paper = kind < WHITE or rng.random() < 0.62
    floor: Floor = "paper" if paper else "wood" if rng.random() < 0.35 else "concrete"
    below = white * rng.uniform(0.86, 1.08)
    if floor == "wood":
        below = np.array([0.42, 0.26, 0.15]) * rng.uniform(0.5, 1.3) * (1 + rng.normal(0, 0.05, 3))
    elif floor == "concrete":
        below = white * rng.uniform(0.45, 0.95)
    away = float(rng.uniform(0.5, 1.1) if hard else rng.uniform(0.6, 2.0))
    side, height = rng.choice([-1, 1]) * abs(rng.normal(0.55, 0.25)), rng.uniform(0.25, 0.8)
    towards = unit(np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)]))
    strength = rng.uniform(0.6, 0.85) if hard else rng.uniform(0.35, 0.7)
    around = np.array([0.98, 0.99, 1.02]) * (1.08 - strength)
    reflected = (0.45 + 0.35 * min(1.0, float(below.mean()))) * around
    shade = rng.uniform(0.3, 0.55) if hard else rng.uniform(0.05, 0.25)
    exposure = rng.uniform(0.95, 1.12)
    corners = abs(rng.normal(0, 0.05)) if kind < WHITE else abs(rng.normal(0.08, 0.10))
    return Scene(
        light=Light(
            towards=triple(towards), key=triple(strength * np.array([1.0, 0.98, 0.95])), sky=triple(around),
            ground=triple(reflected), shadow=float(rng.uniform(0.85, 1.0) if hard else rng.uniform(0.6, 0.85)),
        ),
        backdrop=Studio(
            colour=triple(white), floor_colour=triple(below), wall=wall, floor=floor, away=away,
            across=float(rng.normal(0, 0.03 if kind < WHITE else 0.07)), down=float(rng.normal(-0.02, 0.04)),
            corners=float(corners), seed=int(rng.integers(2**31)),
        ),
        viewpoint=Viewpoint(
            distance=float(rng.uniform(2.8, 5.5)), height=float(rng.normal(1.15, 0.15)),
            roll=float(rng.normal(0, 0.006))
        ),
        shadows=Shadows(
            wall=away, floor=float(shade * rng.uniform(0.6, 1.1)), back=float(shade),
            softness=float(rng.uniform(0.004, 0.02) if hard else rng.uniform(0.05, 0.16)),
            contact=float(rng.uniform(0.5, 0.85)),
        ),
        sensor=Sensor(
            gain=triple(exposure * (1 + rng.normal(0, 0.012, 3))), contrast=float(rng.uniform(0.0, 0.35)),
            noise=float(rng.uniform(0.2, 1.0)), halo=float(rng.uniform(0.6, 1.6)), quality=int(rng.integers(84, 97)),
            subsampled=bool(rng.random() < 0.7),
        ),
    )  # fmt: skip


def triple(values: Floats) -> tuple[float, float, float]:
    """Three numbers."""
    r, g, b = np.asarray(values, float).tolist()
    return r, g, b
