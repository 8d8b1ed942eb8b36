"""Where on the skin something is: the parts of a face, at the texels of the skin's texture."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from reposer.data.people.arrays import Bools, Floats, Integers, smoothstep
from reposer.data.people.face.noise import rounded
from reposer.data.people.sites import Chart, Sites, chart, spread
from reposer.data.people.template import load_template

METRES_PER_UV = 2.2
"""About how long MakeHuman's texture of side 1 is on limbs; heads are laid out twice as large."""
FINE = 150
"""Texels per metre of limb from which wrinkles, hairs of brows and pores are worth painting."""
_FOOTPRINT = 0.5
"""Of a texel: how wide the bell is that it shows of a point."""
_HEAD = 0.57
"""Height above which the head is, metres on the average body."""
_HEAD_COLUMNS, _HEAD_ROWS = 0.63, 0.865
"""Where the head begins and ends in MakeHuman's layout; below it is the inside of the mouth."""

LID_X = (0.0205, 0.0225, 0.0255, 0.0285, 0.0315, 0.0345, 0.0375, 0.0405, 0.0430)
UPPER_LID = (0.7275, 0.73025, 0.73175, 0.7325, 0.7330, 0.7330, 0.7325, 0.7315, 0.7290)
LOWER_LID = (0.7272, 0.72575, 0.7250, 0.72475, 0.7245, 0.7245, 0.72525, 0.72625, 0.7285)
"""Edges of the lids on the average body: distance from the middle and heights."""


@lru_cache(maxsize=8)
def skin_chart(density: float, level: int) -> Chart:
    """The whole skin in MakeHuman's layout, about `density` texels per metre of limb; shared, never write into it."""
    sheet = load_template().skin[level]
    return chart(sheet, np.stack([sheet.uv[0], 1 - sheet.uv[1]]) * np.float32(METRES_PER_UV), density)


@lru_cache(maxsize=16)
def skin_mask(name: str, density: float, level: int) -> Floats:
    """(h, w) 0 to 1: lips, eyelids, ears, ..., at the texels of the skin's chart."""
    laid, template = skin_chart(density, level), load_template()
    image, _ = spread(laid.uv, template.skin[level].faces, template.masks[name][None], laid.size)
    return image[0]


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the skin's texture with what the painters need to know of it; shared, never write into it."""

    rows: slice
    columns: slice
    sites: Sites  # (h, w)
    texels: float
    """Per metre."""
    masks: dict[str, Floats]  # (h, w) 0 to 1

    @cached_property
    def brows(self) -> Integers:
        """(N,) flat places of the texels that brows of any shape may cover."""
        sites = self.sites
        return np.flatnonzero((sites.z > 0.06) & (sites.x < 0.06) & (np.abs(sites.y - 0.752) < 0.025))


def around(sites: Sites, x: float, y: float, z: float, radius: float) -> Floats:
    """(h, w) 1 at a place of both sides, falling off like a bell."""
    off = (sites.x - x) ** 2 + (sites.y - y) ** 2 + (sites.z - z) ** 2
    return np.exp(-off.astype(np.float64) / radius**2)


def band(values: Floats, width: float, texel: float = 0.0) -> Floats:
    """1 where values are 0, falling off like a bell; what is thinner than a texel is as wide as one and paler."""
    wide = np.sqrt(width**2 + (_FOOTPRINT * texel) ** 2)
    return width / wide * np.exp(-((values.astype(np.float64) / wide) ** 2))


@lru_cache(maxsize=8)
def head_region(density: float, level: int) -> Region:
    """The head, without what is inside the mouth."""
    laid = skin_chart(density, level)
    names = ("lips", "inside-mouth", "eyelids", "ears")
    masks = {name: skin_mask(name, density, level) for name in names}
    right, upper = (
        np.arange(laid.size[1]) > _HEAD_COLUMNS * laid.size[1],
        np.arange(laid.size[0]) < _HEAD_ROWS * laid.size[0],
    )
    place: Bools = right & upper[:, None]
    head = laid.inside & (laid.sites.y > _HEAD) & (laid.sites.x < 0.12) & place
    rows, columns = _bounds(np.any(head, axis=1)), _bounds(np.any(head, axis=0))
    window = laid.window(rows, columns)
    own = {name: np.ascontiguousarray(mask[rows, columns]) for name, mask in masks.items()}
    sites = Sites(np.ascontiguousarray(window.sites.points), window.sites.arm)
    return Region(rows, columns, sites, 2 * density, own | _masks(sites, own, 0.5 / density))


