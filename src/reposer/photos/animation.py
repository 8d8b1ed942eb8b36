"""A person of a photo in motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor

from reposer.bounds import BatchSize, between
from reposer.checks import InputError, suggestion
from reposer.generator import Generator, check_generated
from reposer.images import to_signed, to_uint8
from reposer.photos.flicker import Flicker, estimated_flicker
from reposer.photos.posing import exists
from reposer.photos.subject import Subject
from reposer.poses import NAMED_MOTIONS, NAMED_POSES, Pose, named_motion, retarget_motion
from reposer.poses.keypoints import KeypointOptions, read_motion
from reposer.poses.motion import cleaned, resample
from reposer.poses.proportions import statures
from reposer.poses.retargeting import within
from reposer.values import Checked

MOST_PIXELS = 2**28
"""Pixels of all generated pictures together, which are held in memory: 268 million, 805 MB."""


@dataclass(frozen=True, kw_only=True)
class AnimationOptions(Checked):
    """How a motion becomes pictures."""

    fps: Annotated[float, between(1, 120)] = 25.0
    """pictures a second"""
    seconds: Annotated[float, between(0.1, 3600)] | None = None
    """how long it takes; by default each pose of a file is one picture, and a motion with a name takes its own time"""
    retarget: bool = True
    """fit the motion to the person's build, once for all poses; else poses are taken in pixels of the photo"""
    smooth: bool = True
    """of poses that are read: fill gaps, keep left and right apart, and take jitter above 5 Hz away"""
    batch_size: BatchSize = 8
    """pictures that are generated at a time"""


@dataclass(frozen=True, eq=False)
class Motion:
    """Poses at the times of an animation's pictures."""

    joints: Tensor
    """(T, 18, 2) float pixels, x then y."""
    visible: Tensor
    """(T, 18) bool."""
    rounds: int = 1
    """How many times it comes; after its last pose the first comes again."""
    named: bool = False
    """Whether it is one of ``NAMED_MOTIONS``, in pixels of the frame."""


@dataclass(frozen=True, eq=False)
class Animation:
    """Pictures of a person in motion."""

    subject: Subject
    """The person of the photo, framed."""
    motion: Motion
    """What was generated, in pixels of the frame."""
    generated: Tensor
    """(T, 3, H, W) uint8, one round."""

    def __len__(self) -> int:
        return len(self.generated) * self.motion.rounds

    def pictures(self, *, paste: bool = False) -> Iterator[Tensor]:
        """All pictures in the order of time, (3, H, W) uint8; or with ``paste`` the photos with them put back."""
        for _ in range(self.motion.rounds):
            for picture, *pose in zip(self.generated, self.motion.joints, self.motion.visible, strict=True):
                yield self.subject.pasted(picture, Pose(*pose)) if paste else picture

    @cached_property
    def flicker(self) -> Flicker:
        """How much it changes where it should not, see :func:`reposer.photos.estimated_flicker`."""
        order = [*range(len(self.generated)), *([0] if self.motion.rounds > 1 else [])]
        return estimated_flicker(self.generated[order], self.motion.joints[order], self.motion.visible[order])


def wanted_motion(
    poses: str | Path, size: tuple[int, int], options: AnimationOptions, keypoints: KeypointOptions
) -> Motion:
    """Return a motion by its name, or read it.

    Args:
        poses: one of ``NAMED_MOTIONS``; a file of the keypoints of several images, or a folder of files of one each, in
            the order of the numbers in their names.
        size: (H, W) of the frame that a named one is placed into.
        options: its times, and whether what is read is cleaned (:func:`reposer.poses.motion.cleaned`) before it is
            brought to the wanted rate (:func:`reposer.poses.motion.resample`).
        keypoints: how files are read.

    Raises:
        InputError: if there is no such thing, nobody in it, or fewer than two poses.
    """
    if str(poses) in NAMED_MOTIONS:
        return _named(str(poses), size, options)
    if not exists(Path(poses)):
        single = str(poses) in NAMED_POSES
        raise InputError(
            f"{poses}: no such file or folder of poses, and no motion with a name ({', '.join(NAMED_MOTIONS)})"
            f"{'; reposer transfer shows single poses' if single else suggestion(str(poses), NAMED_MOTIONS)}"
        )
    found = [each.pose for each in read_motion(Path(poses), keypoints)]
    if len(found) < 2:
        raise InputError(f"{poses}: one pose, expected at least two; reposer transfer shows single poses")
    joints, visible = (torch.stack([getattr(pose, name) for pose in found]) for name in ("joints", "visible"))
    rate = options.fps if options.seconds is None else (len(found) - 1) / options.seconds
    if options.smooth:
        joints, visible = cleaned(joints, visible, rate)
    if options.seconds is not None:
        joints, visible = resample(joints, visible, max(2, round(options.seconds * options.fps)))
    return Motion(joints, visible)


