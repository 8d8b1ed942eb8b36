"""What is painted on surfaces: colour, cut-outs and relief, in texels of known size."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers

MARGIN = 3
"""Texels around each texture, filled from its border."""
LEVELS = 4
"""Of the pyramid; each halves the one before."""
_ALIGN = 1 << (LEVELS - 1)
SLOPE_UNIT = np.float32(1 / 64)
"""Of one step of a relief's slopes."""


@dataclass(frozen=True)
class Texture:
    """A picture of a surface."""

    colour: NDArray[np.uint8]
    """(h, w, 3) sRGB"""
    alpha: NDArray[np.uint8] | None = None
    """(h, w) 128 and more where the surface is; None: everywhere."""
    slopes: NDArray[np.int8] | None = None
    """(2, h, w) how steeply the surface rises along u and v, in SLOPE_UNIT; None: smooth."""
    creases: NDArray[np.int8] | None = None
    """(2, h, w) slopes that come on top where the body bends (elbows, knees, waist), in full at 90 degrees."""


def slopes_of(height: Floats, density: float) -> NDArray[np.int8]:
    """Slopes of a height field (h, w) in metres with `density` texels per metre."""
    along = np.zeros((2, *height.shape), np.float32)
    along[0, :, 1:-1] = height[:, 2:] - height[:, :-2]
    along[1, 1:-1] = height[2:] - height[:-2]
    return np.clip(np.rint(along * np.float32(density / 2 / SLOPE_UNIT)), -127, 127).astype(np.int8)


def crop(texture: Texture, rows: slice, columns: slice) -> Texture:
    """A part of a texture."""
    alpha, slopes, creases = texture.alpha, texture.slopes, texture.creases
    return Texture(
        texture.colour[rows, columns],
        None if alpha is None else alpha[rows, columns],
        None if slopes is None else slopes[:, rows, columns],
        None if creases is None else creases[:, rows, columns],
    )


