"""``reposer poses``: find poses in images, convert files of keypoints, and look at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reposer.bounds import between
from reposer.checks import InputError, RunError, check_choice
from reposer.commands import listing
from reposer.commands.arguments import call
from reposer.images import check_picture, write_image
from reposer.poses.estimators import (
    DEFAULT,
    ESTIMATORS,
    EstimateOptions,
    Estimator,
    estimate_folder,
    load_estimator,
)
from reposer.poses.keypoints import (
    KEYPOINT_FORMATS,
    KeypointOptions,
    pose_sheet,
    read_image_poses,
    write_keypoints,
)
from reposer.progress import Progress
from reposer.terminal import Screen
from reposer.values import from_plain

_HELP = f"""usage: reposer poses estimate FOLDER --out CSV
       reposer poses convert KEYPOINTS --out OUT
       reposer poses show KEYPOINTS --out PICTURE

Find the pose in each image of a folder. Estimators:

{listing({each.name: each.what for each in ESTIMATORS.values()})}

Convert keypoints, a file or a folder of files, to the annotation CSV or to OpenPose JSON, or draw them. Known formats:

{listing({each.name: each.what for each in KEYPOINT_FORMATS.values()})}

'reposer poses estimate --help', 'reposer poses convert --help' and 'reposer poses show --help' say more."""
_MOST = between(1, 400)
_DRAWN = 64


def main(arguments: Sequence[str]) -> None:
    """Read the action and its options, and run it."""
    actions: dict[str, Callable[..., None]] = {"estimate": estimate, "convert": convert, "show": show}
    if not arguments:
        raise InputError(f"expected what to do: reposer poses {', '.join(actions)}")
    if arguments[0] in ("-h", "--help"):
        print(_HELP)
        return
    check_choice("action", arguments[0], actions)
    call(actions[arguments[0]], arguments[1:], prog=f"reposer poses {arguments[0]}")


def estimate(
    folder: tyro.conf.Positional[Path],
    /,
    *,
    out: Path,
    estimator: Annotated[str, tyro.conf.arg(metavar=f"{{{','.join(ESTIMATORS)}}}")] = DEFAULT,
    weights: Path | None = None,
    sha256: tuple[str, ...] = (),
    device: str = "cpu",
    picture: Path | None = None,
    options: Annotated[EstimateOptions, tyro.conf.arg(name="")] = EstimateOptions(),  # noqa: B008
) -> None:
    """Find the pose of one person in each image below a folder, and write them as an annotation CSV.

    Stopped, the same command goes on where it was. Exit code 1 if nobody is found in more than 20 % of the images (no
    CSV is written then), or if an image is unreadable (the CSV has the others).

    Args:
        folder: folder of PNG, JPEG, WebP or HEIF photos of any mode; a photo is called by its path in it.
        out: CSV to write; must not exist yet.
        estimator: what finds the people and their joints.
        weights: file of its weights, or folder of the files; what is not there comes from the torch hub cache or a
            download.
        sha256: digests of the files of weights; one with another digest is refused.
        device: cpu, or cuda, cuda:1 and so on.
        picture: also draw the first 64 poses over their images, as .png, .jpg or .webp.
        options: who is taken.
    """
    check_choice("estimator", estimator, ESTIMATORS)
    if picture is not None:
        check_picture(picture, "--picture")

    def load() -> Estimator:
        return load_estimator(estimator, weights=weights, sha256=sha256, device=device)

    with Progress("estimate") as progress:
        found = estimate_folder(folder, out, load, options, progress)
    screen = Screen()
    screen.tell(f"estimator: {found.estimator}")
    for line in found.lines():
        screen.tell(line)
    if picture is not None:
        write_image(picture, pose_sheet(found.poses[:_DRAWN]))
    screen.tell(f"written: {', '.join(str(path) for path in (out, picture) if path is not None)}")
    if found.unreadable:
        raise RunError(
            f"{out}: {len(found.unreadable):,} images of {folder} are unreadable and have no pose, e.g. "
            f"{found.unreadable[0]}"
        )


def convert(
    keypoints: tyro.conf.Positional[Path],
    /,
    *,
    out: Path,
    to: Literal["auto", "csv", "openpose"] = "auto",
    options: Annotated[KeypointOptions, tyro.conf.arg(name="")] = KeypointOptions(),  # noqa: B008
) -> None:
    """Convert keypoints to the annotation CSV that data sets have, or to a folder of OpenPose JSON.

    Of each image one person is taken, with the 18 joints of OpenPose; a joint that the other skeleton has not is the
    mean of others (the neck that of the shoulders) or missing.

    Args:
        keypoints: a file in a known format, or a folder of such files.
        out: CSV file or folder to write; must not exist yet.
        to: what to write; auto: csv if OUT ends so, else openpose.
        options: how they are read.
    """
    found = read_image_poses(keypoints, options)
    write_keypoints(out, {each.image.name: each.pose for each in found}, format=to)
    joints = sum(int(each.pose.visible.sum()) for each in found)
    print(f"{len(found):,} poses, {joints / len(found):.1f} of 18 joints each on average, in {out}")


def show(
    keypoints: tyro.conf.Positional[Path],
    /,
    *,
    out: Path,
    most: int = 64,
    options: Annotated[KeypointOptions, tyro.conf.arg(name="")] = KeypointOptions(),  # noqa: B008
) -> None:
    """Draw the poses of keypoints side by side, over the images where --images names their folder, else on black.

    Args:
        keypoints: a file in a known format, or a folder of such files.
        out: picture to write, .png, .jpg or .webp.
        most: poses that are drawn, from the first on.
        options: how they are read.
    """
    from_plain(Annotated[int, _MOST], most, "most")
    check_picture(out, "--out")
    found = read_image_poses(keypoints, options)
    write_image(out, pose_sheet(found[:most]))
    print(f"{min(len(found), most)} of {len(found):,} poses in {out}")
