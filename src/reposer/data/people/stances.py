"""How people hold themselves: standing, walking, arms doing something."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Stance:
    """How a person holds themselves. Pairs are (right, left); angles in radians.

    Wrists and elbows are given for a left arm (x outwards) and mirrored for the right one.
    """

    lean: float = 0.04  # forward lean of the chest over the pelvis
    bend: float = 0.0  # sideways bend, positive towards the left
    twist: float = 0.0  # turn of the chest over the pelvis, positive towards the left
    head_turn: float = 0.0  # turn of the head over the chest, positive towards the left
    head_nod: float = 0.05  # nod of the head, positive downwards
    gaze: tuple[float, float] = (0.0, 0.0)  # turn of the eyes in the head, towards the left and downwards
    wrists: Floats  # (2, 3) from shoulder to wrist in the chest's frame (outwards, up, forwards), in arm lengths
    elbows: Floats  # (2, 3) the way the elbows point
    thighs: Floats  # (2, 3) hip flexion, abduction and outward turn
    knees: Floats  # (2,) knee flexion
    feet: Floats  # (2,) foot pitch, positive toes up
    fingers: Floats  # (2,) how far fingers are bent, 0 stretched, 1 a fist


@dataclass(frozen=True)
class Gesture:
    """What one arm does."""

    wrist: tuple[float, float, float]
    elbow: tuple[float, float, float]
    spread: float  # standard deviation of the wrist's place
    fingers: float = 0.3


GESTURES = {
    "down": Gesture((0.16, -0.95, 0.06), (0.5, 0.0, -1.0), 0.05),
    "relaxed": Gesture((0.20, -0.86, 0.16), (0.6, 0.0, -1.0), 0.06),
    "pocket": Gesture((0.12, -0.80, 0.08), (0.8, 0.0, -0.7), 0.03, 0.5),
    "hip": Gesture((0.10, -0.66, 0.04), (1.0, 0.0, -0.35), 0.04, 0.4),
    "bent": Gesture((0.08, -0.46, 0.52), (0.4, -1.0, -0.3), 0.07, 0.45),
    "belly": Gesture((-0.18, -0.50, 0.46), (0.7, -0.8, -0.1), 0.05, 0.4),
    "crossed": Gesture((-0.42, -0.34, 0.47), (0.6, -0.9, 0.0), 0.03, 0.35),
    "strap": Gesture((-0.04, -0.16, 0.36), (0.5, -1.0, -0.1), 0.03, 0.8),
    "phone": Gesture((-0.10, 0.28, 0.26), (0.6, -0.8, 0.4), 0.04, 0.6),
    "chin": Gesture((-0.24, 0.10, 0.36), (0.3, -1.0, 0.2), 0.03, 0.5),
    "behind": Gesture((-0.16, -0.62, -0.36), (1.0, 0.1, -0.4), 0.04, 0.5),
    "wave": Gesture((0.26, 0.36, 0.20), (0.9, -0.7, -0.1), 0.07, 0.1),
    "forward": Gesture((0.02, -0.18, 0.84), (0.5, -0.8, 0.0), 0.09, 0.15),
    "out": Gesture((0.62, -0.52, 0.10), (0.3, -0.3, -1.0), 0.10),
    "up": Gesture((0.16, 0.80, 0.12), (0.9, 0.1, 0.4), 0.07, 0.15),
}
_BOTH = {
    "hip": 0.13, "crossed": 0.10, "behind": 0.06, "pocket": 0.10, "strap": 0.03, "belly": 0.05, "down": 0.28,
    "relaxed": 0.16, "bent": 0.05, "up": 0.02, "out": 0.02,
}  # fmt: skip
_ONE = {
    "down": 0.18, "relaxed": 0.14, "pocket": 0.11, "hip": 0.09, "bent": 0.10, "belly": 0.05, "strap": 0.04,
    "phone": 0.07, "chin": 0.04, "behind": 0.02, "wave": 0.06, "forward": 0.04, "out": 0.04, "up": 0.02,
}  # fmt: skip


def pick(rng: np.random.Generator, odds: dict[str, float]) -> str:
    """Draw a name; the odds need not add up to one."""
    place = rng.random() * sum(odds.values())
    for name, share in odds.items():
        place -= share
        if place < 0:
            return name
    return name


def stand(right: str = "down", left: str = "down", **changes: object) -> Stance:
    """A standing figure with named gestures and nothing left to chance."""
    arms = GESTURES[right], GESTURES[left]
    settings: dict[str, object] = {
        "wrists": np.array([arm.wrist for arm in arms]),
        "elbows": np.array([arm.elbow for arm in arms]),
        "thighs": np.array([[0.03, 0.06, 0.12], [0.03, 0.06, 0.12]]),
        "knees": np.array([0.05, 0.06]),
        "feet": np.zeros(2),
        "fingers": np.array([arm.fingers for arm in arms]),
    }
    return Stance(**(settings | changes))  # type: ignore[arg-type]


def sample_stance(rng: np.random.Generator) -> Stance:
    """Draw a pose as in photographs of pedestrians and of fashion."""
    walking, both = rng.random(2) < (0.42, 0.5)
    chosen = pick(rng, _BOTH)
    names = [chosen if both else pick(rng, _ONE) for _ in range(2)]
    arms = [GESTURES[name] for name in names]
    spreads = np.array([arm.spread for arm in arms])
    wrists = np.array([arm.wrist for arm in arms]) + rng.standard_normal((2, 3)) * spreads[:, None]
    elbows = np.array([arm.elbow for arm in arms]) + rng.standard_normal((2, 3)) * 0.12
    if chosen == "crossed" and both:
        wrists[0] += (0.0, 0.07, 0.05)  # one forearm lies on the other
    flexion, spread, knees, feet = _walk(rng) if walking else _rest(rng)
    if walking:
        for side, name in enumerate(names):
            if name in ("down", "relaxed"):  # arms swing against the legs
                wrists[side, 2] -= 0.6 * flexion[side]
    lean, bend, twist, turn, nod = rng.standard_normal(5).tolist()
    return Stance(
        lean=0.04 + 0.05 * lean,
        bend=0.04 * bend,
        twist=0.10 * twist,
        head_turn=min(max(0.28 * turn, -0.9), 0.9),
        head_nod=min(max(0.04 + 0.10 * nod, -0.25), 0.4),
        gaze=_gaze(rng),
        wrists=wrists,
        elbows=elbows,
        thighs=np.stack([flexion, spread, rng.uniform(-0.05, 0.35, 2)], axis=1),
        knees=knees,
        feet=feet,
        fingers=np.clip(np.array([arm.fingers for arm in arms]) + 0.12 * rng.standard_normal(2), 0, 1),
    )


def _gaze(rng: np.random.Generator) -> tuple[float, float]:
    """Half of the people look where their head points, the others aside."""
    spread = 0.06 if rng.random() < 0.5 else 0.22
    aside, down = rng.standard_normal(2).tolist()
    return min(max(spread * aside, -0.45), 0.45), min(max(0.5 * spread * down, -0.15), 0.2)


def _walk(rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Flexion and spread of the thighs, knees and feet, somewhere in a step."""
    phase, length, lift = rng.uniform(-1, 1), rng.random(), rng.random()
    stride, raised = (0.25 + 0.3 * length) * phase, 0.25 + (0.2 + 0.7 * lift) * abs(phase)
    flexion = np.array([stride, -0.8 * stride]) + 0.06
    knees = np.where(flexion < 0, raised, 0.12) * rng.uniform(0.6, 1.0, 2)
    return flexion, 0.07 * rng.random(2) - 0.02, knees, np.where(flexion < 0, -0.35, 0.15) * abs(phase)


def _rest(rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """The same of somebody who stands, in two of five cases with the weight on one leg."""
    normal = rng.standard_normal(6)
    flexion, knees = 0.03 + 0.05 * normal[0:2], np.abs(0.04 + 0.04 * normal[2:4])
    spread = np.abs(0.05 + 0.05 * normal[4:6]) * (1.0 if rng.random() < 0.8 else 2.0)
    if rng.random() < 0.45:
        side = int(rng.random() < 0.5)
        flexion[side] += rng.uniform(0.1, 0.35)
        knees[side] += rng.uniform(0.15, 0.6)
    return flexion, spread, knees, np.zeros(2)
