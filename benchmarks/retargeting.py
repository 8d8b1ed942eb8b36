"""How near retargeted poses come to the truth, which is known for drawn people of unlike builds.

    python -m benchmarks.retargeting        # some seconds; writes results/retargeting.json

Person A is seen in pose Q, person B of another build in pose P before the same camera. The error is the mean distance
of the joints from A's true ones in pose P, as a share of A's height.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from benchmarks.measure import save, side_by_side
from rich.console import Console
from rich.table import Table
from tests.builds import Pairs, errors, unlike_pairs
from tools.make_named_poses import POSES
from torch import Tensor

from reposer.poses import retarget_joints

COUNT = 200
FEET = [10, 13]


def scaled(pairs: Pairs) -> Tensor:
    """What is usually done: the target scaled to the height of the source's joints, moved to its lowest and middle."""
    boxes = []
    for joints, visible in (pairs.source, pairs.target):
        low, high = (
            torch.where(visible[..., None], joints, far).aminmax(dim=1)[which]
            for which, far in enumerate((torch.inf, -torch.inf))
        )
        boxes.append((low, high))
    (low, high), (other_low, other_high) = boxes
    ratio = ((high - low) / (other_high - other_low))[:, None, 1:]
    foot, other_foot = (torch.stack(((a + b)[:, 0] / 2, b[:, 1]), dim=1)[:, None] for a, b in boxes)
    return (pairs.target[0] - other_foot) * ratio + foot


def noisy(poses: tuple[Tensor, Tensor], height: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    noise = torch.randn(poses[0].shape, generator=torch.Generator().manual_seed(seed), dtype=poses[0].dtype)
    return poses[0] + share * height[:, None, None] * noise, poses[1]


def thinned(poses: tuple[Tensor, Tensor], share: float, seed: int) -> tuple[Tensor, Tensor]:
    kept = torch.rand(poses[1].shape, generator=torch.Generator().manual_seed(seed)) >= share
    return poses[0], poses[1] & kept


def without(poses: tuple[Tensor, Tensor], joints: list[int]) -> tuple[Tensor, Tensor]:
    visible = poses[1].clone()
    visible[:, joints] = False
    return poses[0], visible


def cases(pairs: Pairs, unusual: Pairs) -> dict[str, Tensor]:
    """Errors of all pairs in each case."""

    def fitted(target: tuple[Tensor, Tensor], source: tuple[Tensor, Tensor], of: Pairs = pairs) -> Tensor:
        return errors(*retarget_joints(*target, *source), of)

    height = pairs.height
    return {
        "as it is": errors(*pairs.target, pairs),
        "scaled to the height of the source's joints": errors(scaled(pairs), pairs.target[1], pairs),
        "retargeted": fitted(pairs.target, pairs.source),
        "retargeted, joints off by 1 % of the height": fitted(
            noisy(pairs.target, height, 0.01, 0), noisy(pairs.source, height, 0.01, 1)
        ),
        "retargeted, 20 % of the joints missing": fitted(thinned(pairs.target, 0.2, 2), thinned(pairs.source, 0.2, 3)),
        "retargeted, the source without feet": fitted(pairs.target, without(pairs.source, FEET)),
        "retargeted, the target is of the source's person": fitted(pairs.truth, pairs.source),
        "named poses, as they are": errors(*unusual.target, unusual),
        "named poses, retargeted": fitted(unusual.target, unusual.source, unusual),
    }


def summary(values: Tensor) -> dict[str, float]:
    # An all-missing pair has no error.
    values = values[values.isfinite()]
    numbers = {"mean": values.mean(), "median": values.median(), "p95": values.quantile(0.95), "max": values.max()}
    return {name: round(100 * float(value), 2) for name, value in numbers.items()}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    pairs = unlike_pairs(COUNT)
    unusual = unlike_pairs(COUNT, seed=1, stances=[stance for stance, _ in POSES.values()])
    found = cases(pairs, unusual)
    rows: dict[str, dict[str, Any]] = {name: summary(values) for name, values in found.items()}
    kinds = {
        kind: {
            name: summary(found[name][[each == kind for each in pairs.kinds]])["mean"]
            for name in ("as it is", "retargeted")
        }
        for kind in sorted(set(pairs.kinds))
    }
    table = Table("error, % of the height", "mean", "median", "p95", "max", title=f"{COUNT} pairs of unlike builds")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.2f}" for value in row.values()))
    table.add_section()
    for kind, of in kinds.items():
        table.add_row(f"{kind}: as it is, retargeted", f"{of['as it is']:.2f}, {of['retargeted']:.2f}")
    Console(width=110).print(table)
    times = side_by_side({"retargeting": lambda: retarget_joints(*pairs.target, *pairs.source)}, seconds=1.0)
    milliseconds = round(times["retargeting"], 1)
    print(f"{milliseconds} ms for {COUNT} poses")
    path = save(
        "retargeting", "python -m benchmarks.retargeting", (), pairs=COUNT, percent_of_height=rows,
        kinds_source_target=kinds, milliseconds=milliseconds,
    )  # fmt: skip
    print(f"written: {path}")


if __name__ == "__main__":
    main()
