"""Make src/reposer/poses/motions.json from the anatomy of the mannequins: python tools/make_motions.py

A walk of a person of average build, as 24 moments of one cycle, and the person standing. Joints are in body units:
heights of the person, x to the person's left, y up from the ground, z ahead; after the 18 joints come the ways in
which nose, eyes and ears look.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tools.make_named_poses import BODY, DOWN, STANDING, stance

from reposer.data.mannequin.figure import Floats, Stance, pose_body

OUT = Path(__file__).parents[1] / "src/reposer/poses/motions.json"
MOMENTS = 24

# Of one leg, at shares of its cycle that begins where the heel strikes; degrees. After the normal gait in Perry and
# Burnfield, "Gait Analysis" (2010): the toe leaves the ground at 62 %.
HIP = ((0, 28), (10, 26), (20, 16), (30, 6), (40, -4), (50, -12), (60, -6), (70, 14), (80, 27), (90, 31))
KNEE = ((0, 5), (12, 18), (25, 10), (40, 6), (50, 12), (60, 36), (72, 62), (82, 42), (92, 12), (97, 4))
SOLE = ((0, 20), (8, 3), (14, 0), (35, 0), (45, -12), (55, -34), (63, -58), (72, -40), (84, 4), (94, 18))
"""Flexion of hip and knee, and pitch of the sole against the ground, toes up."""


def at(curve: tuple[tuple[float, float], ...], share: float) -> float:
    """A closed smooth curve through the points, at a share of the cycle."""
    from scipy.interpolate import CubicSpline

    x, y = zip(*curve, strict=True)
    return float(CubicSpline((*x, x[0] + 100), (*y, y[0]), bc_type="periodic")(100 * (share % 1)))


def walking(phase: float) -> Stance:
    """The stance at a share of the cycle that begins where the right heel strikes; the left follows half a cycle on."""
    shares = (phase, phase + 0.5)
    hips, knees, soles = (np.array([at(curve, share) for share in shares]) for curve in (HIP, KNEE, SOLE))
    swing = 0.30 * np.cos(2 * np.pi * (phase + 0.02))  # the left arm swings with the right leg
    arms = [
        ((0.13, -0.92 + 0.10 * abs(ahead) + 0.04 * max(ahead, 0), ahead + 0.08), DOWN[1]) for ahead in (-swing, swing)
    ]
    return stance(
        *arms,
        thighs=tuple((float(hip), 1.5, 6.0) for hip in hips),
        knees=(float(knees[0]), float(knees[1])),
        feet=tuple(soles - 0.3 * (hips - knees)),  # what pose_body adds to keep the sole nearly flat
        twist=5 * np.cos(2 * np.pi * phase),
        lean=3,
    )


def rows(one: Stance) -> Floats:
    """Joints and ways (23, 3)."""
    skeleton = pose_body(BODY, one)
    return np.concatenate([skeleton.joints / BODY.stature, skeleton.face_normals]).astype(float)


def motions() -> dict[str, list[Floats]]:
    """The moments of each motion."""
    return {"standing": [rows(STANDING)], "walking": [rows(walking(k / MOMENTS)) for k in range(MOMENTS)]}


def main() -> None:
    lines = [
        f' "{name}": [\n  '
        + ",\n  ".join(json.dumps(np.round(one, 4).tolist(), separators=(",", ":")) for one in moments)
        + "\n ]"
        for name, moments in motions().items()
    ]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"written: {OUT}")


if __name__ == "__main__":
    main()
