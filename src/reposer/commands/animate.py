"""``reposer animate PHOTO --poses POSES -o OUT``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import tyro

from reposer.bounds import at_least, between
from reposer.generator import load_generator
from reposer.images import read_photo
from reposer.photos.animation import AnimationOptions, animate, wanted_motion
from reposer.photos.posing import Poser
from reposer.photos.subject import frame_subject
from reposer.photos.transfer import DEFAULT_GENERATOR
from reposer.photos.video import MOST_SIDE, check_enlarged, check_video, write_video
from reposer.poses.estimators import DEFAULT
from reposer.poses.keypoints import KeypointOptions
from reposer.progress import Progress
from reposer.values import from_plain

_LEAST_HEIGHT = 256
"""Pixels from which on pictures are not enlarged unless asked for: players blur smaller ones, H.264 their colours."""
_FRAMES = KeypointOptions(nobody="keep", stack="frames")


def run(
    photo: tyro.conf.Positional[Path],
    /,
    *,
    poses: str,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    generator: str = DEFAULT_GENERATOR,
    source_pose: Path | None = None,
    source_person: int | None = None,
    estimator: str = DEFAULT,
    weights: Path | None = None,
    paste: bool = False,
    scale: int | None = None,
    device: str = "cpu",
    options: Annotated[AnimationOptions, tyro.conf.arg(name="")] = AnimationOptions(),  # noqa: B008
    keypoints: Annotated[KeypointOptions, tyro.conf.arg(name="")] = _FRAMES,
) -> None:
    """Let the person of a photo walk, turn, or move as somebody else did, as a video.

    Flicker is how much the video changes where it should not, as the mean of 0 to 255: a place on the person, followed
    from picture to picture by its joints, and a pixel with nobody near it.

    Args:
        photo: JPEG, PNG, WebP or HEIF of any size; it is turned as its EXIF orientation says.
        poses: walk or turn; or a folder of files of keypoints, one for each picture, or one file of them all, of
            anybody.
        out: video to write, .mp4 or .gif.
        generator: run folder, saved generator, or the name of one that ships.
        source_pose: file of keypoints of the person in the photo, in pixels of what is shown; by default they are
            estimated.
        source_person: which of several people in the photo, 1 is the surest, or the first in the file of --source-pose;
            by default the largest and most central.
        estimator: which estimator of poses looks at the photo.
        weights: file or folder of its weights; by default they are in the cache of torch, or downloaded.
        paste: put the person back into the photo, in every picture.
        scale: make each pixel so many pixels wide and high; by default the pictures get at least 256 rows so.
        device: where to compute: cpu, cuda, cuda:1, mps.
        options: of the motion and its times.
        keypoints: how files of poses are read.
    """
    source_person = from_plain(Annotated[int, at_least(1)] | None, source_person, "source-person")
    scale = from_plain(Annotated[int, between(1, 32)] | None, scale, "scale")
    check_video(out, options.fps)
    poser = Poser(estimator, weights, device)
    shown = read_photo(photo)
    loaded = load_generator(generator, device)
    height, width = shown.shape[-2:] if paste else loaded.config.size
    scale = scale or max(1, min(-(-_LEAST_HEIGHT // height), MOST_SIDE // width))
    check_enlarged(out, (height, width), scale)
    motion = wanted_motion(poses, loaded.config.size, options, keypoints)
    subject = frame_subject(shown, poser.in_photo(shown, source_pose, photo, source_person), loaded)
    start = time.perf_counter()
    with Progress("animate", unit="pictures") as progress:
        made = animate(subject, motion, loaded, options, progress=progress)
        write_video(out, made.pictures(paste=paste), fps=options.fps, scale=scale)
        for note in (*poser.notes, *subject.notes):
            progress.say(f"note: {note}")
    seconds = time.perf_counter() - start
    print(
        f"{len(made)} pictures of {scale * height}x{scale * width} pixels (height x width), {options.fps:g} a second, "
        f"in {out}; {len(made.generated)} were generated, all in {seconds:.1f} s"
    )
    print(f"flicker, estimated by the poses: {made.flicker.in_words()}")
