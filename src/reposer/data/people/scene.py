"""Where a picture is taken: light, what is behind the person, and how the camera records it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, unit
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light, ShadowMap
from reposer.decoding import decode

Backdrop = Callable[[Camera, tuple[int, int]], Floats]
"""From a camera and a size (h, w) to linear RGB (3, h, w) of all that is behind the person, without their shadow."""


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """What a camera makes of light."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    black: float = 0.0
    """Grey, 0 to 1, that the darkest black becomes."""
    blur: float = 0.0
    """Weight of the neighbours on each side, 0 to 0.33: unsharpness."""
    noise: float = 0.0
    """Standard deviation, of 255."""
    quality: int | None = None
    """Of JPEG; None: no compression."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything about a picture but the person and the camera."""

    light: Light
    backdrop: Backdrop
    shadow_on_ground: float = 0.5
    """How much darker the ground is at the feet."""
    sensor: Sensor = Sensor()


@dataclass(frozen=True)
class Wall:
    """A plain paper behind and below: even, a little darker to one side and below."""

    colour: tuple[float, float, float]
    across: float = 0.0
    down: float = 0.0

    def __call__(self, camera: Camera, size: tuple[int, int]) -> Floats:
        height, width = size
        x = np.linspace(-1, 1, width, dtype=np.float32)
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        bright = 1 + np.float32(self.across) * x + np.float32(self.down) * y
        return np.array(self.colour, np.float32)[:, None, None] * bright


@dataclass(frozen=True)
class Street:
    """A pavement and something blurred behind it, from a seed."""

    seed: int

    def __call__(self, camera: Camera, size: tuple[int, int]) -> Floats:
        rng = np.random.default_rng(self.seed)
        height, width = size
        base = rng.uniform(0.05, 0.3) * np.ones(3) + rng.normal(0, 0.01, 3)
        floor = rng.uniform(0.12, 0.3) * np.ones(3)
        ground = camera.project(np.array([[0.0], [0.0], [-4.0]], np.float32))[1, 0]
        below = np.arange(height)[:, None] > ground
        grey = np.ones(size, np.float32)
        for cells, strength in ((3, 0.5), (9, 0.25), (30, 0.12)):
            small = rng.integers(0, 256, (cells, max(2, cells * width // height))).astype(np.uint8)
            large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
            grey *= 1 + np.float32(strength) * (large.astype(np.float32) / 128 - 1) * np.where(below, 0.3, 1)
        colour = np.where(below[None], floor[:, None, None], base[:, None, None])
        return (colour * grey).astype(np.float32)


def sample_studio(rng: np.random.Generator) -> Scene:
    """Draw a studio: white to grey paper, one soft lamp."""
    side, height = rng.uniform(-0.9, 0.9), rng.uniform(0.5, 0.95)
    soft = rng.uniform(0.35, 0.75)
    white = rng.uniform(0.6, 0.95) + rng.normal(0, 0.01, 3)
    around = np.array([0.98, 0.99, 1.02]) * (1.08 - soft)
    towards = unit(np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)]))
    return Scene(
        light=_light(towards, soft * np.array([1.0, 0.98, 0.95]), around, 0.75 * around, shadow=0.8),
        backdrop=Wall(_triple(white), across=float(rng.normal(0, 0.02)), down=float(rng.normal(0, 0.03))),
        sensor=Sensor(noise=float(rng.uniform(0.3, 1.2)), quality=int(rng.integers(85, 97))),
    )  # fmt: skip


