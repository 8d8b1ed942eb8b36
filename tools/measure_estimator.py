"""Compare the shares of missing joints of a real data set with those of the synthetic estimator.

``python tools/measure_estimator.py --annotations market-annotation-train.csv --scene street --people 45`` draws ten
pictures of each person, puts the noise of `estimator.py` on their keypoints and prints percentages by joint.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from reposer.data.people.estimator import estimated
from reposer.data.people.person import make_person, sample_looks
from reposer.data.people.picture import photograph
from reposer.data.people.scenes.framing import sample_framing
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.stances import World, sample_heading, sample_stance
from reposer.poses import OPENPOSE_18
from reposer.poses.formats import read_annotations

PICTURES, REPEATS = 10, 4
SIZES: dict[World, tuple[int, int]] = {"street": (128, 64), "studio": (256, 176)}


def draw(world: World, people: int) -> np.ndarray:
    """(N, 18) which joints were found."""
    found = []
    for identity in range(people):
        rng = np.random.default_rng([7, identity])
        person = make_person(sample_looks(rng), SIZES[world][0])
        for picture in range(PICTURES):
            heading = sample_heading(rng, world)
            street = world == "street"
            frame = photograph(
                person, sample_stance(rng, world=world, heading=heading), heading=heading,
                framing="street" if street else sample_framing(rng),
                scene=sample_street(rng) if street else sample_studio(rng), size=SIZES[world], seed=picture,
            )  # fmt: skip
            found += [estimated(frame.joints, frame.visible, frame.hidden, rng=rng)[1] for _ in range(REPEATS)]
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=Path, required=True, help="keypoints of real pictures")
    parser.add_argument("--scene", choices=("street", "studio"), required=True)
    parser.add_argument("--people", type=int, default=45)
    options = parser.parse_args()
    real = np.stack([pose.visible.numpy() for pose in read_annotations(options.annotations).values()])
    both = [found[found.any(1)] for found in (real, draw(options.scene, options.people))]
    print(f"{'missing %':18}{'real':>8}{'synthetic':>12}")
    for row, joint in enumerate(OPENPOSE_18.joints):
        print(f"{joint:18}" + "".join(f"{100 * (1 - found[:, row].mean()):{w}.0f}" for found, w in zip(both, (8, 12))))  # noqa: B905
    for name, measure in (("found, mean", np.mean), ("found, deviation", np.std)):
        print(f"{name:18}" + "".join(f"{measure(found.sum(1)):{w}.1f}" for found, w in zip(both, (8, 12))))  # noqa: B905


if __name__ == "__main__":
    main()
