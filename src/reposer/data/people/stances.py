"""How people hold themselves: a stance as plain numbers, and the stances of two worlds.

What the sampler was matched to (real keypoints of Market-1501 and DeepFashion, `tools/measure_poses.py`) is in
docs/people.md; the shares are the tables below.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.footwork import FOOTWORK
from reposer.data.people.gestures import CONTACTS, GESTURES, HANDS

World = Literal["street", "studio"]
"""Pedestrians, or people who pose."""


@dataclass(frozen=True, kw_only=True)
class Stance:
    """How a person holds themselves. Pairs are (right, left); angles in radians; both sides as a left one's."""

    lean: float = 0.04  # forward lean of the chest
    bend: float = 0.0  # sideways bend of the chest, positive towards the left
    twist: float = 0.0  # turn of the chest over the pelvis, positive towards the left
    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)  # the pelvis: forward, turn to the left, left side up
    head_turn: float = 0.0  # turn of the head over the chest, positive towards the left
    head_nod: float = 0.05  # nod of the head, positive downwards
    head_tilt: float = 0.0  # tilt of the head, positive towards the left
    gaze: tuple[float, float] = (0.0, 0.0)  # of the eyes in the head: to the left, downwards
    wrists: Floats  # (2, 3) from shoulder to wrist in the chest's frame (outwards, up, forwards), in arm lengths
    elbows: Floats  # (2, 3) the way the elbows point
    contacts: tuple[str, str] = ("", "")  # of CONTACTS: what the hands lie on; wrists are then offsets from there
    hands: Floats  # (2, 3) against the forearm: palm turned backwards, bent towards palm, towards the thumb
    fingers: Floats  # (2, 6) how far thumb ... little finger are bent, 0 stretched, 1 a fist; how far spread
    shrugs: Floats  # (2,) how far shoulders are raised by themselves
    thighs: Floats  # (2, 3) hip flexion, abduction and outward turn, against the vertical
    knees: Floats  # (2,) knee flexion
    feet: Floats  # (2,) foot pitch, positive toes up
    planted: tuple[bool, bool] = (True, True)  # feet that stand on the ground: legs are stretched or bent to fit
    seat: float = 0.0  # height of what the person sits on, metres; 0 stands


FEET: dict[World, dict[str, float]] = {
    "street": {"walk": 0.62, "ease": 0.18, "contrapposto": 0.15, "lean": 0.01, "sit": 0.02, "run": 0.02},
    "studio": {"walk": 0.28, "ease": 0.26, "contrapposto": 0.40, "lean": 0.02, "sit": 0.03, "run": 0.01},
}
"""How often legs do what."""
BOTH: dict[World, dict[str, float]] = {
    "street": {
        "down/down": 52, "relaxed/relaxed": 18, "lap/other wrist": 3, "crossed under/crossed over": 2.5,
        "behind/behind over": 3, "pocket/pocket": 5, "texting/texting": 4, "strap/strap": 3, "hip/hip": 2,
        "belly/bent": 2, "bent/bent": 4,
    },
    "studio": {
        "hanging/hanging": 74, "down/down": 5, "relaxed/relaxed": 5, "pocket/pocket": 7, "hip/hip": 3,
        "thumb in pocket/thumb in pocket": 3, "crossed under/crossed over": 2, "behind/behind over": 5,
        "back pocket/back pocket": 2, "lap/other wrist": 2, "belly/bent": 0.7, "out/out": 1, "up/up": 0.4,
        "collar/collar": 0.7, "hip back/hip back": 1,
    },
}  # fmt: skip
"""How often both arms do something together; the right one's name first, or the other way round."""
ONE: dict[World, dict[str, float]] = {
    "street": {
        "down": 42, "relaxed": 16, "bag in hand": 12, "bag on arm": 6, "under arm": 4, "bent": 6, "phone": 3,
        "texting": 5, "cup": 3, "strap": 6, "pocket": 7, "hip": 2, "belly": 2, "chest": 1, "mouth": 1.5, "hair": 1,
        "glasses": 1, "chin": 1, "wave": 0.8, "forward": 1.5, "pointing": 1, "out": 1.5, "behind": 1.5, "up": 0.5,
        "nape": 0.5, "other arm": 1,
    },
    "studio": {
        "hanging": 70, "down": 5, "relaxed": 5, "pocket": 12, "thumb in pocket": 5, "hip": 6, "hip back": 1, "bent": 2,
        "bag in hand": 2, "bag on arm": 2, "hair": 2, "collar": 1.5, "chest": 0.7, "chin": 1, "cheek": 0.7, "belly": 2,
        "behind": 2, "back pocket": 2, "out": 2, "nape": 0.8, "other arm": 2, "up": 0.6, "strap": 1.5, "phone": 0.4,
        "texting": 0.4, "glasses": 0.6, "wave": 0.3, "forward": 0.3,
    },
}  # fmt: skip
"""How often each arm does something by itself."""
_SEATED = {"thigh": 40.0, "knee": 20, "lap": 8, "down": 6, "relaxed": 4, "chin": 3, "phone": 3, "texting": 6, "bent": 3}
HEADINGS: dict[World, dict[str, tuple[float, float]]] = {
    "street": {"front": (0.48, 0.55), "back": (0.38, 0.50), "side": (0.14, 0.40)},
    "studio": {"front": (0.51, 0.40), "back": (0.25, 0.35), "side": (0.24, 0.40)},
}
"""Shares of headings and how far people turn from them (standard deviation, radians)."""
_AT_CAMERA = 0.6  # share of models who look at the camera
_LOOKING_BACK = 0.05
_TOGETHER = 0.55  # share of people whose arms do something together
_SWING = ("down", "hanging", "relaxed", "bag in hand", "bent")  # gestures that swing with the legs


