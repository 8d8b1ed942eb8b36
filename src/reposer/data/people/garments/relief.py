"""Folds: what cloth does where it hangs, and what it does where the body bends."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.patterns import cloud
from reposer.data.people.sites import Sites, panel_chart
from reposer.data.people.texture import slopes_of

STEEPEST = 1.0
_DENSE = 200
"""Texels per metre from which on one more of them lies between those where heights are worked out."""
_OCTAVES = ((0.15, 0.017), (0.075, 0.012), (0.036, 0.0048))  # metres between folds, their height
_HANGING: dict[str, tuple[float, float]] = {
    "torso": (1.0, 0.45), "arm": (1.1, 0.6), "leg": (1.0, 0.4), "skirt": (1.1, 0.2), "foot": (1.0, 1.0),
}  # fmt: skip
"""How fast folds change across and down, by kind of panel: they fall."""


@dataclass(frozen=True)
class _Grid:
    """Every so many texels of a panel: folds are wide, and drawing them is dear."""

    sites: Sites  # (h, w)
    u: Floats  # (1, w) metres across
    v: Floats  # (h, 1) metres down
    density: float
    size: tuple[int, int]
    """Of the whole chart."""

    @classmethod
    def of(cls, panel: str, density: float) -> "_Grid":
        chart = panel_chart(panel, density)
        step = int(1 + density / _DENSE)
        sites = Sites(*(np.ascontiguousarray(x[..., ::step, ::step]) for x in (chart.sites.points, chart.sites.arm)))
        return cls(sites, chart.u[:1, ::step], chart.v[::step, :1], density / step, chart.size)

    def slopes(self, height: Floats) -> NDArray[np.int8]:
        """Slopes (2, h, w) at all texels of heights (h, w) of these."""
        slopes = _limited(slopes_of(height, self.density))
        if slopes.shape[1:] == self.size:
            return slopes
        return np.stack([cv2.resize(plane, self.size[::-1], interpolation=cv2.INTER_LINEAR_EXACT) for plane in slopes])


@lru_cache(maxsize=256)
def folds(panel: str, density: float, variant: int) -> NDArray[np.int8]:
    """Slopes (2, h, w) of the folds of hanging cloth; shared, so never write into them.

    Ridges that slant to either side, in patches, more of them where cloth is pulled or piles up.
    """
    grid, kind = _Grid.of(panel, density), panel.split(".")[0]
    u, v, seed = grid.u, grid.v, 31 * variant + sum(map(ord, panel))
    across, down = _HANGING[kind]
    bend = np.float32(0.05) * (cloud(u * 9, v * 9, seed) - np.float32(0.5))
    strained = np.float32(0.45) + _strain(kind, grid.sites)
    height = np.zeros_like(bend)
    for k, (step, deep) in enumerate(_OCTAVES):
        y = v * np.float32(down / step)
        for slant in (0.35, -0.35):
            x = (u + bend + np.float32(slant) * v) * np.float32(across / step)
            ridge = 1 - np.abs(2 * cloud(x, y, seed + 7 * k + (1 if slant > 0 else 4)) - 1)
            patch = cloud(
                u * np.float32(0.45 / step), v * np.float32(0.3 / step), seed + 7 * k + (2 if slant > 0 else 5)
            )
            height += np.float32(deep) * ridge * ridge * np.minimum(patch * strained * 2, 1)
    return grid.slopes(height)


def _strain(kind: str, sites: Sites) -> Floats:
    """(h, w) 0 to 1 where cloth folds of itself: below the arms, at the waist, over shoes and wrists."""
    if kind == "torso":
        armpit = smoothstep(np.abs(sites.x - np.float32(0.15)) + np.abs(sites.y - np.float32(0.40)), 0.13, 0.02)
        return np.maximum(armpit, np.float32(0.8) * smoothstep(np.abs(sites.y - np.float32(0.12)), 0.14, 0.03))
    if kind == "arm":
        return np.maximum(smoothstep(sites.along_arm, 1.5, 1.9), smoothstep(np.abs(sites.along_arm - 1), 0.4, 0.05))
    if kind == "leg":
        crotch = smoothstep(np.abs(sites.y + np.float32(0.05)) + sites.x, 0.2, 0.05)
        return np.maximum(np.maximum(crotch, smoothstep(sites.y, -0.56, -0.72)), np.float32(0.5) * _knee(sites.y))
    return np.full(sites.y.shape, np.float32(0.6))


def _knee(height: Floats) -> Floats:
    return smoothstep(np.abs(height + np.float32(0.37)), 0.17, 0.03)


@lru_cache(maxsize=256)
def creases(panel: str, density: float, variant: int) -> NDArray[np.int8]:
    """Slopes (2, h, w) of the folds that come where elbow, knee, hip and waist bend."""
    grid = _Grid.of(panel, density)
    near, step = _bends(panel, grid.sites)
    seed = 31 * variant + sum(map(ord, panel)) + 900
    wavy = grid.v + np.float32(0.045) * (cloud(grid.u * 12, grid.v * 12, seed) - np.float32(0.5))
    field = cloud(wavy.T * np.float32(1 / step), grid.u.T * 7, seed + 3).T
    return grid.slopes(np.float32(0.022) * near * (1 - np.abs(2 * field - 1)))


def _bends(panel: str, sites: Sites) -> tuple[Floats, float]:
    """How near texels are to where they fold, 0 to 1, and metres between the folds."""
    if panel.startswith("arm"):
        return smoothstep(np.abs(sites.along_arm - 1), 0.55, 0.1), 0.022
    if panel.startswith("leg"):
        hip = smoothstep(np.abs(sites.y + np.float32(0.02)), 0.12, 0.02)
        return np.maximum(_knee(sites.y), hip), 0.03
    if panel.startswith("torso"):
        return smoothstep(np.abs(sites.y - 0.14), 0.17, 0.04), 0.03
    return np.zeros(sites.y.shape, np.float32), 0.03


def _limited(slopes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Slopes that come ever less close to what no cloth holds."""
    values = slopes.astype(np.float32)
    most = np.float32(STEEPEST * 64)
    return np.rint(values / (1 + np.abs(values) / most)).astype(np.int8)


def scaled(slopes: NDArray[np.int8], strength: float) -> NDArray[np.int8]:
    """Slopes times a strength in quarters."""
    table = _times(round(4 * strength))
    return np.stack([cv2.LUT(plane.view(np.uint8), table) for plane in slopes]).view(np.int8)


@lru_cache(maxsize=16)
def _times(quarters: int) -> NDArray[np.uint8]:
    """(256,) each slope times so many quarters, as bytes."""
    slopes = np.arange(256).astype(np.uint8).view(np.int8).astype(np.int16)
    return np.clip(slopes * quarters // 4, -127, 127).astype(np.int8).view(np.uint8)
