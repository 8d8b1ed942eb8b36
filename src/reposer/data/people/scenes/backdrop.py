"""What is behind and in front of somebody in a street: a crop of the camera's plate, and things placed by it."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.scenes.canvas import Sprite, paste
from reposer.data.people.scenes.passers import CROWD, passer
from reposer.data.people.scenes.place import StreetCamera
from reposer.data.people.scenes.plate import darken, paint_plate, shine
from reposer.data.people.scenes.things import thing
from reposer.data.people.scenes.tones import light_of_bytes, resized

TALL = 1.7
"""Metres of the upright by which a crop of the plate is scaled."""
PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something near a person, in their world: x to the camera's right, z towards the camera."""

    kind: str
    variant: int
    x: float
    z: float
    mirrored: bool = False
    squeeze: float = 1.0

    def sprite(self) -> Sprite:
        return passer(self.variant % CROWD) if self.kind == PERSON else thing(self.kind, self.variant)


@lru_cache(maxsize=12)
def plate(camera: StreetCamera, rows: int) -> list[NDArray[np.uint8]]:
    """All that a camera sees without people, sRGB bytes, and halves of it."""
    sizes = [paint_plate(camera, rows)]
    while min(sizes[-1].shape[:2]) > 64:
        height, width = sizes[-1].shape[:2]
        even = sizes[-1][: height // 2 * 2, : width // 2 * 2]
        sizes.append(resized(even, (width // 2, height // 2), cv2.INTER_AREA))
    return sizes


@dataclass(frozen=True, kw_only=True)
class Street:
    """A place in front of a street camera where a person stands."""

    camera: StreetCamera
    distance: float
    """Of the person from the camera's foot, metres."""
    angle: float
    """Of the line to them against the street's -z, positive to the left, radians."""
    things: tuple[Thing, ...] = ()
    """What moves through the picture, the farthest first."""

    def standing(self) -> Floats:
        """(3,) the person's feet in the camera's world."""
        return np.array([-self.distance * sin(self.angle), 0.0, -self.distance * cos(self.angle)])

    def lean(self) -> float:
        """How an upright leans to the right in the camera's picture where the person stands, radians."""
        (fx, tx), (fy, ty) = _upright(self.camera.optics(540), self.standing())
        return float(np.arctan2(tx - fx, fy - ty))

    def __call__(self, camera: Camera, size: tuple[int, int]) -> Floats:
        """A crop of what the camera always sees, and who passes behind the person."""
        light = np.take(light_of_bytes(), np.ascontiguousarray(np.moveaxis(self._crop(camera, size), -1, 0)))
        self._draw(light, camera, [other for other in self.things if other.z < 0])
        return light

    def before(self, camera: Camera, size: tuple[int, int]) -> Floats | None:
        """What stands or passes between the camera and the person."""
        near = [other for other in (*self._fixtures(), *self.things) if other.z >= 0]
        if not near:
            return None
        layer = np.zeros((4, *size), np.float32)
        self._draw(layer, camera, sorted(near, key=lambda other: other.z))
        return layer if layer[3].any() else None

    def _crop(self, camera: Camera, size: tuple[int, int]) -> NDArray[np.uint8]:
        rows = 540 if size[0] <= 288 else 1080
        optics, foot = self.camera.optics(rows), self.standing()
        (fx, tx), (fy, ty) = _upright(optics, foot)
        (cx, ux), (cy, uy) = _upright(camera, np.zeros(3))
        ratio = hypot(tx - fx, ty - fy) / max(hypot((ux - cx) / camera.stretch, uy - cy), 1e-6)
        across = ratio / camera.stretch
        level, sizes = 0, plate(self.camera, rows)
        while level + 1 < len(sizes) and 2 ** (level + 1) <= ratio * 1.01:
            level += 1
        image, step = sizes[level], 2**level
        left, top = round((fx - cx * across) / step), round((fy - cy * ratio) / step)
        width, height = max(2, round(size[1] * across / step)), max(2, round(size[0] * ratio / step))
        window = image[top : top + height, left : left + width] if top >= 0 and left >= 0 else image[:0]
        if window.shape[:2] != (height, width):
            window = image[_mirrored(top, height, image.shape[0])][:, _mirrored(left, width, image.shape[1])]
        return resized(window, (size[1], size[0]))

    def _fixtures(self) -> list[Thing]:
        """What stays in the street and is nearer to the camera than the person."""
        near = []
        c, s = cos(self.angle), sin(self.angle)
        foot = self.standing()
        for fixture in self.camera.fixtures:
            dx, dz = fixture.x - float(foot[0]), fixture.z - float(foot[2])
            x, z = dx * c - dz * s, dx * s + dz * c
            if 0.15 < z < self.distance - 1.5 and abs(x) < 2.5:
                near.append(
                    Thing(
                        kind=fixture.kind, variant=fixture.variant, x=x, z=z, mirrored=fixture.mirrored,
                        squeeze=fixture.squeeze,
                    )
                )  # fmt: skip
        return near

    def _draw(self, layer: Floats, camera: Camera, things: list[Thing]) -> None:
        bright = shine(self.camera.light)
        for other in things:
            sprite = other.sprite()
            spot = np.array([[other.x, other.x], [0.0, sprite.metres], [other.z, other.z]])
            (x, _), (ground, top), (depth, _) = camera.project(spot).tolist()
            if depth > 0.8:
                if len(layer) == 3:
                    half = 0.5 * (ground - top) * sprite.aspect * other.squeeze * camera.stretch
                    darken(layer, x, ground, half * 1.1, max(1.5, 0.05 * (ground - top)), 0.5)
                paste(
                    layer, sprite, x, ground, ground - top, light=bright, mirrored=other.mirrored,
                    squeeze=other.squeeze * camera.stretch,
                )  # fmt: skip


@dataclass(frozen=True)
class InFront:
    """What stands or passes between a street's camera and the person."""

    street: Street

    def __call__(self, camera: Camera, size: tuple[int, int]) -> Floats | None:
        return self.street.before(camera, size)


def _upright(camera: Camera, foot: Floats) -> list[list[float]]:
    """X and y (2, 2) of a foot (3,) in the world and of what is `TALL` metres above it."""
    places: Floats = np.stack([foot, foot + np.array([0.0, TALL, 0.0])], 1)
    seen: list[list[float]] = camera.project(places)[:2].tolist()
    return seen


def _mirrored(start: int, count: int, size: int) -> NDArray[np.intp]:
    """Places start to start + count on an axis that is mirrored at its ends."""
    place = np.abs(np.arange(start, start + count)) % (2 * size)
    return np.minimum(place, 2 * size - 1 - place)
