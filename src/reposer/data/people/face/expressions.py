"""Expressions: what a face does, as MakeHuman's facial actions."""

import numpy as np

from reposer.data.people.stances import pick

EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {"mouthSmile": 0.26},
    "slight smile": {"mouthSmile": 0.42, "cheekSquint": 0.10},
    "smile": {"mouthSmile": 0.75, "jawOpen": 0.10, "mouthUpperUp": 0.10, "cheekSquint": 0.3, "eyeSquint": 0.08},
    "laugh": {"mouthSmile": 0.85, "jawOpen": 0.24, "mouthUpperUp": 0.12, "cheekSquint": 0.45, "eyeSquint": 0.15},
    "talking": {"mouthSmile": 0.15, "jawOpen": 0.22, "mouthPucker": 0.15, "browInnerUp": 0.1},
    "serious": {"mouthPress": 0.2, "browDown": 0.25},
}
"""Name -> facial actions, 0 to 1."""
_ODDS = {"neutral": 40.0, "slight smile": 32, "smile": 12, "laugh": 4, "talking": 6, "serious": 6}
_AWAKE = {"eyeWide": 0.24, "eye-height2": 0.22, "eye-scale": 0.40, "mouth-angles": 0.35}
"""MakeHuman's eyes are small and half closed and its mouths sad; in photographs they are not."""


def sample_expression(rng: np.random.Generator) -> dict[str, float]:
    """Draw what a face does; changes for a Shape, those of the lids to be added to its own."""
    drawn = {name: value * float(rng.uniform(0.7, 1.2)) for name, value in EXPRESSIONS[pick(rng, _ODDS)].items()}
    brows = float(rng.normal(0, 0.12))
    drawn["browOuterUp" if brows > 0 else "browDown"] = drawn.get("browDown", 0.0) * (brows <= 0) + abs(brows)
    for name, value in _AWAKE.items():
        drawn[name] = drawn.get(name, 0.0) + value
    return {name: min(value, 1.0) for name, value in drawn.items()}