def _named(name: str, size: tuple[int, int], options: AnimationOptions) -> Motion:
    """Whole periods: as many as come nearest to the wanted time, by default the motion's own number."""
    motion = NAMED_MOTIONS[name]
    seconds = options.seconds if options.seconds is not None else motion.rounds * motion.period
    rounds = max(1, round(seconds / motion.period))
    count = max(2, round(options.fps * seconds / rounds))
    return Motion(*named_motion(name, count, size), rounds=rounds, named=True)


def animate(
    subject: Subject,
    motion: Motion,
    generator: Generator,
    options: AnimationOptions = AnimationOptions(),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Animation:
    """Generate a person in motion.

    Args:
        subject: the person, of :func:`reposer.photos.subject.frame_subject` with the same generator.
        motion: of :func:`wanted_motion`; with ``options.retarget`` of anybody in any picture, else, unless it has a
            name, in pixels of the photo.
        generator: from :func:`reposer.load_generator`.
        options: whether the motion is fitted to the person (:func:`reposer.poses.retarget_motion`), and the batches.
        progress: called with the number of pictures done and of all.

    Raises:
        InputError: if the pictures would need too much memory, no pose has a joint in the frame, or none has
            a limb to fit it by.
        RunError: if the generator gives NaN.
    """
    size, count = subject.frame.size, len(motion.joints)
    if count * size[0] * size[1] > MOST_PIXELS:
        most = MOST_PIXELS // (size[0] * size[1])
        raise InputError(f"{count:,} pictures of {size[0]}x{size[1]} pixels, expected at most {most:,}; animate parts")
    joints, visible = _in_frame(subject, motion, retarget=options.retarget)
    if not visible.any():
        raise InputError(f"no pose has a joint in the frame of {size[0]}x{size[1]} pixels about the person")
    device = next(generator.parameters()).device
    seen = subject.seen
    source = [part[None].to(device) for part in (to_signed(subject.framed), seen.joints, seen.visible)]
    made: list[Tensor] = []
    for start in range(0, count, options.batch_size):
        target = [part[start : start + options.batch_size].to(device) for part in (joints, visible)]
        same = [part.expand(len(target[0]), *part.shape[1:]) for part in source]
        images = generator.repose(*same, *target)
        check_generated(images, [f"picture {start + number}" for number in range(len(images))])
        made.append(to_uint8(images).cpu())
        if progress:
            progress(start + len(images), count)
    return Animation(subject, Motion(joints, visible, motion.rounds, motion.named), torch.cat(made))


def _in_frame(subject: Subject, motion: Motion, *, retarget: bool) -> tuple[Tensor, Tensor]:
    """Joints (T, 18, 2) in pixels of the frame, and which of them lie in it (T, 18)."""
    frame = subject.frame
    if retarget:
        if not (statures(motion.joints, motion.visible) > 0).any():
            raise InputError(
                "no pose of the motion has a limb with both ends: nothing tells how to fit it to the person"
            )
        return retarget_motion(motion.joints, motion.visible, subject.pose, size=frame.size)
    joints = motion.joints if motion.named else frame.scale * motion.joints + motion.joints.new_tensor(frame.shift)
    return within(joints, motion.visible, frame.size)
