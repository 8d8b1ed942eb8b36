"""First step: find the results, what they show, and everything that is needed to measure them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from reposer.checks import InputError, some
from reposer.evaluation.choice import chosen_metrics, default_metrics, without, without_poses
from reposer.evaluation.evaluation import Evaluation
from reposer.evaluation.options import EvaluationOptions
from reposer.evaluation.photos import content_boxes, photos_of, source_photos, target_photos, train_photos
from reposer.evaluation.poses import target_poses
from reposer.evaluation.reading import Item, Reader
from reposer.images import SUFFIXES
from reposer.letterbox import Box
from reposer.metrics import METRICS, Metric
from reposer.poses import Pose, read_pairs
from reposer.protocols import Protocol, pair_key, protocols_of
from reposer.results import (
    Format,
    Manifest,
    Problems,
    Result,
    check_complete,
    find_results,
    find_sources,
    find_targets,
    format_of,
    pair_id,
    read_manifest,
)

_GIVE_PAIRS = "give the list of their pairs, in order, with --pairs"
_NOBODY = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The results in a folder, ready to be measured."""

    folder: Path
    protocol: Protocol
    metrics: tuple[Metric, ...]
    """The metrics to compute."""
    reader: Reader
    items: tuple[Item, ...]
    """Results without a problem so far, sorted by pair id."""
    named: bool
    """Whether it is known which images the pairs are of."""
    train: tuple[Path, ...]
    """Training images, if they are needed."""
    problems: Problems
    """Bad results; the measurement may add more."""
    targets: Path | None = None
    """Folder of the real images, if it was needed."""
    given: str | None = None
    """Poses that were asked for, where they are not those of the targets."""


def collect(folder: Path, options: EvaluationOptions) -> Collected:
    """List the results in a folder, and find their targets, sources and poses.

    Raises:
        InputError: naming the file or the option, what was expected and how to fix it.
    """
    named = options.protocol
    protocols = protocols_of(named) if isinstance(named, str) else (named,)
    for each in protocols:
        chosen_metrics(options.metrics, each)
    problems, manifest = Problems(), read_manifest(folder)
    results = _results(folder, manifest, options, problems)
    protocol, format, width = _fitting(protocols, [result.file for result in results.values()], options.format)
    is_named = all(result.named for result in results.values())
    metrics = _metrics(folder, protocol, options, is_named)
    real = options.targets or manifest.images
    photos = photos_of(options.targets, manifest)
    boxes = {} if photos is None else content_boxes(photos, results, protocol, (folder, width), problems)
    targets: dict[str, Path] = {}
    if format.target is not None and options.targets is not None:
        raise InputError(f"{folder}: these are {format.name}, which hold their targets; leave out --targets")
    if format.target is None:
        if not is_named:
            raise InputError(f"{folder}: files are named by numbers: {_GIVE_PAIRS}")
        targets = target_photos(photos, results, problems) if photos else find_targets(real, results, problems)
    sources = {}
    if options.baseline == "copy-source" and targets:
        sources = source_photos(photos, results, problems) if photos else find_sources(results, targets, problems)
    poses: Mapping[str, Pose] = {}
    if any(metric.needs_pose for metric in metrics):
        path = _annotations(folder, protocol, metrics, options.annotations or manifest.annotations, is_named)
        poses = target_poses(path, results, protocol, problems, shift=options.annotations_shift)
    items = tuple(
        _item(
            pair,
            result.file,
            target=targets.get(pair),
            source=sources.get(pair),
            pose=poses.get(pair, _NOBODY),
            box=boxes.get(pair),
        )
        for pair, result in results.items()
        if pair not in problems
    )
    return Collected(
        folder=folder,
        protocol=protocol,
        metrics=metrics,
        reader=Reader(
            protocol=protocol,
            format=format.name,
            panel_width=width,
            baseline=options.baseline,
            letterboxed=photos is not None,
        ),
        items=items,
        named=is_named,
        train=_train(metrics, protocol, options, letterboxed=photos is not None),
        problems=problems,
        targets=real if format.target is None else None,
        given=manifest.given,
    )


def _results(folder: Path, manifest: Manifest, options: EvaluationOptions, problems: Problems) -> dict[str, Result]:
    listed = read_pairs(options.pairs) if options.pairs is not None else manifest.pairs
    results = find_results(folder, problems, pairs=listed, targets=options.targets)
    if listed is not None:
        if options.pairs_of is not None:  # nothing is missing then: the pairs are those that both have
            found = set(map(pair_key, results))
            listed = [pair for pair in listed if pair_key(pair_id(*pair)) in found]
        check_complete(results, listed, options.pairs or manifest.path, problems)
    if options.pairs_of is not None:
        results = _shared(results, folder, options)
    if not results:
        problems.check(folder, len(problems), 0)
    return results


