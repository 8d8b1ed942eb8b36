"""Cameras: from the world (metres, y up, the ground at 0) to pixels."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import cos, sin

import numpy as np

from reposer.data.people.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole camera that looks at a point from a distance."""

    target: tuple[float, float, float]
    """The point of the world in the middle of its view."""
    yaw: float = 0.0
    """The way it stands around the person, radians: 0 in front, positive towards the person's left."""
    elevation: float = 0.0
    """How far above the target it stands, radians."""
    roll: float = 0.0
    """Turn about the line of sight, radians."""
    distance: float = 4.0
    """From the target, metres."""
    scale: float
    """Pixels per metre at the target."""
    principal: tuple[float, float]
    """x and y of the target in the picture, in pixels from its left upper corner."""
    stretch: float = 1.0
    """How much wider than high a square that faces the camera is."""

    @cached_property
    def rotation(self) -> Floats:
        """(3, 3) rows are the camera's right, up and backward axes in the world."""
        cy, sy, ce, se = cos(self.yaw), sin(self.yaw), cos(self.elevation), sin(self.elevation)
        level = np.array([[cy, 0, -sy], [-se * sy, ce, -se * cy], [ce * sy, se, ce * cy]])
        cr, sr = cos(self.roll), sin(self.roll)
        return np.array([cr * level[0] + sr * level[1], cr * level[1] - sr * level[0], level[2]])

    def view(self, points: Floats) -> Floats:
        """Camera coordinates (3, N) of points (3, N): right, up and towards the camera, from the target."""
        r = self.rotation.astype(points.dtype)
        x, y, z = (points[k] - points.dtype.type(self.target[k]) for k in range(3))
        return np.stack([row[0] * x + row[1] * y + row[2] * z for row in r])

    def screen(self, viewed: Floats) -> Floats:
        """X and y in pixels (centre of the first: 0.5) and depth in metres (3, N) of camera coordinates (3, N)."""
        kind = viewed.dtype.type
        depth = kind(self.distance) - viewed[2]
        scale = kind(self.scale * self.distance) / depth
        x, y = self.principal
        return np.stack([kind(x) + viewed[0] * scale * kind(self.stretch), kind(y) - viewed[1] * scale, depth])

    def project(self, points: Floats) -> Floats:
        """Pixels and depth (3, N) of points of the world (3, N)."""
        return self.screen(self.view(points))

    def unproject(self, x: Floats, y: Floats, depth: Floats) -> Floats:
        """Camera coordinates (3, N) of pixels at a depth."""
        kind = depth.dtype.type
        scale = depth / kind(self.scale * self.distance)
        px, py = self.principal
        return np.stack(
            [(x - kind(px)) * scale * kind(1 / self.stretch), (kind(py) - y) * scale, kind(self.distance) - depth]
        )

    def finer(self, factor: int) -> "Camera":
        """The same view with `factor` times as many pixels."""
        x, y = self.principal
        return replace(self, scale=self.scale * factor, principal=(x * factor, y * factor))
