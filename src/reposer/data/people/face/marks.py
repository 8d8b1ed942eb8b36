"""What is painted on a face besides skin: lips, lids, brows, freckles, and hair seen through to the scalp."""

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.face import noise
from reposer.data.people.face.complexion import Complexion
from reposer.data.people.face.regions import Region

_F = np.float32
_BROW_X = (0.0085, 0.018, 0.030, 0.042, 0.056)
_BROW_Y = (0.7503, 0.7517, 0.7533, 0.7527, 0.7482)
_BROW_HALF = (0.0024, 0.0040, 0.0039, 0.0030, 0.0012)
"""Distance from the middle, height and half the thickness of brows on the average body."""


def mix(face: Floats, share: Floats, colour: tuple[float, ...]) -> None:
    """Lay a colour over a face (3, h, w), `share` (h, w) of it."""
    for plane, value in zip(face, colour, strict=True):
        plane += share * (_F(value) - plane)


def tint(face: Floats, share: Floats, factor: tuple[float, ...]) -> None:
    """Multiply a face (3, h, w) by a colour's shares of light, where `share` (h, w) is 1."""
    for plane, value in zip(face, factor, strict=True):
        plane *= 1 + share * _F(value - 1)


def paint_lips(face: Floats, complexion: Complexion, region: Region) -> None:
    masks = region.masks
    lips = masks["lips"] * _F(0.85)
    mix(face, lips, complexion.lips)
    tint(face, masks["upper lip"], (0.88, 0.83, 0.83))
    mix(face, masks["lip shine"] * _F(0.16), (255, 225, 220))
    tint(face, masks["corners"], (0.74, 0.64, 0.62))
    tint(face, masks["under lip"], (0.90, 0.86, 0.85))
    mix(face, masks["mouth"] * _F(0.9), (58, 22, 22))


def paint_lids(face: Floats, complexion: Complexion, region: Region) -> None:
    """Creases and lashes, and what make-up adds to them."""
    masks = region.masks
    if complexion.shadow:
        shade = np.array(complexion.lips) * 0.5 + np.array([70, 52, 58]) * 0.5
        mix(face, masks["lids"] * _F(0.55 * complexion.shadow), tuple(shade.tolist()))
    tint(face, masks["crease"] * _F(0.7), (0.62, 0.52, 0.50))
    dark = tuple(0.35 * value for value in complexion.brow_colour)
    liner = complexion.liner
    mix(face, np.minimum(masks["upper lashes"] * _F(0.72 + 0.5 * liner), 1), dark)
    mix(face, masks["lower lashes"] * _F(0.32 + 0.4 * liner), dark)
    if liner:
        mix(face, masks["wing"] * _F(liner), dark)


def paint_brows(face: Floats, complexion: Complexion, region: Region) -> None:
    """Short hairs that lie along an arc."""
    x, y = (np.take(place, region.brows) for place in (region.sites.x, region.sites.y))
    own = np.random.default_rng(complexion.seed).normal(0, [0.0009, 0.0012, 0.0008])
    rise = np.array(_BROW_Y) + own[0] + np.array([0, 0.3, 1, 1.2, 0]) * own[1] + np.array([0, 0, 0, 0.5, 1]) * own[2]
    half = np.interp(x, _BROW_X, np.array(_BROW_HALF) * complexion.brow)
    wide = half + 0.25 / region.texels  # thin ones are as wide as a texel shows, and paler
    off = (y - np.interp(x, _BROW_X, rise)) / wide
    off = off.astype(np.float32)
    body = smoothstep(np.abs(off), 1.25, 0.55) * smoothstep(x, 0.0055, 0.0170) * smoothstep(x, 0.0580, 0.0500)
    hairs = noise.look_up(noise.grain(6), (x - _F(0.6) * y) * _F(1100), (y + x) * _F(1400))
    cover = np.minimum(np.maximum(body * (_F(0.85) + _F(0.30) * hairs), 0), 1)
    cover *= (0.80 * half / wide).astype(np.float32)
    for plane, value in zip(face.reshape(3, -1), complexion.brow_colour, strict=True):
        under = np.take(plane, region.brows)
        plane[region.brows] = under + cover * (_F(value) - under)


def paint_spots(face: Floats, complexion: Complexion, region: Region) -> None:
    """Freckles and moles."""
    rng = np.random.default_rng([complexion.seed, 1])
    sites = region.sites
    if complexion.freckles:
        middle = noise.rounded(np.exp(-(((sites.y.astype(np.float64) - 0.70) / 0.030) ** 2))) * (sites.z > 0.08)
        dots = noise.cloud(
            rng, sites.y.shape, tuple(max(4, round(side / region.texels * 420)) for side in sites.y.shape)
        )
        tint(face, np.maximum(dots - _F(0.35), 0) * middle * _F(complexion.freckles), (0.70, 0.58, 0.48))
    front = np.flatnonzero((sites.z > 0.06) & (sites.y > 0.62) & (sites.y < 0.80))
    for place, radius in zip(
        rng.choice(front, complexion.moles), rng.uniform(0.0008, 0.0015, complexion.moles), strict=True
    ):
        off = sum((part - part.ravel()[place]) ** 2 for part in sites.points)
        mole = smoothstep(off, 2 * radius**2, 0.4 * radius**2)
        tint(face, mole * _F(0.75), (0.45, 0.35, 0.33))


def paint_scalp(face: Floats, complexion: Complexion, growth: Floats, region: Region) -> None:
    """Hair as it is seen against the skin that it grows on."""
    sites = region.sites
    hairs = noise.look_up(noise.grain(2), (sites.points[0] + sites.z) * _F(1100), sites.y * _F(700) + sites.z * _F(500))
    cover = np.minimum(np.maximum(growth * _F(1.25) - _F(0.18) + _F(0.3) * hairs * growth, 0), 1)
    cover *= 1 - region.masks["ears"]
    mix(face, cover * _F(0.92), tuple(0.8 * value for value in complexion.hair))
