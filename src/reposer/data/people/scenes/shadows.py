"""Shadows of a person on the floor and the wall behind."""

from dataclasses import dataclass, replace

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.light import ShadowMap
from reposer.data.people.scenes.tones import resized, softened


@dataclass(frozen=True, kw_only=True)
class Shadows:
    """How a person darkens what is below and behind."""

    wall: float | None = None
    """Metres from the person to the wall behind; None: there is none."""
    floor: float = 0.5
    """How much of the floor's light is the lamp's: 0 no shadow, 1 a black one."""
    back: float = 0.3
    """Likewise of the wall's."""
    softness: float = 0.02
    """Standard deviation of the shadow's edge, metres."""
    contact: float = 0.5
    """How much darker the floor is where feet touch it."""


def floor_and_wall(camera: Camera, size: tuple[int, int], wall: float | None) -> tuple[Floats, Floats]:
    """Where pixels (every one that `size` counts) meet floor or wall: (3, h, w) camera coordinates; 1 on the wall.

    Above the horizon without a wall, the point is far away.
    """
    height, width = size
    _, up, ahead = camera.rotation.astype(np.float32).T
    px, py = camera.principal
    focal, distance = np.float32(camera.scale * camera.distance), np.float32(camera.distance)
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5 - px)) / (focal * np.float32(camera.stretch))
    y = (np.float32(py - 0.5) - np.arange(height, dtype=np.float32)[:, None]) / focal
    sinking = up[2] - up[0] * x - up[1] * y
    eye_height = np.float32(camera.target[1]) + up[2] * distance
    depth = np.where(sinking > 1e-4, eye_height / np.maximum(sinking, np.float32(1e-4)), np.float32(1e4))
    behind = np.zeros(size, np.float32)
    if wall is not None:
        receding = np.maximum(ahead[2] - ahead[0] * x - ahead[1] * y, np.float32(1e-4))
        wall_depth = (np.float32(camera.target[2] + wall) + ahead[2] * distance) / receding
        behind = (wall_depth < depth).astype(np.float32)
        depth = np.minimum(depth, wall_depth)
    return np.stack([x * depth, y * depth, distance - depth]), behind


def coarse(camera: Camera, size: tuple[int, int], step: int) -> tuple[Camera, tuple[int, int]]:
    """A camera and a size with a `step`-th of the pixels along each side, rounded up."""
    px, py = camera.principal
    smaller = replace(camera, scale=camera.scale / step, principal=(px / step, py / step))
    return smaller, (-(-size[0] // step), -(-size[1] // step))


def brightness(shadows: Shadows, camera: Camera, size: tuple[int, int], cast: ShadowMap, feet: Floats) -> Floats:
    """(h, w) how bright floor and wall are because of the person: 1 where they shade nothing."""
    height, width = size
    step = min(max(2, round(shadows.softness * camera.scale / 2), height // 160), 4)
    few, small = coarse(camera, size, step)
    places, wall = floor_and_wall(few, small, shadows.wall)
    dark = np.where(wall > 0, np.float32(shadows.back), np.float32(shadows.floor))
    shade = (1 - cast.lit(places.reshape(3, -1)).reshape(small)) * dark
    shade = np.minimum(shade + (1 - wall) * _contact(shadows, few, small, feet), np.float32(0.95))
    drawn = np.rint(shade * np.float32(255)).astype(np.uint8)
    sigma = shadows.softness * few.scale
    if sigma > 0.3:
        drawn = softened(drawn, sigma)
    drawn = resized(drawn, (small[1] * step, small[0] * step))
    return 1 - drawn[:height, :width].astype(np.float32) * np.float32(1 / 255)


def _contact(shadows: Shadows, camera: Camera, size: tuple[int, int], feet: Floats) -> Floats:
    """(h, w) darkness around feet: under each a small spot, around all of them a wide and faint one."""
    height, width = size
    spots = camera.project(feet)
    spots = np.concatenate([spots, spots.mean(1, keepdims=True)], 1)
    metres, strength = np.full(spots.shape[1], 0.16), np.full(spots.shape[1], shadows.contact)
    metres[-1], strength[-1] = 0.55, 0.6 * shadows.contact
    radius = metres * camera.scale * camera.distance / spots[2]
    flat = max(0.12, float(camera.rotation[2, 1]) * 1.3)
    across = (np.arange(width)[:, None] + 0.5 - spots[0]) / (radius * camera.stretch)
    down = (np.arange(height)[:, None] + 0.5 - spots[1]) / (radius * flat)
    inside = np.maximum(1 - (across * across)[None] - (down * down)[:, None], 0)
    return (1 - (1 - strength * inside * inside).prod(2)).astype(np.float32)
