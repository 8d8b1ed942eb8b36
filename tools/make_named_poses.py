"""Make src/reposer/poses/named.json from the anatomy of the mannequins: python tools/make_named_poses.py

Each pose is a stance of a person of average build, who turns to a side and is photographed from a little above.
Joints are in body units: heights of the person, x to the right, y down, from the point of the ground below the hips.
"""

from __future__ import annotations

import json
from dataclasses import replace
from math import radians
from pathlib import Path

import numpy as np

from reposer.data.mannequin.figure import FACE_LIMITS, Body, Floats, Stance, pose_body

OUT = Path(__file__).parents[1] / "src/reposer/poses/named.json"
BODY = Body(
    sex="women", stature=1.0, leg_ratio=1.0, girth=1.0, shoulders=0.1, hips=1.05, waist=1.0, bust=0.0, head=1.05
)
ELEVATION, DISTANCE = 0.08, 4.5  # radians, heights
FACE = [0, 14, 15, 16, 17]

Arm = tuple[tuple[float, ...], tuple[float, ...]]
# Of a left arm: the wrist from the shoulder (outwards, up, forwards) in arm lengths, and the way the elbow points.
DOWN = ((0.17, -0.94, 0.08), (0.5, 0.0, -1.0))
HIP = ((0.10, -0.66, 0.04), (1.0, 0.0, -0.35))
POCKET = ((0.10, -0.80, 0.10), (0.8, 0.0, -0.7))
UP = ((0.18, 0.94, 0.06), (0.9, 0.0, 0.2))
OUT_TO_THE_SIDE = ((0.99, 0.02, 0.0), (0.0, -1.0, -0.3))
WAVE = ((0.42, 0.42, 0.18), (0.9, -0.7, -0.1))
RUN_BACK = ((0.14, -0.62, -0.16), (0.3, 0.0, -1.0))
RUN_FORWARD = ((-0.04, -0.28, 0.56), (0.4, -1.0, -0.2))
LAP = ((-0.02, -0.62, 0.52), (0.6, -0.5, -0.6))


def stance(
    right: Arm = DOWN,
    left: Arm = DOWN,
    *,
    thighs: tuple[tuple[float, float, float], tuple[float, float, float]] = ((3, 4, 10), (3, 4, 10)),
    knees: tuple[float, float] = (3, 3),
    feet: tuple[float, float] = (0, 0),
    lean: float = 2.0,
    twist: float = 0.0,
    nod: float = 4.0,
) -> Stance:
    """Arms and legs (right, left); of thighs flexion, abduction and outward turn, all angles in degrees."""
    return Stance(
        lean=radians(lean),
        bend=0.0,
        twist=radians(twist),
        head_turn=radians(-twist),
        head_nod=radians(nod),
        wrists=np.array([right[0], left[0]]),
        elbows=np.array([right[1], left[1]]),
        thighs=np.radians(thighs),
        knees=np.radians(knees),
        feet=np.radians(feet),
    )


def swing(forward: float) -> Arm:
    """An arm that swings, its wrist forward by that many arm lengths."""
    return (0.12, -0.9 + 0.1 * abs(forward), forward + 0.06), (0.4, 0.0, -1.0)


def mirrored(one: Stance) -> Stance:
    """The same with right and left exchanged."""
    pairs = {name: getattr(one, name)[::-1].copy() for name in ("wrists", "elbows", "thighs", "knees", "feet")}
    return replace(one, twist=-one.twist, head_turn=-one.head_turn, **pairs)


