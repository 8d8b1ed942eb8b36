"""The look of one person: garments, fabrics, colours, hair, shoes and bags, drawn from a seed."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from reposer.data.mannequin.accessories import HAIRSTYLES, HATS
from reposer.data.mannequin.anatomy import WAIST_HEIGHT, Cut
from reposer.data.mannequin.figure import Body, pick

Tier = Literal["easy", "full"]
Colour = tuple[float, float, float]
Palette = tuple[tuple[int, int, int], ...]
Pattern = Literal["plain", "stripes", "upright", "plaid", "dots", "blocks", "argyle", "camouflage", "fade", "floral",
                  "checks"]  # fmt: skip
Neckline = Literal["crew", "v", "scoop", "shirt", "high", "straps"]
Front = Literal["closed", "buttons", "zip", "open"]
Motif = Literal["none", "disc", "box", "bar", "number", "star", "ring", "pocket", "cross"]

SKINS = ((244, 214, 196), (232, 190, 160), (214, 168, 132), (188, 136, 98), (148, 100, 68), (104, 68, 46), (74, 48, 36))
HAIRS = ((28, 22, 22), (58, 40, 30), (92, 62, 40), (140, 96, 56), (206, 166, 96), (226, 200, 148), (142, 62, 30),
         (150, 150, 152), (206, 204, 200))  # fmt: skip
HAIR_ODDS = (0.24, 0.2, 0.17, 0.11, 0.09, 0.05, 0.06, 0.05, 0.03)
MUTED = ((30, 30, 34), (58, 60, 66), (112, 114, 118), (178, 178, 176), (236, 234, 228), (28, 38, 70), (50, 78, 122),
         (92, 128, 170), (122, 92, 66), (190, 164, 126), (222, 206, 176), (84, 92, 58), (52, 76, 60), (110, 32, 42),
         (150, 60, 50), (72, 52, 84), (214, 160, 160), (150, 178, 160))  # fmt: skip
SHOES = ((24, 24, 26), (236, 236, 234), (96, 62, 40), (150, 40, 40), (40, 60, 120), (128, 128, 130), (190, 150, 100))
SOCKS = ((236, 236, 236), (40, 40, 44), (120, 120, 124))
DENIM = ((40, 54, 88), (62, 86, 128), (98, 126, 164), (34, 38, 48), (140, 164, 190))


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """A repeating pattern of up to three colours (RGB, 0 to 1)."""

    pattern: Pattern
    colours: tuple[Colour, Colour, Colour]
    size: float  # period of the pattern, metres
    phase: float = 0.0  # shift of the pattern, periods


@dataclass(frozen=True, kw_only=True)
class Print:
    """A motif printed on the front or the back of a top."""

    motif: Motif
    colour: Colour
    size: float  # half width, metres


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """Everything about the look of a person that stays the same from picture to picture."""

    cut: Cut
    category: str  # the DeepFashion category that fits best
    skin: Colour
    hair: Colour
    iris: Colour
    beard: float  # 0 shaven to 1 full
    glasses: bool
    top_front: Fabric
    top_back: Fabric
    sleeves: Fabric
    inner: Fabric  # seen inside an open front
    neckline: Neckline
    front: Front
    trim: Colour  # collar, cuffs, zip and buttons
    print_front: Print
    print_back: Print
    yoke: Colour | None  # colour of a block across chest and shoulders, front and back
    side_stripe: Colour | None  # A stripe down the outside of sleeves and legs
    bottom: Fabric
    skirt_front: Fabric
    skirt_back: Fabric
    belt: Colour | None
    legs: Colour  # bare legs or tights
    shoes: Colour
    soles: Colour
    socks: Colour
    hat: Colour
    backpack: Colour
    bag: Colour


def _dye(rng: np.random.Generator, palette: Palette, odds: Sequence[float] | None = None) -> Colour:
    """One of a palette's colours, a little varied."""
    red, green, blue = pick(rng, palette, odds)
    light, *tint = rng.standard_normal(4).tolist()
    red, green, blue = (
        min(max(value / 255 + 0.025 * light + 0.008 * shift, 0.04), 0.97)
        for value, shift in zip((red, green, blue), tint, strict=True)
    )
    return red, green, blue


def _vivid(rng: np.random.Generator, hue: float | None = None) -> Colour:
    hue = rng.random() if hue is None else hue % 1
    return colorsys.hsv_to_rgb(hue, rng.uniform(0.65, 1.0), rng.uniform(0.55, 0.95))