@lru_cache(maxsize=8)
def mouth_texels(density: float, level: int) -> Integers:
    """(N,) flat places of the texels of the inside of the mouth."""
    laid = skin_chart(density, level)
    inside = (skin_mask("inside-mouth", density, level) > 0.5) & (laid.sites.y > _HEAD)
    inside[: round(_HEAD_ROWS * laid.size[0])] = False
    return np.flatnonzero(inside)


def _bounds(used: Bools) -> slice:
    places = np.flatnonzero(used)
    return slice(max(int(places[0]) - 2, 0), int(places[-1]) + 3)


def _masks(sites: Sites, own: dict[str, Floats], texel: float) -> dict[str, Floats]:
    """Parts of the face (h, w) besides those of MakeHuman; `texel` in metres."""
    front = (sites.z > 0.07) & (sites.y > 0.57)
    gleam = rounded(np.exp(-(((sites.y.astype(np.float64) - 0.6545) / 0.0025) ** 2))) * own["lips"]
    blood = 0.85 * around(sites, 0.046, 0.694, 0.105, 0.022) + 0.75 * around(sites, 0.0, 0.690, 0.160, 0.015)
    blood += 0.5 * around(sites, 0.0, 0.628, 0.140, 0.016) + 0.3 * around(sites, 0.0195, 0.7270, 0.136, 0.0022)
    pale = around(sites, 0.0, 0.785, 0.14, 0.035) * front + 0.6 * around(sites, 0.0, 0.735, 0.155, 0.012)
    return _eyes(sites, own["eyelids"], texel) | {
        "blood": rounded((blood + 0.55 * own["ears"]) / 1.5),
        "pale": rounded(pale),
        "nostrils": rounded(1.6 * around(sites, 0.0080, 0.6810, 0.1440, 0.0042) * (sites.y < 0.686)),
        "nose wings": rounded(around(sites, 0.0185, 0.6880, 0.136, 0.0045)),
        "upper lip": own["lips"] * smoothstep(sites.y, 0.6600, 0.6640),
        "lip shine": gleam * smoothstep(sites.x, 0.014, 0.002),
        "mouth": rounded(own["inside-mouth"] * (own["lips"] < 0.3)),
        "corners": rounded(around(sites, 0.0265, 0.6615, 0.138, 0.004)),
        "under lip": rounded(around(sites, 0.0, 0.6445, 0.146, 0.010)),
    }


def _eyes(sites: Sites, eyelids: Floats, texel: float) -> dict[str, Floats]:
    """What is around the eyes (h, w)."""
    x, y, z = sites.x, sites.y, sites.z
    eye = (z > 0.07) & (y > 0.70) & (y < 0.775)
    upper, lower = np.interp(x, LID_X, UPPER_LID), np.interp(x, LID_X, LOWER_LID)
    beside = np.maximum(np.abs(x - 0.032) - 0.0115, 0)
    within = band(beside, 0.002) * eye
    below = band(np.sqrt(((x - 0.031) / 0.019) ** 2 + ((y - 0.7165) / 0.006) ** 2), 1.0) * eye
    fold = y - upper - 0.0050 + 8 * np.maximum(x - 0.036, 0) ** 1.5
    return {
        "sockets": rounded(0.9 * below + 0.8 * around(sites, 0.016, 0.733, 0.135, 0.007) + 0.5 * eyelids),
        "crease": rounded(band(fold, 0.0011, texel) * eye * (beside < 0.003)),
        "lids": rounded(band(np.sqrt(((x - 0.033) / 0.016) ** 2 + ((y - 0.7375) / 0.0055) ** 2), 1.0) * eye),
        "upper lashes": rounded(band(np.maximum(y - upper - 0.0002, 0), 0.0011, texel) * within * (y > lower + 0.001)),
        "lower lashes": rounded(band(np.maximum(lower - y, 0), 0.0008, texel) * within * (y < upper - 0.001)),
        "wing": rounded(band(y - 0.7295 - 0.35 * (x - 0.0430), 0.0010, texel) * eye * (x > 0.042) * (x < 0.0485)),
    }
