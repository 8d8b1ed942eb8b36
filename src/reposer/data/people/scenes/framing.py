"""How much of a person a picture shows, and from where.

Figures matched: keypoints of Market-1501 (12,936 pictures of the training set) and DeepFashion (4,038 of the test set)
as published with pose transfer. A picture is set up by two heights in it, each a landmark of the body:

| framing | share of DeepFashion | upper landmark | lower landmark |
|---|---|---|---|
| full | .28 | neck .20 +- .013 | lowest ankle .89 +- .02 |
| three-quarter | .14 | neck .28 +- .03 | knees .97 +- .03 |
| half | .54 | neck .31 +- .035 | hips .78 +- .055 |
| upper | .03 | neck .38 +- .06 | hips below |
| headless | .016 of what has keypoints; .15 of all has none, much of it headless | neck at the edge | hips .75 +- .1 |
| street | all of Market-1501 | neck .20 +- .014, .07 of them lower | lowest ankle .90 +- .026; .12 are cut above it |

Market's people are short-legged (neck to hips .73 of hips to ankles, in DeepFashion .63) and broad (shoulders of those
seen from the front .74 of neck to hips, in DeepFashion .58): its cameras hang high and near, and a detector's boxes,
which are slimmer, were stretched to 1 by 2. So street cameras hang 2.5 to 3.6 m high, people pass at 3 m and more,
and crops are stretched by 1.12 +- .06.
"""

from dataclasses import dataclass
from math import atan2, hypot
from typing import Literal

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera

Framing = Literal["full", "three-quarter", "half", "upper", "headless", "street"]
STUDIO_ODDS: dict[Framing, float] = {
    "full": 0.26, "three-quarter": 0.135, "half": 0.51, "upper": 0.035, "headless": 0.06
}  # fmt: skip
NOSE, NECK = 0, 1
HEAD = 0.13
"""Metres from the nose to the top of the head."""
HIPS, KNEES, ANKLES = [8, 11], [9, 12], [10, 13]


@dataclass(frozen=True, kw_only=True)
class Viewpoint:
    """Where the camera stands, seen from the person."""

    distance: float = 4.0
    """Along the ground, metres."""
    height: float = 1.2
    """Above the ground, metres."""
    roll: float = 0.0
    """Radians."""
    stretch: float = 1.0
    """How much wider than high a square becomes, as crops of other proportions than the picture's do."""


def sample_framing(rng: np.random.Generator) -> Framing:
    """Draw how a studio picture is framed."""
    names = list(STUDIO_ODDS)
    odds = np.array(list(STUDIO_ODDS.values()))
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def _heights(framing: Framing, rng: np.random.Generator) -> tuple[float, float]:
    """Where in the picture, of its height, the upper and the lower landmark are."""
    above, below = np.clip(rng.standard_normal(2), -2, 2).tolist()
    match framing:
        case "full":
            return 0.20 + 0.007 * below + 0.012 * above, 0.89 + 0.02 * below
        case "three-quarter":
            return 0.28 + 0.015 * below + 0.024 * above, 0.965 + 0.025 * below
        case "half":
            return 0.307 + 0.017 * below + 0.028 * above, 0.78 + 0.055 * below
        case "upper":
            return 0.36 + 0.05 * above, 1.05 + 0.05 * abs(below)
        case "headless":
            return 0.06 + 0.04 * above, 0.75 + 0.1 * below
        case "street":
            upper = 0.197 + 0.014 * above
            if rng.random() < 0.07:
                upper += float(rng.uniform(0.05, 0.16))
            lower = 0.90 + 0.026 * below
            if rng.random() < 0.12:
                lower = float(rng.uniform(1.0, 1.3))
            return upper, lower


def _lower_landmark(framing: Framing) -> list[int]:
    if framing in ("full", "street"):
        return ANKLES
    return KNEES if framing == "three-quarter" else HIPS


def frame(
    framing: Framing,
    joints: Floats,
    points: Floats,
    size: tuple[int, int],
    rng: np.random.Generator,
    viewpoint: Viewpoint | None = None,
) -> Camera:
    """A camera that shows what the framing says.

    Args:
        joints: (18, 3) in the world.
        points: (3, V) vertices in the world.
        size: height and width of the picture.
        viewpoint: where the camera stands; by default at the height of the chest, 4 m away.
    """
    height, width = size
    viewpoint = viewpoint or Viewpoint()
    middle = float(points[1].max()) / 2
    around = (float(joints[[NECK, *HIPS], 0].mean()), middle, float(joints[[NECK, *HIPS], 2].mean()))
    rise = viewpoint.height - middle
    place = {
        "target": around, "elevation": atan2(rise, viewpoint.distance), "roll": viewpoint.roll,
        "distance": hypot(rise, viewpoint.distance), "stretch": viewpoint.stretch,
    }  # fmt: skip
    unit = Camera(**place, scale=1.0, principal=(0.0, 0.0))  # type: ignore[arg-type]
    x, y, _ = unit.project(points)
    joint_y = unit.project(joints.T)[1]
    upper, lower = _heights(framing, rng)
    margin = float(rng.normal(-0.005, 0.015))
    low = float(joint_y[_lower_landmark(framing)].max() if framing in ("full", "street") else
                joint_y[_lower_landmark(framing)].mean())  # fmt: skip
    span = max(low - float(joint_y[NECK]), _least_span(framing, joints))
    if framing in ("three-quarter", "half"):  # heads are in the picture
        share = (float(joint_y[NECK]) - float(joint_y[NOSE]) + HEAD) / span
        upper = max(upper, (margin + lower * share) / (1 + share))
    scale = (lower - upper) * height / span
    top, bottom = float(y.min()), float(y.max())
    if framing in ("full", "street") and lower < 1:  # bent and sitting people, and arms held up, stay in the picture
        scale = min(scale, 0.97 * height / (bottom - top))
    shown = (y - joint_y[NECK]) * scale + upper * height
    inside = x[(shown > 0) & (shown < height)]
    left, right = float(inside.min()), float(inside.max())
    if framing == "full":  # nobody is cut at the sides
        scale = min(scale, 0.96 * width / (right - left))
    principal_y = upper * height - scale * float(joint_y[NECK])
    if framing in ("full", "street") and lower < 1:
        principal_y = max(principal_y, min(0.01 * height - scale * top, 0.99 * height - scale * bottom))
    jitter = 0.035 if framing == "street" else 0.02
    aside = rng.normal(0, jitter) * width - 0.75 * scale * (left + right) / 2
    return Camera(**place, scale=float(scale), principal=(width / 2 + float(aside), float(principal_y)))  # type: ignore[arg-type]


def _least_span(framing: Framing, joints: Floats) -> float:
    """Metres between the landmarks that are assumed at least: who bends or sits is not enlarged."""
    trunk = float(np.sqrt(((joints[NECK] - joints[HIPS].mean(0)) ** 2).sum()))
    return trunk * {"full": 1.9, "street": 1.9, "three-quarter": 1.3}.get(framing, 0.8)
