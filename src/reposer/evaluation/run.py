"""The evaluation of a folder of results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from reposer.checks import InputError
from reposer.evaluation.choice import chosen_metrics, network_identities, reference_images, reference_name
from reposer.evaluation.entries import METRICS, ROW_METRICS, SET_METRICS
from reposer.evaluation.joints import add_pckh, detected_poses, predicted_poses, target_poses
from reposer.evaluation.measuring import (
    Baseline,
    Item,
    Progress,
    Row,
    Work,
    mean_image,
    mean_target,
    measure_all,
    to_size,
)
from reposer.evaluation.networks import Networks, WeightsSource
from reposer.evaluation.outcome import Evaluation
from reposer.evaluation.sets import measure_sets, training_images
from reposer.images import read_image
from reposer.metrics import Score, make_score
from reposer.poses import Pose, read_pairs
from reposer.protocols import Protocol, pairs_digest, protocols_of, signature
from reposer.results import (
    Format,
    Problems,
    check_complete,
    codec_of,
    find_results,
    find_sources,
    find_targets,
    format_of,
    read_manifest,
)

_NOBODY = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))


def evaluate(
    results_dir: str | Path,
    *,
    annotations: str | Path | None = None,
    protocol: str | Protocol = "patn-market",
    metrics: Sequence[str] | None = None,
    weights: str | Path | WeightsSource = None,
    train_images: str | Path | None = None,
    predicted_keypoints: str | Path | None = None,
    detect_poses: bool = False,
    baseline: Baseline | None = None,
    targets: str | Path | None = None,
    pairs: str | Path | None = None,
    format: str = "auto",
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
        protocol: name of a protocol, path of a YAML file that changes one, or a Protocol. "reposer-1" is
            "reposer-1-market" or "reposer-1-fashion", by the size of the results.
        metrics: names of those of the protocol's metrics to compute; "all" means all, "part_ssim_by_part" PSSIM of
            each body part, which goes with any protocol. None: all but its ``network_metrics``.
        weights: folder of weight files, or {file name: file or state dict}; networks whose weights are not there
            are looked for in the torch hub cache, then downloaded. A metric whose network is not to be had is an
            error.
        train_images: folder of the training images, which FID and KID of some protocols compare with, and which
            the baseline "mean-image" is the mean of.
        predicted_keypoints: annotation CSV of the joints that a pose estimator found in the generated images,
            in the same pixels, named like the results; with it PCKh is computed.
        detect_poses: find the poses in the generated images with torchvision's keypoint R-CNN; PCKh is computed too.
        baseline: score this in place of the generated images, everything else being equal: "copy-source", the
            source image; "mean-image", one image, the mean of the training images, or where they are not given of
            the targets.
        targets: folder of the real images, for single images; None: as the manifest says.
        pairs: CSV of the pairs that there must be results of, no more and no fewer; None: as the manifest
            says, or any.
        format: "strips", "triptychs" or "images"; "auto" tells by the size.
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
    protocols = protocols_of(protocol) if isinstance(protocol, str) else (protocol,)
    if detect_poses and predicted_keypoints is not None:
        raise InputError("poses are detected or read: leave out --detect-poses or --predicted-keypoints")
    for each in protocols:
        chosen_metrics(metrics, each)
    folder, problems = Path(results_dir), Problems()
    manifest = read_manifest(folder)
    listed = read_pairs(pairs) if pairs is not None else manifest.pairs
    real = Path(targets) if targets else None
    results = find_results(folder, problems, pairs=listed, targets=real)
    if listed is not None:
        check_complete(results, listed, pairs or manifest.path, problems)
    if not results:
        problems.check(folder, len(problems), 0)
    protocol, found, width = _fitting(protocols, [result.file for result in results.values()], format)
    names = chosen_metrics(metrics, protocol)
    networks = Networks(protocol, Path(weights) if isinstance(weights, str) else weights)
    identities = network_identities(names, protocol, networks)
    references = reference_images(names, protocol, train_images)
    target_files: dict[str, Path] = {}
    if found.target is None:
        target_files = find_targets(real or manifest.images, results, problems)
    elif targets is not None:
        raise InputError(f"{folder}: these are {found.name}, which hold their targets; leave out --targets")

    estimator = networks.pose_estimator if detect_poses else None
    sources = find_sources(results, target_files, problems) if baseline == "copy-source" and target_files else {}
    needs_pose = detect_poses or predicted_keypoints is not None or any(METRICS[name].needs_pose for name in names)
    poses = target_poses(annotations or manifest.annotations, results, protocol, problems) if needs_pose else {}
    items = [
        Item(
            pair=pair,
            generated=result.file,
            target=target_files.get(pair),
            source=sources.get(pair),
            joints=poses.get(pair, _NOBODY).joints,
            visible=poses.get(pair, _NOBODY).visible,
        )
        for pair, result in results.items()
        if pair not in problems
    ]
    row_names = tuple(name for name in names if name in ROW_METRICS)
    work = Work(
        protocol=protocol,
        format=found.name,
        panel_width=width,
        metrics=row_names,
        weights=Path(weights) if isinstance(weights, str) else weights,
        identities=tuple(identities[name] for name in row_names if name in identities),
        cache=Path(cache) if cache else None,
        baseline=baseline,
    )
    if baseline == "mean-image":
        train = training_images(train_images) if train_images else []
        images = (to_size(read_image(path), protocol, protocol.resize.target, path) for path in train)
        work = replace(work, mean=mean_image(images, protocol.size) if train else mean_target(work, items))
    rows: dict[str, Row] = {}
    for measured in measure_all(work, items, batch_size=batch_size, devices=devices, progress=progress):
        if measured.problem:
            problems.add(measured.problem[0], measured.pair, measured.problem[1])
        if measured.row is not None:
            rows[measured.pair] = dict(measured.row)
    problems.check(folder, len(rows) + len(problems), skip_bad)
    if not rows:
        raise InputError(f"{folder}: no result is left to score")
    if protocol.expected_pairs is not None and pairs_digest(rows) != protocol.expected_pairs:
        raise InputError(
            f"{folder}: the {len(rows)} pairs have the hash {pairs_digest(rows)}, protocol {protocol.name} expects "
            f"{protocol.expected_pairs}; evaluate its pairs, or change its expected_pairs"
        )
    predicted = predicted_poses(predicted_keypoints, rows, protocol) if predicted_keypoints is not None else None

    codec = codec_of([results[pair].file for pair in rows])
    # The target panel of a lossy strip went through the codec too; a single image's target did not.
    lossy_single = found.target is None and codec != "png"
    line = signature(
        protocol,
        rows,
        codec=f"{codec}.generated" if lossy_single else codec,
        skipped=len(problems),
        resized_from=_resized_from(protocol, width, next(iter(target_files.values()), None)),
    )
    scored = [item for item in items if item.pair in rows]
    set_names = [name for name in names if name in SET_METRICS]
    sets = measure_sets(work, set_names, scored, networks, references) if set_names else {}
    scores = []
    for name in names:
        own = f"{line}|net:{identities[name]}" if name in identities else line
        if name in sets:
            if SET_METRICS[name].needs_reference:
                own += f"|real:{reference_name(protocol, references)}"
            # No interval over images is known for metrics of sets.
            scores.append(Score(name, sets[name].value, (math.nan, math.nan), sets[name].n, own))
            continue
        kept = protocol.lpips.batch.kept(len(rows)) if name in ("lpips", "mask_lpips") else len(rows)
        values = [row[name] for row in list(rows.values())[:kept] if name in row]  # a part may be missing
        if values:
            scores.append(make_score(name, values, signature=own))
    if predicted is not None:
        scores.append(add_pckh(rows, predicted, poses, protocol, line))
    elif estimator is not None:
        found_poses = detected_poses(work, scored, estimator, progress)
        scores.append(add_pckh(rows, found_poses, poses, protocol, f"{line}|net:{estimator.identity}"))
    return Evaluation(
        protocol=protocol,
        format=found.name,
        codec=codec,
        signature=line,
        scores=tuple(scores),
        per_image=rows,
        results=folder.resolve(),
        baseline=baseline,
        skipped=problems.to_json(),
    )


def _fitting(protocols: Sequence[Protocol], files: list[Path], format: str) -> tuple[Protocol, Format, int]:
    """Return the first protocol whose sizes the results have, their format and the width of a panel."""
    for protocol in protocols[:-1]:
        try:
            return (protocol, *format_of(files, protocol, format))
        except InputError:
            continue
    return (protocols[-1], *format_of(files, protocols[-1], format))


def _resized_from(protocol: Protocol, width: int, target: Path | None) -> str | None:
    """Say which sizes of files were resized to that of the protocol: "256x256", "targets.1101x750"."""
    found = []
    sizes = {"": (protocol.height_of(width), width)}
    if target is not None and protocol.other_sizes and target.is_file():
        height, columns = read_image(target).shape[-2:]
        sizes["targets."] = (height, columns)
    for name, size in sizes.items():
        if size in protocol.other_sizes:
            found.append(f"{name}{size[0]}x{size[1]}")
    return "+".join(found) or None
