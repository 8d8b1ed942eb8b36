"""Who wears their hair how."""

from typing import Any

import numpy as np

from reposer.data.people.face.complexion import Complexion, years
from reposer.data.people.hair.hairstyle import Hairstyle
from reposer.data.people.shape import Shape
from reposer.data.people.stances import pick

_MEN = {
    "short": 32.0, "side part": 19, "buzz cut": 13, "swept back": 10, "curly": 8, "fringe": 3, "long": 2, "wavy": 2,
    "bun": 1.5,
}  # fmt: skip
_WOMEN = {
    "long": 23.0, "wavy": 19, "bob": 15, "ponytail": 14, "fringe": 8, "bun": 8, "braid": 5, "short": 4, "curly": 3,
}  # fmt: skip
_AFRICAN_MEN = {"buzz cut": 48.0, "short": 22, "curly": 14, "afro": 9, "braid": 3}
_AFRICAN_WOMEN = {
    "afro": 19.0, "bun": 18, "curly": 16, "braid": 15, "ponytail": 12, "bob": 9, "long": 6, "buzz cut": 5,
}  # fmt: skip
_OLD = {"short": 3.0, "bob": 2.0, "curly": 2.0, "bun": 1.2, "long": 0.25, "wavy": 0.35, "ponytail": 0.4, "braid": 0.4}
"""How much likelier than in youth styles are from 65 on."""
HAIRSTYLES = tuple(dict.fromkeys([*_MEN, *_WOMEN, *_AFRICAN_MEN, *_AFRICAN_WOMEN, "receding", "bald"]))
"""All names."""


def hairstyle_odds(shape: Shape) -> dict[str, float]:
    """How likely styles are, by sex, age and descent.

    Men lose hair from 28 on: at 60 half of them have a receding hairline or are bald. The older wear it shorter.
    """
    woman, age, african = shape.gender > 0.5, years(shape), int(np.argmax(shape.descent)) == 0
    odds = dict((_AFRICAN_WOMEN if african else _WOMEN) if woman else (_AFRICAN_MEN if african else _MEN))
    old = float(np.clip((age - 35) / 30, 0, 1))
    odds = {name: share * (1 + (_OLD.get(name, 1.0) - 1) * old) for name, share in odds.items()}
    if not woman:
        lost, total = float(np.clip((age - 28) / 64, 0, 0.6)), sum(odds.values())
        odds |= {"receding": total * lost / (1 - lost) * 0.65, "bald": total * lost / (1 - lost) * 0.35}
    return odds


def sample_hairstyle(rng: np.random.Generator, shape: Shape, complexion: Complexion) -> Hairstyle:
    """Draw how somebody wears their hair."""
    tight = int(np.argmax(shape.descent)) == 0
    return make_hairstyle(rng, pick(rng, hairstyle_odds(shape)), woman=shape.gender > 0.5, tight=tight)


def make_hairstyle(rng: np.random.Generator, name: str, *, woman: bool = False, tight: bool = False) -> Hairstyle:
    """A hairstyle of HAIRSTYLES with its details drawn; `tight`: hair that curls tightly by nature."""

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    seed, side = int(rng.integers(1 << 20)), -1 if chance(0.5) else 1
    ahead = chance(0.3), chance(0.3)
    middle = side * (between(0, 6) if chance(0.5) else between(16, 32))
    curl, wave = (between(0.6, 1), 0.0) if tight else (0.0, between(0, 0.25))
    tied: dict[str, Any] = {"volume": between(0.005, 0.010), "curl": curl * 0.6}
    hang: dict[str, Any] = {"part": middle, "ahead": ahead, "curl": curl, "wave": wave}
    made: dict[str, dict[str, Any]] = {
        "bald": {"shaved": True, "recede": 0.06, "crown": between(0.85, 1), "taper": between(0, 1)},
        "buzz cut": {"shaved": True, "recede": between(0, 0.008), "taper": between(0, 0.8)},
        "receding": {
            "volume": between(0.004, 0.009), "taper": between(0.2, 0.8), "recede": between(0.012, 0.030),
            "crown": between(0, 0.9), "curl": 0.5 * curl,
        },
        "short": {
            "volume": between(0.010, 0.022), "taper": between(0.1, 0.4) if woman else between(0.4, 1),
            "recede": 0.0 if woman else between(0, 0.006), "curl": 0.7 * curl,
        },
        "side part": {
            "volume": between(0.012, 0.022), "taper": between(0.2, 0.9), "part": side * between(24, 36),
            "recede": between(0, 0.006),
        },
        "swept back": {
            "tie": "nape", "knot": 0.68, "volume": between(0.008, 0.024), "taper": between(0.4, 0.9), "wave": 2 * wave,
        },
        "curly": {
            "volume": between(0.020, 0.032), "taper": between(0, 0.3) if woman else between(0.3, 1),
            "curl": between(0.75, 1), "length": between(0.03, 0.14) if woman else 0.0,
            "part": middle if woman else None,
        },
        "afro": {"volume": between(0.030, 0.070), "curl": 1.0},
        "fringe": {
            "volume": between(0.010, 0.016), "fringe": between(0.030, 0.044), "ahead": ahead,
            "length": between(0.06, 0.32) if woman else 0.0, "taper": 0.2,
        },
        "bob": {"volume": between(0.012, 0.020), "length": between(0.05, 0.12)},
        "long": {"volume": between(0.008, 0.015), "length": between(0.20, 0.42), "tucked": chance(0.3)},
        "wavy": {"volume": between(0.012, 0.022), "length": between(0.16, 0.38), "wave": between(0.6, 1), "curl": 0.15},
        "ponytail": {"tie": "tail", "length": between(0.16, 0.38), "knot": between(0.77, 0.83), "wave": between(0, 1)},
        "bun": {"tie": "bun", "length": between(0, 0.03), "knot": (0.70, 0.79, 0.84)[int(rng.integers(3))]},
        "braid": {"tie": "braid", "length": between(0.24, 0.42), "knot": between(0.70, 0.76), "ahead": ahead},
    }  # fmt: skip
    common = tied if "tie" in made[name] else hang if name in ("bob", "long", "wavy") else {}
    return Hairstyle(name=name, seed=seed, **(common | made[name]))
