"""Skin: its tones, and what is painted on it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats
from reposer.data.people.sites import Chart, chart
from reposer.data.people.surface import Material
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import Texture

TONES = np.array(
    [[236, 196, 172], [226, 180, 152], [214, 164, 134], [196, 144, 112], [170, 118, 88], [136, 90, 66], [104, 68, 50],
     [80, 52, 40]], np.float64
)  # fmt: skip
"""sRGB of sunlit skin, from the lightest to the darkest."""
SKIN = Material(wrap=0.35, gloss=0.06, sharpness=3, blood=1.0)
METRES_PER_UV = 2.2
"""About how long MakeHuman's texture of side 1 is on limbs; heads are laid out twice as large."""


@dataclass(frozen=True, kw_only=True)
class Complexion:
    """The colours of one person."""

    tone: tuple[int, int, int]
    lips: tuple[int, int, int]
    iris: tuple[int, int, int]
    hair: tuple[int, int, int]


def sample_complexion(rng: np.random.Generator, descent: tuple[float, float, float]) -> Complexion:
    """Draw colours that go with MakeHuman's shares of African, Asian and Caucasian features."""
    ranges = ((4.0, 7.0), (0.5, 3.2), (0.0, 2.6))
    low, high = ranges[int(np.argmax(descent))]
    place = rng.uniform(low, high)
    tone = np.array([np.interp(place, range(len(TONES)), TONES[:, k]) for k in range(3)]) + rng.normal(0, 3, 3)
    lips = tone * 0.55 + np.array([188, 98, 92]) * min(1.0, tone.mean() / 170) * 0.45
    hairs = np.array([[24, 20, 18], [52, 36, 26], [92, 64, 42], [178, 142, 94], [120, 62, 36], [150, 148, 146]])
    odds = [0.38, 0.28, 0.14, 0.12, 0.04, 0.04] if descent[2] > 0.5 else [0.72, 0.22, 0, 0, 0, 0.06]
    irises = np.array([[70, 48, 32], [92, 110, 120], [60, 42, 30]])

    def colour(values: Floats) -> tuple[int, int, int]:
        r, g, b = np.clip(np.rint(values), 4, 250).astype(int).tolist()
        return r, g, b

    return Complexion(
        tone=colour(tone), lips=colour(lips), hair=colour(hairs[rng.choice(6, p=odds)] + rng.normal(0, 4, 3)),
        iris=colour(irises[rng.choice(3, p=[0.5, 0.3, 0.2] if descent[2] > 0.5 else [0.6, 0.0, 0.4])]),
    )  # fmt: skip


@lru_cache(maxsize=8)
def skin_chart(density: float, level: int) -> Chart:
    """The whole skin in MakeHuman's layout, about `density` texels per metre of limb; shared, never write into it."""
    sheet = load_template().skin[level]
    return chart(sheet, np.stack([sheet.uv[0], 1 - sheet.uv[1]]) * np.float32(METRES_PER_UV), density)


@lru_cache(maxsize=16)
def skin_mask(name: str, density: float, level: int) -> Floats:
    """(h, w) 0 to 1: lips, eyelids, ears, ..., at the texels of the skin's chart."""
    from reposer.data.people.sites import spread

    laid, template = skin_chart(density, level), load_template()
    image, _ = spread(laid.uv, template.skin[level].faces, template.masks[name][None], laid.size)
    return image[0]


def paint_skin(complexion: Complexion, density: float, level: int) -> Texture:
    """The skin of the whole body."""
    laid = skin_chart(density, level)
    colour = np.empty((*laid.size, 3), np.float32)
    colour[:] = complexion.tone
    lips = skin_mask("lips", density, level)[..., None] * np.float32(0.7)
    colour += lips * (np.array(complexion.lips, np.float32) - colour)
    return Texture(to_bytes(colour))


def to_bytes(colour: Floats) -> NDArray[np.uint8]:
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8)


def paint_eye(sheet: Sheet, complexion: Complexion, density: float) -> tuple[Texture, Chart]:
    """One eyeball: white, iris and pupil."""
    low = sheet.uv.min(1, keepdims=True)
    extent = (sheet.uv - low).max()
    metres = np.stack([sheet.uv[0] - low[0], (sheet.uv - low)[1].max() - (sheet.uv[1] - low[1])]) / extent * 0.05
    laid = chart(sheet, metres.astype(np.float32), density)
    centre = load_template().points[:, sheet.vertices].astype(np.float64)
    middle = (centre.max(1) + centre.min(1)) / 2
    off = laid.sites.points.astype(np.float64) - middle[:, None, None]
    radius = np.sqrt(off[0] ** 2 + off[1] ** 2)  # the iris looks ahead
    colour = np.empty((*laid.size, 3), np.float32)
    colour[:] = (222, 214, 208)
    ahead = off[2] > 0
    colour[(radius < 0.0068) & ahead] = np.array(complexion.iris) * 0.5
    colour[(radius < 0.0060) & ahead] = complexion.iris
    colour[(radius < 0.0028) & ahead] = (8, 8, 10)
    return Texture(to_bytes(colour)), laid