def pick(rng: np.random.Generator, odds: dict[str, float]) -> str:
    """Draw a name; the odds need not add up to one."""
    place = rng.random() * sum(odds.values())
    for name, share in odds.items():
        place -= share
        if place < 0:
            return name
    return name


def _arms(right: str, left: str) -> dict[str, Any]:
    """Fields of a stance: what two gestures say."""
    arms = GESTURES[right], GESTURES[left]
    return {
        "wrists": np.array([arm.wrist for arm in arms]),
        "elbows": np.array([arm.elbow for arm in arms]),
        "contacts": (arms[0].contact, arms[1].contact),
        "hands": np.array([arm.hand for arm in arms]),
        "fingers": np.array([HANDS[arm.shape] for arm in arms]),
        "shrugs": np.array([arm.shrug for arm in arms]),
    }


def stand(right: str = "down", left: str = "down", **changes: object) -> Stance:
    """A standing figure with named gestures and nothing left to chance."""
    settings: dict[str, Any] = {
        "thighs": np.array([[0.03, 0.05, 0.15], [0.03, 0.05, 0.15]]),
        "knees": np.array([0.05, 0.06]),
        "feet": np.zeros(2),
    }
    return Stance(**(settings | _arms(right, left) | changes))


def sample_stance(rng: np.random.Generator, *, world: World | None = None, heading: float | None = None) -> Stance:
    """Draw a pose as in photographs of pedestrians ("street") or of fashion ("studio"); of either if none is named.

    Args:
        heading: how the person has turned (see `sample_heading`); models then often look at the camera.
    """
    own: World = world or ("street" if rng.random() < 0.5 else "studio")
    feet = pick(rng, FEET[own])
    return pose_with(rng, feet, _gestures(rng, own, feet), heading=heading if own == "studio" else None)


def sample_heading(rng: np.random.Generator, world: World) -> float:
    """Draw to which side somebody has turned: 0 faces the camera, positive to their left, pi shows the back.

    The shares of front, back and side and how far people turn from them are those of shoulder widths in the real sets.
    """
    middles = {"front": 0.0, "back": np.pi, "side": float(rng.choice([-1, 1])) * np.pi / 2}
    name = pick(rng, {facing: share for facing, (share, _) in HEADINGS[world].items()})
    spread = HEADINGS[world][name][1]
    return float((middles[name] + rng.normal(0, spread) + np.pi) % (2 * np.pi) - np.pi)


