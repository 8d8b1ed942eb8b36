"""The evaluation of a folder of results."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from reposer.checks import InputError, check_choice
from reposer.evaluation.entries import METRICS, ROW_METRICS, SET_METRICS
from reposer.evaluation.measuring import Item, Progress, Row, Work, measure_all
from reposer.evaluation.networks import Networks, WeightsSource
from reposer.evaluation.outcome import Evaluation
from reposer.evaluation.sets import measure_sets, network_of, training_images
from reposer.images import read_image
from reposer.metrics import Score, make_score, pckh_counts
from reposer.poses import Pose, read_annotations, read_pairs
from reposer.protocols import Protocol, pairs_digest, protocols_of, signature
from reposer.results import (
    Layout,
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
    metrics: Sequence[str] | None = None,
    weights: str | Path | WeightsSource = None,
    train_images: str | Path | None = None,
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
        protocol: name of a protocol, path of a YAML file that changes one, or a Protocol. "reposer-1" is
            "reposer-1-market" or "reposer-1-fashion", by the size of the results.
        metrics: names of those of the protocol's metrics to compute; "all" means all. None: all but its
            ``network_metrics``.
        weights: folder of weight files, or {file name: file or state dict}; networks whose weights are not there
            are looked for in the torch hub cache, then downloaded. A metric whose network is not to be had is an
            error.
        train_images: folder of the training images, which FID and KID of some protocols compare with.
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
    protocols = protocols_of(protocol) if isinstance(protocol, str) else (protocol,)
    for each in protocols:
        _chosen(metrics, each)
    folder, problems = Path(results_dir), Problems()
    manifest = read_manifest(folder)
    listed = read_pairs(pairs) if pairs is not None else manifest.pairs
    real = Path(targets) if targets else None
    results = find_results(folder, problems, pairs=listed, targets=real)
    if listed is not None:
        check_complete(results, listed, pairs or manifest.path, problems)
    if not results:
        problems.check(folder, len(problems), 0)
    protocol, found, width = _fitting(protocols, [result.file for result in results.values()], layout)
    names = _chosen(metrics, protocol)
    networks = Networks(protocol, Path(weights) if isinstance(weights, str) else weights)
    identities = _identities(names, protocol, networks)
    references = _references(names, protocol, train_images)
    target_files: dict[str, Path] = {}
    if found.target is None:
        target_files = find_targets(real or manifest.images, results, problems)
    elif targets is not None:
        raise InputError(f"{folder}: these are {found.name}, which hold their targets; leave out --targets")

    needs_pose = predicted_keypoints is not None or any(METRICS[name].needs_pose for name in names)
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
    row_names = tuple(name for name in names if name in ROW_METRICS)
    work = Work(
        protocol=protocol,
        layout=found.name,
        panel_width=width,
        metrics=row_names,
        weights=Path(weights) if isinstance(weights, str) else weights,
        identities=tuple(identities[name] for name in row_names if name in identities),
        cache=Path(cache) if cache else None,
    )
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
    predicted = _predicted_poses(predicted_keypoints, rows, protocol) if predicted_keypoints else {}

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
                own += f"|real:{_reference_name(protocol, references)}"
            # No interval over images is known for metrics of sets.
            scores.append(Score(name, sets[name].value, (math.nan, math.nan), sets[name].n, own))
            continue
        kept = protocol.lpips.batch.kept(len(rows)) if name in ("lpips", "mask_lpips") else len(rows)
        values = [row[name] for row in rows.values()][:kept]
        scores.append(make_score(name, values, signature=own))
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


def _fitting(protocols: Sequence[Protocol], files: list[Path], layout: str) -> tuple[Protocol, Layout, int]:
    """Return the first protocol whose sizes the results have, their layout and the width of a panel."""
    for protocol in protocols[:-1]:
        try:
            return (protocol, *layout_of(files, protocol, layout))
        except InputError:
            continue
    return (protocols[-1], *layout_of(files, protocols[-1], layout))


def default_metrics(protocol: Protocol, annotations: object) -> tuple[str, ...]:
    """Return the metrics of a protocol that are computed without being asked for; without annotations no masked."""
    return tuple(name for name in protocol.metrics if annotations is not None or not METRICS[name].needs_pose)


def _chosen(metrics: Sequence[str] | None, protocol: Protocol) -> tuple[str, ...]:
    """Return the metrics to compute, in the order of the protocol."""
    for name in protocol.all_metrics:
        check_choice("metric", name, METRICS)
        if METRICS[name].needs_pose and name in protocol.padded_metrics + protocol.resized_metrics:
            raise InputError(f"protocol {protocol.name}: {name} uses masks, it cannot be padded or resized")
    if metrics is None:
        return protocol.metrics
    if list(metrics) == ["all"] or metrics == "all":
        return protocol.all_metrics
    for name in metrics:
        check_choice(f"metric of protocol {protocol.name}", name, protocol.all_metrics)
    return tuple(name for name in protocol.all_metrics if name in metrics)


def _identities(names: Sequence[str], protocol: Protocol, networks: Networks) -> dict[str, str]:
    """Build the networks of the metrics before anything is measured: {metric: identity}."""
    found = {}
    for name in names:
        try:
            if name in SET_METRICS:
                found[name] = networks.inception(network_of(name, protocol)).identity
            elif (build := ROW_METRICS[name].network) is not None:
                found[name] = build(networks)
        except InputError as error:
            raise InputError(f"{name}: {error}; {_without(name, names)}") from None
    return found


def _without(name: str, names: Sequence[str]) -> str:
    others = [other for other in names if other != name]
    return f"to score all but {name}: --metrics {' '.join(others)}" if others else "choose other --metrics"


def _references(names: Sequence[str], protocol: Protocol, folder: str | Path | None) -> list[Path]:
    """List the training images, if a metric compares with them."""
    needing = [name for name in names if name in SET_METRICS and SET_METRICS[name].needs_reference]
    if not needing or protocol.fid.reference != "train":
        return []
    if folder is None:
        raise InputError(
            f"{needing[0]} of protocol {protocol.name} compares with all training images: give their folder with "
            f"--train-images; {_without(needing[0], names)}"
        )
    return training_images(folder)


def _reference_name(protocol: Protocol, files: Sequence[Path]) -> str:
    if protocol.fid.reference == "targets":
        return "targets"
    names = hashlib.sha256("\n".join(sorted(path.name for path in files)).encode()).hexdigest()
    return f"train.{len(files)}.{names[:8]}"


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
    correct, total = pckh_counts(
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
    return make_score("pckh", correct[counted], totals=total[counted], signature=line)