STANDING = stance()
CONTACT = stance(
    swing(-0.32), swing(0.34), thighs=((24, 2, 6), (-19, 2, 6)), knees=(4, 14), feet=(14, -14), twist=6, lean=3
)
PASSING = stance(swing(0.06), swing(-0.02), thighs=((1, 2, 6), (22, 2, 6)), knees=(4, 58), feet=(0, -12), lean=3)
FLYING = stance(
    RUN_BACK, RUN_FORWARD, thighs=((58, 2, 0), (-24, 2, 0)), knees=(80, 62), feet=(5, -35),
    twist=10, lean=11,
)  # fmt: skip
SITTING = stance(LAP, LAP, thighs=((86, 8, 8), (86, 8, 8)), knees=(84, 84), feet=(58, 58), lean=4)
SQUATTING = stance(
    ((0.0, -0.22, 0.92), (0.5, -0.8, 0.0)), ((0.0, -0.22, 0.92), (0.5, -0.8, 0.0)),
    thighs=((98, 20, 25), (98, 20, 25)), knees=(112, 112), feet=(80, 80), lean=30, nod=20,
)  # fmt: skip
LUNGING = stance(HIP, HIP, thighs=((72, 3, 5), (-22, 3, 5)), knees=(76, 46), feet=(50, -22), lean=2)

POSES: dict[str, tuple[Stance, float]] = {
    "standing": (STANDING, 0),
    "turned-45-left": (STANDING, -45),
    "turned-90-left": (STANDING, -90),
    "turned-135-left": (STANDING, -135),
    "turned-180": (STANDING, 180),
    "turned-135-right": (STANDING, 135),
    "turned-90-right": (STANDING, 90),
    "turned-45-right": (STANDING, 45),
    "walking-1": (CONTACT, 70),
    "walking-2": (PASSING, 70),
    "walking-3": (mirrored(CONTACT), 70),
    "walking-4": (mirrored(PASSING), 70),
    "running-1": (FLYING, 75),
    "running-2": (mirrored(FLYING), 75),
    "sitting": (SITTING, 20),
    "sitting-side": (SITTING, 80),
    "squatting": (SQUATTING, 35),
    "lunging": (LUNGING, 75),
    "arms-up": (stance(UP, UP), 0),
    "arms-out": (stance(OUT_TO_THE_SIDE, OUT_TO_THE_SIDE), 0),
    "hands-on-hips": (stance(HIP, HIP, thighs=((3, 9, 12), (3, 9, 12))), 0),
    "hands-in-pockets": (stance(POCKET, POCKET, thighs=((3, 3, 10), (14, 6, 20)), knees=(3, 24)), -20),
    "arms-crossed": (
        stance(((-0.42, -0.30, 0.50), (0.6, -0.9, 0.0)), ((-0.42, -0.37, 0.45), (0.6, -0.9, 0.0))), 0
    ),
    "waving": (stance(WAVE, DOWN), 0),
}  # fmt: skip
"""By name: the stance, and by how many degrees the person turns to the right of the picture."""


def seen(one: Stance, yaw: float) -> tuple[Floats, list[bool]]:
    """Joints (18, 2) in body units, and which can be seen from there: of the face only what faces the camera."""
    skeleton = pose_body(BODY, one)
    c, s, ct, st = np.cos(yaw), np.sin(yaw), np.cos(ELEVATION), np.sin(ELEVATION)
    rotation = np.array([[c, 0, s], [st * s, ct, -st * c], [-ct * s, st, ct * c]])
    floor, joints = (
        points[:, :2] * (1, -1) * DISTANCE / (DISTANCE - points[:, 2:])
        for points in ((at - (0, 0.5, 0)) @ rotation.T for at in (np.zeros((1, 3)), skeleton.joints))
    )
    towards = np.array([0, 0, DISTANCE]) - (skeleton.joints[FACE] - (0, 0.5, 0)) @ rotation.T
    facing = ((skeleton.face_normals @ rotation.T) * towards).sum(1) / np.linalg.norm(towards, axis=1)
    visible = np.ones(18, bool)
    visible[FACE] = facing > FACE_LIMITS
    return joints - floor, visible.tolist()


def rows() -> dict[str, list[list[float] | None]]:
    """Joints of each pose, None where they cannot be seen."""
    found = {name: seen(one, radians(degrees)) for name, (one, degrees) in POSES.items()}
    return {
        name: [[round(float(x), 3), round(float(y), 3)] if there else None for (x, y), there in zip(*of, strict=True)]
        for name, of in found.items()
    }


def main() -> None:
    lines = [f" {json.dumps(name)}: {json.dumps(row)}" for name, row in rows().items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"written: {OUT}, {len(lines)} poses")


if __name__ == "__main__":
    main()
