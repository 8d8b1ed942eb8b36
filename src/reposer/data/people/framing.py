"""How much of a person a picture shows, and from where."""

from typing import Literal

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera

Framing = Literal["full", "three-quarter", "half", "upper", "headless", "street"]
STUDIO_ODDS: dict[Framing, float] = {"full": 0.28, "three-quarter": 0.22, "half": 0.28, "upper": 0.12, "headless": 0.10}


def sample_framing(rng: np.random.Generator) -> Framing:
    """Draw how a studio picture is framed."""
    names = list(STUDIO_ODDS)
    odds = np.array(list(STUDIO_ODDS.values()))
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def frame(framing: Framing, joints: Floats, points: Floats, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """A camera that shows what the framing says.

    Args:
        joints: (18, 3) in the world.
        points: (3, V) vertices in the world.
        size: height and width of the picture.
    """
    height, width = size
    top, hips = float(points[1].max()), float(joints[[8, 11], 1].mean())
    knees, chin = float(joints[[9, 12], 1].mean()), float(joints[0, 1]) - 0.04
    spans = {
        "full": (-0.06, top + 0.08), "three-quarter": (knees + 0.02, top + 0.08), "half": (hips - 0.06, top + 0.06),
        "upper": (hips + 0.12, top + 0.05), "headless": (hips - 0.15, chin), "street": (-0.03, top + 0.05),
    }  # fmt: skip
    low, high = spans[framing]
    low, high = low + rng.normal(0, 0.02), high + rng.normal(0, 0.015)
    shown = points[:, (points[1] > low) & (points[1] < high)]
    middle = float(shown[0].max() + shown[0].min()) / 2 * 0.6
    scale = height / (high - low)
    street = framing == "street"
    if not street:  # nobody is cut at the sides of a full figure
        wide = float(shown[0].max() - shown[0].min()) + 0.04
        scale = min(scale, width / wide) if framing == "full" else scale
    elevation = abs(rng.normal(0.16, 0.08)) if street else rng.normal(0.03, 0.03)
    return Camera(
        target=(middle, (low + high) / 2, float(joints[NECK_AND_HIPS, 2].mean())),
        elevation=float(elevation),
        roll=float(rng.normal(0, 0.03 if street else 0.006)),
        distance=float(rng.uniform(5, 12) if street else rng.uniform(3, 5)),
        scale=float(scale),
        principal=(width * float(0.5 + rng.normal(0, 0.02)), height * 0.5),
    )


NECK_AND_HIPS = [1, 8, 11]
