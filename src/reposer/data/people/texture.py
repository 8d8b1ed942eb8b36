"""What is painted on surfaces: colour, cut-outs and relief, in texels of known size."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Atlas:
    """All textures of a person beside each other, and halved copies of them."""

    colours: tuple[NDArray[np.uint32], ...]  # (h, w) packed R, G, B, alpha by level
    slopes: tuple[NDArray[np.uint32], ...]  # (h, w) packed int8 by level: slopes along u and v, creases along u and v

    def look_up(self, u: Floats, v: Floats, level: int) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        """Nearest texels (N, 4) RGBA and (N, 4) slopes and creases at texel coordinates of level 0."""
        place = self._place(u, v, level)
        colours = np.take(self.colours[level].ravel(), place).view(np.uint8).reshape(-1, 4)
        return colours, np.take(self.slopes[level].ravel(), place).view(np.int8).reshape(-1, 4)

    def alpha(self, u: Floats, v: Floats, level: int) -> Floats:
        """(N,) alpha between texels, 0 to 255: a cut is as smooth as the distances that it is painted from."""
        x, y = (np.maximum(place * np.float32(0.5**level) - np.float32(0.5), 0) for place in (u, v))
        rows, columns = self.colours[level].shape
        left, top = np.minimum(x.astype(np.intp), columns - 2), np.minimum(y.astype(np.intp), rows - 2)
        right, low = x - left.astype(np.float32), y - top.astype(np.float32)
        alphas = self.colours[level].ravel().view(np.uint8)[3::4]
        corner = top * columns + left
        a, b, c, d = (np.take(alphas, corner + k).astype(np.float32) for k in (0, 1, columns, columns + 1))
        upper, lower = a + (b - a) * right, c + (d - c) * right
        return upper + (lower - upper) * low

    def _place(self, u: Floats, v: Floats, level: int) -> Integers:
        rows, columns = self.colours[level].shape
        scale = np.float32(0.5**level)
        x = np.minimum(np.maximum(u * scale, 0), columns - 1).astype(np.intp)
        y = np.minimum(np.maximum(v * scale, 0), rows - 1).astype(np.intp)
        return y * columns + x


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
    colour = np.zeros((y + height, width, 4), np.uint8)
    slopes = np.zeros((y + height, width, 4), np.int8)
    for texture, (left, top) in zip(textures, corners, strict=True):
        h, w = texture.colour.shape[:2]
        colour[top : top + h, left : left + w, :3] = texture.colour
        colour[top : top + h, left : left + w, 3] = 255 if texture.alpha is None else texture.alpha
        for first, values in ((0, texture.slopes), (2, texture.creases)):
            if values is not None:
                slopes[top : top + h, left : left + w, first : first + 2] = np.moveaxis(values, 0, -1)
    return _pyramid(colour, slopes), corners


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of squares of four; whole numbers, so exact."""
    size = image.shape[1] // 2, image.shape[0] // 2
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _pyramid(colour: NDArray[np.uint8], slopes: NDArray[np.int8]) -> Atlas:
    colours, reliefs = [], []
    for level in range(LEVELS):
        colours.append(colour.view(np.uint32)[..., 0])
        reliefs.append(slopes.view(np.uint32)[..., 0])
        if level + 1 < LEVELS:
            colour = halved(colour)
            slopes = (halved(slopes.view(np.uint8) ^ np.uint8(128)) ^ np.uint8(128)).view(np.int8)
    return Atlas(tuple(colours), tuple(reliefs))