def _any(rng: np.random.Generator) -> Colour:
    return _vivid(rng) if rng.random() < 0.36 else _dye(rng, MUTED)


def _apart(rng: np.random.Generator, *others: Colour) -> Colour:
    """A colour that is easy to tell from others: the first that is, or the best of six."""
    best, best_gap = others[0], -1.0
    for _ in range(6):
        colour = _any(rng)
        gap = min(sum(abs(a - b) for a, b in zip(colour, other, strict=True)) for other in others)
        if gap > best_gap:
            best, best_gap = colour, gap
        if gap > 0.7:
            break
    return best


def _fabric(rng: np.random.Generator, base: Colour, tier: Tier) -> Fabric:
    second = _apart(rng, base)
    colours = (base, second, _apart(rng, base, second))
    phase = float(rng.random())
    if tier == "easy":
        simple: tuple[Pattern, ...] = ("plain", "stripes", "blocks")
        pattern = pick(rng, simple, (0.55, 0.2, 0.25))
        size = {"plain": 0.2, "stripes": float(rng.uniform(0.16, 0.24)), "blocks": 0.5}[pattern]
        return Fabric(pattern=pattern, colours=colours, size=size, phase=phase)
    odds = (0.42, 0.14, 0.05, 0.10, 0.06, 0.06, 0.03, 0.03, 0.04, 0.05, 0.02)
    pattern = pick(rng, get_args(Pattern), odds)
    low, high = {
        "stripes": (0.04, 0.14), "upright": (0.03, 0.09), "plaid": (0.08, 0.16), "dots": (0.05, 0.10),
        "argyle": (0.12, 0.18), "camouflage": (0.14, 0.22), "floral": (0.09, 0.14), "checks": (0.05, 0.10),
    }.get(pattern, (0.4, 0.6))  # fmt: skip
    return Fabric(pattern=pattern, colours=colours, size=float(rng.uniform(low, high)), phase=phase)


def _plain(colour: Colour) -> Fabric:
    return Fabric(pattern="plain", colours=(colour, colour, colour), size=0.2)


def _print(rng: np.random.Generator, cloth: Colour, chance: float) -> Print:
    motif: Motif = pick(rng, get_args(Motif)[1:]) if rng.random() < chance else "none"
    size = 0.04 if motif == "pocket" else float(rng.uniform(0.07, 0.11))
    return Print(motif=motif, colour=_apart(rng, cloth), size=size)


def _sample_cut(rng: np.random.Generator, body: Body) -> tuple[Cut, str, bool]:
    """Draw the outline of the clothes, the category, and whether a skirt or coat continues the top."""
    woman = body.sex == "women"
    cut = Cut(
        sleeve=pick(rng, (0.30, 0.50, 0.97, 0.99, 0.02), (0.34, 0.08, 0.28, 0.2, 0.1)),
        sleeve_ease=float(rng.uniform(0.003, 0.011)),
        top_ease=float(rng.uniform(0.003, 0.010)),
        hem_height=WAIST_HEIGHT - 0.02 if rng.random() < 0.25 else float(rng.uniform(0.50, 0.56)),
    )
    odds = (0.20, 0.18, 0.07, 0.14, 0.16, 0.17, 0.08) if woman else (0.44, 0.12, 0.06, 0.27, 0.0, 0.0, 0.11)
    kind = pick(rng, ("trousers", "skinny", "wide", "shorts", "skirt", "dress", "coat"), odds)
    category = {
        "trousers": "Pants", "skinny": "Denim", "wide": "Pants", "shorts": "Shorts", "skirt": "Skirts",
        "dress": "Dresses", "coat": "Jackets_Coats" if woman else "Jackets_Vests",
    }[kind]  # fmt: skip

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    if kind in ("trousers", "coat"):
        cut = replace(cut, leg=0.985, leg_ease=between(0.004, 0.009), leg_flare=between(0.004, 0.014))
    if kind == "skinny":
        cut = replace(cut, leg=0.95, leg_ease=0.002, boot=pick(rng, (2.0, 0.62, 0.8), (0.6, 0.2, 0.2)))
    if kind == "wide":
        cut = replace(cut, leg=0.985, leg_ease=0.009, leg_flare=between(0.02, 0.034))
    if kind == "shorts":
        cut = replace(cut, leg=between(0.22, 0.50), leg_ease=between(0.006, 0.014), leg_flare=0.01)
    if kind in ("skirt", "dress"):
        cut = replace(
            cut, leg=0.0, leg_ease=0.0, skirt=between(0.26, 0.78), skirt_flare=between(0.0, 0.075),
            hem_height=WAIST_HEIGHT - 0.02 if kind == "dress" else cut.hem_height,
            boot=pick(rng, (2.0, 0.62, 0.8), (0.7, 0.15, 0.15)),
        )  # fmt: skip
        if kind == "skirt" and cut.hem_height < WAIST_HEIGHT - 0.02:
            cut = replace(cut, hem_height=0.585, top_ease=max(cut.top_ease, 0.007), skirt_top=0.610)
    if kind == "coat":
        cut = replace(
            cut, skirt=between(0.22, 0.6), skirt_flare=between(0.0, 0.03), sleeve=0.99,
            top_ease=between(0.010, 0.015), sleeve_ease=0.012, hem_height=WAIST_HEIGHT - 0.02,
        )  # fmt: skip
    if cut.boot < 1:
        cut = replace(cut, leg=min(cut.leg, cut.boot))
    return cut, category, kind in ("dress", "coat")


