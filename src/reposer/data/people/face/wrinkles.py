"""Wrinkles: lines that come with the years."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.face.noise import rounded
from reposer.data.people.face.regions import Region, band

_F = np.float32
DEEP = 0.0011
"""Metres."""
_FOLD = ((0.0185, 0.6920), (0.0250, 0.6820), (0.0310, 0.6690), (0.0325, 0.6560))
"""From the nose to beside the mouth: distance from the middle and height."""


@lru_cache(maxsize=8)
def _lines(region: Region) -> tuple[Floats, Floats]:
    """(h, w) how deep lines are in a very old face, 0 to 1: those of age, and the folds that every face has."""
    x, y, z = region.sites.x, region.sites.y, region.sites.z
    front = (z > 0.07) & (y > 0.60)
    total = np.zeros(y.shape)
    for height, share in ((0.7685, 0.5), (0.7775, 0.75), (0.7870, 0.65), (0.7955, 0.4)):
        bow = height + 0.004 * (x / 0.03) - 0.006 * (x / 0.045) ** 2
        total += share * band(y - bow, 0.0011) * smoothstep(x, 0.052, 0.034)
    fold = np.interp(y, [place[1] for place in _FOLD[::-1]], [place[0] for place in _FOLD[::-1]])
    folds = band(x - fold, 0.0017) * smoothstep(y, 0.6520, 0.6620) * smoothstep(y, 0.6950, 0.6880)
    for slope in (-0.55, -0.1, 0.35):  # crow's feet
        total += (
            0.6
            * band(y - 0.7280 - slope * (x - 0.044), 0.0008)
            * smoothstep(x, 0.0465, 0.0500)
            * smoothstep(x, 0.0640, 0.0540)
        )
    bag = 0.7195 - 0.0050 * (1 - ((x - 0.031) / 0.016) ** 2)
    total += 0.8 * band(y - bag, 0.0013) * (np.abs(x - 0.031) < 0.015)
    total += 0.6 * band(x - 0.0065 - 0.0012 * (y - 0.750) / 0.01, 0.0008) * smoothstep(np.abs(y - 0.752), 0.011, 0.005)
    total += (
        0.6 * band(x - 0.0315 - 0.08 * (0.655 - y), 0.0014) * smoothstep(y, 0.630, 0.640) * smoothstep(y, 0.659, 0.652)
    )
    return rounded(np.minimum(total, 1) * front), rounded(folds * front)


def wrinkles(region: Region, lined: float) -> tuple[Floats, Floats]:
    """Relief in metres and how much darker it is (h, w)."""
    lines, folds = _lines(region)
    depth = lines * _F(lined) + folds * _F(0.06 + 0.8 * lined)
    return depth * _F(-DEEP), depth * _F(0.24)
