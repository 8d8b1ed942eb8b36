"""Beards, from stubble to full."""

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.face import noise
from reposer.data.people.face.complexion import Complexion
from reposer.data.people.face.regions import Region
from reposer.data.people.sites import Sites

_F = np.float32
_LINE_X = (0.0, 0.018, 0.030, 0.042, 0.055, 0.066, 0.073)
_LINE_Y = (0.6500, 0.6540, 0.6600, 0.6680, 0.6780, 0.6930, 0.7150)
"""Upper edge of a full beard on the cheeks, by distance from the middle, on the average body."""
COVER = {"none": 0.0, "stubble": 0.36, "moustache": 0.88, "goatee": 0.9, "full": 0.94}
"""How much of the skin each beard hides where it is thickest."""


def beard_growth(style: str, sites: Sites) -> Floats:
    """How densely a beard grows at places, 0 to 1."""
    x, y, z = sites.x, sites.y, sites.z
    face = (z > 0.0) & (x < 0.083) & (y > 0.57)
    jaw = smoothstep(y, 0.578, 0.612) * smoothstep(z, 0.030, 0.055)
    cheeks = smoothstep(np.interp(x, _LINE_X, _LINE_Y).astype(np.float32) - y, -0.003, 0.010) * jaw
    top = np.interp(x, [0.0, 0.010, 0.022, 0.031], [0.6800, 0.6795, 0.6740, 0.6640]).astype(np.float32)
    bottom = np.interp(x, [0.0, 0.012, 0.024, 0.031], [0.6715, 0.6720, 0.6660, 0.6570]).astype(np.float32)
    lip = smoothstep(top - y, -0.001, 0.0025) * smoothstep(y - bottom, -0.002, 0.001) * smoothstep(x, 0.034, 0.029)
    lip *= z > 0.10
    burns = smoothstep(np.abs(z - 0.058), 0.020, 0.012) * smoothstep(y, 0.655, 0.670) * smoothstep(y, 0.745, 0.730)
    chin = smoothstep(x, 0.031, 0.023) * smoothstep(y, 0.600, 0.615) * smoothstep(y, 0.6500, 0.6420)
    beside = smoothstep(np.abs(x - 0.0285), 0.0055, 0.003) * smoothstep(y, 0.635, 0.645) * smoothstep(y, 0.670, 0.662)
    chin = np.maximum(chin, beside) * (z > 0.09)
    grown = {
        "none": np.zeros_like(y), "moustache": lip, "goatee": np.maximum(lip, chin),
    }.get(style, np.maximum(np.maximum(cheeks, burns), np.maximum(lip, chin)))  # fmt: skip
    return np.where(face, grown, _F(0)).astype(np.float32)


def paint_beard(face: Floats, complexion: Complexion, region: Region) -> None:
    """Hairs that let skin through where they are short or few."""
    if complexion.beard == "none":
        return
    sites = region.sites
    bare = np.maximum(region.masks["lips"] * _F(1.6), region.masks["ears"] * _F(2))
    grown = beard_growth(complexion.beard, sites) * (1 - np.minimum(bare, 1))
    hairs = noise.look_up(noise.grain(2), sites.points[0] * _F(1300), sites.y * _F(700))
    cover = grown * (_F(COVER[complexion.beard]) + _F(0.35) * hairs * (1 - np.abs(2 * grown - 1) * _F(0.5)))
    bright = _F(1) + _F(0.28) * hairs
    for plane, value in zip(face, complexion.beard_colour, strict=True):
        plane += np.minimum(np.maximum(cover, 0), 1) * (_F(value) * bright - plane)
