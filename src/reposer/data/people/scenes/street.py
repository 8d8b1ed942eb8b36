"""Streets: pictures that fixed cameras take of people who pass."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, hypot, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light
from reposer.data.people.scenes.canvas import Sprite, paste
from reposer.data.people.scenes.framing import Viewpoint
from reposer.data.people.scenes.passers import CROWD, crowd
from reposer.data.people.scenes.place import StreetCamera, street_cameras
from reposer.data.people.scenes.plate import paint_plate, shine
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.shadows import Shadows
from reposer.data.people.scenes.studio import triple
from reposer.data.people.scenes.things import VARIANTS, thing
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
        return crowd(0)[self.variant % CROWD] if self.kind == PERSON else thing(self.kind, self.variant)


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


def sample_street(rng: np.random.Generator, camera: StreetCamera | None = None) -> Scene:
    """Draw a moment in a street: where the person is, who else passes, how the picture came out.

    Args:
        camera: by default one of ``street_cameras()``.
    """
    cameras = street_cameras()
    camera = camera if camera is not None else cameras[int(rng.integers(len(cameras)))]
    distance, angle = _place(rng, camera)
    street = Street(camera=camera, distance=distance, angle=angle, things=_others(rng, camera, distance))
    moving = abs(rng.normal(0, 0.010)) + (rng.uniform(0.01, 0.035) if rng.random() < 0.15 else 0)
    shaking = camera.shake * rng.random() if rng.random() < 0.4 else 0.0
    direction = rng.uniform(0, np.pi)
    sensor, light = camera.sensor, _turned(camera.light, angle)
    sun = np.array(light.key) * light.towards[1]
    share = float((sun / (sun + light.sky)).mean())
    roll = _lean(camera, street)
    return Scene(
        light=light, backdrop=street, foreground=InFront(street),
        viewpoint=Viewpoint(distance=distance, height=camera.height, roll=roll + float(rng.normal(0, 0.01)),
            stretch=float(np.clip(rng.normal(1.12, 0.06), 0.95, 1.3)),
        ),
        shadows=Shadows(
            floor=share if not camera.soft_shadows else 0.5 * share, softness=0.12 if camera.soft_shadows else 0.012,
            contact=float(rng.uniform(0.35, 0.6)),
        ),
        motion=(float(moving * rng.choice([-1, 1])), float(rng.normal(0, 0.003))),
        shake=(float(shaking * np.cos(direction)), float(shaking * np.sin(direction))),
        sensor=replace(
            sensor,
            gain=triple(np.array(sensor.gain) * rng.uniform(0.85, 1.15) * (1 + rng.normal(0, 0.01, 3))),
            blur=float(sensor.blur * rng.uniform(0.7, 1.3) + (rng.uniform(0.3, 0.8) if rng.random() < 0.10 else 0)),
            detail=float(np.clip(sensor.detail * (camera.near / distance) ** 0.5 * rng.uniform(0.95, 1.2), 0.5, 1)),
            noise=float(sensor.noise * rng.uniform(0.7, 1.3)),
            quality=int((sensor.quality or 90) + rng.integers(-4, 5)),
        ),
    )  # fmt: skip


def _place(rng: np.random.Generator, camera: StreetCamera) -> tuple[float, float]:
    """Distance and angle of somebody who is in view and before what closes it."""
    for _ in range(20):
        distance = camera.near + (camera.far - camera.near) * float(rng.random()) ** 1.4
        angle = camera.yaw + float(rng.uniform(-1, 1)) * float(np.arctan(0.62 / camera.focal))
        if distance * cos(angle) < camera.back.distance - 0.5:
            return distance, angle
    return camera.near, camera.yaw


def _others(rng: np.random.Generator, camera: StreetCamera, distance: float) -> tuple[Thing, ...]:
    """Who else is in the picture: most behind or beside the person, few in front."""
    found = []

    def add(kind: str, x: float, z: float, squeeze: float = 1.0) -> None:
        count = CROWD if kind == PERSON else VARIANTS
        found.append(
            Thing(
                kind=kind,
                variant=int(rng.integers(count)),
                x=x,
                z=z,
                mirrored=bool(rng.random() < 0.5),
                squeeze=squeeze,
            )
        )

    room = max(0.6, camera.back.distance - distance - 0.6)
    for _ in range(int(rng.poisson(camera.crowded))):
        z = -float(rng.uniform(0.3, min(room, 8.0)))
        side = float(rng.choice([-1, 1]))
        add(PERSON, side * float(rng.uniform(0.25, 0.8) - 0.06 * z), z)
    chance = rng.random()
    if chance < 0.05:  # a shoulder or an arm at the side
        add(PERSON, float(rng.choice([-1, 1]) * rng.uniform(0.42, 0.62)), float(rng.uniform(0.2, 1.0)))
    elif chance < 0.07:  # somebody crosses
        add(PERSON, float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.4)), float(rng.uniform(0.5, 1.5)))
    elif chance < 0.13:  # a bicycle that is parked or pushed
        add("bicycle", float(rng.uniform(-0.6, 0.6)), float(rng.uniform(0.25, 0.9)), float(rng.uniform(0.5, 1.0)))
    elif chance < 0.16:
        add(str(rng.choice(["pole", "bollard", "bin"])), float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.3, 1.5)))
    elif chance < 0.19:
        add(str(rng.choice(["railing", "hedge", "ledge"])), float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.3, 1.2)))
    return tuple(sorted(found, key=lambda other: other.z))


def _turned(light: Light, angle: float) -> Light:
    """A light of the camera's world in the person's."""
    x, y, z = light.towards
    c, s = cos(angle), sin(angle)
    return replace(light, towards=(x * c - z * s, y, x * s + z * c))


def _lean(camera: StreetCamera, street: Street) -> float:
    """How an upright leans in the camera's picture where the person stands, to the right, radians."""
    (fx, tx), (fy, ty) = _upright(camera.optics(540), street.standing())
    return float(np.arctan2(tx - fx, fy - ty))