def _top_category(woman: bool, cut: Cut, neckline: Neckline, front: Front, printed: bool) -> str:
    if front == "open":
        return ("Cardigans" if cut.top_ease < 0.007 else "Jackets_Coats") if woman else "Jackets_Vests"
    if cut.hood:
        return "Sweatshirts_Hoodies"
    if neckline == "shirt":
        return "Blouses_Shirts" if woman else "Shirts_Polos"
    if cut.sleeve > 0.9:
        return "Sweaters"
    return "Graphic_Tees" if woman and printed else "Tees_Tanks"


def _finish_cut(
    rng: np.random.Generator, body: Body, cut: Cut, category: str, tier: Tier
) -> tuple[Cut, Neckline, Front]:
    """Draw hair, hat, neckline, front and bags."""
    woman, easy = body.sex == "women", tier == "easy"
    hair = pick(rng, HAIRSTYLES, (1, 5, 3, 16, 16, 30, 11, 11, 7) if woman else (10, 48, 24, 8, 1, 3, 1, 1, 4))
    hat = pick(rng, HATS, (0.84, 0.07, 0.04, 0.05) if woman else (0.78, 0.14, 0.08, 0.0))
    carried = rng.random()
    neck_odds = (0.3, 0.18, 0.2, 0.16, 0.1, 0.06) if woman else (0.5, 0.12, 0.02, 0.26, 0.1, 0.0)
    neckline: Neckline = pick(rng, get_args(Neckline), neck_odds)
    front: Front = pick(rng, get_args(Front), (0.64, 0.06, 0.1, 0.2))
    if category.startswith("Jackets"):
        front = pick(rng, get_args(Front), (0.0, 0.3, 0.3, 0.4))
    elif category == "Dresses" and front != "closed":
        front = "buttons"
    if neckline == "shirt" and front == "closed":
        front = "buttons"
    if cut.sleeve < 0.3 or neckline == "straps" or (easy and front != "open"):
        front = "closed"
    if neckline == "straps":
        cut = replace(cut, sleeve=0.0, sleeve_ease=0.0)
    hooded = rng.random() < 0.14 and cut.sleeve > 0.9 and neckline != "shirt" and hair not in ("long", "bob")
    cut = replace(
        cut, hair=hair, hat=hat, collar=0.006 if neckline in ("high", "shirt") else 0.0, hood=bool(hooded),
        backpack=bool(not easy and carried < 0.17), bag=bool(not easy and 0.17 < carried < 0.30),
    )  # fmt: skip
    return cut, neckline, front


def _sample_top(
    rng: np.random.Generator, base: Colour, back_base: Colour, tier: Tier, *, is_open: bool
) -> tuple[Fabric, Fabric, Print, Print]:
    """Draw cloth and prints of front and back, which differ: another cloth, a print, or an open front."""
    easy = tier == "easy"
    top_front = top_back = _fabric(rng, base, tier)
    if easy and rng.random() < 0.25:
        top_back = _fabric(rng, back_base, tier)
    elif easy:  # the same main colour, so that one side tells of the other
        top_back = replace(top_front, pattern="blocks", size=0.5) if top_front.pattern == "plain" else _plain(base)
    elif rng.random() < 0.40:
        top_back = _plain(_apart(rng, base)) if rng.random() < 0.6 else _fabric(rng, _apart(rng, base), tier)
    elif rng.random() < 0.25:
        top_back = _plain(base)
    plain_front, plain_back = top_front.pattern in ("plain", "fade"), top_back.pattern in ("plain", "fade")
    print_front = _print(rng, base, 0.0 if easy or is_open else 0.5 if plain_front else 0.12)
    print_back = _print(rng, top_back.colours[0], 0.0 if easy else 0.45 if plain_back else 0.08)
    if top_back is top_front and print_front.motif == print_back.motif == "none" and not is_open:
        print_back = _print(rng, base, 1.0)
    return top_front, top_back, print_front, print_back


