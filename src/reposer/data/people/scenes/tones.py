"""Between bytes and light."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats

STEPS = 4096


@lru_cache(maxsize=1)
def light_of_bytes() -> Floats:
    """(256,) linear light of sRGB bytes, rounded to 2^-20."""
    return (np.rint((np.arange(256) / 255) ** 2.2 * 2**20) / 2**20).astype(np.float32)


@lru_cache(maxsize=64)
def tone_table(contrast: float = 0.0, black: float = 0.0) -> NDArray[np.uint8]:
    """(4096,) bytes of linear light in steps of 1 / 4095: a power of 1/2.2 with an S-curve, over a grey."""
    grey = (np.arange(STEPS) / (STEPS - 1)) ** (1 / 2.2)
    curve = grey * grey * (3 - 2 * grey)
    return np.rint(255 * (black + (1 - black) * (grey + contrast * (curve - grey)))).astype(np.uint8)


def bytes_of_light(light: Floats, contrast: float = 0.0, black: float = 0.0) -> NDArray[np.uint8]:
    """SRGB bytes of linear light, cut at 0 and 1."""
    steps = np.minimum(np.maximum(light, 0), 1) * light.dtype.type(STEPS - 1) + light.dtype.type(0.5)
    return np.take(tone_table(contrast, black), steps.astype(np.int16))


def resized(image: NDArray[np.uint8], size: tuple[int, int], how: int = cv2.INTER_LINEAR_EXACT) -> NDArray[np.uint8]:
    """Bytes (h, w, C) resized to a width and height; exact."""
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def softened(image: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Bytes (h, w, C) blurred by a standard deviation in pixels; exact."""
    return np.asarray(cv2.GaussianBlur(image, (5, 5) if sigma < 1.2 else (0, 0), sigma), np.uint8)
