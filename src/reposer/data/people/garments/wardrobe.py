"""Who wears what."""

from dataclasses import replace

import numpy as np

from reposer.data.people.garments.accessories import STYLES, Accessory
from reposer.data.people.garments.bottoms import ANKLE, KNEE, SHORT, Bottom
from reposer.data.people.garments.choices import PLAIN, between, dyed, sample_top
from reposer.data.people.garments.colours import contrast, pick_dye, tint, towards
from reposer.data.people.garments.fabrics import Fabric, sample_fabric
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shoes import Shoes
from reposer.data.people.garments.skirts import Skirt
from reposer.data.people.garments.tops import Top
from reposer.data.people.shape import Shape
from reposer.data.people.stances import pick

ONE_COLOUR = 0.14
"""Share of outfits in one colour from neck to feet."""
_WHOLE = {"black": 60.0, "white": 8, "navy": 10, "grey": 8, "beige": 8, "charcoal": 6}
_BOTTOMS = {
    "man": {"jeans": 46.0, "trousers": 27, "shorts": 17, "joggers": 10},
    "woman": {"jeans": 38.0, "trousers": 17, "shorts": 8, "leggings": 14, "skirt": 15, "joggers": 4},
}
_OUTER = {
    "man": {"jacket open": 40.0, "jacket closed": 32, "blazer": 16, "coat": 12},
    "woman": {"jacket open": 36.0, "jacket closed": 22, "blazer": 22, "coat": 20},
}
_SHOES = {
    "man": {"sneaker": 58.0, "high top": 14, "loafer": 16, "boot": 12},
    "woman": {"sneaker": 44.0, "high top": 8, "loafer": 10, "boot": 16, "flat": 22},
}
EXTRAS = {
    "beanie": 0.03, "cap": 0.05, "glasses": 0.12, "sunglasses": 0.05, "scarf": 0.05, "backpack": 0.12,
    "shoulder bag": 0.10,
}  # fmt: skip
"""Shares of people who have each; one of a kind."""
_DRESS, _LAYERED = 0.17, 0.24
"""Shares of women in dresses; of people in a jacket or coat."""
_PATTERNS: dict[str, dict[str | None, float]] = {
    "dress": {None: 48, "floral": 24, "dots": 9, "thin stripes": 6, "abstract": 8, "plaid": 3, "gingham": 2},
    "skirt": {None: 72, "plaid": 9, "floral": 10, "dots": 4, "pinstripe": 5},
    "trousers": {None: 91, "pinstripe": 4, "plaid": 5},
    "leggings": {None: 94, "abstract": 6},
}  # fmt: skip


def sample_outfit(rng: np.random.Generator, shape: Shape) -> tuple[Garment, ...]:
    """Draw all that a person wears, from the inside out."""
    wearer = "woman" if shape.gender > 0.5 else "man"
    whole = pick(rng, _WHOLE) if rng.random() < ONE_COLOUR else None
    if wearer == "woman" and rng.random() < _DRESS:
        return (_shoes(rng, wearer, whole), *_dress(rng, whole), *_extras(rng, collared=False))
    top, bottom = sample_top(rng, wearer, whole), _bottom(rng, wearer, whole)
    tucks = {"shirt": 0.3, "blouse": 0.4, "tank": 0.3, "tee": 0.12, "long sleeve": 0.15}.get(top[0], 0.0)
    if isinstance(bottom, Skirt):
        tucks = min(1.0, 2 * tucks)
    outer = _outer(rng, wearer, whole) if rng.random() < _LAYERED and top[0] not in ("hoodie", "tank") else ()
    inner = top[1]
    if outer:
        inner = replace(
            inner, ease=0.005, hem_ease=min(inner.hem_ease, 0.018), sleeve_ease=0.004, hem=max(inner.hem, 0.0)
        )
    if rng.random() < tucks:
        inner = replace(inner, hem=0.11, curve=0.0, hem_ease=0.003, slope=0.9, cuffs=False)
        dressed: tuple[Garment, ...] = inner, bottom
    else:
        if isinstance(bottom, Skirt):  # it stands out further than trousers do
            inner = replace(inner, hem=max(inner.hem, 0.03), hem_ease=inner.hem_ease + 0.012)
        dressed = bottom, inner
    extras = _extras(rng, collared=bool(outer) or inner.collar is not None)
    return (_shoes(rng, wearer, whole), *dressed, *outer, *extras)