def sample_street(rng: np.random.Generator) -> Scene:
    """Draw a place outdoors: sun or clouds, a surveillance camera."""
    side, height = rng.uniform(-np.pi, np.pi), rng.uniform(0.5, 1.2)
    sun = rng.uniform(0.1, 0.8)
    around = np.array([0.9, 1.0, 1.12]) * rng.uniform(0.35, 0.6)
    towards = unit(np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)]))
    return Scene(
        light=_light(towards, sun * np.array([1.0, 0.96, 0.88]), around, 0.5 * around, shadow=1.0),
        backdrop=Street(int(rng.integers(2**31))),
        sensor=Sensor(
            gain=_triple(rng.uniform(0.75, 1.05) * (1 + rng.normal(0, 0.03, 3))), black=float(rng.uniform(0, 0.06)),
            blur=float(rng.uniform(0.08, 0.25)), noise=float(rng.uniform(1.5, 4)), quality=int(rng.integers(70, 95)),
        ),
    )  # fmt: skip


def _triple(values: Floats) -> tuple[float, float, float]:
    r, g, b = np.asarray(values, float).tolist()
    return r, g, b


def _light(towards: Floats, key: Floats, sky: Floats, ground: Floats, *, shadow: float) -> Light:
    return Light(towards=_triple(towards), key=_triple(key), sky=_triple(sky), ground=_triple(ground), shadow=shadow)


def shadow_on_ground(scene: Scene, camera: Camera, size: tuple[int, int], shadows: ShadowMap, feet: Floats) -> Floats:
    """Brightness (h, w) of the ground: the lamp's shadow and dark spots around feet (3, N) of the world."""
    height, width = size
    bright = np.ones(size, np.float32)
    x, y = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32)[:, None] + 0.5
    spots = camera.project(feet.astype(np.float32))
    flat = max(0.2, float(camera.rotation[2, 1]) * 1.5)
    for cx, cy, depth in spots.T.tolist():
        radius = 0.14 * camera.scale * camera.distance / depth
        across, down = (x - cx) / np.float32(radius), (y - cy) / np.float32(radius * flat)
        inside = np.maximum(1 - across * across - down * down, 0)
        bright *= 1 - np.float32(scene.shadow_on_ground) * inside * inside
    return bright


@lru_cache(maxsize=1)
def _bytes_of_light() -> NDArray[np.uint8]:
    """(4096,) sRGB bytes of linear light in steps of 1 / 4095."""
    return np.rint(255 * (np.arange(4096) / 4095) ** (1 / 2.2)).astype(np.uint8)


@lru_cache(maxsize=1)
def _noise_table() -> NDArray[np.int16]:
    """(65536,) normal noise of standard deviation 64."""
    return np.rint(64 * np.random.default_rng(0).standard_normal(65536)).astype(np.int16)


def develop(light: Floats, sensor: Sensor, seed: int) -> NDArray[np.uint8]:
    """The picture (h, w, 3) of linear RGB (3, h, w)."""
    gain = np.array(sensor.gain, np.float32)[:, None, None]
    if sensor.blur:
        side = np.float32(sensor.blur)
        for axis in (1, 2):
            light = light + side * (_shift(light, 1, axis) + _shift(light, -1, axis) - 2 * light)
    steps = np.minimum(np.maximum(light * gain, 0), 1) * np.float32(4095) + np.float32(0.5)
    image = np.moveaxis(np.take(_bytes_of_light(), steps.astype(np.int32)), 0, -1).astype(np.int32)
    if sensor.black:
        lift = round(255 * sensor.black)
        image = lift + (image * (255 - lift) + 127) // 255
    if sensor.noise:
        start = np.random.default_rng(seed).integers(0, 65536, image.shape[0])
        place = (start[:, None] + np.arange(image.shape[1] * 3)) & 65535
        grain = _noise_table()[place].reshape(image.shape).astype(np.int32) * round(sensor.noise * 64)
        image = image + ((grain + 2048) >> 12)
    picture = np.clip(image, 0, 255).astype(np.uint8)
    if sensor.quality is None:
        return picture
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])
    return np.array(decode(data.tobytes()), np.uint8)


def _shift(image: Floats, step: int, axis: int) -> Floats:
    """Neighbours along an axis; at the border a pixel is its own."""
    size = image.shape[axis]
    return np.take(image, np.clip(np.arange(size) + step, 0, size - 1), axis)
