"""What legs do: standing, leaning, walking, running, sitting."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats

# Joint angles over one gait cycle from the first touch of the heel, degrees: hip flexion, knee flexion, pitch of the
# sole. The usual curves of gait laboratories (Perry, Gait Analysis), read off at these moments.
_MOMENTS = np.array([0.0, 0.08, 0.15, 0.30, 0.42, 0.52, 0.62, 0.72, 0.82, 0.92, 1.0])
_WALK = np.array(
    [
        [30, 27, 23, 10, -3, -11, -3, 15, 27, 31, 30],
        [5, 12, 18, 9, 6, 14, 38, 60, 50, 16, 5],
        [20, 4, 0, 0, -4, -22, -48, -45, -12, 12, 20],
    ]
)
_RUN = np.array(
    [
        [35, 33, 27, 8, -10, -14, -2, 24, 46, 46, 35],
        [18, 34, 38, 24, 18, 40, 78, 104, 86, 42, 18],
        [6, 0, 0, -8, -34, -62, -85, -82, -50, -12, 6],
    ]
)
_STANCE = {"walk": 0.62, "run": 0.40}  # share of the cycle in which a foot is on the ground


@dataclass(frozen=True, kw_only=True)
class Footwork:
    """The lower half of a stance, fields as Stance has them, and how far arms swing."""

    thighs: Floats
    knees: Floats
    feet: Floats
    planted: tuple[bool, bool] = (True, True)
    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lean: float = 0.03
    bend: float = 0.0
    twist: float = 0.0
    seat: float = 0.0
    swing: Floats  # (2,) forward swing of the arms, radians


def _legs(flexion: Floats, abduction: Floats, out: Floats, knees: Floats, **others: object) -> Footwork:
    settings: dict[str, object] = {"feet": np.zeros(2), "swing": np.zeros(2)} | others
    return Footwork(thighs=np.stack([flexion, abduction, out], 1), knees=knees, **settings)  # type: ignore[arg-type]


def at_ease(rng: np.random.Generator) -> Footwork:
    """Weight on both legs, feet together or apart."""
    normal = rng.standard_normal(8)
    apart = rng.choice([-0.07, -0.02, 0.12], p=[0.5, 0.35, 0.15])
    return _legs(
        0.03 + 0.05 * normal[0:2], apart + 0.02 + 0.02 * normal[2:4], 0.20 + 0.14 * normal[4:6],
        np.abs(0.07 + 0.06 * normal[6:8]), bend=0.02 * float(normal[0]),
    )  # fmt: skip


def contrapposto(rng: np.random.Generator) -> Footwork:
    """Weight on one leg, whose hip is higher and over its foot; the other leg plays, shoulders lean against it."""
    side, normal, depth = int(rng.random() < 0.5), rng.standard_normal(4), float(rng.random())
    flexion, knees = np.array([0.02, 0.02]) + 0.03 * normal[:2], np.array([0.04, 0.04])
    spread, out = np.array([-0.05, -0.05]) - 0.03 * depth, 0.14 + 0.1 * normal[2:4]
    free = 1 - side
    kind = rng.random()
    if kind < 0.60:  # one knee bent, its foot a little ahead and out
        knees[free], flexion[free] = 0.2 + 0.5 * depth, 0.14 + 0.3 * depth
        spread[free], out[free] = rng.normal(0.03, 0.06), rng.normal(0.35, 0.2)
    elif kind < 0.78:  # the leg set aside
        spread[free], out[free] = rng.uniform(0.08, 0.26), rng.normal(0.3, 0.15)
        flexion[free] += rng.normal(0.05, 0.08)
    else:  # feet crossed, the free one in front
        flexion[free], knees[free] = 0.36, rng.uniform(0.3, 0.55)
        spread[free] = rng.uniform(-0.24, -0.14)
    tilt = (0.04 + 0.08 * depth) * (1 if side else -1)
    return _legs(
        flexion, spread, out, knees, hips=(0.0, float(rng.normal(0, 0.08)), tilt), bend=0.7 * tilt,
        twist=float(rng.normal(0, 0.08)),
    )  # fmt: skip


def leaning(rng: np.random.Generator) -> Footwork:
    """Back or shoulder against something, feet ahead of it; one sole often against the wall."""
    normal, side = rng.standard_normal(4), int(rng.random() < 0.5)
    back = rng.uniform(0.06, 0.16)
    flexion = np.full(2, 0.10 + back) + 0.03 * normal[:2]
    knees, planted = np.array([0.08, 0.08]), [True, True]
    feet = np.zeros(2)
    if rng.random() < 0.4:
        flexion[side], knees[side], planted[side], feet[side] = 0.62, 1.25, False, 0.2
    return _legs(
        flexion, 0.03 + 0.02 * normal[2:4], 0.12 + 0.1 * normal[2:4], knees, feet=feet,
        planted=(planted[0], planted[1]), hips=(-back, 0.0, 0.0), lean=-back, bend=float(rng.normal(0, 0.04)),
    )  # fmt: skip


def _gait(rng: np.random.Generator, name: str, curves: Floats, size: float) -> Footwork:
    """Somewhere in a cycle, with steps `size` times as long as usual."""
    phase = float(rng.random())
    phases = np.array([phase, (phase + 0.5) % 1])
    angles = np.radians(np.stack([np.interp(phases, _MOMENTS, curve) for curve in curves]))
    flexion, knees, feet = angles[0] * size, angles[1] * (0.35 + 0.65 * size), angles[2] * size
    on_ground = phases < _STANCE[name]
    if not on_ground.any():  # both feet in the air: the lower one is about to land
        on_ground[int(np.argmin(knees))] = True
    narrow = rng.normal(-0.045, 0.045, 2)
    stride = float(flexion[1] - flexion[0])  # the left leg is ahead
    strong = 1.0 if name == "walk" else 1.2
    return _legs(
        flexion, narrow, rng.normal(0.12, 0.08, 2), knees, feet=feet, planted=(bool(on_ground[0]), bool(on_ground[1])),
        hips=(0.02, -0.10 * stride * strong, float(rng.normal(0, 0.02))), lean=0.03 if name == "walk" else 0.16,
        twist=0.14 * stride * strong, swing=-flexion[:] + 0.08,
    )  # fmt: skip


def walking(rng: np.random.Generator) -> Footwork:
    """Walking, from a stroll to a hurry."""
    return _gait(rng, "walk", _WALK, float(np.clip(rng.normal(0.92, 0.2), 0.45, 1.35)))


def running(rng: np.random.Generator) -> Footwork:
    """Running, from a jog on."""
    return _gait(rng, "run", _RUN, float(rng.uniform(0.75, 1.1)))


def sitting(rng: np.random.Generator) -> Footwork:
    """On a step, a chair or a stool."""
    seat = float(rng.choice([0.34, 0.45, 0.66], p=[0.2, 0.55, 0.25]) + rng.normal(0, 0.02))
    normal, side = rng.standard_normal(6), int(rng.random() < 0.5)
    flexion, knees = np.full(2, 1.42 if seat < 0.55 else 0.95), np.full(2, 1.40 if seat < 0.55 else 0.9)
    knees += 0.2 * normal[:2]
    spread, out = 0.10 + 0.08 * np.abs(normal[2:4]), 0.08 + 0.08 * normal[4:6]
    planted, kind = [True, True], rng.random()
    if kind < 0.22 and seat < 0.55:  # legs crossed
        flexion[side], spread[side], out[side], knees[side] = 1.78, -0.16, 0.0, 1.25
        spread[1 - side] = 0.02
        planted[side] = False
    elif kind < 0.5 and seat > 0.55:  # one foot on the rung
        flexion[side], knees[side], planted[side] = 1.35, 1.5, False
    lean = float(rng.normal(0.06, 0.12))
    return _legs(
        flexion, spread, out, knees, planted=(planted[0], planted[1]), seat=seat, lean=lean,
        hips=(-0.12 + 0.3 * lean, 0.0, 0.0), twist=float(rng.normal(0, 0.08)), bend=float(rng.normal(0, 0.04)),
    )  # fmt: skip


FOOTWORK = {
    "ease": at_ease, "contrapposto": contrapposto, "lean": leaning, "walk": walking, "run": running, "sit": sitting,
}  # fmt: skip
