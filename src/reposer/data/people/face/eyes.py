"""Eyeballs and teeth."""

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.face import noise
from reposer.data.people.face.complexion import Complexion
from reposer.data.people.face.regions import FINE
from reposer.data.people.sites import Chart, chart
from reposer.data.people.surface import Material
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import Texture

EYE = Material(wrap=0.45, gloss=0.05, sharpness=6)
TEETH = Material(wrap=0.5, gloss=0.10, sharpness=4)
IRIS, PUPIL = 0.0066, 0.0027
"""Radii, metres on MakeHuman's eyeballs of 13.8 mm."""
_F = np.float32


def paint_eye(sheet: Sheet, complexion: Complexion, density: float) -> tuple[Texture, Chart]:
    """One eyeball that looks ahead: white, iris, pupil, the shadow of the lid and a catch-light."""
    low = sheet.uv.min(1, keepdims=True)
    extent = (sheet.uv - low).max()
    metres = np.stack([sheet.uv[0] - low[0], (sheet.uv - low)[1].max() - (sheet.uv[1] - low[1])]) / extent * 0.05
    laid = chart(sheet, metres.astype(np.float32), density)
    points = load_template().points[:, sheet.vertices].astype(np.float64)
    middle = ((points.max(1) + points.min(1)) / 2).astype(np.float32)
    x, y, z = (laid.sites.points[k] - middle[k] for k in range(3))
    radius = np.sqrt(x * x + y * y)
    edge = 0.6 / density
    colour = np.empty((3, *laid.size), np.float32)
    white = 1.0 if density > 4 * FINE else 0.72
    colour[:] = np.array([216, 208, 202], np.float32)[:, None, None] * _F(white)
    colour *= 1 - _F(0.16) * smoothstep(radius, IRIS, 0.013)  # the white turns away
    ahead = z > 0

    def disc(size: float) -> Floats:
        return smoothstep(radius, size + edge, size - edge) * ahead

    angle_noise = noise.look_up(
        noise.grain(1), radius * _F(400) + 64, (x / (np.abs(x) + np.abs(y) + _F(1e-6)) + 2) * _F(12)
    )
    fibres = (_F(0.85) + _F(0.15) * angle_noise) * (_F(0.78) + _F(0.42) * smoothstep(radius, IRIS, PUPIL))
    for plane, value in zip(colour, complexion.iris, strict=True):
        plane += disc(IRIS) * (_F(0.42 * value) - plane)
        plane += disc(IRIS * 0.86) * (value * fibres - plane)
        plane += disc(PUPIL) * (_F(8) - plane)
        plane *= 1 - _F(0.42) * smoothstep(y, 0.0010, 0.0062)
        light = (x + _F(0.0017)) ** 2 + (y - _F(0.0021)) ** 2
        plane += smoothstep(light, (0.0013 + edge) ** 2, 0.0006**2) * ahead * (_F(252) - plane)
    return Texture(noise.to_bytes(np.moveaxis(colour, 0, -1))), laid
