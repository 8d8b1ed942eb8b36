"""How near poses of others come to the truth, as they are and retargeted, and what a generator makes of either.

    python -m benchmarks.cross_pairs [--generator RUN] [--scores]        # writes results/cross-pairs.json

People are drawn twice from one seed: in poses of their own, and in the poses and before the cameras of others
('reposer people --pairs cross'). Of each cross pair a generator knows the source's picture and the other's keypoints;
the target's own are the truth. Errors are mean distances of keypoints that both have, as a share of the height that the
target's person has standing, estimated from the truth. With --scores, a generator is given the target's own pose, the
other's, and the other's retargeted, and scored on cross pairs, and on as many same-identity pairs of the same people.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from benchmarks.measure import save
from rich.console import Console
from rich.table import Table
from torch import Tensor

from reposer.data import PairIndex, open_pairs
from reposer.data.people import PeopleConfig, make_people
from reposer.evaluation import evaluate
from reposer.generation import asked_poses, generate
from reposer.generator import load_generator
from reposer.poses import Pose, retarget_joints
from reposer.poses.proportions import statures
from reposer.progress import Progress

COUNT = 200
PEOPLE = PeopleConfig(identities=104, test_identities=100, images_per_identity=4, test_pairs=COUNT, truth="none")
SCORES = ("ssim", "mask_l1", "part_ssim")


def stacked(poses: list[Pose]) -> tuple[Tensor, Tensor]:
    return torch.stack([pose.joints for pose in poses]), torch.stack([pose.visible for pose in poses])


def cases(index: PairIndex) -> dict[str, Tensor]:
    """Errors (P,) of all pairs by what is given."""
    truth, seen = stacked([index.poses[target] for _, target in index.pairs])
    others = asked_poses(index)
    fitted = asked_poses(index, retarget=True)
    assert others is not None
    assert fitted is not None
    source = stacked([index.poses[source] for source, _ in index.pairs])
    given = {
        "the other's, as it is": stacked(others[0]),
        "the other's, retargeted": stacked(fitted[0]),
        "retargeted into the source's picture": retarget_joints(*stacked(others[0]), *source),
    }
    height = statures(truth, seen)

    def errors(joints: Tensor, visible: Tensor) -> Tensor:
        both = visible & seen
        apart = (joints - truth).norm(dim=-1) * both
        return apart.sum(dim=1) / both.sum(dim=1).clamp(min=1) / height

    return {name: errors(*poses) for name, poses in given.items()}


def scores(cross: Path, same: Path, run: str, folder: Path, progress: Progress) -> dict[str, dict[str, float]]:
    """Scores of a generator by what it is given."""
    generator, found = load_generator(run), {}
    asked: dict[str, tuple[Path, dict[str, Any]]] = {
        "same identity": (same, {}),
        "cross, the target's own pose": (cross, {"pose_of": "target"}),
        "cross, the other's pose": (cross, {}),
        "cross, the other's pose retargeted": (cross, {"retarget": True}),
    }
    for number, (name, (data, options)) in enumerate(asked.items()):
        out = folder / f"results-{number}"
        generate(generator, open_pairs(data, "test"), out, progress=progress, **options)
        evaluation = evaluate(out, metrics=SCORES, protocol="reposer-1-market")
        found[name] = {score.name: round(score.value, 4) for score in evaluation.scores}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", default="mannequin", help="of 128x64 pictures")
    parser.add_argument("--scores", action="store_true", help="also generate and score")
    options = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    scored: dict[str, dict[str, float]] = {}
    with TemporaryDirectory() as temporary, Progress("people") as progress:
        folder = Path(temporary)
        for scene, layout in (("street", "market"), ("studio", "deepfashion")):
            config = PeopleConfig(**vars(PEOPLE) | {"pairs": "cross", "layout": layout})
            make_people(folder / scene, config, progress)
            for name, errors in cases(open_pairs(folder / scene, "test")).items():
                values = errors[errors.isfinite()]
                rows[f"{scene}: {name}"] = {
                    kind: round(100 * float(value), 2)
                    for kind, value in {
                        "mean": values.mean(), "median": values.median(), "p95": values.quantile(0.95),
                    }.items()
                }  # fmt: skip
        if options.scores:
            make_people(folder / "same", PEOPLE, progress)
            scored = scores(folder / "street", folder / "same", options.generator, folder, progress)
    table = Table("error, % of the height", "mean", "median", "p95", title=f"{COUNT} cross pairs each")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.2f}" for value in row.values()))
    Console(width=110).print(table)
    if scored:
        table = Table(f"scores of {options.generator}", *SCORES)
        for name, row in scored.items():
            table.add_row(name, *(f"{row[metric]:.3f}" for metric in SCORES))
        Console(width=110).print(table)
    command = "python -m benchmarks.cross_pairs" + " --scores" * options.scores
    print(f"written: {save('cross-pairs', command, (), pairs=COUNT, percent_of_height=rows, scores=scored)}")


if __name__ == "__main__":
    main()
