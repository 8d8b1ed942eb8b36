"""The evaluation of a folder of results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from reposer import metrics
from reposer.checks import InputError, check_choice
from reposer.evaluation.entries import ROW_METRICS
from reposer.evaluation.measuring import Item, Progress, Row, Work, measure_all
from reposer.evaluation.outcome import Evaluation
from reposer.metrics import Score
from reposer.poses import Pose, read_annotations, read_pairs
from reposer.protocols import Protocol, protocol_named, signature
from reposer.results import (
    Problems,
    Result,
    check_complete,
    codec_of,
    find_results,
    find_targets,
    layout_of,
    pair_id,
    pair_of,
    read_manifest,
    some,
)

_NOBODY = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))


def evaluate(
    results_dir: str | Path,
    *,
    annotations: str | Path | None = None,
    protocol: str | Protocol = "patn-market",
    predicted_keypoints: str | Path | None = None,
    targets: str | Path | None = None,
    pairs: str | Path | None = None,
    layout: str = "auto",
    skip_bad: int = 0,
    cache: str | Path | None = None,
    devices: int = 1,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a folder of results against the real images, one number an image and metric.

    The folder holds one file a pair, PNG, JPEG or WebP: strips of 5 panels (source | source pose | target | target
    pose | generated), triptychs (source | target | generated) or single generated images; which, is seen from the
    size. A file is named after its pair (``SOURCE___TARGET_vis.png``, ``SOURCE_2_TARGET_vis.png``,
    ``SOURCE.jpg_TARGET.jpg.png``), by a number into ``pairs``, like the target in ``targets``, or listed in a
    ``pairs.csv`` beside it with the header ``generated,target[,source]``. A ``manifest.json`` beside them, as
    ``reposer generate`` writes it, stands in for what is not given.

    Args:
        results_dir: the folder of results.
        annotations: annotation CSV with the poses of the target images, in pixels of the protocol's size;
            None: as the manifest says.
        protocol: name of a published protocol, or a Protocol.
        predicted_keypoints: annotation CSV of the joints that a pose estimator found in the generated images,
            in the same pixels, named like the results; with it PCKh is computed.
        targets: folder of the real images, for single images; None: as the manifest says.
        pairs: CSV of the pairs that there must be results of, no more and no fewer; None: as the manifest
            says, or any.
        layout: "strips", "triptychs" or "images"; "auto" tells by the size.
        skip_bad: most bad results (unreadable, of another size, without target or pose, shown twice, missing) that
            are left out, named and counted in the signature; with more, nothing is scored.
        cache: folder to keep the number of each image in, for a run that is interrupted or repeated; files that
            changed are measured again. None: nothing is kept.
        devices: processes that share the work on the CPU; 1: this one, with a thread for each core.
        batch_size: images read at one time by each thread; decides memory, not results.
        progress: called as ``progress(done, total)`` after each batch.

    Raises:
        InputError: naming the file or the option, what was expected and how to mend it.
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    if devices < 1 or skip_bad < 0:
        raise InputError(f"devices must be at least 1 and skip_bad at least 0, got {devices} and {skip_bad}")
    protocol = protocol_named(protocol) if isinstance(protocol, str) else protocol
    for name in protocol.metrics:
        check_choice("metric", name, ROW_METRICS)
    folder, problems = Path(results_dir), Problems()
    manifest = read_manifest(folder)
    listed = read_pairs(pairs) if pairs is not None else manifest.pairs
    real = Path(targets) if targets else None
    results = find_results(folder, problems, pairs=listed, targets=real)
    if listed is not None:
        check_complete(results, listed, pairs or manifest.path, problems)
    if not results:
        problems.check(folder, len(problems), 0)
    found, width = layout_of([result.file for result in results.values()], protocol, layout)
    target_files: dict[str, Path] = {}
    if found.target is None:
        target_files = find_targets(real or manifest.images, results, problems)
    elif targets is not None:
        raise InputError(f"{folder}: these are {found.name}, which hold their targets; leave out --targets")

    needs_pose = predicted_keypoints is not None or any(ROW_METRICS[name].needs_pose for name in protocol.metrics)
    poses = _target_poses(annotations or manifest.annotations, results, protocol, problems) if needs_pose else {}
    items = [
        Item(
            pair=pair,
            generated=result.file,
            target=target_files.get(pair),
            joints=poses.get(pair, _NOBODY).joints,
            visible=poses.get(pair, _NOBODY).visible,
        )
        for pair, result in results.items()
        if pair not in problems
    ]
    work = Work(protocol=protocol, layout=found.name, panel_width=width, cache=Path(cache) if cache else None)
    rows: dict[str, Row] = {}
    for measured in measure_all(work, items, batch_size=batch_size, devices=devices, progress=progress):
        if measured.problem:
            problems.add(measured.problem[0], measured.pair, measured.problem[1])
        if measured.row is not None:
            rows[measured.pair] = dict(measured.row)
    problems.check(folder, len(rows) + len(problems), skip_bad)
    if not rows:
        raise InputError(f"{folder}: no result is left to score")
    predicted = _predicted_poses(predicted_keypoints, rows, protocol) if predicted_keypoints else {}

    codec = codec_of([results[pair].file for pair in rows])
    # The target panel of a lossy strip went through the codec too; a single image's target did not.
    lossy_single = found.target is None and codec != "png"
    line = signature(protocol, rows, codec=f"{codec}.generated" if lossy_single else codec, skipped=len(problems))
    scores = [
        metrics.make_score(name, [row[name] for row in rows.values()], signature=line) for name in protocol.metrics
    ]
    if predicted:
        scores.append(_add_pckh(rows, predicted, poses, protocol, line))
    return Evaluation(
        protocol=protocol,
        layout=found.name,
        codec=codec,
        signature=line,
        scores=tuple(scores),
        per_image=rows,
        skipped=problems.to_json(),
    )


def _target_poses(
    path: str | Path | None, results: Mapping[str, Result], protocol: Protocol, problems: Problems
) -> dict[str, Pose]:
    """Read the target pose of each pair: {pair id: pose}; those without one are problems."""
    if path is None:
        raise InputError(
            f"protocol {protocol.name} needs the poses of the target images: "
            "give their annotation CSV with --annotations"
        )
    known = read_annotations(path)
    poses: dict[str, Pose] = {}
    for pair, result in results.items():
        pose = known.get(result.target)
        if pose is None:
            problems.add("without an annotation", pair, f"{path}: no annotation of {result.target}")
        elif not pose.visible.any():
            problems.add("without a visible joint", pair, f"{path}: no joint of {result.target} is visible")
        else:
            poses[pair] = pose
    _check_inside({results[pair].target: pose for pair, pose in poses.items()}, path, protocol)
    return poses


def _predicted_poses(path: str | Path, pairs: Mapping[str, Row], protocol: Protocol) -> dict[str, Pose]:
    """Read the pose found in each generated image: {pair id: pose}."""
    known: dict[str, Pose] = {}
    for name, pose in read_annotations(path).items():
        try:
            known[name if name in pairs else pair_id(*pair_of(name))] = pose
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    missing = [pair for pair in pairs if pair not in known]
    if missing:
        raise InputError(
            f"{path}: no predicted keypoints of {len(missing)} of {len(pairs)} results, "
            f"e.g. {some(missing)}; an image in which nobody was found needs a row of -1"
        )
    predicted = {pair: known[pair] for pair in pairs}
    _check_inside(predicted, path, protocol)
    return predicted


def _check_inside(poses: Mapping[str, Pose], path: str | Path, protocol: Protocol) -> None:
    """Raise InputError if joints lie outside the image: coordinates of another image size give wrong numbers.

    A few may: cutting an image leaves 1 joint in 5,000 beyond its border.
    """
    height, width = protocol.size
    limit = torch.tensor([width, height])
    outside = {name: int(((p.joints >= limit).any(-1) & p.visible).sum()) for name, p in poses.items()}
    count, total = sum(outside.values()), sum(int(p.visible.sum()) for p in poses.values())
    if count >= 3 and count > 0.01 * total:
        first = next(name for name, number in outside.items() if number)
        hint = ""
        if protocol.wide_columns is not None:
            hint = (
                f"; in coordinates of the uncut image of width {protocol.wide_width}, "
                f"subtract {protocol.wide_columns[0]} from x"
            )
        raise InputError(
            f"{path}: {count} of {total} joints lie outside the {height}x{width} image, e.g. of {first}{hint}"
        )


def _add_pckh(
    rows: dict[str, dict[str, float]],
    predicted: Mapping[str, Pose],
    poses: Mapping[str, Pose],
    protocol: Protocol,
    line: str,
) -> Score:
    """Add PCKh to the rows of the images that have a head box, and return its score."""
    found, real = [predicted[pair] for pair in rows], [poses[pair] for pair in rows]
    correct, total = metrics.pckh_counts(
        torch.stack([p.joints for p in found]),
        torch.stack([p.visible for p in found]),
        torch.stack([p.joints for p in real]),
        torch.stack([p.visible for p in real]),
        fraction=protocol.pckh_fraction,
    )
    counted = total > 0
    if not counted.any():
        raise InputError(
            "PCKh: no target pose shows 2 head joints (nose, neck, eyes, ears); leave out --predicted-keypoints"
        )
    for pair, right, all_ in zip(rows, correct.tolist(), total.tolist(), strict=True):
        if all_:
            rows[pair] |= {"pckh": right / all_, "pckh_correct": right, "pckh_all": all_}
    return metrics.make_score("pckh", correct[counted], totals=total[counted], signature=line)