def sample_outfit(rng: np.random.Generator, body: Body, tier: Tier) -> Outfit:
    """Draw the look of a person: `easy` has strong colours in large areas, `full` has everything."""
    woman, easy = body.sex == "women", tier == "easy"
    cut, category, joined = _sample_cut(rng, body)
    cut, neckline, front = _finish_cut(rng, body, cut, category, tier)
    skin = _dye(rng, SKINS, (0.2, 0.24, 0.2, 0.13, 0.1, 0.08, 0.05))
    if easy:
        hue = rng.random()
        base, under = _vivid(rng, hue), _vivid(rng, hue + rng.uniform(0.3, 0.7))
        back_base = _vivid(rng, hue + pick(rng, (-1, 1)) * rng.uniform(0.25, 0.45))
    else:
        base = back_base = _any(rng)
        under = _dye(rng, DENIM) if rng.random() < 0.35 else _apart(rng, base)
    top_front, top_back, print_front, print_back = _sample_top(rng, base, back_base, tier, is_open=front == "open")
    sleeves = top_front if rng.random() < 0.7 else _plain(_apart(rng, base))
    bottom = _fabric(rng, under, tier) if rng.random() < 0.3 else _plain(under)
    skirt_front, skirt_back = (top_front, top_back) if joined else (bottom, bottom)
    if joined and category == "Dresses" and rng.random() < 0.3:
        skirt_front = skirt_back = _fabric(rng, under, tier)
    hosiery = woman and cut.leg == 0 and rng.random() < 0.3
    named_by_top = {"Pants": 0.75, "Denim": 0.75, "Shorts": 0.6}
    if not category or (category in named_by_top and rng.random() < named_by_top[category]):
        category = _top_category(woman, cut, neckline, front, print_front.motif != "none")
    return Outfit(
        cut=cut,
        category=category,
        skin=skin,
        hair=_dye(rng, HAIRS, HAIR_ODDS),
        iris=_dye(rng, ((60, 40, 26), (70, 96, 60), (60, 96, 140))),
        beard=0.0 if woman or rng.random() < 0.62 else float(rng.uniform(0.35, 1.0)),
        glasses=bool(rng.random() < 0.14),
        top_front=top_front,
        top_back=top_back,
        sleeves=sleeves,
        inner=_plain(_apart(rng, base)) if easy or rng.random() < 0.7 else _fabric(rng, _apart(rng, base), tier),
        neckline=neckline,
        front=front,
        trim=_apart(rng, base) if rng.random() < 0.4 else (base[0] * 0.8, base[1] * 0.8, base[2] * 0.8),
        print_front=print_front,
        print_back=print_back,
        yoke=_apart(rng, base) if not easy and rng.random() < 0.1 else None,
        side_stripe=_apart(rng, under, sleeves.colours[0]) if rng.random() < (0.0 if easy else 0.12) else None,
        bottom=bottom,
        skirt_front=skirt_front,
        skirt_back=skirt_back,
        belt=_dye(rng, ((40, 30, 26), (110, 72, 44), (220, 214, 200))) if rng.random() < 0.5 else None,
        legs=_dye(rng, ((26, 26, 30), (90, 70, 60), (60, 60, 70))) if hosiery else skin,
        shoes=_vivid(rng) if rng.random() < 0.18 else _dye(rng, SHOES),
        soles=_dye(rng, ((236, 236, 232), (30, 30, 30), (150, 110, 70)), (0.6, 0.25, 0.15)),
        socks=_dye(rng, SOCKS) if rng.random() < 0.5 and not hosiery else skin,
        hat=_any(rng),
        backpack=_any(rng),
        bag=_dye(rng, ((30, 28, 28), (110, 72, 44), (170, 130, 90), (150, 30, 40))),
    )
