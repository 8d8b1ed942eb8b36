"""The poses of a folder's images, as an annotation CSV: resumable, and loud where nobody is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from torch import Tensor

from reposer.bounds import BatchSize, between
from reposer.checks import InputError, RunError, some
from reposer.files import check_place
from reposer.images import PHOTO_SUFFIXES, read_photo
from reposer.locks import lock
from reposer.poses.estimators.estimation import MOST_MISSED, nobody, too_many_missed
from reposer.poses.estimators.person import Estimator, chosen_person
from reposer.poses.estimators.state import MOST_KEPT, Seen, State
from reposer.poses.formats import check_name, write_annotations
from reposer.poses.keypoints.naming import Image
from reposer.poses.keypoints.reading import ImagePose
from reposer.poses.skeleton import Pose
from reposer.values import Checked

FEW = 9
"""Visible joints below which a pose is counted as one of few: half of the 18."""
STATE = "poses.jsonl"
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class EstimateOptions(Checked):
    """Who is taken of the people that are found, and which of their joints."""

    person: Annotated[int, between(1, MOST_KEPT)] | None = None
    """which of several people, 1 is the surest; by default the largest and most central"""
    score_threshold: Annotated[float, between(0, 1)] | None = None
    """score below which somebody does not count; by default the estimator's"""
    joint_threshold: float | None = None
    """score below which a joint is missing, in the estimator's unit; by default the estimator's"""
    most_missed: Annotated[float, between(0, 1)] = MOST_MISSED
    """share of images without a person above which no CSV is written"""
    batch_size: BatchSize = 8
    """images at a time; affects memory, not results"""


@dataclass(frozen=True, eq=False)
class Estimates:
    """What came of a folder."""

    estimator: str
    """Identity: network and weights."""
    poses: tuple[ImagePose, ...]
    """Of every image that could be read, sorted by name; without joints where nobody was found."""
    unreadable: tuple[str, ...]
    """What is wrong with the others."""

    def lines(self) -> list[str]:
        """Counts, and some of the names behind them."""
        shown = {each.image.name: int(each.pose.visible.sum()) for each in self.poses}
        missed = [name for name, count in shown.items() if not count]
        few = [name for name, count in shown.items() if 0 < count < FEW]
        lines = [
            f"{len(shown):,} images: a person in {len(shown) - len(missed):,}, nobody in {len(missed):,}, "
            f"fewer than {FEW} of 18 joints in {len(few):,}, {len(self.unreadable):,} unreadable"
        ]
        lines += [f"nobody: {some(missed, _NAMED)}"] if missed else []
        lines += [f"few joints: {some(few, _NAMED)}"] if few else []
        return lines + [f"unreadable: {each}" for each in self.unreadable[:_NAMED]]


