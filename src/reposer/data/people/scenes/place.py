"""Street cameras: where they stand, what they look at and what they make of it."""

from dataclasses import dataclass, field
from functools import lru_cache

from reposer.data.people.camera import Camera
from reposer.data.people.light import Light
from reposer.data.people.scenes.ground import Back, Zone
from reposer.data.people.scenes.sensor import Sensor

ASPECT = 16 / 9
_REACH = 10.0


@dataclass(frozen=True, kw_only=True)
class Fixture:
    """Something that stays in a street."""

    kind: str
    variant: int
    x: float
    """Metres to the right of the camera's foot, along its street's cross direction."""
    z: float
    """Metres; the street runs towards smaller numbers, away from the camera."""
    mirrored: bool = False
    squeeze: float = 1.0


@dataclass(frozen=True, kw_only=True)
class StreetCamera:
    """A camera on a pole or wall. Its world: its foot is the origin, the street's far end lies at -z."""

    seed: int
    height: float
    yaw: float
    """How its view is turned against the street, radians."""
    tilt: float
    """Downwards, radians."""
    roll: float
    focal: float
    """In heights of its picture."""
    near: float
    far: float
    """Between which distances people pass."""
    zones: tuple[Zone, ...] = field(hash=False)
    back: Back
    fixtures: tuple[Fixture, ...] = field(hash=False)
    light: Light
    soft_shadows: bool
    crowded: float
    """How many other people there are in a picture, on average."""
    sensor: Sensor
    shake: float
    """Largest movement in a picture, in its heights."""

    @lru_cache(maxsize=32)  # noqa: B019 - few cameras, all of them small
    def optics(self, rows: int) -> Camera:
        """The camera for a picture of all that it sees, `rows` high."""
        plain = Camera(
            target=(0.0, 0.0, 0.0), yaw=self.yaw, elevation=self.tilt, roll=self.roll, distance=_REACH,
            scale=self.focal * rows / _REACH, principal=(rows * ASPECT / 2, rows / 2),
        )  # fmt: skip
        x, y, z = (-_REACH * plain.rotation[2]).tolist()
        return Camera(
            target=(x, y + self.height, z), yaw=plain.yaw, elevation=plain.elevation, roll=plain.roll,
            distance=_REACH, scale=plain.scale, principal=plain.principal,
        )  # fmt: skip