def _shared(results: dict[str, Result], folder: Path, options: EvaluationOptions) -> dict[str, Result]:
    """The results whose pair other results have too, whatever its files are called there."""
    other = options.pairs_of
    assert other is not None
    if other.suffix.lower() == ".json":
        theirs = set(Evaluation.load(other).per_image)
    else:
        listed = read_manifest(other).pairs or (read_pairs(options.pairs) if options.pairs is not None else None)
        theirs = set(find_results(other, pairs=listed, targets=options.targets))
    keys = set(map(pair_key, theirs))
    shared = {pair: result for pair, result in results.items() if pair_key(pair) in keys}
    if not shared:
        raise InputError(
            f"{folder} and {other} (--pairs-of) have no pair in common, e.g. {some(sorted(results), 1)} and "
            f"{some(sorted(theirs), 1)}; name results of the same pairs"
        )
    return shared


def _fitting(protocols: Sequence[Protocol], files: list[Path], format: str) -> tuple[Protocol, Format, int]:
    """Return the first protocol whose sizes the results have, their format and the width of a panel."""
    for protocol in protocols[:-1]:
        try:
            return (protocol, *format_of(files, protocol, format))
        except InputError:
            continue
    return (protocols[-1], *format_of(files, protocols[-1], format))


def _metrics(folder: Path, protocol: Protocol, options: EvaluationOptions, named: bool) -> tuple[Metric, ...]:
    """The metrics to compute, with those of predicted poses if there are any."""
    names = options.metrics
    if not named and not names:
        names = default_metrics(protocol)
        if not names:
            raise InputError(
                f"{folder}: files are named by numbers, and every metric of {protocol.name} needs poses: {_GIVE_PAIRS}"
            )
    metrics = chosen_metrics(names, protocol)
    if options.detect_poses or options.predicted_keypoints is not None:
        return (*metrics, *(metric for metric in METRICS.values() if metric.needs_prediction and metric not in metrics))
    for metric in metrics:
        if metric.needs_prediction:
            raise InputError(
                f"{metric.name} needs the poses in the generated images: --predicted-keypoints FILE or --detect-poses; "
                f"{without(metric, metrics)}"
            )
    return metrics


def _annotations(folder: Path, protocol: Protocol, metrics: Sequence[Metric], path: Path | None, named: bool) -> Path:
    """The file of the target poses; InputError, saying how to do without, if there is none or it cannot be used."""
    needing = ", ".join(metric.name for metric in metrics if metric.needs_pose)
    way = without_poses(metrics)
    if any(metric.needs_prediction for metric in metrics):
        way += ", without --predicted-keypoints and --detect-poses"
    if not named:
        raise InputError(
            f"{folder}: files are named by numbers, which do not tell the poses that {needing} need: {_GIVE_PAIRS}; "
            f"{way}"
        )
    if path is None:
        raise InputError(
            f"protocol {protocol.name} needs the poses of the target images for {needing}: give their annotation CSV "
            f"with --annotations; {way}"
        )
    return path


def _item(pair: str, generated: Path, *, target: Path | None, source: Path | None, pose: Pose, box: Box | None) -> Item:
    joints = pose.joints if box is None else box.moved(pose.joints)
    return Item(
        pair=pair, generated=generated, target=target, source=source, joints=joints, visible=pose.visible, box=box
    )


def _train(
    metrics: Sequence[Metric], protocol: Protocol, options: EvaluationOptions, *, letterboxed: bool
) -> tuple[Path, ...]:
    """List the training images, if a metric compares with them or their mean is scored; InputError if there is none."""
    folder = options.train_images
    needing = [m for m in metrics if m.reference is not None and protocol.setting(m.reference) == "train"]
    if needing and folder is None:
        raise InputError(
            f"{needing[0].name} of protocol {protocol.name} compares with all training images: give their folder with "
            f"--train-images; {without(needing[0], metrics)}"
        )
    if folder is None or not (needing or options.baseline == "mean-image"):
        return ()
    files = train_photos(folder) if letterboxed else ()
    files = files or tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))
    if not files:
        raise InputError(f"{folder}: no training images here; give their folder with --train-images")
    return files