def _bottom(rng: np.random.Generator, wearer: str, whole: str | None) -> Garment:
    kind = pick(rng, _BOTTOMS[wearer])
    if kind == "skirt":
        return _skirt(rng, whole)
    denim = kind == "jeans" or (kind == "shorts" and rng.random() < 0.4)
    if denim and whole in (None, "navy", "black", "grey"):
        dye = {"navy": "indigo", "black": "black jean", "grey": "grey jean"}.get(whole or "", "")
        base = tint(rng, dye or pick_dye(rng, "denim"))
    else:
        base = tint(rng, "black" if kind == "leggings" and rng.random() < 0.6 else whole or pick_dye(rng, "bottom"))
    cloth = "denim" if denim else {"leggings": "jersey", "joggers": "fleece"}.get(kind, "twill")
    odds = _PATTERNS.get(kind, PLAIN) if whole is None else PLAIN
    fabric = sample_fabric(rng, cloth, base, odds)
    wide, narrow = between(rng, 0.018, 0.045), between(rng, 0.006, 0.022)
    if kind == "leggings":
        return Bottom(
            fabric=fabric, hem=between(rng, -0.74, -0.66), ease=0.003, knee_ease=0.003, ankle_ease=0.003,
            style="leggings", hang=0.25,
        )  # fmt: skip
    if kind == "shorts":
        hem = between(rng, KNEE - 0.03, SHORT - 0.07) if wearer == "man" else between(rng, SHORT - 0.08, SHORT + 0.04)
        return Bottom(
            fabric=fabric, hem=hem, knee_ease=wide + 0.016, ankle_ease=wide, style="jeans" if denim else "trousers",
            worn=between(rng, 0, 0.5) if denim else 0.0,
        )  # fmt: skip
    slim = rng.random() < (0.65 if wearer == "woman" else 0.4)
    knee = narrow if slim else wide
    return Bottom(
        fabric=fabric,
        hem=ANKLE + (between(rng, 0.0, 0.06) if slim else 0.0),
        knee_ease=knee,
        ankle_ease=0.010 if kind == "joggers" else knee * (0.9 if slim else 1.25),
        style="joggers" if kind == "joggers" else "jeans" if denim else "trousers",
        belt=tint(rng, pick(rng, {"black": 6.0, "brown": 4})) if rng.random() < 0.4 and kind != "joggers" else None,
        worn=between(rng, 0.0, 0.6) if denim and rng.random() < 0.7 else 0.0,
        stripe=contrast(rng, base) if kind == "joggers" and rng.random() < 0.3 else None,
        hang=0.75 if slim else 1.25,
    )


def _skirt(rng: np.random.Generator, whole: str | None) -> Skirt:
    base = dyed(rng, "bottom" if rng.random() < 0.6 else "dress", whole)
    fabric = sample_fabric(rng, "twill", base, _PATTERNS["skirt"] if whole is None else PLAIN)
    cut = pick(rng, {"a-line": 4.0, "pencil": 3, "pleated": 2, "long": 3})
    shapes: dict[str, dict[str, float | int]] = {
        "a-line": {"hem": between(rng, -0.34, -0.20), "flare": between(rng, 0.05, 0.12)},
        "pencil": {"hem": between(rng, -0.38, -0.24), "flare": 0.0, "taper": 0.02},
        "pleated": {"hem": between(rng, -0.42, -0.22), "flare": 0.06, "pleats": 24, "depth": 0.012},
        "long": {"hem": between(rng, -0.68, -0.50), "flare": between(rng, 0.03, 0.10)},
    }
    return Skirt(fabric=fabric, **shapes[cut])  # type: ignore[arg-type]


