"""Complexions: the colours and marks of one person's skin, eyes, brows, beard and make-up."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.shape import Shape
from reposer.data.people.stances import pick

Colour = tuple[int, int, int]
TONES = np.array(
    [[238, 200, 178], [228, 184, 158], [216, 168, 138], [198, 146, 114], [170, 118, 88], [136, 90, 66], [104, 68, 50],
     [80, 52, 40]], np.float64
)  # fmt: skip
"""sRGB of sunlit skin, from the lightest to the darkest."""
_TONE_RANGE = ((4.0, 7.0), (0.4, 3.2), (0.0, 2.4))
"""Of African, Asian and Caucasian people, places in TONES."""
_HAIRS = {
    "black": (22, 18, 17), "dark brown": (48, 33, 24), "brown": (84, 57, 38), "light brown": (124, 90, 58),
    "blond": (186, 150, 100), "red": (126, 62, 34), "dyed": (104, 34, 52),
}  # fmt: skip
_HAIR_ODDS = {
    "caucasian": {"black": 12.0, "dark brown": 32, "brown": 24, "light brown": 14, "blond": 13, "red": 4, "dyed": 1},
    "other": {"black": 74.0, "dark brown": 21, "brown": 3, "dyed": 2},
}
_GREY = np.array([178, 176, 174], np.float64)
_IRISES = {
    "brown": (74, 48, 30), "dark": (50, 34, 24), "hazel": (104, 84, 48), "green": (96, 108, 82), "blue": (96, 122, 142),
    "grey": (112, 120, 124),
}  # fmt: skip
_IRIS_ODDS = {
    "caucasian": {"brown": 38.0, "dark": 8, "hazel": 16, "green": 10, "blue": 22, "grey": 6},
    "other": {"brown": 35.0, "dark": 65},
}
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
_BEARD_ODDS = {"none": 46.0, "stubble": 25, "moustache": 4, "goatee": 9, "full": 16}
_LIPSTICKS = {"nude": (178, 108, 98), "rose": (178, 76, 88), "red": (166, 30, 40), "berry": (142, 50, 72)}
_LIPSTICK_ODDS = {"nude": 40.0, "rose": 34, "red": 17, "berry": 9}
_MADE_UP, _FRECKLED = 0.55, 0.14
"""Shares of women with make-up, and of light-skinned people with freckles."""


@dataclass(frozen=True, kw_only=True)
class Complexion:
    """What is to be seen on one person's skin and in their eyes; strengths from 0 to 1."""

    tone: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    brow_colour: Colour
    brow: float = 1.0
    """Thickness, about 1."""
    beard: str = "none"
    """Of BEARDS."""
    beard_colour: Colour = (60, 45, 35)
    flush: float = 0.5
    """How red cheeks and nose are."""
    lined: float = 0.0
    """How deep wrinkles are."""
    tired: float = 0.3
    """How dark it is around the eyes."""
    freckles: float = 0.0
    moles: int = 0
    liner: float = 0.0
    """Of dark lines along the lids."""
    shadow: float = 0.0
    """Of colour on the lids."""
    seed: int = 0


def years(shape: Shape) -> float:
    """How old somebody is, from MakeHuman's scale."""
    return float(np.interp(shape.age, [0.58, 2 / 3, 1.0], [18, 25, 90]))


def _colour(values: Floats) -> Colour:
    r, g, b = np.clip(np.rint(values), 4, 250).astype(int).tolist()
    return r, g, b


def sample_complexion(rng: np.random.Generator, shape: Shape) -> Complexion:
    """Draw colours and marks that go with somebody's sex, age and descent.

    Tones by MakeHuman's shares of African, Asian and Caucasian features; light hair and eyes in Caucasians only; grey
    from 30 on, complete in some at 60, and in women half as often; beards on half of the men, on fewer of the Asian and
    of those under 22; make-up on 55 % of the women; wrinkles from 34 on.
    """
    age, woman, main = years(shape), shape.gender > 0.5, int(np.argmax(shape.descent))
    kind = "caucasian" if main == 2 else "other"
    place = rng.uniform(*_TONE_RANGE[main])
    tone = np.array([np.interp(place, range(len(TONES)), TONES[:, k]) for k in range(3)])
    tone += rng.normal(0, 3, 3) + rng.normal(0, 3) * np.array([0.3, -1.0, -1.0])
    hair = np.array(_HAIRS[pick(rng, _HAIR_ODDS[kind])]) * rng.uniform(0.85, 1.15) + rng.normal(0, 3, 3)
    grey = np.clip(rng.normal((age - 46) / 22, 0.35), 0, 1) if age > 30 else 0.0
    grey *= float(rng.random() < (0.5 if woman else 0.9))
    greyed = hair + (_GREY * rng.uniform(0.75, 1.1) - hair) * grey
    brows = (hair + (_GREY * 0.7 - hair) * 0.5 * grey) * (0.62 if hair.mean() > 70 else 0.9)
    light = min(1.0, tone.mean() / 175)
    lips = tone * 0.52 + np.array([182, 92, 88]) * light * 0.48
    made_up = woman and rng.random() < _MADE_UP
    if made_up:
        stick = np.array(_LIPSTICKS[pick(rng, _LIPSTICK_ODDS)]) * (0.55 + 0.45 * light)
        lips += (stick - lips) * rng.uniform(0.35, 0.95)
    beard = _sample_beard(rng, age, main) if not woman else "none"
    return Complexion(
        tone=_colour(tone),
        lips=_colour(lips),
        iris=_colour(np.array(_IRISES[pick(rng, _IRIS_ODDS[kind])]) + rng.normal(0, 4, 3)),
        hair=_colour(greyed),
        brow_colour=_colour(brows),
        brow=float(rng.normal(0.82 if woman else 1.12, 0.14)),
        beard=beard,
        beard_colour=_colour(hair * 0.9 + (_GREY * 0.95 - hair) * grey),
        flush=float(rng.uniform(0.25, 0.8) + (0.25 if made_up else 0.0)),
        lined=float(np.clip((age - 34) / 50 + rng.normal(0, 0.12), 0, 1)),
        tired=float(np.clip(rng.normal(0.35 + (age - 35) / 150, 0.15), 0.05, 1)),
        freckles=float(rng.uniform(0.3, 1)) if place < 2 and rng.random() < _FRECKLED else 0.0,
        moles=int(rng.poisson(0.5)),
        liner=float(rng.uniform(0.4, 1)) if made_up else 0.0,
        shadow=float(rng.uniform(0, 0.8)) if made_up and rng.random() < 0.6 else 0.0,
        seed=int(rng.integers(1 << 20)),
    )


def _sample_beard(rng: np.random.Generator, age: float, main: int) -> str:
    odds = dict(_BEARD_ODDS)
    if main == 1:
        odds |= {"none": 68, "full": 4}
    if age < 22:
        odds |= {"none": 74, "full": 3, "goatee": 4, "moustache": 1}
    return pick(rng, odds)
