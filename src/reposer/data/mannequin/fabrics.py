"""Fabrics and the motifs that are printed on them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.clothes import Colour, Fabric, Print
from reposer.data.mannequin.figure import Floats
from reposer.data.mannequin.mesh import ramp

Image = Floats
"""(3, h, w) RGB: channels first, long rows last, which is what numpy is fast at."""
Grid = Floats


def rgb(colour: Colour | Image) -> Image:
    """A colour as (3, 1, 1); an image stays as it is."""
    values = np.asarray(colour, np.float32)
    return values if values.ndim == 3 else values.reshape(3, 1, 1)


def mix(image: Image, colour: Colour | Image, amount: Grid | float) -> Image:
    """Blend a colour or an image over an image (3, h, w); amount is a mask or 0 to 1, broadcast to (h, w)."""
    if isinstance(amount, np.ndarray) and amount.dtype == bool:
        return np.where(amount, rgb(colour), image)
    return image + amount * (rgb(colour) - image)


def fill(shape: tuple[int, int], colour: Colour | Image) -> Image:
    return np.broadcast_to(rgb(colour), (3, *shape))


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Grid:
    """Smooth noise of about unit size; cells down and across."""
    coarse = rng.standard_normal(cells).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def weave(fabric: Fabric, x: Grid, y: Grid) -> Image:
    """Colours (3, h, w) of a fabric at metres x around and y down (broadcast together)."""
    first, second, third = fabric.colours
    shape = np.broadcast_shapes(x.shape, y.shape)
    image = fill(shape, first)
    if fabric.pattern == "plain":
        return image
    u, v = x / fabric.size, y / fabric.size + fabric.phase
    if fabric.pattern == "stripes":
        return mix(image, second, ((v % 1) < 0.5))
    if fabric.pattern == "upright":
        return mix(image, second, ((u % 1) < 0.4))
    if fabric.pattern == "blocks":
        edge = 0.22 + 0.16 * fabric.phase
        return mix(image, second, (y > edge))
    if fabric.pattern == "fade":
        return mix(image, second, (ramp(y, 0.02, 0.75)))
    if fabric.pattern == "plaid":
        image = mix(image, second, 0.5 * ((u % 1) < 0.45) + 0.0 * v)
        image = mix(image, second, 0.5 * ((v % 1) < 0.45) + 0.0 * u)
        return mix(image, third, 0.8 * (((u - 0.66) % 1 < 0.1) | ((v - 0.66) % 1 < 0.1)))
    if fabric.pattern == "checks":
        return mix(image, second, ((u % 1) < 0.5) ^ ((v % 1) < 0.5))
    if fabric.pattern == "argyle":
        diamond = np.abs((u % 1) - 0.5) + np.abs((v * 0.7 % 1) - 0.5)
        lines = np.abs(((u + 0.7 * v) % 1) - 0.5) < 0.05
        return mix(mix(image, second, diamond < 0.36), third, lines * 0.8)
    if fabric.pattern == "camouflage":
        a = np.sin(5.1 * u + 2 * np.sin(4.3 * v)) + np.sin(6.2 * v + 1.7 * np.sin(5.7 * u))
        b = np.sin(4.2 * u + 1.3 + 2.2 * np.sin(3.1 * v)) + np.sin(5.3 * v + 1.1)
        return mix(mix(image, second, a > 0.5), third, b > 0.9)
    row = np.floor(v)
    dx, dy = (u + 0.5 * (row % 2)) % 1 - 0.5, v % 1 - 0.5
    distance = np.sqrt(dx * dx + dy * dy)
    if fabric.pattern == "dots":
        return mix(image, second, distance < 0.27)
    petals = 0.26 + 0.10 * np.cos(5 * np.arctan2(dy, dx))
    return mix(mix(image, second, distance < petals), third, distance < 0.1)


def _turn(count: int) -> Floats:
    """Points (count, 2) on a circle, the last on the first."""
    angles = np.linspace(0, 2 * np.pi, count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


_CIRCLE = _turn(25)
_STAR = np.array([1.1, 0.5] * 5)[:, None] * (_turn(11)[:-1] @ [[0, -1], [1, 0]])  # one tip up
_WIDE, _TALL = (np.array([(-x, -y), (x, -y), (x, y), (-x, y)]) for x, y in ((1, 0.3), (0.3, 1)))
_MOTIFS: dict[str, tuple[Floats, ...]] = {
    "disc": (_CIRCLE,), "ring": (_CIRCLE,), "star": (_STAR,), "cross": (_TALL, _WIDE), "bar": (_WIDE * (1.5, 1),),
    "box": (np.array([(-1, -0.8), (1, -0.8), (1, 0.8), (-1, 0.8)]),),
    "pocket": (np.array([(0.7, -1), (2.3, -1), (2.3, 0.6), (1.5, 1), (0.7, 0.6)]),),
}  # fmt: skip
"""Outlines of motifs, in half widths from the middle."""


def draw_print(image: Image, design: Print, column: float, row: float, across: float, down: float) -> Image:
    """Draw a motif centred on a texel; `across` and `down` are texels per metre."""
    if design.motif == "none":
        return image
    canvas = np.zeros(image.shape[1:], np.uint8)
    half = (design.size * across, design.size * down)

    def points(outline: Floats) -> NDArray[np.int32]:
        return np.round((np.array([column, row]) + outline * half) * 16).astype(np.int32)

    for outline in _MOTIFS.get(design.motif, ()):
        cv2.fillPoly(canvas, [points(outline)], 255, cv2.LINE_AA, 4)
    if design.motif == "ring":
        cv2.fillPoly(canvas, [points(0.55 * _CIRCLE)], 0, cv2.LINE_AA, 4)
    if design.motif == "number":  # its digits follow from the size
        text = str(10 + int(design.size * 8e4) % 90)
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        scale = 2.2 * half[1] / height
        origin = (round(column - 0.5 * width * scale), round(row + half[1]))
        cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(half[0] / 4)), cv2.LINE_AA)
    return mix(image, design.colour, canvas.astype(np.float32) / 255)
