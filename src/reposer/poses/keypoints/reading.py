"""Keypoint files of any known format, read as one OpenPose-18 pose for each image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from reposer.checks import InputError, check_choice, some
from reposer.poses.keypoints.catalogue import KEYPOINT_FORMATS
from reposer.poses.keypoints.choice import largest_and_most_central
from reposer.poses.keypoints.detection import format_of, load
from reposer.poses.keypoints.following import follow
from reposer.poses.keypoints.naming import Image, ImageFinder, Images, names_of
from reposer.poses.keypoints.options import THRESHOLD, KeypointOptions
from reposer.poses.keypoints.people import People, check_inside, in_pixels, inside, seen_people
from reposer.poses.keypoints.picture import Picture
from reposer.poses.skeleton import OPENPOSE_18, Pose

_NAMED = 10


@dataclass(frozen=True, eq=False)
class ImagePose:
    """The pose of the person in an image."""

    image: Image
    pose: Pose


def read_keypoints(
    path: str | Path,
    *,
    format: str = "auto",
    person: int | None = None,
    threshold: float = THRESHOLD,
    size: tuple[int, int] | None = None,
    images: str | Path | None = None,
    nobody: Literal["refuse", "skip", "keep"] = "refuse",
    stack: Literal["people", "frames"] | None = None,
) -> dict[str, Pose]:
    """Read a file of keypoints, or a folder of such files, into {image name: OpenPose-18 pose in pixels}.

    Joints are converted as by :func:`reposer.poses.convert_joints`. A joint is missing if its score is below the
    threshold or 0, or if it lies outside of the image, as far as its size is known.

    Args:
        path: a file in one of ``KEYPOINT_FORMATS``, or a folder whose .json or .npy files are all read.
        format: name of a format; "auto" tells it by content.
        person: which of several people, counted from 1 in the order of the file; None: the largest and most central,
            by the diagonal of the box of their joints, halved towards the corners of the image.
        threshold: score, confidence or visibility below which a joint is missing.
        size: (H, W) of the images, where the coordinates are shares of it and the file does not tell.
        images: folder of the images, which gives names and sizes.
        nobody: what becomes of images in which nobody has a joint: "refuse", "skip", or "keep" a pose without joints.
        stack: what the first axis of an array (N, J, 2 or 3) or of a bare list counts: "people" of one image, or
            "frames" with one person each. Needed only where there are several and ``person`` does not say it.

    Returns:
        Poses by the name of the image, in the order of the file. A file that does not name its image is called after
        it: ``NAME_keypoints.json`` is of ``NAME``, with the suffix found in ``images``, else .jpg.

    Raises:
        InputError: one line that says what is wrong where: the format is none or ambiguous, coordinates cannot be
            right, or nobody is found.
    """
    options = KeypointOptions(
        format=format,
        person=person,
        threshold=threshold,
        size=size,
        images=None if images is None else Path(images),
        nobody=nobody,
        stack=stack,
    )
    return {found.image.name: found.pose for found in read_image_poses(Path(path), options)}


def write_keypoints(path: str | Path, poses: dict[str, Pose], *, format: str = "auto") -> None:
    """Write {image name: OpenPose-18 pose} as an annotation CSV, or as a folder of OpenPose's JSON.

    Args:
        path: a file or folder that does not exist yet.
        poses: the poses.
        format: "csv" or "openpose"; "auto": csv if the path ends so.

    Raises:
        InputError: if it exists, or a name cannot be written.
    """
    writers = {each.name: each.write for each in KEYPOINT_FORMATS.values() if each.write is not None}
    check_choice("format to write", format, ("auto", *writers))
    path = Path(path)
    writers[("csv" if path.suffix.lower() == ".csv" else "openpose") if format == "auto" else format](path, poses)


def read_image_poses(path: Path, options: KeypointOptions, images: ImageFinder | None = None) -> list[ImagePose]:
    """Read poses with what is known of their images; see :func:`read_keypoints`.

    ``images`` finds the images in place of the folder of the options; what it knows none of is left out.
    """
    people = read_people(path, options, images)
    found = [(each.image, _chosen(each.people, each.image, options.person)) for each in people]
    return _somebody(path, found, options) if found or images is None else []


def read_motion(path: Path, options: KeypointOptions) -> list[ImagePose]:
    """Read the poses of one person who moves, in the order of the numbers in the images' names.

    Of several people, unless ``options.person`` says which, the largest and most central is followed, see
    :func:`reposer.poses.keypoints.following.follow`.

    Raises:
        InputError: as :func:`read_keypoints`.
    """
    images = sorted(read_people(path, options), key=lambda each: _numbered(each.image.name))
    if options.person is not None:
        chosen = [_chosen(each.people, each.image, options.person) for each in images]
    else:
        which = follow([(each.people, each.image.size) for each in images])
        chosen = [
            None if index is None else _chosen(each.people, each.image, index + 1)
            for each, index in zip(images, which, strict=True)
        ]
    return _somebody(path, [(each.image, pose) for each, pose in zip(images, chosen, strict=True)], options)


@dataclass(frozen=True, eq=False)
class ImagePeople:
    """Everybody in an image."""

    image: Image
    people: People


def read_people(path: Path, options: KeypointOptions, images: ImageFinder | None = None) -> list[ImagePeople]:
    """Read everybody in each image, with what is known of the images; see :func:`read_image_poses`."""
    pictures: list[tuple[Picture, Image]] = []
    folder, names = images or Images(options.images), dict[str, Path]()
    for file, picture, name in _pictures(path, options):
        image = folder.of(picture, name, options.size, file)
        if image is None:
            continue
        if image.name in names:
            raise InputError(f"{file}: {image.name} stands twice{_other(file, names[image.name])}")
        names[image.name] = file
        pictures.append((in_pixels(picture, image, file), image))
    if images is not None and not pictures:
        return []
    seen = seen_people([picture for picture, _ in pictures], options.threshold)
    places = [inside(people, image.size) for people, (_, image) in zip(seen, pictures, strict=True)]
    check_inside(path, seen, places, [image.size for _, image in pictures])
    return [ImagePeople(image, people) for people, (_, image) in zip(places, pictures, strict=True)]


def _somebody(path: Path, chosen: Sequence[tuple[Image, Pose | None]], options: KeypointOptions) -> list[ImagePose]:
    """Poses of the images, of those without anybody what the options say."""
    _check_somebody(path, [image.name for image, pose in chosen if pose is None], len(chosen), options)
    nobody = Pose(torch.zeros(len(OPENPOSE_18.joints), 2), torch.zeros(len(OPENPOSE_18.joints), dtype=torch.bool))
    return [
        ImagePose(image, nobody if pose is None else pose)
        for image, pose in chosen
        if pose is not None or options.nobody == "keep"
    ]


def _numbered(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts frame_2 before frame_10."""
    return tuple((text, int(digits or -1)) for text, digits in re.findall(r"([^0-9]*)([0-9]{0,18})", name))


