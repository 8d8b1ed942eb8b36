"""Streets: pictures that fixed cameras take of people who pass."""

from dataclasses import replace
from math import cos, sin

import numpy as np

from reposer.data.people.light import Light
from reposer.data.people.scenes.backdrop import PERSON, InFront, Street, Thing
from reposer.data.people.scenes.cameras import street_cameras
from reposer.data.people.scenes.framing import Viewpoint
from reposer.data.people.scenes.passers import CROWD
from reposer.data.people.scenes.place import StreetCamera
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.shadows import Shadows
from reposer.data.people.scenes.studio import triple
from reposer.data.people.scenes.things import VARIANTS


def sample_street(rng: np.random.Generator, camera: StreetCamera | None = None) -> Scene:
    """Draw a moment in a street: where the person is, who else passes, how the picture came out.

    Args:
        camera: by default one of ``street_cameras()``.
    """
    cameras = street_cameras()
    camera = camera if camera is not None else cameras[int(rng.integers(len(cameras)))]
    distance, angle = _place(rng, camera)
    street = Street(camera=camera, distance=distance, angle=angle, things=_others(rng, camera, distance))
    moving = abs(rng.normal(0, 0.006)) + (rng.uniform(0.01, 0.03) if rng.random() < 0.12 else 0)
    shaking = camera.shake * rng.random() if rng.random() < 0.4 else 0.0
    direction = rng.uniform(0, np.pi)
    sensor, light = camera.sensor, _turned(camera.light, angle)
    sun = np.array(light.key) * light.towards[1]
    share = float((sun / (sun + light.sky)).mean())
    roll = street.lean()
    return Scene(
        light=light, backdrop=street, foreground=InFront(street),
        viewpoint=Viewpoint(distance=distance, height=camera.height, roll=roll + float(rng.normal(0, 0.01)),
            stretch=float(np.clip(rng.normal(1.12, 0.06), 0.95, 1.3)),
        ),
        shadows=Shadows(
            floor=share if not camera.soft_shadows else 0.5 * share, softness=0.12 if camera.soft_shadows else 0.012,
            contact=float(rng.uniform(0.5, 0.75)),
        ),
        motion=(float(moving * rng.choice([-1, 1])), float(rng.normal(0, 0.003))),
        shake=(float(shaking * np.cos(direction)), float(shaking * np.sin(direction))),
        sensor=replace(
            sensor,
            gain=triple(np.array(sensor.gain) * rng.uniform(0.85, 1.15) * (1 + rng.normal(0, 0.01, 3))),
            blur=float(sensor.blur * rng.uniform(0.7, 1.3) + (rng.uniform(0.3, 0.8) if rng.random() < 0.06 else 0)),
            detail=float(np.clip(sensor.detail * (camera.near / distance) ** 0.5 * rng.uniform(0.95, 1.2), 0.5, 1)),
            noise=float(sensor.noise * rng.uniform(0.7, 1.3)),
            quality=int((sensor.quality or 90) + rng.integers(-4, 5)),
        ),
    )  # fmt: skip


def _place(rng: np.random.Generator, camera: StreetCamera) -> tuple[float, float]:
    """Distance and angle of somebody who is in view and before what closes it."""
    for _ in range(20):
        distance = camera.near + (camera.far - camera.near) * float(rng.random()) ** 1.4
        angle = camera.yaw + float(rng.uniform(-1, 1)) * float(np.arctan(0.52 / camera.focal))
        if distance * cos(angle) < camera.back.distance - 0.5:
            return distance, angle
    return camera.near, camera.yaw


def _others(rng: np.random.Generator, camera: StreetCamera, distance: float) -> tuple[Thing, ...]:
    """Who else is in the picture: most behind or beside the person, few in front."""
    found = []

    def add(kind: str, x: float, z: float, squeeze: float = 1.0) -> None:
        count = CROWD if kind == PERSON else VARIANTS
        variant, mirrored = int(rng.integers(count)), bool(rng.random() < 0.5)
        found.append(Thing(kind=kind, variant=variant, x=x, z=z, mirrored=mirrored, squeeze=squeeze))

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
        add(str(rng.choice(["pole", "bollard", "bin"])), float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.3, 0.9)))
    elif chance < 0.19:
        kind = str(rng.choice(["railing", "hedge", "ledge"]))
        add(kind, float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.3, 1.2)), 1.0 if kind == "railing" else 0.4)
    return tuple(sorted(found, key=lambda other: other.z))


def _turned(light: Light, angle: float) -> Light:
    """A light of the camera's world in the person's."""
    x, y, z = light.towards
    c, s = cos(angle), sin(angle)
    return replace(light, towards=(x * c - z * s, y, x * s + z * c))