def _gestures(rng: np.random.Generator, world: World, feet: str) -> tuple[str, str]:
    if feet == "sit":
        right = pick(rng, _SEATED)
        return right, right if rng.random() < 0.5 else pick(rng, _SEATED)
    if feet == "run":
        return "run", "run"
    if rng.random() < _TOGETHER:
        one, _, other = pick(rng, BOTH[world]).partition("/")
        return (one, other) if rng.random() < 0.5 else (other, one)
    return pick(rng, ONE[world]), pick(rng, ONE[world])


def pose_with(rng: np.random.Generator, feet: str, names: tuple[str, str], *, heading: float | None = None) -> Stance:
    """A stance of named footwork and gestures (right, left), with everything else left to chance."""
    legs = FOOTWORK[feet](rng)
    arms = _arms(*names)
    spreads = np.array([[GESTURES[name].spread] for name in names])
    wrists = arms["wrists"] + rng.standard_normal((2, 3)) * spreads
    swing = legs.swing * float(rng.uniform(0.25, 0.8))
    for side, name in enumerate(names):
        if name == "run":
            wrists[side] += [0.0, 0.25 * abs(swing[side]), 1.3 * swing[side]]
        elif name in _SWING:
            wrists[side, 2] += swing[side]
    normal = rng.standard_normal(3)
    curls = 0.07 * rng.standard_normal((2, 1)) + 0.03 * rng.standard_normal((2, 6))
    arms |= {
        "wrists": wrists,
        "elbows": arms["elbows"] + 0.10 * rng.standard_normal((2, 3)),
        "hands": arms["hands"] + np.array([0.15, 0.08, 0.05]) * rng.standard_normal((2, 3)),
        "fingers": np.minimum(arms["fingers"] + curls, 1.0),
    }
    return Stance(
        **(arms | _head(rng, names, heading)),
        lean=legs.lean + 0.05 * float(normal[0]),
        bend=legs.bend + 0.035 * float(normal[1]),
        twist=legs.twist + 0.06 * float(normal[2]),
        hips=legs.hips,
        thighs=legs.thighs,
        knees=np.maximum(legs.knees, 0.02),
        feet=legs.feet,
        planted=legs.planted,
        seat=legs.seat,
    )


def _head(rng: np.random.Generator, names: tuple[str, str], heading: float | None) -> dict[str, Any]:
    """Where head and eyes turn: ahead, aside, back over a shoulder, down at what hands hold, or at the camera."""
    turn, nod, tilt, aside, below = rng.standard_normal(5).tolist()
    head = {"turn": 0.25 * turn, "nod": 0.04 + 0.09 * nod, "tilt": 0.05 * tilt}
    eyes = [0.12 * aside, 0.04 + 0.06 * below]
    if "texting" in names or ("cup" in names and turn > 0.5):
        head["nod"] += 0.35
        eyes[1] += 0.25
    elif heading is not None and rng.random() < _AT_CAMERA:
        facing = -(heading + np.pi) % (2 * np.pi) - np.pi  # to where the camera stands, from the chest
        head["turn"] = 0.75 * min(max(facing, -1.35), 1.35) + 0.08 * turn
        eyes[0] = min(max(facing - head["turn"], -0.5), 0.5)
    elif rng.random() < _LOOKING_BACK:
        head["turn"] = float(np.copysign(rng.uniform(0.7, 1.15), turn))
        eyes[0] = 0.35 * float(np.sign(turn))
    held = any(GESTURES[name].contact and CONTACTS[GESTURES[name].contact].carrier == "head" for name in names)
    most = 0.3 if held else 1.2
    return {
        "head_turn": min(max(head["turn"], -most), most),
        "head_nod": min(max(head["nod"], -0.25), 0.6),
        "head_tilt": head["tilt"],
        "gaze": (eyes[0], eyes[1]),
    }
