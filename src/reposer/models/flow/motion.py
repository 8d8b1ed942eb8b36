"""Where the source shows what the target shows: what the poses tell, and what a network adds to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from reposer.models.flow.layers import enlarged
from reposer.poses import PartFrames, part_maps
from reposer.poses.frames import PARTS, part_places, shrunk
from reposer.poses.tables import table

MOTIONS = len(PARTS) + 1
"""The parts, and the person as a whole."""
CORRECTIONS = (MOTIONS, 2, 1)
"""Channels of what is added to an estimate: parts, shift, visibility."""
SHOWN = 2 * MOTIONS
"""Channels of ``Motion.shown``."""
_TORSO = 9  # of PARTS
_ANYWHERE = 0.06  # of the person as a whole: below what a part is where it is
_SHARP = 2.0  # how much clearer than the maps the parts are told from each other
_FURTHEST = 2.0  # scales that points are from where their part is, at most
_TURNED = 4.0  # logits of visibility where a surface faces the source squarely


@dataclass(frozen=True)
class Pose:
    """A pose of a batch, as the flow needs it."""

    frames: PartFrames
    joints: Tensor
    """(B, 18, 2) pixels."""
    visible: Tensor
    """(B, 18) bool."""


@dataclass(frozen=True)
class Motion:
    """How the parts have moved, each as a cylinder (``warp_parts``), at the pixels of one resolution (h, w).

    The last of the K is the person as a whole, who stands in for parts that one of the poses lacks.
    """

    maps: Tensor
    """(B, K, h, w) in [0, 1]: where the target has each part."""
    places: Tensor
    """(B, K, 2, h, w): where the source has each point, if it is of that part; x, y in pixels of the whole source."""
    facing: Tensor
    """(B, K, h, w) in [-1, 1]: the cosine at which the source sees it, below 0 where it turns away."""
    across: Tensor
    """(B, K, 2), of length 1: across the parts in the source, to the right where they hang down."""
    scale: Tensor
    """(B,), of the source's frames, pixels."""

    @classmethod
    def at(cls, source: Pose, target: Pose, radii: Tensor, size: tuple[int, int], times: int = 1) -> Motion:
        """The motion at the pixels of a target shrunk ``times`` to ``size``; ``radii``: see ``warp_parts``."""
        here, there = source.frames, shrunk(target.frames, times)
        found = (here.found & there.found)[..., None, None]
        maps = part_maps(there, size) * found
        places, facing = part_places(here, there, size, radii)
        whole, turned = _as_a_whole(source, target, size, times)
        places = torch.cat((torch.where(found[:, :, None], places, whole), whole), dim=1)
        # Far from a limb that points at the camera there is no telling where its points would be.
        far = (times * size[1], times * size[0])
        both = zip(places.unbind(dim=2), far, strict=True)
        places = torch.stack([of_axis.clamp(-length, 2 * length) for of_axis, length in both], dim=2)
        facing = torch.cat((torch.where(found, facing, turned), turned.expand_as(facing[:, :1])), dim=1)
        right = table((1.0, 0.0), places)
        across = torch.where(found[..., 0], here.across, right)
        across = torch.cat((across, right.expand_as(across[:, :1])), dim=1)
        maps = torch.cat((maps, torch.full_like(maps[:, :1], _ANYWHERE)), dim=1)
        return cls(maps, places, facing, across, here.scale)

    @property
    def covered(self) -> Tensor:
        """(B, 1, h, w) in [0, 1]: where the target has any part."""
        return 1 - (1 - self.maps[:, :-1]).prod(dim=1, keepdim=True)

    @property
    def shown(self) -> Tensor:
        """(B, 2 K, h, w): where the parts are, and how much of them the source sees there."""
        return torch.cat((self.maps, self.maps * self.facing), dim=1)


def _as_a_whole(source: Pose, target: Pose, size: tuple[int, int], times: int) -> tuple[Tensor, Tensor]:
    """Where the source has points (B, 1, 2, h, w) of a person who moved, grew and turned as a flat figure would.

    It has moved as the middle of the joints that both poses show. Also the cosine of its turn, (B, 1, 1, 1).
    """
    both = (source.visible & target.visible)[..., None].to(source.joints)
    count = both.sum(dim=1).clamp(min=1)
    before, after = ((pose.joints * both).sum(dim=1) / count for pose in (source, target))
    cos = (source.frames.facing[:, _TORSO] * target.frames.facing[:, _TORSO]).sum(dim=1)
    grown = source.frames.scale / target.frames.scale
    grown = torch.stack((grown * cos, grown), dim=1)
    y, x = (torch.arange(n, device=cos.device, dtype=cos.dtype) * times + (times - 1) / 2 for n in size)
    grid = torch.stack((x.expand(size), y[:, None].expand(size)))
    places = (grid - after[..., None, None]) * grown[..., None, None] + before[..., None, None]
    return places[:, None], cos[:, None, None, None]


@dataclass(frozen=True)
class Estimate:
    """What is added to the poses' motion at some resolution; zeros: nothing."""

    parts: Tensor
    """(B, K, h, w): logits of the parts, added to those of the maps."""
    shift: Tensor
    """(B, 2, h, w): how much further across and along their part points are, in scales of the source."""
    visible: Tensor
    """(B, 1, h, w): added to the logits of visibility."""

    @classmethod
    def of_poses(cls, motion: Motion) -> Estimate:
        """Nothing but the poses."""
        maps = motion.maps
        return cls(torch.zeros_like(maps), torch.zeros_like(maps[:, :2]), torch.zeros_like(maps[:, :1]))

    def enlarged(self, like: Tensor) -> Estimate:
        """The same at the size of a map."""
        return Estimate(*(enlarged(each, like, smooth=True) for each in vars(self).values()))

    def corrected(self, corrections: Tensor) -> Estimate:
        """With corrections (B, K + 3, h, w) added."""
        both = zip(vars(self).values(), corrections.split(CORRECTIONS, dim=1), strict=True)
        return Estimate(*(value + correction.to(value) for value, correction in both))

    def moved(self, motion: Motion) -> Tensor:
        """(B, 2, h, w): how far points are from where the person as a whole took them, in scales of the source."""
        return (self.flow(motion)[0] - motion.places[:, -1]) / motion.scale[:, None, None, None]

    def flow(self, motion: Motion) -> tuple[Tensor, Tensor]:
        """Where the source has each point (B, 2, h, w), in pixels, and logits (B, 1, h, w) of whether it shows it."""
        shares = torch.softmax(self.parts + _SHARP * (motion.maps + 0.01).log(), dim=1)
        places = (motion.places * shares[:, :, None]).sum(dim=1)
        x, y = (motion.across[..., None, None] * shares[:, :, None]).sum(dim=1).unbind(dim=1)
        shift = _FURTHEST * torch.tanh(self.shift / _FURTHEST)
        right, down = (shift * motion.scale[:, None, None, None]).unbind(dim=1)
        places = places + torch.stack((right * x - down * y, right * y + down * x), dim=1)
        facing = (motion.facing * shares).sum(dim=1, keepdim=True)
        return places, self.visible + _TURNED * facing
