"""Tops as people choose them."""

from dataclasses import replace

import numpy as np

from reposer.data.people.garments.colours import Colour, Kind, contrast, luma, pick_dye, tint
from reposer.data.people.garments.fabrics import sample_fabric
from reposer.data.people.garments.prints import Print, sample_print
from reposer.data.people.garments.tops import Top
from reposer.data.people.stances import pick

PLAIN: dict[str | None, float] = {None: 1.0}
_TOPS = {
    "man": {"tee": 34.0, "long sleeve": 9, "shirt": 15, "polo": 10, "sweater": 13, "hoodie": 15, "tank": 4},
    "woman": {"tee": 24.0, "long sleeve": 15, "shirt": 8, "blouse": 16, "polo": 2, "sweater": 14, "hoodie": 8,
              "tank": 13},
}  # fmt: skip
_KINDS = {
    "tee": "jersey", "long sleeve": "jersey", "shirt": "poplin", "polo": "jersey", "blouse": "silk", "sweater": "knit",
    "hoodie": "fleece", "tank": "jersey",
}  # fmt: skip
_PATTERNS: dict[str, dict[str | None, float]] = {
    "tee": {None: 74, "stripes": 8, "thin stripes": 9, "wide stripes": 3, "abstract": 3, "floral": 1, "dots": 2},
    "long sleeve": {None: 70, "stripes": 10, "thin stripes": 12, "dots": 4, "floral": 4},
    "shirt": {None: 52, "plaid": 22, "gingham": 7, "pinstripe": 13, "dots": 3, "floral": 3},
    "polo": {None: 78, "thin stripes": 12, "wide stripes": 10},
    "blouse": {None: 54, "floral": 20, "dots": 10, "abstract": 8, "pinstripe": 8},
    "sweater": {None: 80, "stripes": 9, "wide stripes": 7, "thin stripes": 4},
    "hoodie": {None: 96, "wide stripes": 2, "abstract": 2},
    "tank": {None: 78, "thin stripes": 8, "floral": 7, "abstract": 4, "dots": 3},
}  # fmt: skip


def dyed(rng: np.random.Generator, kind: Kind, whole: str | None) -> Colour:
    """A shade for a kind of garment: of the dye of the whole outfit, if that is settled."""
    return tint(rng, pick_dye(rng, kind) if whole is None else whole)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number in a range, rounded to a tenth of a millimetre so that it prints well."""
    return float(round(rng.uniform(low, high), 4))


def sample_top(rng: np.random.Generator, wearer: str, whole: str | None) -> tuple[str, Top]:
    """Draw a top and say which kind it is."""
    kind = pick(rng, _TOPS[wearer])
    base = dyed(rng, "top", whole)
    odds = _PATTERNS[kind] if whole is None else PLAIN
    fabric = sample_fabric(rng, _KINDS[kind], base, odds)
    if fabric.kind == "jersey" and rng.random() < (0.7 if 50 < luma(base) < 200 else 0.15):
        fabric = replace(fabric, kind="heather")
    hem = between(rng, -0.036, 0.026)  # the suit parts below the crotch
    loose = between(rng, 0.0, 0.012)
    woman = wearer == "woman"
    logo = sample_print(rng, *fabric.others)
    printed = fabric.pattern is None and rng.random() < (0.38 if whole is None else 0.1)
    trim = contrast(rng, base) if rng.random() < 0.15 and whole is None else None
    ease = {"ease": 0.006 + loose / 3, "hem_ease": 0.022 + loose, "sleeve_ease": 0.004 + loose}
    thick = {"sweater": 0.003, "hoodie": 0.005}.get(kind, 0.0)
    settings = {name: value + thick for name, value in ease.items()} | _cut(
        rng, kind, woman, logo if printed else None, trim
    )
    if settings.get("neckline") == "high" and kind == "sweater":
        settings["collar"] = "roll"
    return kind, Top(fabric=fabric, hem=hem, **settings)  # type: ignore[arg-type]


def _cut(
    rng: np.random.Generator, kind: str, woman: bool, logo: Print | None, trim: Colour | None
) -> dict[str, object]:
    """Draw what makes a kind of top: settings of Top."""
    buttoned, half = rng.random() < 0.75, rng.random() < 0.5
    neck = pick(rng, {"crew": 60.0, "v": 20, "scoop": 20 if woman else 3})
    short, long = between(rng, 0.5, 0.85), between(rng, 1.86, 1.97)
    cuts: dict[str, dict[str, object]] = {
        "tee": {"neckline": neck, "deep": 0.11, "sleeve": short, "logo": logo, "trim": trim},
        "long sleeve": {"neckline": neck, "deep": 0.11, "sleeve": long},
        "shirt": {
            "neckline": "shirt",
            "deep": between(rng, 0.03, 0.075),
            "sleeve": long if buttoned else short + 0.1,
            "collar": "shirt",
            "closure": "buttons",
            "curve": 0.03,
            "pockets": "chest" if half else None,
            "hang": 1.25,
        },
        "polo": {
            "neckline": "shirt",
            "deep": between(rng, 0.03, 0.06),
            "sleeve": short,
            "collar": "shirt",
            "closure": "half",
            "logo": replace(logo, mark="badge", height=0.40, half=0.02, side=0.075) if logo is not None else None,
        },
        "blouse": {
            "neckline": pick(rng, {"v": 5.0, "crew": 3, "scoop": 2}),
            "deep": 0.12,
            "sleeve": long - 0.3 if half else short,
            "slope": 0.3,
            "hang": 1.25,
            "closure": "buttons" if half else None,
        },
        "sweater": {
            "neckline": pick(rng, {"crew": 6.0, "v": 2, "high": 3 if woman else 1.5}),
            "deep": 0.10,
            "sleeve": long,
            "cuffs": True,
            "slope": 0.4,
        },
        "hoodie": {
            "neckline": "high",
            "sleeve": long,
            "cuffs": True,
            "collar": "hood",
            "pockets": "pouch",
            "closure": "zip" if half else None,
            "slope": 0.3,
            "hang": 1.25,
            "logo": None if half else logo,
        },
        "tank": {"neckline": "tank" if woman else "scoop", "sleeve": 0.0, "slope": 0.6},
    }
    return cuts[kind]
