"""Where in a photo a network looks: the person framed as the people were that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated

import torch
from torch import Tensor

from reposer.bounds import between
from reposer.checks import InputError
from reposer.photos.resampling import resample
from reposer.poses import OPENPOSE_18, Pose
from reposer.poses.proportions import MID_HIP, NECK, statures, with_middles
from reposer.poses.retargeting import within
from reposer.poses.skeleton import shown_joints
from reposer.values import Checked

_TORSO = 0.293  # heights from the hips up to the neck
Share = Annotated[float, between(0.01, 10)]


@dataclass(frozen=True, kw_only=True)
class Framing(Checked):
    """How people stand in the pictures of a data set. The defaults are those of the mannequins."""

    stature: Share = 0.79
    """Height of the person if standing upright (:func:`reposer.poses.proportions.statures`), of that of the picture."""
    hips: tuple[Share, Share] = (0.5, 0.494)
    """Place of the middle of the hips, x and y, of the picture's size."""


@dataclass(frozen=True)
class Frame:
    """A view of a photo that has the size of a network's pictures: place x of the photo is at ``scale x + shift``.

    Places are pixels from the middle of the first one, x then y, as joints are.
    """

    size: tuple[int, int]
    """(H, W) of the view in pixels."""
    scale: float = 1.0
    """Pixels of the view for one of the photo, both ways: nothing is ever stretched."""
    shift: tuple[float, float] = (0.0, 0.0)
    """x and y in pixels of the view."""

    def cut(self, photo: Tensor) -> Tensor:
        """Show a photo (3, H', W') uint8 in the frame, (3, H, W); it goes on beyond its edges as it is there."""
        return resample(photo, self.scale, self.shift, self.size)

    def pose(self, pose: Pose) -> Pose:
        """Take a pose from the photo to the frame; joints outside of it stay, see :func:`seen_in`."""
        joints = pose.joints * self.scale + pose.joints.new_tensor(self.shift)
        return Pose(shown_joints(joints[None], pose.visible[None])[0], pose.visible)

    def pose_in_photo(self, pose: Pose) -> Pose:
        """Take a pose from the frame back to the photo."""
        joints = (pose.joints - pose.joints.new_tensor(self.shift)) / self.scale
        return Pose(shown_joints(joints[None], pose.visible[None])[0], pose.visible)

    def paste(self, picture: Tensor, photo: Tensor, share: Tensor | None = None) -> Tensor:
        """Put a picture back into the photo that the frame was cut out of.

        Args:
            picture: (3, H, W) uint8, of the frame's size.
            photo: (3, H', W') uint8.
            share: (H, W) in [0, 1], how much of the picture is taken at each place; None: all. Towards an edge of the
                frame beyond which the photo goes on it falls to 0 in any case (:func:`feathered`).

        Returns:
            (3, H', W') uint8; outside of the frame the photo, unchanged.
        """
        left, top, right, bottom = self.box((photo.shape[-2], photo.shape[-1]))
        if right <= left or bottom <= top:
            return photo
        shift = (-self.shift[0] / self.scale - left, -self.shift[1] / self.scale - top)
        size = (bottom - top, right - left)
        part = photo[:, top:bottom, left:right]
        height, width = photo.shape[-2:]
        edges = feathered(self.size, (left > 0, top > 0, right < width, bottom < height))
        share = edges if share is None else edges * share
        taken = resample(share[None].float(), 1 / self.scale, shift, size)[0].clamp(0, 1)
        pasted = photo.clone()
        for channel, plane in enumerate(part):  # one by one: photos are large
            shown = resample(picture[channel : channel + 1], 1 / self.scale, shift, size)[0]
            mixed = torch.lerp(plane.float(), shown.float(), taken)
            pasted[channel, top:bottom, left:right] = mixed.round().clamp(0, 255).to(torch.uint8)
        return pasted

    def box(self, photo_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the pixels of a photo (H', W') that lie in the frame; the last two beyond."""
        (left, right), (top, bottom) = (
            [min(max(0, ceil((edge - 0.5 - shift) / self.scale)), most) for edge in (0, length)]
            for shift, length, most in zip(self.shift, self.size[::-1], photo_size[::-1], strict=True)
        )
        return left, top, right, bottom


def frame_person(pose: Pose, size: tuple[int, int], framing: Framing = Framing()) -> Frame:
    r"""Frame a person of a photo as the people of a data set are.

    The person, if standing upright, becomes ``framing.stature`` as high as the frame: :math:`s = f H / h` with the
    estimated stature h in pixels of the photo. Then the middle of the hips goes to ``framing.hips``; or, where the hips
    are not seen, the neck to where it belongs above them; else the middle of the visible joints to that of the frame.

    Args:
        pose: the person's, in pixels of the photo, of OPENPOSE_18.
        size: (H, W) of the network's pictures.
        framing: how people stand in its data set.

    Raises:
        ValueError: if the pose is not one of OPENPOSE_18.
        InputError: if no limb of the person is seen, so that nothing tells how large they are.
    """
    OPENPOSE_18.check(pose.joints[None], pose.visible[None])
    joints, visible = pose.joints[None].double(), pose.visible[None]
    stature = float(statures(joints, visible)[0])
    if not stature > 0:
        raise InputError(
            f"the pose has {int(visible.sum())} of {visible.shape[1]} joints and no limb with both ends: expected that "
            "of a person in the photo; give another pose"
        )
    height, width = size
    scale = framing.stature * height / stature
    places, known = (each[0] for each in with_middles(shown_joints(joints, visible), visible))
    goal = [framing.hips[0] * width - 0.5, framing.hips[1] * height - 0.5]
    if known[MID_HIP]:
        anchor = places[MID_HIP]
    elif known[NECK]:
        anchor = places[NECK]
        goal[1] -= _TORSO * framing.stature * height
    else:
        shown = places[:NECK][known[:NECK]] if known[:NECK].any() else places[known]
        anchor, goal = (shown.amin(dim=0) + shown.amax(dim=0)) / 2, [(width - 1) / 2, (height - 1) / 2]
    x, y = (to - scale * float(place) for to, place in zip(goal, anchor, strict=True))
    return Frame(size, scale, (x, y))


def seen_in(pose: Pose, size: tuple[int, int]) -> Pose:
    """Return the pose with joints outside of a picture of ``size`` (H, W) missing."""
    joints, visible = within(pose.joints[None], pose.visible[None], size)
    return Pose(joints[0], visible[0])


def feathered(size: tuple[int, int], sides: tuple[bool, bool, bool, bool], breadth: float = 0.08) -> Tensor:
    """Weights (H, W): 1 inside, falling smoothly to 0 at some sides, within ``breadth`` of the shorter one.

    ``sides`` says at which: left, top, right, bottom.
    """
    wide = max(1.0, breadth * min(size))
    left, top, right, bottom = sides
    across, down = (
        torch.minimum(_ramp(length, wide, low), _ramp(length, wide, high).flip(0))
        for length, low, high in ((size[1], left, right), (size[0], top, bottom))
    )
    return down[:, None] * across


def _ramp(length: int, wide: float, wanted: bool) -> Tensor:
    """From 0 to 1 within ``wide`` pixels, or 1 everywhere."""
    x = ((torch.arange(length, dtype=torch.float32) + 0.5) / wide).clamp(0, 1)
    return x * x * (3 - 2 * x) if wanted else torch.ones(length)
