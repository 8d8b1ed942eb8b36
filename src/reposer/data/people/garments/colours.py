"""Colours of everyday clothes, and how often they are worn."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Colour = tuple[int, int, int]
"""sRGB bytes."""
Kind = Literal["top", "bottom", "outer", "dress", "shoes", "denim"]


@dataclass(frozen=True)
class Dye:
    """A colour of the trade."""

    colour: Colour
    spread: float
    """Standard deviation of each channel from piece to piece."""
    neutral: bool
    """White, black, grey, navy, denim, beige, brown or khaki."""
    share: dict[Kind, float]
    """Relative frequency by kind of garment."""


def _dye(colour: Colour, top: float, bottom: float, outer: float, dress: float, shoes: float, *, neutral: bool) -> Dye:
    return Dye(colour, 4 if neutral else 8, neutral, {
        "top": top, "bottom": bottom, "outer": outer, "dress": dress, "shoes": shoes,
    })  # fmt: skip


DYES = {
    #                               top  bottom outer dress shoes
    "white":      _dye((238, 238, 235), 21, 5, 5, 11, 30, neutral=True),
    "cream":      _dye((232, 219, 194), 5, 3, 5, 4, 4, neutral=True),
    "black":      _dye((24, 24, 26), 18, 32, 27, 20, 34, neutral=True),
    "charcoal":   _dye((62, 63, 66), 5, 8, 9, 2, 4, neutral=True),
    "grey":       _dye((120, 122, 126), 6, 7, 7, 2, 6, neutral=True),
    "pale grey":  _dye((182, 183, 185), 5, 4, 4, 2, 4, neutral=True),
    "navy":       _dye((28, 38, 78), 9, 13, 14, 9, 5, neutral=True),
    "beige":      _dye((198, 172, 130), 2, 10, 7, 3, 2, neutral=True),
    "brown":      _dye((98, 63, 40), 1, 3, 4, 1, 8, neutral=True),
    "khaki":      _dye((106, 100, 62), 2, 6, 6, 1, 1, neutral=True),
    "sky":        _dye((140, 178, 220), 5, 1, 2, 5, 0, neutral=False),
    "blue":       _dye((36, 80, 172), 6, 2, 4, 7, 1, neutral=False),
    "burgundy":   _dye((114, 24, 42), 4, 1.5, 3, 5, 0, neutral=False),
    "red":        _dye((200, 28, 38), 6, 1, 3, 9, 1, neutral=False),
    "pink":       _dye((232, 162, 180), 4, 0.5, 1.5, 7, 0.5, neutral=False),
    "fuchsia":    _dye((206, 42, 114), 1.5, 0.2, 0.3, 3, 0, neutral=False),
    "coral":      _dye((236, 106, 86), 1, 0.2, 0.3, 3, 0, neutral=False),
    "orange":     _dye((232, 114, 30), 1, 0.2, 0.5, 1, 0.2, neutral=False),
    "mustard":    _dye((214, 158, 40), 2.5, 0.5, 1.5, 3, 0, neutral=False),
    "olive":      _dye((92, 102, 46), 1.5, 1, 2, 1, 0, neutral=False),
    "green":      _dye((24, 114, 66), 3, 0.6, 2, 5, 0, neutral=False),
    "teal":       _dye((16, 114, 124), 2, 0.5, 1.5, 4, 0, neutral=False),
    "lilac":      _dye((174, 146, 210), 1, 0.2, 0.4, 2, 0, neutral=False),
    "purple":     _dye((86, 42, 124), 1, 0.3, 0.4, 2, 0, neutral=False),
    "indigo":     Dye((36, 52, 94), 5, True, {"denim": 34}),
    "blue jean":  Dye((60, 96, 154), 7, True, {"denim": 26}),
    "light jean": Dye((124, 158, 202), 7, True, {"denim": 16}),
    "black jean": Dye((36, 37, 42), 3, True, {"denim": 18}),
    "grey jean":  Dye((104, 108, 114), 5, True, {"denim": 6}),
}  # fmt: skip
"""Name -> colour and shares; fitted by eye to what pedestrians and shop pictures show, half of all tops white, black or
grey."""


def pick_dye(rng: np.random.Generator, kind: Kind) -> str:
    """Draw the name of a colour for a kind of garment."""
    names = [name for name, dye in DYES.items() if kind in dye.share]
    odds = np.array([DYES[name].share[kind] for name in names])
    return names[int(np.searchsorted(np.cumsum(odds), rng.random() * odds.sum(), side="right"))]


def tint(rng: np.random.Generator, name: str) -> Colour:
    """A piece's own shade of a dye."""
    dye = DYES[name]
    r, g, b = np.clip(np.rint(np.array(dye.colour) + dye.spread * rng.standard_normal(3)), 8, 246).astype(int).tolist()
    return r, g, b


def luma(colour: Colour) -> float:
    """Brightness of a colour, 0 to 255."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def towards(start: Colour, end: Colour, share: float) -> Colour:
    """The colour a share of the way."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(start, end, strict=True))
    return r, g, b


def stitching(colour: Colour) -> Colour:
    """Seams of a cloth: its shade, a little lighter where it is nearly black."""
    return towards(colour, (0, 0, 0), 0.35) if luma(colour) > 50 else towards(colour, (255, 255, 255), 0.08)


def contrast(rng: np.random.Generator, colour: Colour) -> Colour:
    """A colour for a pattern on a ground: white or near black mostly, any other sometimes."""
    if rng.random() < 0.6:
        return (236, 236, 232) if luma(colour) < 120 else tint(rng, str(rng.choice(["black", "navy", "charcoal"])))
    other = tint(rng, pick_dye(rng, "top"))
    return other if abs(luma(other) - luma(colour)) > 45 else ((238, 236, 230) if luma(colour) < 128 else (30, 34, 52))
