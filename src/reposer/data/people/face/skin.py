"""The skin of the whole body: where it lies in its texture, and what is painted on it."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers, smoothstep, unit
from reposer.data.people.face import noise
from reposer.data.people.face.beards import paint_beard
from reposer.data.people.face.complexion import Complexion
from reposer.data.people.face.marks import paint_brows, paint_lids, paint_lips, paint_scalp, paint_spots, tint
from reposer.data.people.face.regions import FINE, Region, head_region, mouth_texels, skin_chart, skin_mask
from reposer.data.people.face.wrinkles import wrinkles
from reposer.data.people.sites import Sites, spread
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Material
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture, slopes_of

SKIN = Material(wrap=0.32, gloss=0.06, sharpness=4, blood=1.0, detail="pores", detail_strength=1.0)
_F = np.float32
_MOUTH, _PALM = (70, 26, 26), (222, 168, 140)
_DARK = 150
"""Mean of the sRGB of tones that have lighter palms if they are darker."""
_WARM = (0.05, -0.10, -0.09)
"""How blood near the surface changes red, green and blue, in shares."""


@lru_cache(maxsize=8)
def _body(density: float, level: int) -> tuple[Floats, Floats]:
    """Brightness and redness (h, w) that all skins have: knuckles, elbows, knees, nails, palms."""
    laid = skin_chart(density, level)
    sites, rng = laid.sites, np.random.default_rng(5)
    along = sites.along_arm
    hand = smoothstep(along, 1.9, 2.05) * (sites.arm > 0.5)
    elbow = smoothstep(np.abs(along - 1), 0.13, 0.0) * (sites.arm > 0.5) * smoothstep(sites.z, 0.02, -0.04)
    knee = smoothstep(np.abs(sites.y + 0.37), 0.06, 0.0) * smoothstep(sites.z, 0.0, 0.05) * (sites.arm < 0.5)
    blotches = noise.cloud(rng, laid.size, (60, 60)) * _F(0.6) + noise.cloud(rng, laid.size, (16, 16)) * _F(0.4)
    nails = skin_mask("fingernails", density, level)
    creases = hand * np.maximum(noise.cloud(rng, laid.size, (200, 200)), 0)
    bright = 1 + _F(0.014) * blotches - _F(0.06) * (elbow + knee) - _F(0.07) * creases + _F(0.10) * nails
    red = _F(0.12) * blotches + _F(0.55) * hand * (1 - nails) + _F(0.5) * (elbow + knee) + _F(0.3) * nails
    return bright.astype(np.float32), red.astype(np.float32)


@lru_cache(maxsize=8)
def _palms(density: float, level: int) -> tuple[Integers, Floats]:
    """Flat places (N,) of texels inside the hands, and how far they are palm, 0 to 1."""
    template, laid = load_template(), skin_chart(density, level)
    sheet = template.skin[level]
    normals = vertex_normals(template.points, template.skin[0].vertices[template.skin[0].faces])[:, sheet.vertices]
    left, nails = template.points[0, sheet.vertices] > 0, template.masks["fingernails"] > 0.5
    facing = np.zeros(len(left), np.float32)
    for side in (left, ~left):
        outwards = unit(normals[:, side & nails].sum(1, dtype=np.float64)).astype(np.float32)
        facing[side] = -sum(outwards[k] * normals[k, side] for k in range(3))
    image, _ = spread(laid.uv, sheet.faces, facing[None], laid.size)
    share = smoothstep(image[0], 0.0, 0.5) * smoothstep(laid.sites.along_arm, 1.97, 2.1) * (laid.sites.arm > 0.5)
    places = np.flatnonzero(share > 0.01)
    return places, share.ravel()[places].astype(np.float32)


@lru_cache(maxsize=4)
def _relief(density: float, level: int) -> NDArray[np.int8]:
    """(2, h, w) slopes that all skins have: knuckles and tendons of hands, elbows, knees."""
    laid = skin_chart(density, level)
    rng = np.random.default_rng(6)
    rough = _body(density, level)[1] - _F(0.1)
    bumps = noise.cloud(rng, laid.size, (180, 180)) * np.maximum(rough, 0) * _F(0.0006)
    return slopes_of(bumps.astype(np.float32), density)


def paint_skin(complexion: Complexion, growth: Callable[[Sites], Floats] | None, density: float, level: int) -> Texture:
    """The skin of the whole body.

    Args:
        growth: how densely hair grows at places, 0 to 1.
    """
    bright, red = _body(density, level)
    tone = np.array(complexion.tone, np.float32)
    pale = min(1.0, float(tone.mean()) / 150)
    colour = np.empty((3, *bright.shape), np.float32)
    for plane, warm, value in zip(colour, _WARM, tone, strict=True):
        np.multiply(bright * (1 + red * _F(warm * pale)), value, out=plane)
    if tone.mean() < _DARK:
        places, share = _palms(density, level)
        light = tone + _F(0.55) * (np.array(_PALM, np.float32) - tone) * _F(1 - tone.mean() / _DARK)
        for plane, value in zip(colour.reshape(3, -1), light, strict=True):
            plane[places] += share * (value - np.take(plane, places))
    region = head_region(density, level)
    rows, columns = region.rows, region.columns
    colour.reshape(3, -1)[:, mouth_texels(density, level)] = np.array(_MOUTH)[:, None]
    face = colour[:, rows, columns].copy()
    _paint_head(face, complexion, region, pale)
    if growth is not None:
        paint_scalp(face, complexion, growth(region.sites), region)
    slopes = None
    if density >= FINE:
        slopes = _relief(density, level).copy()
        height, dark = wrinkles(region, complexion.lined)
        face *= 1 - dark
        slopes[:, rows, columns] = slopes_of(height, 2 * density)
    colour[:, rows, columns] = face
    return Texture(np.moveaxis(noise.to_bytes(colour), 0, -1), slopes=slopes)


def _paint_head(face: Floats, complexion: Complexion, region: Region, pale: float) -> None:
    """Paint a part of the head's skin (3, h, w) in place."""
    masks = region.masks
    rng = np.random.default_rng([complexion.seed, 0])
    cells = [max(3, round(side / region.texels * 45)) for side in region.sites.y.shape]
    blotches = noise.cloud(rng, region.sites.y.shape, (cells[0], cells[1]))
    blood = masks["blood"] * _F(1.5 * (0.5 + complexion.flush)) + blotches * _F(0.22)
    for plane, warm in zip(face, _WARM, strict=True):
        plane *= 1 + blood * _F(1.1 * warm * pale)
    tint(face, masks["pale"], (1.035, 1.03, 1.0))
    far = 1.0 if region.texels > 2 * FINE else 1.2  # from far away eyes are dark spots
    tint(face, masks["sockets"] * _F(far * (0.35 + complexion.tired)), (0.86, 0.80, 0.82))
    tint(face, masks["nose wings"] * _F(0.5), (0.88, 0.78, 0.76))
    tint(face, masks["nostrils"], (0.34, 0.22, 0.20))
    paint_spots(face, complexion, region)
    paint_lids(face, complexion, region)
    paint_brows(face, complexion, region)
    paint_beard(face, complexion, region)
    paint_lips(face, complexion, region)
