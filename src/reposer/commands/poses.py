"""``reposer poses``: convert files of keypoints, and look at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reposer.bounds import between
from reposer.checks import InputError, check_choice
from reposer.commands import listing
from reposer.commands.arguments import call
from reposer.images import SUFFIXES, write_image
from reposer.poses.keypoints import (
    KEYPOINT_FORMATS,
    KeypointOptions,
    pose_sheet,
    read_image_poses,
    write_keypoints,
)
from reposer.values import from_plain

_HELP = f"""usage: reposer poses convert KEYPOINTS --out OUT
       reposer poses show KEYPOINTS --out PICTURE

Convert keypoints, a file or a folder of files, to the annotation CSV or to OpenPose JSON, or draw them. Known formats:

{listing({each.name: each.what for each in KEYPOINT_FORMATS.values()})}

'reposer poses convert --help' and 'reposer poses show --help' say more."""
_MOST = between(1, 400)


def main(arguments: Sequence[str]) -> None:
    """Read the action and its options, and run it."""
    actions: dict[str, Callable[..., None]] = {"convert": convert, "show": show}
    if not arguments:
        raise InputError(f"expected what to do: reposer poses {' or '.join(actions)}")
    if arguments[0] in ("-h", "--help"):
        print(_HELP)
        return
    check_choice("action", arguments[0], actions)
    call(actions[arguments[0]], arguments[1:], prog=f"reposer poses {arguments[0]}")


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
    if out.suffix.lower() not in SUFFIXES or not out.parent.is_dir():
        raise InputError(f"{out}: --out needs the name of a {', '.join(SUFFIXES)} file in a folder that exists")
    found = read_image_poses(keypoints, options)
    write_image(out, pose_sheet(found[:most]))
    print(f"{min(len(found), most)} of {len(found):,} poses in {out}")