def _dress(rng: np.random.Generator, whole: str | None) -> tuple[Garment, ...]:
    """A dress is a top and a skirt of one cloth."""
    base = dyed(rng, "dress", whole)
    kind = pick(rng, {"silk": 3.0, "jersey": 4, "poplin": 2, "denim": 0.4})
    fabric = sample_fabric(rng, kind, base, _PATTERNS["dress"] if whole is None else PLAIN)
    sleeve = pick(rng, {"none": 4.0, "short": 4, "long": 3})
    top = Top(
        fabric=fabric,
        layer="dress",
        neckline=pick(rng, {"crew": 3.0, "v": 4, "scoop": 4}),
        deep=0.12,
        sleeve={"none": 0.0, "short": between(rng, 0.4, 0.8), "long": 1.9}[sleeve],
        hem=0.12,
        ease=0.005,
        hem_ease=0.008,
        slope=0.9,
    )
    hem = between(rng, -0.36, -0.22) if rng.random() < 0.65 else between(rng, -0.68, -0.42)
    skirt = Skirt(fabric=fabric, layer="dress", hem=hem, ease=0.008, flare=between(rng, 0.01, 0.11))
    return top, skirt


def _outer(rng: np.random.Generator, wearer: str, whole: str | None) -> tuple[Garment, ...]:
    """A jacket, blazer or coat over everything."""
    kind = pick(rng, _OUTER[wearer])
    base = dyed(rng, "outer", whole)
    cloth = {"blazer": "wool", "coat": "wool"}.get(kind) or pick(
        rng, {"denim": 2.0, "leather": 2, "nylon": 4, "twill": 3, "fleece": 2}
    )
    if cloth == "denim" and whole is None:
        base = tint(rng, pick_dye(rng, "denim"))
    fabric = sample_fabric(rng, cloth, base, {None: 94, "plaid": 6} if cloth == "wool" else PLAIN)
    opened = kind == "jacket open" or (kind != "jacket closed" and rng.random() < 0.5)
    gap = between(rng, 0.05, 0.09) if opened else 0.0
    tailored = kind in ("blazer", "coat")
    top = Top(
        fabric=fabric,
        layer="outer",
        neckline="lapel" if tailored else "shirt",
        deep=between(rng, 0.24, 0.38) if tailored else 0.04,
        sleeve=between(rng, 1.9, 1.99),
        hem=between(rng, -0.038, 0.0),
        ease=0.013,
        hem_ease=0.036,
        sleeve_ease=0.014,
        slope=0.35,
        closure="buttons" if tailored else "zip",
        gap=gap,
        collar="lapel" if tailored else pick(rng, {"stand": 4.0, "shirt": 4, "hood": 2}),
        cuffs=not tailored and rng.random() < 0.4,
        pockets="sides",
        hang=0.75 if tailored else 1.25,
    )
    if kind != "coat":
        return (top,)
    skirt = Skirt(
        fabric=fabric, layer="outer", hem=between(rng, -0.48, -0.26), ease=0.042, flare=0.07, gap=gap, band=False
    )  # fmt: skip
    return replace(top, hem=0.0), skirt


def _shoes(rng: np.random.Generator, wearer: str, whole: str | None) -> Shoes:
    style = pick(rng, _SHOES[wearer])
    base = tint(rng, whole if whole == "black" else pick_dye(rng, "shoes"))
    sporty = style in ("sneaker", "high top")
    pale = (226, 224, 218)
    dark = towards(base, (20, 18, 16), 0.7)
    sole = pale if sporty and rng.random() < 0.75 else dark
    fabric = Fabric(base, "twill" if style == "high top" else "leather", seed=int(rng.integers(1 << 20)))
    return Shoes(fabric=fabric, style=style, sole=sole, lace=pale if rng.random() < 0.7 else dark)


def _extras(rng: np.random.Generator, *, collared: bool) -> tuple[Accessory, ...]:
    """What is put on last; a scarf only where no collar is."""
    styles = [style for style, share in EXTRAS.items() if rng.random() < share]
    chosen = {STYLES[style]: style for style in styles if not (collared and style == "scarf")}
    made = []
    for name, style in chosen.items():
        base = (28, 28, 30) if name == "glasses" and rng.random() < 0.7 else tint(rng, pick_dye(rng, "outer"))
        cloth = {"glasses": "leather", "bag": "nylon", "scarf": "wool"}.get(
            name, "knit" if style == "beanie" else "twill"
        )
        odds = {None: 70.0, "plaid": 20, "stripes": 10} if name == "scarf" else PLAIN
        made.append(Accessory(fabric=sample_fabric(rng, cloth, base, odds), style=style))
    return tuple(made)
