"""A person of a photo in another pose: framed, generated, put back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

from PIL import Image
from torch import Tensor

from reposer.checks import InputWarning, check_kind
from reposer.generator import Generator, check_generated, load_generator
from reposer.images import photo_from_pil, read_photo, to_pil, to_signed, to_uint8
from reposer.photos.framing import seen_in
from reposer.photos.posing import Poser, checked, checked_limbs
from reposer.photos.sheet import side_by_side
from reposer.photos.subject import Subject, frame_subject
from reposer.poses import Pose, named_pose
from reposer.poses import retarget as fitted_pose
from reposer.poses.estimators import DEFAULT, Estimator

DEFAULT_GENERATOR = "mannequin"


@dataclass(frozen=True, eq=False)
class Transfer:
    """A photo, how its person was framed, and what was made of it."""

    subject: Subject
    """The person of the photo, framed."""
    target: Pose
    """The pose that was generated, in pixels of the frame."""
    generated: Tensor
    """(3, H, W) uint8."""
    notes: tuple[str, ...]
    """What is worth knowing about it, sentences."""

    def pasted(self) -> Tensor:
        """Put the generated person back into the photo: (3, H', W') uint8; see :func:`reposer.photos.person_share`."""
        return self.subject.pasted(self.generated, self.target)

    def side_by_side(self, *, paste: bool = False) -> Tensor:
        """Draw the photo with its skeleton, the target pose and the result in a row, (3, h, w) uint8."""
        photo, frame = self.subject.photo, self.subject.frame
        pose = frame.pose_in_photo(self.subject.seen)
        return side_by_side(photo, pose, self.target, frame.size, self.pasted() if paste else self.generated)


def transfer_photo(
    photo: Tensor, source: Pose, target: Pose | str, generator: Generator, *, retarget: bool = True
) -> Transfer:
    """Generate the person of a photo in another pose: what ``reposer.transfer``, the command and programs call.

    A photo of exactly the generator's size is taken as framed already.

    Args:
        photo: (3, H', W') uint8, of any size.
        source: the person's pose in it, in pixels.
        target: the wanted pose, or the name of one; with ``retarget`` in any pixels, without in those of the photo.
        generator: from :func:`reposer.load_generator`.
        retarget: fit the target pose to the person, by :func:`reposer.poses.retarget`.

    Raises:
        InputError: if a pose has no visible joint, or nothing to fit it by; or the source's is not of this photo.
        RunError: if the generator gives NaN.
    """
    subject = frame_subject(photo, source, generator)
    size, frame = subject.frame.size, subject.frame
    if isinstance(target, str):
        wanted = named_pose(target, size)
    else:
        wanted = checked("target_pose", target)
        wanted = checked_limbs("target_pose", wanted) if retarget else frame.pose(wanted)
    wished = int(wanted.visible.sum())
    wanted = fitted_pose(wanted, subject.pose, size=size) if retarget else seen_in(wanted, size)
    device = next(generator.parameters()).device
    poses = (t[None].to(device) for pose in (subject.seen, wanted) for t in (pose.joints, pose.visible))
    generated = generator.repose(to_signed(subject.framed)[None].to(device), *poses)
    check_generated(generated)
    made = to_uint8(generated)[0].cpu()
    lost = wished - int(wanted.visible.sum())
    beyond = [f"{lost} of {wished} joints of the target pose lie outside of the frame and are not drawn"] * bool(lost)
    return Transfer(subject, wanted, made, (*subject.notes, *beyond))


def transfer_anything(
    photo: Image.Image | str | Path,
    pose: Pose | str | Path,
    generator: Generator,
    *,
    poser: Poser,
    source_pose: Pose | str | Path | None = None,
    person: int | None = None,
    retarget: bool = True,
) -> Transfer:
    """Read photo and poses, whatever they are given as, and do what :func:`transfer_photo` does; see ``transfer``."""
    opened = isinstance(photo, Image.Image)
    shown = photo_from_pil(photo) if isinstance(photo, Image.Image) else read_photo(photo)
    target = poser.wanted(pose)
    source = poser.in_photo(shown, source_pose, "photo" if opened else photo, person)
    made = transfer_photo(shown, source, target, generator, retarget=retarget)
    return replace(made, notes=(*poser.notes, *made.notes))


@overload
def transfer(
    photo: Image.Image | str | Path,
    pose: Pose | str | Path,
    generator: Generator | str | Path = ...,
    *,
    source_pose: Pose | str | Path | None = ...,
    estimator: str | Estimator = ...,
    person: int | None = ...,
    retarget: bool = ...,
    paste: bool = ...,
) -> Image.Image: ...


@overload
def transfer(
    image: Image.Image,
    source_pose: Pose,
    target_pose: Pose,
    generator: Generator,
    *,
    retarget: bool = ...,
    paste: bool = ...,
) -> Image.Image: ...


def transfer(*arguments: Any, **options: Any) -> Image.Image:
    """Generate the person of a photo in another pose.

    ``transfer(photo, pose, generator="mannequin", *, source_pose=None, estimator="keypoint-rcnn", person=None,
    retarget=True, paste=False)`` takes things as people have them; ``transfer(image, source_pose, target_pose,
    generator, *, retarget=True, paste=False)`` takes them opened. Both frame the person as the generator's training
    images do; a photo of exactly the generator's size is taken as framed already. What makes the picture worse, such as
    a photo unlike those that the generator was trained on, is said in an ``InputWarning``.

    Args:
        photo, image: a PIL image of any size and mode, or in the first form the path of a file. It is turned as its
            EXIF orientation says, and poses are in the pixels of what is shown.
        pose, target_pose: the wanted pose, of anybody in any picture: it is fitted to the person in the photo by
            :func:`reposer.poses.retarget`. In the first form also the name of a pose (``reposer.poses.NAMED_POSES``),
            a file of keypoints, or another photo.
        generator: from :func:`reposer.load_generator`; in the first form also what that takes.
        source_pose: the person's pose in the photo, in its pixels; in the first form also a file of keypoints, or
            None: it is estimated.
        estimator: estimates poses where none is given: an estimator, or the name of one, whose weights are downloaded
            once.
        person: which of several people in the photo, 1 is the surest, or the first in the file of ``source_pose``;
            None: the largest and most central.
        retarget: False takes the target pose as it is, in pixels of the photo: right for poses of the same person
            before the same camera.
        paste: True puts the person back into the photo.

    Returns:
        A picture of the generator's size, or with ``paste`` of the photo's.

    Raises:
        TypeError: if an argument is not what it says.
        InputError: if a file cannot be read, nobody is found, or a pose has no joint.
        RunError: if the generator gives NaN.
    """
    opened = len(arguments) > 3 or "target_pose" in options
    made, paste = (_of_opened if opened else _of_anything)(*arguments, **options)
    for note in made.notes:
        warnings.warn(note, InputWarning, stacklevel=2)
    return to_pil(made.pasted() if paste else made.generated)


def _of_opened(
    image: Image.Image,
    source_pose: Pose,
    target_pose: Pose,
    generator: Generator,
    *,
    retarget: bool = True,
    paste: bool = False,
) -> tuple[Transfer, bool]:
    check_kind("image", image, Image.Image, "reposer.images.open_rgb reads a file")
    for name, pose in (("source_pose", source_pose), ("target_pose", target_pose)):
        check_kind(name, pose, Pose, "reposer.poses.read_annotations reads poses from a file")
    check_kind("generator", generator, Generator, "reposer.load_generator loads one")
    checked("target_pose", target_pose)
    return transfer_photo(photo_from_pil(image), source_pose, target_pose, generator, retarget=retarget), paste


def _of_anything(
    photo: Image.Image | str | Path,
    pose: Pose | str | Path,
    generator: Generator | str | Path = DEFAULT_GENERATOR,
    *,
    source_pose: Pose | str | Path | None = None,
    estimator: str | Estimator = DEFAULT,
    person: int | None = None,
    retarget: bool = True,
    paste: bool = False,
) -> tuple[Transfer, bool]:
    if not isinstance(photo, str | Path):
        check_kind("photo", photo, Image.Image, "or give the path of a file")
    if not isinstance(pose, str | Path):
        check_kind("pose", pose, Pose, "or give the name of a pose, or the path of a file")
    if isinstance(generator, str | Path):
        generator = load_generator(generator)
    check_kind("generator", generator, Generator, "reposer.load_generator loads one")
    poser = Poser(estimator, device=str(next(generator.parameters()).device))
    made = transfer_anything(
        photo, pose, generator, poser=poser, source_pose=source_pose, person=person, retarget=retarget
    )
    return made, paste
