"""The pictures of a report: what a run made of many pairs, of its best and worst, and how it came to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.evaluation import Evaluation
from reposer.images import cut_grid, grid, read_image
from reposer.metrics import METRICS, sharpness
from reposer.poses import Pose, body_mask, draw_pose, read_annotations
from reposer.reporting.gallery import Pictures, open_pictures
from reposer.results import read_manifest, target_of

_WIDEST = 1440
"""Pixels of a contact sheet."""
_ROWS, _EACH, _MEASURED = 8, 4, 64
_MOST_STAGES = 8


class Exhibits:
    """The pictures of one evaluation; empty where its results are not there any more."""

    def __init__(self, evaluation: Evaluation, config: RunConfig) -> None:
        self.config = config
        self._evaluation = evaluation
        self._pictures: Pictures | None = None
        self._poses: Mapping[str, Pose] = {}
        try:
            if evaluation.results is not None and evaluation.results.is_dir():
                self._pictures = open_pictures(evaluation.results, evaluation)
                annotations = read_manifest(evaluation.results).annotations
                self._poses = read_annotations(annotations) if annotations is not None else {}
        except InputError:  # a report is made of what there is
            self._pictures = None
        shown = self._pictures.results if self._pictures is not None else {}
        self.pairs = [pair for pair in evaluation.per_image if pair in shown]

    def sheet(self) -> Tensor | None:
        """Source, pose, target and generated of many pairs, spread evenly over all; (3, H, W) uint8."""
        per_row = min(4, max(1, _WIDEST // (4 * (self.config.size[1] + 2))))
        panels = [panel for pair in _spread(self.pairs, per_row * _ROWS) for panel in self._panels(pair)]
        rows = [panels[i : i + 4 * per_row] for i in range(0, len(panels), 4 * per_row)]
        return grid(rows) if rows else None

    def best_and_worst(self) -> tuple[str, list[tuple[str, float, Tensor]], list[tuple[str, float, Tensor]]]:
        """The metric that ranks them, and the best and worst pairs by it: id, value, panels in a row."""
        rows = self._evaluation.per_image
        names = (self.config.logging.best_by, *(score.name for score in self._evaluation.scores))
        metric = next((name for name in names if self.pairs and name in rows[self.pairs[0]]), None)
        if metric is None:
            return "", [], []
        ranked = sorted(self.pairs, key=lambda pair: rows[pair][metric], reverse=METRICS[metric].better == "higher")
        half = min(_EACH, len(ranked) // 2)
        chosen = ranked[:half], ranked[len(ranked) - half :][::-1]
        best, worst = ([(pair, rows[pair][metric], grid([self._panels(pair)])) for pair in each] for each in chosen)
        return metric, best, worst

    def sharpness(self) -> float | None:
        """Mean sharpness of the generated bodies as a share of the targets'; None: not known.

        That of the scores; where they have none, over some of the pairs.
        """
        for score in self._evaluation.scores:
            if score.name == "sharpness":
                return score.value
        values = []
        for pair in _spread(self.pairs, _MEASURED):
            _, _, target, generated = self._panels(pair)
            pose = self._poses.get(target_of(pair))
            if pose is not None and target.shape == generated.shape:
                mask = body_mask(pose.joints[None], pose.visible[None], (target.shape[-2], target.shape[-1]))
                values.append(sharpness(generated[None], target[None], body_mask=mask).item())
        return sum(values) / len(values) if values else None

    def _panels(self, pair: str) -> list[Tensor]:
        """Source, target pose, target and generated; white where one is not known."""
        assert self._pictures is not None
        height, width = self.config.size
        pose = self._poses.get(target_of(pair))
        drawn = None if pose is None else draw_pose(pose, (height, width))
        found = self._pictures.source(pair), drawn, self._pictures.target(pair), self._pictures.generated(pair)
        white = torch.full((3, height, width), 255, dtype=torch.uint8)
        return [white if image is None or image.shape != white.shape else image for image in found]


def stages(run: Path, config: RunConfig) -> tuple[Tensor | None, list[int], list[str]]:
    """How the fixed pairs came to be, one in a column: the target, below it what was generated after some steps.

    Returns:
        (3, H, W) uint8 or None; the steps; and the contact sheets that were not read, each with the reason.
    """
    sheets: dict[int, list[list[Tensor]]] = {}
    left_out = []
    for path in sorted((run / "samples").glob("step-*.png")):
        try:
            if not path.resolve().is_relative_to(run.resolve()):
                raise InputError(f"{path}: a link that leaves the run folder")
            panels = [panel for row in cut_grid(read_image(path), config.size) for panel in row]
            sheets[int(path.stem.removeprefix("step-"))] = [panels[i : i + 4] for i in range(0, len(panels) - 3, 4)]
        except (InputError, ValueError) as error:
            left_out.append(str(error))
    count = len(next(reversed(sheets.values()))) if sheets else 0
    steps = _spread([step for step, pairs in sheets.items() if count and len(pairs) == count], _MOST_STAGES)
    if not steps:
        return None, [], left_out
    most = _ROWS if config.size[0] <= 128 else _ROWS // 2
    shown = [i for i, pair in enumerate(sheets[steps[-1]]) if pair[2].min() < 255][:most]
    rows = [[sheets[step][i][panel] for i in shown] for step, panel in [(steps[-1], 2), *((step, 3) for step in steps)]]
    return (grid(rows) if shown else None), steps, left_out


Item = TypeVar("Item")


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of the items, spread evenly, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[round(i * (len(items) - 1) / (count - 1))] for i in range(count)]
