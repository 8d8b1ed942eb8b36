"""Compare the poses of the synthetic people with those of a real data set, by keypoints alone.

``python tools/measure_poses.py --annotations market-annotation-train.csv --world street`` prints, for the file and for
the sampler, shares of headings and quantiles of two-dimensional angles and widths. Angles are degrees against the
trunk (neck to middle of hips), outwards positive; widths are shares of the trunk's or the leg's length. The tables of
`stances.py`, the hips of `keypoints.py` and the proportions of `sampling.py` were set so that both columns are near.
Boxes of Market-1501 were stretched sideways when they became 128 x 64: ``--stretch 1.25`` does it to the sampler's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.camera import Camera
from reposer.data.people.keypoints import place_keypoints
from reposer.data.people.posing import pose
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import make_body
from reposer.data.people.stances import World, sample_heading, sample_stance
from reposer.poses.formats import read_annotations

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BODIES, POSES = 60, 30


def read(path: Path) -> Floats:
    """(N, 18, 2) pixels, not a number where a joint is missing; images without any joint are left out."""
    found = []
    for joints in read_annotations(path).values():
        if joints.visible.any():
            found.append(np.where(joints.visible.numpy()[:, None], joints.joints.numpy(), np.nan))
    return np.stack(found)


def draw(world: World, stretch: float) -> Floats:
    """(N, 18, 2) joints of sampled people before cameras."""
    rng, found = np.random.default_rng(0), []
    for _ in range(BODIES):
        body = make_body(sample_shape(rng))
        for _ in range(POSES):
            heading = sample_heading(rng, world)
            skeleton = pose(body, sample_stance(rng, world=world, heading=heading)).turned(heading)
            street = world == "street"
            camera = Camera(
                target=(0, 0, 0), elevation=abs(rng.normal(0.16, 0.08)) if street else rng.normal(0.03, 0.03),
                roll=rng.normal(0, 0.03 if street else 0.006), distance=rng.uniform(3.5, 9), scale=60,
                principal=(0, 0),
            )  # fmt: skip
            seen = camera.project(place_keypoints(body, skeleton).T)[:2].T
            found.append(seen * [stretch, 1])
    return np.stack(found)


def _angle(first: Floats, second: Floats) -> Floats:
    """Degrees between vectors (N, 2)."""
    across = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.degrees(np.abs(np.arctan2(across, (first * second).sum(1))))


def statistics(joints: Floats) -> dict[str, Floats]:
    """Values (N,) by name; not a number where joints are missing."""
    neck, hips = joints[:, 1], (joints[:, 8] + joints[:, 11]) / 2
    trunk = hips - neck
    length = np.hypot(*trunk.T)
    down = trunk / length[:, None]
    right = np.stack([down[:, 1], -down[:, 0]], 1)
    width = (joints[:, 5, 0] - joints[:, 2, 0]) / length
    most = np.nanquantile(np.abs(width), 0.98)
    facing = np.sign(width)
    flat = np.abs(width) > 0.55 * most  # seen from the front or from behind
    values: dict[str, Floats] = {
        "shoulders": width,
        "of them front %": 100.0 * (width > 0.45 * most),
        "of them side %": 100.0 * (np.abs(width) <= 0.45 * most),
        "hips": np.where(flat, np.abs(joints[:, 11, 0] - joints[:, 8, 0]) / length, np.nan),
        "lean": np.degrees(np.arctan2(trunk[:, 0], trunk[:, 1])),
        "nose up": (neck[:, 1] - joints[:, 0, 1]) / length,
        "nose aside": np.abs(joints[:, 0, 0] - neck[:, 0]) / length,
    }

    def both(name: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        sides = []
        for side, sign in ((0, -1), (1, 1)):
            bone = joints[:, end[side]] - joints[:, start[side]]
            sides.append(np.degrees(np.arctan2(sign * facing * (bone * right).sum(1), (bone * down).sum(1))))
        values[name] = np.concatenate([np.where(flat, side, np.nan) for side in sides])

    both("upper arm", (2, 5), (3, 6))
    both("forearm", (3, 6), (4, 7))
    both("thigh", (8, 11), (9, 12))
    both("shin", (9, 12), (10, 13))
    for name, rows in (("elbow", ((2, 3, 4), (5, 6, 7))), ("knee", ((8, 9, 10), (11, 12, 13)))):
        parts = [(joints[:, b] - joints[:, a], joints[:, c] - joints[:, b]) for a, b, c in rows]
        values[name] = np.concatenate([_angle(*part) for part in parts])
        ratio = [np.hypot(*lower.T) / np.hypot(*upper.T) for upper, lower in parts]
        values[f"{name}: lower by upper"] = np.concatenate(ratio)
        values[f"{name}: upper by trunk"] = np.concatenate([np.hypot(*upper.T) / length for upper, _ in parts])
    arms = [(joints[:, a, 1], joints[:, b, 1], joints[:, c, 1]) for a, b, c in ((2, 3, 4), (5, 6, 7))]
    values["wrist over shoulder %"] = np.concatenate([_share(c < a, a + c) for a, _, c in arms])
    values["wrist over elbow %"] = np.concatenate([_share(c < b, b + c) for _, b, c in arms])
    legs = [np.hypot(*(joints[:, b] - joints[:, a]).T) for a, b in ((8, 10), (11, 13))]
    step = (joints[:, 13, 0] - joints[:, 10, 0]) * facing / np.fmax(*legs)
    values["step"] = np.where(flat, np.abs(step), np.nan)
    values["step from aside"] = np.where(flat, np.nan, np.abs(step))
    values["ankles crossed %"] = np.where(flat, _share(step < -0.03, step), np.nan)
    return values


def _share(true: NDArray[np.bool_], known: Floats) -> Floats:
    return np.where(np.isnan(known), np.nan, 100.0 * true)


def _row(values: Floats, share: bool) -> str:
    own = values[np.isfinite(values)]
    if share:
        return f"{own.mean():8.1f}" + " " * 32
    return "".join(f"{value:8.2f}" for value in np.quantile(own, QUANTILES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=Path, required=True, help="keypoints of real pictures")
    parser.add_argument("--world", choices=("street", "studio"), required=True, help="which sampler stands beside them")
    parser.add_argument("--stretch", type=float, default=1.0, help="how much wider the sampler's people are made")
    options = parser.parse_args()
    real, drawn = statistics(read(options.annotations)), statistics(draw(options.world, options.stretch))
    print(f"{'':24}{'real: ' + ', '.join(f'{q:.0%}' for q in QUANTILES):42}sampler")
    for name, values in real.items():
        share = name.endswith("%")
        print(f"{name:24}{_row(values, share)}  {_row(drawn[name], share)}")


if __name__ == "__main__":
    main()
