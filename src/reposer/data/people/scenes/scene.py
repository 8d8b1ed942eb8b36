"""A scene: light, what is behind, what is in front, and how the camera records it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from reposer.data.people.arrays import Bools, Floats
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light, ShadowMap
from reposer.data.people.scenes.framing import Viewpoint
from reposer.data.people.scenes.sensor import Sensor, smear
from reposer.data.people.scenes.shadows import Shadows, brightness

Backdrop = Callable[[Camera, tuple[int, int]], Floats]
"""From a camera and a size (h, w) to linear RGB (3, h, w) of all that is behind the person, without their shadow."""
Foreground = Callable[[Camera, tuple[int, int]], Floats | None]
"""Likewise to what is in front of them: (4, h, w) linear RGB times opacity, and opacity; None: nothing."""

COVERED = 0.5
"""Opacity of the foreground from which on a pixel does not show the person."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything about a picture but the person, their pose and how much of them is shown."""

    light: Light
    backdrop: Backdrop
    foreground: Foreground | None = None
    viewpoint: Viewpoint = field(default_factory=Viewpoint)
    shadows: Shadows = field(default_factory=Shadows)
    motion: tuple[float, float] = (0.0, 0.0)
    """How far the person moves right and down while the shutter is open, in heights of the picture."""
    shake: tuple[float, float] = (0.0, 0.0)
    """Likewise everything."""
    sensor: Sensor = field(default_factory=Sensor)


def compose(scene: Scene, person: Floats, camera: Camera, cast: ShadowMap, feet: Floats) -> tuple[Floats, Bools]:
    """Linear RGB (3, h, w) of a person before a scene, and (h, w) where something else is in front of them.

    Args:
        person: (4, h, w) linear RGB times opacity, and opacity.
        cast: what the person shades.
        feet: (3, N) places on the ground that touch it.
    """
    height, width = size = person.shape[1], person.shape[2]
    person = smear(person, scene.motion[0] * height, scene.motion[1] * height)
    behind = scene.backdrop(camera, size) * brightness(scene.shadows, camera, size, cast, feet)
    light = person[:3] + behind * (1 - person[3])
    covered = np.zeros((height, width), np.bool_)
    front = scene.foreground(camera, size) if scene.foreground is not None else None
    if front is not None:
        light = front[:3] + light * (1 - front[3])
        covered = front[3] > np.float32(COVERED)
    return smear(light, scene.shake[0] * height, scene.shake[1] * height), covered
