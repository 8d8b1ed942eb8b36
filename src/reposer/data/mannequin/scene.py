"""What is around a person: the background of an identity and how one picture frames and lights it."""

from dataclasses import dataclass
from math import pi

import numpy as np

from reposer.data.mannequin.fabrics import noise
from reposer.data.mannequin.figure import Body, Floats, pick

MARGIN = 0.10  # of the size, that the painted background is larger on each side


@dataclass(frozen=True)
class Scene:
    """What stays the same in all pictures of one identity."""

    background: Floats  # (3, h, w) RGB 0 to 1, larger than the picture by MARGIN on each side
    light: Floats  # (3,) unit vector towards the light, camera axes (right, up, towards the camera)
    ambient: float  # share of light that comes from everywhere
    elevation: float  # angle of the camera above the horizon, radians
    distance: float  # from the camera to the person, statures
    fill: float  # height of the standing person in the picture, share of the picture's height
    shadow: float  # darkness of the shadow at the feet, 0 to 1
    pan: float  # largest sideways shift of the background between two pictures, share of the picture's width


@dataclass(frozen=True, kw_only=True)
class View:
    """What differs between pictures of one identity."""

    yaw: float  # turn of the person, radians; 0 faces the camera, positive shows their right side
    elevation: float  # added to the scene's
    zoom: float
    shift: tuple[float, float]  # of the person, share of the picture's size (x, y)
    pan: tuple[float, float]  # of the background, share of the picture's size (x, y)
    gain: tuple[float, float, float]  # brightness of the red, green and blue channels
    camera: int  # 1 to 6


def _soft_rgb(rng: np.random.Generator, low: float, high: float, tint: float) -> Floats:
    """A soft colour (3, 1, 1)."""
    return (rng.uniform(low, high) + rng.normal(0, tint, (3, 1, 1))).astype(np.float32)


def sample_scene(
    rng: np.random.Generator, body: Body, size: tuple[int, int], *, studio: bool, plain: bool = False
) -> Scene:
    """Draw the surroundings of a person for pictures of `size` (h, w): a street, or a bright studio.

    A `plain` street has one smooth wall, and stays nearly still from picture to picture.
    """
    height, width = (round(side * (1 + 2 * MARGIN)) for side in size)
    y = (np.arange(height, dtype=np.float32) / height)[:, None]
    x = (np.arange(width, dtype=np.float32) / width)[None, :]
    low, high, tint, uneven = (
        (0.8, 0.95, 0.02, 0.03) if studio else (0.62, 0.82, 0.035, 0.04) if plain else (0.35, 0.85, 0.09, 0.10)
    )
    wall = _soft_rgb(rng, low, high, tint)
    light = 1 + uneven * noise(rng, (height, width), (4, 3))
    light = light + rng.uniform(-0.12, 0.12) * (x - 0.5) + rng.uniform(-0.15, 0.1) * (y - 0.4)
    kind = 0 if studio or plain else int(rng.integers(5))
    if kind == 1:  # panels
        edges = np.sin((x + rng.random()) * np.pi * rng.uniform(3, 6))
        light = light + rng.uniform(0.06, 0.16) * np.tanh(6 * edges)
    elif kind == 2:  # a window or a door
        left, wide = rng.uniform(0.0, 0.7), rng.uniform(0.2, 0.45)
        top, high = rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.8)
        across, down = np.minimum(x - left, left + wide - x), np.minimum(y - top, top + high - y)
        light = light + pick(rng, (-0.25, 0.22)) * (np.clip(across * 30, 0, 1) * np.clip(down * 30, 0, 1))
    elif kind == 3:  # leaves
        light = light + 0.10 * noise(rng, (height, width), (14, 9)) * np.clip(1.4 - 1.6 * y, 0, 1)
    elif kind == 4:  # a line of something far away
        light = light - rng.uniform(0.1, 0.25) * np.clip((y - rng.uniform(0.3, 0.5)) * 25, 0, 1)
    glow = 0.3 * uneven * np.stack([noise(rng, (height, width), (3, 3)) for _ in range(3)])
    picture = wall * light + glow
    horizon = rng.uniform(0.79, 0.81) if plain else rng.uniform(0.74, 0.84)
    if studio:
        floor = wall * rng.uniform(0.9, 1.02)
    else:
        floor = _soft_rgb(rng, 0.35, 0.5, 0.03) if plain else _soft_rgb(rng, 0.25, 0.7, 0.05)
    ground = floor * (1 + rng.uniform(-0.1, 0.25) * (y - horizon) / 0.2 + 0.05 * noise(rng, (height, width), (3, 4)))
    edge = np.clip((y - horizon) * (4 if studio else 60), 0, 1)
    picture = np.clip(picture + edge * (ground - picture), 0.03, 0.985).astype(np.float32)
    azimuth, rise = rng.uniform(-1.0, 1.0), rng.uniform(0.5, 1.0)
    towards = np.array([np.cos(rise) * np.sin(azimuth), np.sin(rise), np.cos(rise) * np.cos(azimuth)])
    return Scene(
        background=picture,
        light=towards.astype(np.float32),
        ambient=float(rng.uniform(0.52, 0.62)),
        elevation=float(rng.uniform(0.02, 0.08) if studio else rng.uniform(0.03, 0.22)),
        distance=float(rng.uniform(3.2, 5.0)),
        fill=float(np.clip(rng.uniform(0.77, 0.82) * (body.stature / 1.72) ** 0.5, 0.74, 0.85)) + 0.05 * plain,
        shadow=float(rng.uniform(0.25, 0.5)),
        pan=0.02 if plain else 0.09,
    )


def sample_view(rng: np.random.Generator, scene: Scene) -> View:
    """Draw one picture's camera: any yaw, the front and the back a bit more often."""
    kind, turn, camera, pan = rng.random(4).tolist()
    normal = rng.standard_normal(10).tolist()
    middle = 0 if kind < 0.27 else pi
    yaw = middle + 0.4 * normal[0] if kind < 0.47 else (2 * turn - 1) * pi
    tint = [(1 + 0.05 * normal[1]) * (1 + 0.012 * value) for value in normal[7:]]
    return View(
        yaw=(yaw + pi) % (2 * pi) - pi,
        elevation=0.02 * normal[2],
        zoom=min(max(1 + 0.02 * normal[3], 0.95), 1.05),
        shift=(0.02 * normal[4], 0.008 * normal[5]),
        pan=((2 * pan - 1) * scene.pan, min(max(0.015 * normal[6], -0.05), 0.05)),
        gain=(tint[0], tint[1], tint[2]),
        camera=1 + int(6 * camera),
    )


def frame_background(scene: Scene, view: View, size: tuple[int, int]) -> Floats:
    """Cut the picture's part (3, h, w) out of the scene's background."""
    height, width = size
    top, left = round((MARGIN + view.pan[1]) * height), round((MARGIN + view.pan[0]) * width)
    return scene.background[:, top : top + height, left : left + width]
