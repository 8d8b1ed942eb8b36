"""``reposer transfer PHOTO --pose POSE -o OUT``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import tyro

from reposer.bounds import at_least
from reposer.checks import InputError
from reposer.generator import load_generator
from reposer.images import check_picture, write_image
from reposer.photos.posing import Poser, exists
from reposer.photos.transfer import DEFAULT_GENERATOR, transfer_anything
from reposer.poses.estimators import DEFAULT
from reposer.terminal import Screen
from reposer.values import from_plain


def run(
    photo: tyro.conf.Positional[Path],
    /,
    *,
    pose: str,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    generator: str = DEFAULT_GENERATOR,
    source_pose: Path | None = None,
    person: int | None = None,
    estimator: str = DEFAULT,
    weights: Path | None = None,
    retarget: bool = True,
    paste: bool = False,
    side_by_side: Path | None = None,
    device: str = "cpu",
) -> None:
    """Generate the person of a photo in another pose.

    The person is found, framed as the people that the generator was trained on, and the pose fitted to their build.

    Args:
        photo: JPEG, PNG, WebP or HEIF of any size; it is turned as its EXIF orientation says.
        pose: name of a pose, such as arms-up; or another photo, or a file of keypoints, of anybody.
        out: picture to write, .png, .jpg or .webp: of the generator's size, with --paste of the photo's.
        generator: run folder, saved generator, or the name of one that ships.
        source_pose: file of keypoints of the person in the photo, in pixels of what is shown; by default they are
            estimated.
        person: which of several people in the photo, 1 is the surest, or the first in the file of --source-pose; by
            default the largest and most central.
        estimator: which estimator of poses looks at photos.
        weights: file or folder of its weights; by default they are in the cache of torch, or downloaded.
        retarget: fit the pose to the person; else it is taken as it is, in pixels of the photo.
        paste: put the person back into the photo.
        side_by_side: picture to write, of the photo with its skeleton, the target pose and the result.
        device: where to compute: cpu, cuda, cuda:1, mps.
    """
    person = from_plain(Annotated[int, at_least(1)] | None, person, "person")
    check_picture(out, "--out")
    read = {"the photo": photo, "the photo of the pose": Path(pose), "the file of the pose": source_pose}
    _check_other(out, "--out", read)
    if side_by_side is not None:
        check_picture(side_by_side, "--side-by-side")
        _check_other(side_by_side, "--side-by-side", {**read, "the picture of --out": out})
    poser = Poser(estimator, weights, device)
    made = transfer_anything(
        photo,
        pose,
        load_generator(generator, device),
        poser=poser,
        source_pose=source_pose,
        person=person,
        retarget=retarget,
    )
    write_image(out, made.pasted() if paste else made.generated, quality=92)
    if side_by_side is not None:
        write_image(side_by_side, made.side_by_side(paste=paste), quality=92)
    console = Screen(stderr=True)
    for note in made.notes:
        console.tell(f"note: {note}")
    height, width = (made.subject.photo if paste else made.generated).shape[-2:]
    print(f"{height}x{width} pixels in {out}" + (f", side by side in {side_by_side}" if side_by_side else ""))


def _check_other(path: Path, option: str, others: Mapping[str, Path | None]) -> None:
    """Raise InputError if a picture would replace a file that is read, or the other picture."""
    for what, other in others.items():
        same = other is not None and exists(other) and os.path.realpath(path) == os.path.realpath(other)
        if same or path == other:
            raise InputError(f"{path}: {option} would replace {what} itself; give another name")