def estimate_folder(
    folder: Path,
    out: Path,
    load: Callable[[], Estimator],
    options: EstimateOptions = EstimateOptions(),
    progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Estimate the pose of one person in every image below a folder, and write them as an annotation CSV.

    An image is called by its path below the folder. What is found is kept in the folder ``.NAME.state`` beside the CSV
    until that is whole: started again, the work goes on. Who is taken is decided in the end: other thresholds need no
    new estimates, as long as the CSV is not written.

    Args:
        folder: of photos, PNG, JPEG, WebP or, where its reader is installed, HEIF; folders in it are looked into.
        out: the CSV; must not exist yet.
        load: loads the estimator; called when all else is known to be right.
        options: who is taken.
        progress: called as ``progress(done, total)`` after each batch.

    Raises:
        InputError: if there is no image, the CSV exists, or a name cannot stand in it.
        RunError: if nobody is found in more than ``most_missed`` of the images: no CSV is written, and what was found
            is kept.
    """
    check_place(out, "--out")
    place = out.with_name(f".{out.name}.state")
    if out.exists():
        _clear(place)
        raise InputError(f"{out}: exists already; name another file")
    files = _images(folder, out)
    estimator = load()
    with lock(place, "reposer poses estimate"):
        state = State(place / STATE, {"estimator": estimator.identity, "folder": str(folder.resolve())})
        unreadable = _estimate(files, estimator, state, options.batch_size, progress)
        readable = {name: path for name, path in files.items() if name not in unreadable}
        problems = tuple(unreadable.values())
        estimates = Estimates(estimator.identity, _poses(readable, state, estimator, options), problems)
        if not estimates.poses:
            raise InputError(f"{folder}: none of {len(files):,} images can be read; {problems[0]}")
        missed = [each.image.name for each in estimates.poses if not each.pose.visible.any()]
        if len(missed) > options.most_missed * len(estimates.poses):
            said = too_many_missed(missed, len(estimates.poses), options.most_missed, options.person)
            raise RunError(
                f"{said}; {out} was not written. "
                f"What was found is kept in {place}: the same command with a lower --score-threshold or "
                "--joint-threshold, or with a higher --most-missed, is done at once"
            )
        write_annotations(out, {each.image.name: each.pose for each in estimates.poses})
        state.path.unlink()
    _clear(place)
    return estimates


def _clear(place: Path) -> None:
    """Remove what is left of the state once the CSV is whole: a kill may have come between."""
    if place.is_dir():
        with lock(place, "reposer poses estimate"):
            (place / STATE).unlink(missing_ok=True)
        with suppress(OSError):  # somebody has put something in it
            place.rmdir()


def _images(folder: Path, out: Path) -> dict[str, Path]:
    """Images below a folder by their paths in it, sorted; those whose names begin with a dot are passed over."""
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder of images")

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})")

    found: dict[str, Path] = {}
    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(here, name) for name in names if not name.startswith(".")]
        found |= {path.relative_to(folder).as_posix(): path for path in paths if path.suffix.lower() in PHOTO_SUFFIXES}
    for name in found:
        check_name(out, name, ":")
    if not found:
        raise InputError(f"{folder}: no image in it ({', '.join(PHOTO_SUFFIXES)})")
    return dict(sorted(found.items()))


def _estimate(
    files: dict[str, Path],
    estimator: Estimator,
    state: State,
    batch_size: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, str]:
    """Find the people in all images of which the state does not know them; returns what is wrong with which images."""
    unreadable: dict[str, str] = {}
    versions = {name: _version(path) for name, path in files.items()}
    left = [name for name in files if name not in state.seen or state.seen[name].version != versions[name]]
    done = len(files) - len(left)
    if progress and done:
        progress(done, len(files))
    for start in range(0, len(left), batch_size):
        names = left[start : start + batch_size]
        images: dict[str, Tensor] = {}
        for name in names:
            try:
                images[name] = read_photo(files[name])
            except InputError as error:
                unreadable[name] = str(error)
        found = estimator(list(images.values())) if images else []
        sizes = {name: (image.shape[-2], image.shape[-1]) for name, image in images.items()}
        state.add({name: Seen(versions[name], sizes[name], people) for name, people in zip(images, found, strict=True)})
        done += len(names)
        if progress:
            progress(done, len(files))
    return unreadable


def _version(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:  # a link that leads nowhere: reading it will say so
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _poses(
    files: dict[str, Path], state: State, estimator: Estimator, options: EstimateOptions
) -> tuple[ImagePose, ...]:
    known = [(Image(name, path, state.seen[name].size), state.seen[name]) for name, path in files.items()]
    return tuple(ImagePose(image, _pose(seen, estimator, options)) for image, seen in known)


def _pose(seen: Seen, estimator: Estimator, options: EstimateOptions) -> Pose:
    found = chosen_person(
        seen.people,
        seen.size,
        estimator,
        person=options.person,
        score_threshold=options.score_threshold,
        joint_threshold=options.joint_threshold,
    )
    return nobody() if found is None else found[1]
