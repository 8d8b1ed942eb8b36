"""Second step: measure each pair and the whole set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from reposer.checks import InputError
from reposer.evaluation.collect import Collected
from reposer.evaluation.networks import Networks
from reposer.evaluation.options import EvaluationOptions
from reposer.evaluation.poses import detected_poses, predicted_poses
from reposer.evaluation.reading import Item
from reposer.evaluation.rows import Progress, Row, Work, measure_rows, settings_of
from reposer.evaluation.sets import SetScore, measure_sets
from reposer.metrics import Metric
from reposer.poses import Pose
from reposer.protocols import Protocol, pairs_digest


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """The numbers of the results that could be measured."""

    items: tuple[Item, ...]
    """The results that could be measured."""
    rows: Mapping[str, Row]
    """{pair id: {metric: value}}."""
    sets: Mapping[str, SetScore]
    """{metric: value of the whole set}."""


def measure(
    found: Collected, networks: Networks, options: EvaluationOptions, progress: Progress | None = None
) -> Measurements:
    """Measure the results; those that cannot be measured are added to the problems.

    Raises:
        InputError: if more are bad than may be skipped, or the pairs are not those that the protocol expects.
    """
    reader = found.reader
    if options.baseline == "mean-image":
        reader = replace(reader, mean=reader.mean_of(found.items, found.train))
    work = Work(
        reader=reader,
        metrics=tuple(metric.name for metric in found.metrics if metric.kind == "row"),
        weights=options.weights,
        cache=options.cache,
        batch_size=options.batch_size,
    )
    rows: dict[str, Row] = {}
    for each in measure_rows(work, found.items, networks, devices=options.devices, progress=progress):
        if each.problem:
            found.problems.add(each.problem[0], each.pair, each.problem[1])
        if each.row is not None:
            rows[each.pair] = dict(each.row)
    found.problems.check(found.folder, len(rows) + len(found.problems), options.skip_bad)
    if not rows:
        raise InputError(f"{found.folder}: no result is left to score")
    expected, digest = found.protocol.expected_pairs, pairs_digest(rows)
    if expected not in (None, digest):
        raise InputError(
            f"{found.folder}: the {len(rows)} pairs have the hash {digest}, protocol {found.protocol.name} expects "
            f"{expected}; evaluate its pairs, or change its expected_pairs"
        )
    items = tuple(item for item in found.items if item.pair in rows)
    for metric in (metric for metric in found.metrics if metric.needs_prediction):
        if options.predicted_keypoints is not None:
            predicted = predicted_poses(options.predicted_keypoints, rows, found.protocol)
            predicted = {item.pair: _in_content(predicted[item.pair], item) for item in items}
        else:
            predicted = detected_poses(reader, items, networks.of(metric), progress)
        _add_counts(metric, rows, items, predicted, found.protocol)
    sets = [metric for metric in found.metrics if metric.kind == "set"]
    measured = measure_sets(sets, reader, items, networks, found.train)
    return Measurements(items=items, rows=rows, sets=measured)


def _in_content(pose: Pose, item: Item) -> Pose:
    """A pose found in a whole picture, in pixels of what is scored of it."""
    return pose if item.box is None else Pose(item.box.moved(pose.joints), pose.visible)


def _add_counts(
    metric: Metric, rows: Mapping[str, Row], items: tuple[Item, ...], predicted: Mapping[str, Pose], protocol: Protocol
) -> None:
    """Add the counts of a metric of predicted poses to the rows of images with a head box; InputError if none has."""
    poses = [predicted[item.pair] for item in items]
    correct, total = metric.function(
        predicted_joints=torch.stack([pose.joints for pose in poses]),
        predicted_visible=torch.stack([pose.visible for pose in poses]),
        joints=torch.stack([item.joints for item in items]),
        visible=torch.stack([item.visible for item in items]),
        **settings_of(metric, protocol),
    )
    if not total.any():
        raise InputError(
            f"{metric.title}: no target pose shows 2 head joints (nose, neck, eyes, ears); leave out "
            "--predicted-keypoints and --detect-poses"
        )
    above, below = metric.columns
    for item, right, every in zip(items, correct.tolist(), total.tolist(), strict=True):
        if every:
            rows[item.pair].update({metric.name: right / every, above: right, str(below): every})
