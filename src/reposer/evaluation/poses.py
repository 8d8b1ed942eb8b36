"""Poses in an evaluation: those of the targets, for masks; those of the generated images, for PCKh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from reposer.checks import InputError, some
from reposer.evaluation.reading import Item, Reader
from reposer.evaluation.rows import Progress, Row
from reposer.poses import Pose, read_annotations
from reposer.poses.estimators import Estimator, estimate_poses
from reposer.protocols import Protocol, with_ids
from reposer.results import Problems, Result, pair_id, pair_of


def target_poses(
    path: Path, results: Mapping[str, Result], protocol: Protocol, problems: Problems, *, shift: float = 0.0
) -> dict[str, Pose]:
    """Read the target pose of each pair: {pair id: pose}; pairs without one are problems.

    ``shift`` is added to x; a joint that leaves the image by it becomes missing, as in the training data.

    Raises:
        InputError: if joints lie outside the images.
    """
    known = with_ids(read_annotations(path), {result.target for result in results.values()})
    poses: dict[str, Pose] = {}
    for pair, result in results.items():
        pose = known.get(result.target)
        if pose is None:
            problems.add("without an annotation", pair, f"{path}: no annotation of {result.target}")
        elif not pose.visible.any():
            problems.add("without a visible joint", pair, f"{path}: no joint of {result.target} is visible")
        else:
            poses[pair] = replace(pose, joints=pose.joints + torch.tensor([shift, 0.0]))
    option = f"--annotations-shift {shift:g}" if shift else ""
    _check_inside({results[pair].target: pose for pair, pose in poses.items()}, path, protocol, option=option)
    return {pair: _within(pose, protocol.size[1]) for pair, pose in poses.items()} if shift else poses


def predicted_poses(path: Path, pairs: Mapping[str, Row], protocol: Protocol) -> dict[str, Pose]:
    """Read the pose found in each generated image: {pair id: pose}.

    Raises:
        InputError: if one has none, or joints lie outside the images.
    """
    known: dict[str, Pose] = {}
    for name, pose in read_annotations(path).items():
        try:
            pair = name if name in pairs else pair_id(*pair_of(name))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if pair in known:
            raise InputError(f"{path}: two rows are of {pair}, one of them is {name}; remove one of the two")
        known[pair] = pose
    known = with_ids(known, pairs)
    missing = [pair for pair in pairs if pair not in known]
    if missing:
        raise InputError(
            f"{path}: no predicted keypoints of {len(missing)} of {len(pairs)} results, "
            f"e.g. {some(missing)}; an image in which nobody was found needs a row of -1"
        )
    predicted = {pair: known[pair] for pair in pairs}
    _check_inside(predicted, path, protocol)
    return predicted


def detected_poses(
    reader: Reader, items: Sequence[Item], estimator: Estimator, progress: Progress | None
) -> dict[str, Pose]:
    """Find the surest pose in each generated image: {pair id: pose}; InputError if nobody is found in many."""
    images = ((item.pair, reader.pair(item)[0]) for item in items)
    return estimate_poses(
        images,
        estimator=estimator,
        person=1,
        progress=None if progress is None else lambda done: progress(done, len(items)),
    )


def _within(pose: Pose, width: int) -> Pose:
    """The pose without its joints left and right of the image."""
    visible = pose.visible & (pose.joints[:, 0] >= 0) & (pose.joints[:, 0] < width)
    return Pose(torch.where(visible[:, None], pose.joints, 0.0), visible)


def _check_inside(poses: Mapping[str, Pose], path: Path, protocol: Protocol, *, option: str | None = None) -> None:
    """Raise InputError if joints lie outside the image: coordinates for another image size give wrong numbers.

    A few may: cropping an image leaves 1 joint in 5,000 beyond its border. ``option`` is the one that shifted them, ""
    if it could have been given; None: there is none.
    """
    height, width = protocol.size
    limit = torch.tensor([width, height])
    outside = {
        name: int((((p.joints >= limit) | (p.joints < 0)).any(-1) & p.visible).sum()) for name, p in poses.items()
    }
    count, total = sum(outside.values()), sum(int(p.visible.sum()) for p in poses.values())
    if count >= 3 and count > 0.01 * total:
        first = next(name for name, number in outside.items() if number)
        with_option = f" with {option}" if option else ""
        message = (
            f"{path}: {count} of {total} joints lie outside the {height}x{width} image{with_option}, e.g. of {first}"
        )
        if protocol.wide_columns is not None and not option:
            uncut, start = protocol.wide_width, protocol.wide_columns[0]
            way = f"give --annotations-shift -{start}, or " if option is not None else ""
            message += f"; in coordinates of the uncut image of width {uncut}, {way}subtract {start} from x"
        raise InputError(message)