def _pictures(path: Path, options: KeypointOptions) -> Iterator[tuple[Path, Picture, str]]:
    """Read the pictures of a file, or of the files of a folder, with their names."""
    first = None
    for file in _files(path):
        value = load(file)
        kind = format_of(value, file, options.format)
        if first is not None and kind.name != first[1]:
            raise InputError(
                f"{path}: {first[0].name} is {first[1]}, {file.name} {kind.name}; put one format in a folder"
            )
        first = first or (file, kind.name)
        pictures = kind.read(value, file)
        if len(pictures) == 1 and pictures[0].stacked and len(pictures[0].people) > 1:
            pictures = _unstacked(pictures[0], file, options)
        for picture, name in zip(pictures, names_of(pictures, file, kind), strict=True):
            yield file, picture, name


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        there = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    kinds = {suffix: [file for file in there if file.suffix.lower() == suffix] for suffix in (".json", ".npy")}
    found = [files for files in kinds.values() if files]
    if len(found) != 1:
        what = "both .json and .npy files" if found else "no .json or .npy file"
        raise InputError(f"{path}: {what}; expected a folder of keypoint files of one kind")
    return found[0]


def _unstacked(picture: Picture, file: Path, options: KeypointOptions) -> list[Picture]:
    count = len(picture.people)
    if options.stack is None and options.person is None:
        raise InputError(
            f"{file}: {count} poses may be people of one image or frames of one person; say which with stack: "
            "people or frames (--stack)"
        )
    if options.stack == "frames":
        return [replace(picture, people=(person,)) for person in picture.people]
    return [picture]


def _other(file: Path, first: Path) -> str:
    return f", in {first.name} too" if first != file else ""


def _chosen(people: People, image: Image, person: int | None) -> Pose | None:
    """Take the pose of the person who is meant; None if there is none with a joint."""
    index = largest_and_most_central(people, image.size) if person is None else person - 1
    if index is None or index >= len(people) or not people[index][1].any():
        return None
    joints, seen = people[index]
    return Pose(torch.from_numpy(np.where(seen[:, None], joints, 0)).float(), torch.from_numpy(seen))


def _check_somebody(path: Path, without: Sequence[str], count: int, options: KeypointOptions) -> None:
    if not count:
        raise InputError(f"{path}: holds no keypoints of any image")
    if not without or (options.nobody != "refuse" and len(without) < count):
        return
    who = "nobody" if options.person is None else f"no person {options.person}"
    where = f"in {len(without):,} of {count:,} images ({some(without, _NAMED)})" if count > 1 else f"in {without[0]}"
    remedy = "lower the threshold" if options.threshold > 0 else "look at the file"
    if len(without) < count:
        remedy += ", or leave such images out (--nobody skip), or keep them without joints (--nobody keep)"
    raise InputError(f"{path}: {who} with a joint of score {options.threshold:g} or more {where}; {remedy}")
