"""The person of a photo as a generator sees them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from reposer.checks import InputError
from reposer.generator import Generator
from reposer.photos.framing import Frame, Framing, frame_person, seen_in
from reposer.photos.measuring import domain_of
from reposer.photos.pasting import person_share
from reposer.photos.posing import checked, of_photo
from reposer.poses import Pose

_ENLARGED, _FILLED = 1.5, 0.2


@dataclass(frozen=True, eq=False)
class Subject:
    """A person of a photo, framed as the people were that the generator was trained on."""

    photo: Tensor
    """(3, H', W') uint8, as it is shown."""
    frame: Frame
    """Where the generator looks."""
    framed: Tensor
    """(3, H, W) uint8: what it sees."""
    pose: Pose
    """The person's pose in pixels of the frame; joints outside of it stay: :attr:`seen` has those that lie within."""
    notes: tuple[str, ...]
    """What makes pictures of them worse than the generator's others, sentences."""

    @property
    def seen(self) -> Pose:
        """The pose that the generator is given."""
        return seen_in(self.pose, self.frame.size)

    def pasted(self, picture: Tensor, target: Pose) -> Tensor:
        """Put a picture (3, H, W) of the person in a target pose, in pixels of the frame, back into the photo."""
        return self.frame.paste(picture, self.photo, person_share(self.seen, target, self.frame.size))


def frame_subject(photo: Tensor, source: Pose, generator: Generator) -> Subject:
    """Frame the person of a photo; one of exactly the generator's size is taken as framed already.

    Args:
        photo: (3, H', W') uint8, of any size.
        source: the person's pose in it, in pixels.
        generator: from :func:`reposer.load_generator`.

    Raises:
        InputError: if the pose has no visible joint, is not of this photo, or has none in the frame.
    """
    size, domain = generator.config.size, domain_of(generator)
    source = of_photo(checked("source_pose", source), (photo.shape[-2], photo.shape[-1]), "source_pose")
    if tuple(photo.shape[-2:]) == tuple(size):
        frame = Frame(size)
    else:
        frame = frame_person(source, size, domain.framing(source.visible) if domain is not None else Framing())
    framed, pose = frame.cut(photo), frame.pose(source)
    seen = seen_in(pose, size)
    check_in_frame("source_pose", seen, size)
    doubt = domain.doubt(framed, seen.joints, seen.visible) if domain is not None else None
    notes = [*([doubt] if doubt is not None else []), *_cramped(photo, frame)]
    if domain is None and frame != Frame(size):
        notes.append("nothing tells how this generator's training images look: the person is framed as mannequins are")
    if lost := int(pose.visible.sum() - seen.visible.sum()):
        notes.append(f"{lost} of the person's joints lie outside of the frame, where the photo stays as it is")
    return Subject(photo, frame, framed, pose, tuple(notes))


def check_in_frame(name: str, pose: Pose, size: tuple[int, int]) -> None:
    """Raise InputError unless the pose has a visible joint."""
    if not pose.visible.any():
        raise InputError(f"{name} has no joint in the frame of {size[0]}x{size[1]} pixels about the person")


def _cramped(photo: Tensor, frame: Frame) -> list[str]:
    """What is bad about where the person is in the photo."""
    notes = []
    if frame.scale > _ENLARGED:
        notes.append(f"the person is small in this photo: it was enlarged {frame.scale:.1f} times for the generator")
    left, top, right, bottom = frame.box((photo.shape[-2], photo.shape[-1]))
    shown = (right - left) * (bottom - top) * frame.scale**2 / (frame.size[0] * frame.size[1])
    if 1 - shown > _FILLED:
        notes.append(
            f"the photo ends close to the person: {1 - shown:.0%} of what the generator saw lies beyond its edges and "
            "was made up"
        )
    return notes
