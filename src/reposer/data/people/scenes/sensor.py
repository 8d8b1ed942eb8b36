"""What a camera makes of light: movement, exposure, tone, noise, sharpening, compression."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats
from reposer.data.people.scenes.tones import bytes_of_light, resized, softened
from reposer.decoding import decode

Bytes = NDArray[np.uint8]
_TILE = 384


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """How a camera records a picture."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Exposure and colour cast."""
    saturation: float = 1.0
    """Share of the colours' distance from grey that is kept."""
    contrast: float = 0.0
    """0: a plain power of 1/2.2; 1: an S-curve. Below 0 flatter."""
    black: float = 0.0
    """Grey, 0 to 1, that the darkest black becomes."""
    vignette: float = 0.0
    """How much darker the corners are."""
    blur: float = 0.0
    """Standard deviation of unsharpness, in 128ths of the picture's height."""
    detail: float = 1.0
    """Share of the picture's rows and columns that the camera itself had, 0.2 to 1."""
    noise: float = 0.0
    """Standard deviation of a mid grey, of 255; dark areas have more, bright ones less."""
    colour_noise: float = 0.3
    """Share of the noise that differs between the colours."""
    halo: float = 0.0
    """Strength of sharpening."""
    quality: int | None = None
    """Of JPEG; None: no compression."""
    subsampled: bool = True
    """Whether JPEG keeps colours at half the size."""


def smear(values: Floats, right: float, down: float) -> Floats:
    """Values (C, h, w) averaged along a line of that many pixels; at borders a pixel is its own neighbour."""
    steps = int(max(abs(right), abs(down)) + 0.5)
    if steps < 1:
        return values
    height, width = values.shape[1:]
    total = np.zeros_like(values)
    for k in range(steps + 1):
        share = k / steps - 0.5
        x, y = round(right * share), round(down * share)
        moved = values
        if y:
            moved = np.take(moved, np.clip(np.arange(height) - y, 0, height - 1), 1)
        if x:
            moved = np.take(moved, np.clip(np.arange(width) - x, 0, width - 1), 2)
        total += moved
    return total * np.float32(1 / (steps + 1))


@lru_cache(maxsize=11)
def _grain(coloured: int) -> NDArray[np.int16]:
    """(384, 384, 3) normal noise of standard deviation 64, a little alike in neighbours; tenths that colours differ."""
    white = np.random.default_rng(0).standard_normal((4, _TILE, _TILE), np.float32)
    alike = white + np.float32(0.35) * (np.roll(white, 1, 1) + np.roll(white, 1, 2))
    share = np.float32(coloured / 10)
    both = (1 - share) * alike[:1] + share * alike[1:]
    return np.ascontiguousarray(np.moveaxis(np.rint(both * np.float32(64 / 1.116)), 0, -1)).astype(np.int16)


@lru_cache(maxsize=1)
def _noise_by_tone() -> NDArray[np.int16]:
    """(256,) 256 times how noisy a byte of brightness is, compared with mid grey."""
    grey = np.arange(256) / 255
    return np.rint(256 * (1.35 - 0.75 * grey) * np.minimum(1, 0.35 + 6 * grey)).astype(np.int16)


def develop(light: Floats, sensor: Sensor, seed: int) -> Bytes:
    """The picture (h, w, 3) of linear RGB (3, h, w). `seed` is the noise's."""
    height, width = light.shape[1:]
    exposed = light * np.array(sensor.gain, np.float32)[:, None, None]
    if sensor.vignette:
        exposed *= _corners(height, width, sensor.vignette)
    if sensor.saturation != 1:
        red, green, blue = exposed
        grey = np.float32(0.25) * red + np.float32(0.625) * green + np.float32(0.125) * blue
        exposed = grey + np.float32(sensor.saturation) * (exposed - grey)
    exposed = np.ascontiguousarray(np.moveaxis(exposed, 0, -1))
    image = bytes_of_light(exposed, round(sensor.contrast, 2), round(sensor.black, 3))
    sigma = sensor.blur * height / 128
    if sigma > 0.2:
        image = softened(image, sigma)
    small = max(8, round(sensor.detail * width)), max(8, round(sensor.detail * height))
    if small != (width, height):
        image = resized(image, small)
    if sensor.noise:
        image = _noisy(image, sensor, seed)
    if sensor.halo:
        soft = softened(image, 0.9).astype(np.int16)
        sharp = image.astype(np.int16)
        image = np.clip(sharp + ((sharp - soft) * np.int16(round(sensor.halo * 16)) >> 4), 0, 255).astype(np.uint8)
    if sensor.quality is not None:
        image = _compressed(image, sensor.quality, sensor.subsampled)
    if small != (width, height):
        image = resized(image, (width, height))
    return image


def _corners(height: int, width: int, strength: float) -> Floats:
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return 1 - np.float32(strength / 2) * (x * x + y * y)


def _noisy(image: Bytes, sensor: Sensor, seed: int) -> Bytes:
    height, width = image.shape[:2]
    y, x = np.random.default_rng(seed).integers(0, [max(1, _TILE - height), max(1, _TILE - width)]).tolist()
    grain = _grain(round(10 * sensor.colour_noise))
    if y + height <= _TILE and x + width <= _TILE:
        piece = grain[y : y + height, x : x + width]
    else:
        piece = grain[(y + np.arange(height)[:, None]) % _TILE, (x + np.arange(width)) % _TILE]
    strength = np.take(_noise_by_tone() * np.int32(round(sensor.noise * 16)), image[..., 1])
    added = (piece * strength[..., None] + (1 << 17)) >> 18
    return np.clip(added + image, 0, 255).astype(np.uint8)


def _compressed(image: Bytes, quality: int, subsampled: bool) -> Bytes:
    factor = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), settings)
    return np.array(decode(data.tobytes()), np.uint8)