class Atlas:
    """All textures of a person beside each other, and halved copies of them; a copy is made when it is first used."""

    def __init__(self, colour: NDArray[np.uint8], slopes: NDArray[np.uint8]) -> None:
        """Colour (h, w, 4) R, G, B, alpha; slopes (h, w, 4) along u and v, then creases, 128 for 0."""
        self.colours, self.slopes = [colour], [slopes]

    def _level(self, level: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        for images in (self.colours, self.slopes):
            while len(images) <= level:
                images.append(halved(images[-1]))
        return self.colours[level], self.slopes[level]

    def colour(self, u: Floats, v: Floats, level: int) -> NDArray[np.uint8]:
        """Texels (N, 4) R, G, B, alpha at texel coordinates of level 0.

        Nearest along u, between two along v: stripes run along rows, and would break into steps.
        """
        image = self._level(level)[0]
        rows, columns = image.shape[:2]
        scale, texels = np.float32(0.5**level), image.view(np.uint32).ravel()
        x = np.minimum(np.maximum(u * scale, 0), np.float32(columns - 1)).astype(np.int32)
        y = np.maximum(np.minimum(v * scale - np.float32(0.5), np.float32(rows - 1)), 0)
        top = y.astype(np.int32)
        share = ((y - top.astype(np.float32)) * np.float32(16)).astype(np.uint32)
        below = np.minimum(top + 1, np.int32(rows - 1))
        upper, lower = (np.take(texels, (row * np.int32(columns) + x).astype(np.intp)) for row in (top, below))
        return _between(upper, lower, share).view(np.uint8).reshape(-1, 4)

    def slope(self, u: Floats, v: Floats, level: int) -> NDArray[np.uint8]:
        """Nearest slopes along u and v, then creases (N, 4), 128 for 0."""
        return self._look_up(self._level(level)[1], u, v, level)

    def alpha(self, u: Floats, v: Floats, level: int) -> Floats:
        """(N,) alpha between texels, 0 to 255: a cut is as smooth as the distances that it is painted from."""
        image = self._level(level)[0]
        rows, columns = image.shape[:2]
        x, y = (np.maximum(place * np.float32(0.5**level) - np.float32(0.5), 0) for place in (u, v))
        x, y = np.minimum(x, np.float32(columns - 2)), np.minimum(y, np.float32(rows - 2))
        left, top = x.astype(np.int32), y.astype(np.int32)
        right, low = x - left.astype(np.float32), y - top.astype(np.float32)
        corner, alphas = (top * np.int32(columns) + left).astype(np.intp) * 4 + 3, image.ravel()
        a, b, c, d = (
            np.take(alphas, corner + 4 * k).astype(np.float32) for k in (0, 1, columns, columns + 1)
        )  # fmt: skip
        upper, lower = a + (b - a) * right, c + (d - c) * right
        return upper + (lower - upper) * low

    def _look_up(self, image: NDArray[np.uint8], u: Floats, v: Floats, level: int) -> NDArray[np.uint8]:
        return np.take(image.view(np.uint32).ravel(), self._place(u, v, level)).view(np.uint8).reshape(-1, 4)

    def _place(self, u: Floats, v: Floats, level: int) -> Integers:
        rows, columns = self._level(level)[0].shape[:2]
        scale = np.float32(0.5**level)
        x = np.minimum(np.maximum(u * scale, 0), np.float32(columns - 1)).astype(np.int32)
        y = np.minimum(np.maximum(v * scale, 0), np.float32(rows - 1)).astype(np.int32)
        return (y * np.int32(columns) + x).astype(np.intp)


def _between(first: NDArray[np.uint32], second: NDArray[np.uint32], share: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Texels (N,) so many sixteenths of the way from one to another; two bytes of each at a time."""
    pair, rest = np.uint32(0x00FF00FF), np.uint32(16) - share
    low = ((first & pair) * rest + (second & pair) * share) >> np.uint32(4) & pair
    high = ((first >> np.uint32(8) & pair) * rest + (second >> np.uint32(8) & pair) * share) << np.uint32(4)
    return low | high & ~pair


def pack(textures: list[Texture], width: int) -> tuple[Atlas, list[tuple[int, int]]]:
    """Lay textures in rows of an atlas and return where each begins (x, y)."""
    corners: list[tuple[int, int]] = [(0, 0)] * len(textures)
    x = y = height = 0
    for k in sorted(range(len(textures)), key=lambda k: -textures[k].colour.shape[0]):  # the highest first
        h, w = (-(-side // _ALIGN) * _ALIGN for side in textures[k].colour.shape[:2])
        if x + w > width:
            x, y, height = 0, y + height, 0
        corners[k] = x, y
        x, height = x + w, max(height, h)
        width = max(width, w)
    colour = np.zeros((y + height, width), np.uint32)
    slopes = np.full((y + height, width), 0x80808080, np.uint32)
    for texture, (left, top) in zip(textures, corners, strict=True):
        h, w = texture.colour.shape[:2]
        place = slice(top, top + h), slice(left, left + w)
        alpha = np.full((h, w), 255, np.uint8) if texture.alpha is None else texture.alpha
        colour[place] = _packed([texture.colour[..., 0], texture.colour[..., 1], texture.colour[..., 2], alpha])
        if texture.slopes is not None or texture.creases is not None:
            flat = np.zeros((2, h, w), np.int8)
            slopes[place] = _packed([plane for planes in (texture.slopes, texture.creases)
                for plane in (flat if planes is None else planes)]) ^ np.uint32(0x80808080)  # fmt: skip
    return Atlas(_bytes(colour), _bytes(slopes)), corners


def _packed(planes: list[NDArray[Any]]) -> NDArray[np.uint32]:
    """(h, w) of four planes of bytes."""
    return cv2.merge([np.ascontiguousarray(plane).view(np.uint8) for plane in planes]).view(np.uint32)[..., 0]


def _bytes(image: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return image.view(np.uint8).reshape(*image.shape, 4)


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of squares of four; whole numbers, so exact."""
    size = image.shape[1] // 2, image.shape[0] // 2
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
