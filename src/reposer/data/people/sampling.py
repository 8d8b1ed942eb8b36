"""Who lives in this world: builds, ages and faces of adults."""

import numpy as np

from reposer.data.people.face.expressions import sample_expression
from reposer.data.people.shape import Shape

_FACE = (
    "nose-scale-vert", "nose-scale-horiz", "nose-scale-depth", "nose-hump", "nose-trans", "nose-point-width",
    "nose-width2", "nose-volume", "mouth-scale-horiz", "mouth-lowerlip-volume", "mouth-upperlip-volume", "mouth-trans",
    "chin-width", "chin-height", "chin-prominent", "cheek-volume", "cheek-bones", "head-fat", "head-scale-horiz",
    "head-scale-depth", "forehead-scale-vert", "eye-scale", "eye-height2", "eye-corner2", "eyebrows-trans",
    "eyebrows-angle", "ear-scale", "ear-wing", "neck-scale-horiz", "nose-curve", "nose-greek", "nose-flaring",
    "nose-base", "nose-nostrils-width", "mouth-angles", "mouth-cupidsbow", "mouth-scale-vert", "cheek-inner",
    "cheek-trans", "eye-trans", "eye-corner1", "eye-eyefold", "forehead-temple", "forehead-nubian", "chin-bones",
    "ear-lobe", "head-scale-vert",
)  # fmt: skip


# What grows with a person's bulk, beyond MakeHuman's weight, which hardly makes anybody fat.
_BULK = {
    "measure-waist-circ": 0.7,
    "torso-scale-depth": 0.35,
    "torso-scale-horiz": 0.25,
    "hip-scale-horiz": 0.35,
    "hip-scale-depth": 0.4,
    "stomach-pregnant": 0.35,
    "upperarm-fat": 0.6,
    "upperleg-fat": 0.5,
    "lowerleg-fat": 0.3,
    "head-fat": 0.4,
    "neck-double": 0.4,
    "buttocks-volume": 0.25,
}


def sample_shape(rng: np.random.Generator) -> Shape:
    """Draw an adult of any build, age and descent."""
    woman = bool(rng.random() < 0.5)
    main = int(rng.choice(3, p=[0.2, 0.25, 0.55]))
    descent = 0.8 * np.eye(3)[main] + 0.2 * rng.dirichlet([1, 1, 1])
    age = 0.60 + 0.36 * rng.beta(1.1, 2.0)
    changes = {name: float(np.clip(rng.normal(0, 0.3), -0.9, 0.9)) for name in _FACE}
    bulk = float(np.clip(rng.gumbel(-0.15, 0.3), -0.7, 1.2))
    changes |= {
        "hip-scale-horiz": float(rng.normal(0, 0.2)),
        "torso-scale-horiz": float(rng.normal(0, 0.15)),
        "lowerlegs-height": float(np.clip(rng.normal(-0.5, 0.12), -0.9, 0)),  # real shins are as long as thighs
        "hand-fingers-distance": -0.8,
        "head-age": float(np.clip((age - 0.64) * 1.3, 0, 0.7)),
    }
    for name, amount in sample_expression(rng).items():
        changes[name] = float(np.clip(changes.get(name, 0.0) + amount, -1, 1))
    for name, share in _BULK.items():
        grown = share * bulk if bulk > 0 else 0.4 * share * bulk
        changes[name] = float(np.clip(changes.get(name, 0.0) + grown, -1, 1))
    if not woman:
        changes |= {"upperarm-shoulder-muscle": -0.6, "measure-shoulder-dist": -0.35}
    return Shape(
        gender=0.95 if woman else 0.05,
        age=float(age),
        muscle=float(np.clip(rng.normal(0.43, 0.1), 0.15, 0.75)),
        weight=float(np.clip(0.45 + 0.45 * bulk, 0.05, 1)),
        height=float(np.clip(rng.normal(0.39 if woman else 0.38, 0.05), 0.25, 0.6)),
        proportions=float(rng.uniform(0.55, 1.0)),
        cupsize=float(rng.uniform(0.25, 0.65)),
        firmness=0.7,
        descent=(float(descent[0]), float(descent[1]), float(descent[2])),
        changes=changes,
    )
