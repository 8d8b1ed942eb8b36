"""Small drawings by distances: exact and smooth-edged, so the same on every machine."""

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats
from reposer.data.people.scenes.tones import bytes_of_light, light_of_bytes, resized

Colour = tuple[float, float, float]


class Sprite:
    """A thing with an outline: sRGB bytes and opacity (h, w, 4), in sizes that halve, and its height in metres."""

    def __init__(self, image: NDArray[np.uint8], metres: float) -> None:
        self.metres = metres
        self.sizes = [image]
        while min(self.sizes[-1].shape[:2]) >= 8:
            last = self.sizes[-1]
            even = last[: last.shape[0] // 2 * 2, : last.shape[1] // 2 * 2]
            half = even.shape[1] // 2, even.shape[0] // 2
            self.sizes.append(resized(even, half, cv2.INTER_AREA))

    @property
    def aspect(self) -> float:
        """Width over height."""
        height, width = self.sizes[0].shape[:2]
        return width / height

    def scaled(self, height: int, width: int) -> NDArray[np.uint8]:
        """The sprite with that many pixels."""
        chosen = self.sizes[0]
        for image in self.sizes[1:]:
            if image.shape[0] >= height and image.shape[1] >= width:
                chosen = image
        return resized(chosen, (width, height))


def paste(
    layer: Floats, sprite: Sprite, x: float, ground: float, pixels: float, *, light: Colour = (1.0, 1.0, 1.0),
    mirrored: bool = False, squeeze: float = 1.0,
) -> None:  # fmt: skip
    """Draw a sprite that stands at (x, ground) and is `pixels` high over a layer.

    Args:
        layer: (3, h, w) linear RGB, or (4, h, w) linear RGB times opacity, and opacity; changed in place.
        light: what its colours are multiplied with.
        squeeze: its width is multiplied with this: how it is turned away.
    """
    rows, columns = max(1, round(pixels)), max(1, round(pixels * sprite.aspect * squeeze))
    top, left = round(ground) - rows, round(x - columns / 2)
    upper, lower = max(top, 0), min(top + rows, layer.shape[1])
    first, last = max(left, 0), min(left + columns, layer.shape[2])
    if upper >= lower or first >= last:
        return
    image = sprite.scaled(rows, columns)
    image = (image[:, ::-1] if mirrored else image)[upper - top : lower - top, first - left : last - left]
    alpha = image[..., 3].astype(np.float32) * np.float32(1 / 255)
    colour = light_of_bytes()[np.moveaxis(image[..., :3], -1, 0)] * np.array(light, np.float32)[:, None, None]
    place = layer[:, upper:lower, first:last]
    place *= 1 - alpha
    place[:3] += colour * alpha
    if len(layer) == 4:
        place[3] += alpha


class Canvas:
    """A sheet in metres, x to the right and y up from the ground, on which shapes are drawn one over the other."""

    def __init__(self, width: float, height: float, density: float) -> None:
        self.height, self.density = height, density
        rows, columns = round(height * density), round(width * density)
        self.x = ((np.arange(columns) + 0.5) / density - width / 2)[None, :]
        self.y = (height - (np.arange(rows) + 0.5) / density)[:, None]
        self.colour = np.zeros((3, rows, columns))
        self.alpha = np.zeros((rows, columns))

    def fill(self, distance: Floats, colour: Colour | Floats, opacity: float = 1.0) -> None:
        """Draw what has a distance (rows, columns) below 0 (metres outside of the shape), in linear RGB."""
        share = np.clip(0.5 - distance * self.density, 0, 1) * opacity
        tint = np.asarray(colour, float)
        self.colour = self.colour * (1 - share) + (tint[:, None, None] if tint.ndim == 1 else tint) * share
        self.alpha = self.alpha * (1 - share) + share

    def tube(self, start: tuple[float, float], end: tuple[float, float], radius: float) -> Floats:
        """Distance from a thick line."""
        (ax, ay), (bx, by) = start, end
        dx, dy = bx - ax, by - ay
        along = np.clip(((self.x - ax) * dx + (self.y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        across, down = self.x - ax - along * dx, self.y - ay - along * dy
        return np.sqrt(across * across + down * down) - radius

    def disc(self, centre: tuple[float, float], radius: float, stretch: float = 1.0) -> Floats:
        """About the distance from an ellipse, `stretch` times as wide as high."""
        x, y = (self.x - centre[0]) / stretch, self.y - centre[1]
        return np.sqrt(x * x + y * y) - radius

    def ring(self, centre: tuple[float, float], radius: float, thickness: float) -> Floats:
        return np.abs(self.disc(centre, radius)) - thickness

    def polygon(self, *corners: tuple[float, float]) -> Floats:
        """About the distance from a convex polygon, corners counter-clockwise."""
        outside: Floats = np.full(self.alpha.shape, -np.inf)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            dx, dy = bx - ax, by - ay
            outside = np.maximum(outside, (dy * (self.x - ax) - dx * (self.y - ay)) / (dx * dx + dy * dy) ** 0.5)
        return outside

    def sprite(self) -> Sprite:
        colour = self.colour / np.maximum(self.alpha, 1e-3)
        mean = (self.colour.sum((1, 2)) / max(self.alpha.sum(), 1e-3))[:, None, None]
        colour = np.where(self.alpha > 0.02, colour, mean)
        image = np.concatenate([bytes_of_light(colour), np.rint(255 * self.alpha)[None]])
        return Sprite(np.ascontiguousarray(np.moveaxis(image, 0, -1)).astype(np.uint8), self.height)
