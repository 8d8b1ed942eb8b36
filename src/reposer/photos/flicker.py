"""Flicker: how much the pictures of a motion change where they should not."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import torch
from torch import Tensor

from reposer.poses import PartFrames, part_frames, part_maps
from reposer.poses.frames import part_places, sample

_ON_PART, _OFF_PERSON, _FACING = 0.5, 0.05, 0.3
"""Values of the part maps on a part and far from all; cosine of the angle at which its surface must have been seen."""
_PIXELS_AT_ONCE = 2**16
_FIRST, _SECOND = slice(-1), slice(1, None)


@dataclass(frozen=True)
class Flicker:
    """Mean absolute changes between successive pictures, in values of 0 to 255; nan where there is nothing to see."""

    person: float
    """Of a place on the person, followed by the joints of its body part."""
    surroundings: float
    """Of a pixel with nobody near it in either picture."""

    def in_words(self) -> str:
        """Both numbers in a line, or why there is none."""
        person = "no place on the person is seen in two pictures in a row" if isnan(self.person) else ""
        around = "there is nothing around" if isnan(self.surroundings) else ""
        return f"{person or f'{self.person:.1f} of 255 on the person'}, {around or f'{self.surroundings:.1f} around'}"


def flicker(pictures: Tensor, flow: Tensor, seen: Tensor) -> float:
    r"""Mean absolute change of a surface point from one picture to the next, where the truth about its way is known.

    .. math:: \frac{1}{3 \sum_t |S_t|} \sum_t \sum_{p \in S_t} \sum_c |I_{t+1}(p)_c - I_t(p + f_t(p))_c|

    with pictures I in values of 0 to 255, looked up between pixels bilinearly, the flow f that leads from each pixel of
    picture t + 1 to where the same point of the surface is in picture t, and the pixels S whose point is seen in both.
    Pictures of a perfect generator do not reach 0: light on a surface that turns changes, and so does what falls on one
    pixel. The score of true pictures of the same motion says how much that is.

    Args:
        pictures: (T, 3, H, W) uint8, T at least 2.
        flow: (T - 1, 2, H, W) float pixels, x then y.
        seen: (T - 1, H, W) bool.

    Returns:
        A value from 0 to 255; nan if nothing is seen twice.

    Raises:
        ValueError: if the shapes do not fit together.

    For synthetic people, ``reposer.data.mannequin.surface_flow`` gives flow and seen. After Lai et al., "Learning Blind
    Video Temporal Consistency", ECCV 2018, whose warping error is squared and estimates the flow.
    """
    count, _, height, width = pictures.shape
    if flow.shape != (count - 1, 2, height, width) or seen.shape != (count - 1, height, width):
        raise ValueError(
            f"{count} pictures of {height}x{width} need flow {(count - 1, 2, height, width)} and seen "
            f"{(count - 1, height, width)}, got {tuple(flow.shape)} and {tuple(seen.shape)}"
        )
    y, x = (torch.arange(side, dtype=torch.float32) for side in (height, width))
    here = torch.stack((x.expand(height, width), y[:, None].expand(height, width)))
    before = sample(pictures[:-1].float(), here + flow)
    change = (pictures[1:].float() - before).abs().mean(dim=1)
    return float(change[seen].mean())


def estimated_flicker(pictures: Tensor, joints: Tensor, visible: Tensor) -> Flicker:
    """Estimate flicker where nothing but the poses tells how surfaces move, as in pictures of real people.

    Each of ten body parts is taken to the next pose as a cylinder that turns with the person
    (:func:`reposer.poses.warp_parts`), and compared there where it was not hidden before. Cloth and hair do not follow
    exactly, so this is no :func:`flicker`: it compares animations of one motion with each other. It follows the poses
    that it is given: what jitters with them is hardly seen.

    Args:
        pictures: (T, 3, H, W) uint8.
        joints: (T, 18, 2) float pixels, x then y, that the pictures were made for.
        visible: (T, 18) bool.
    """
    count, _, height, width = pictures.shape
    together = max(1, _PIXELS_AT_ONCE // (height * width))
    sums = torch.zeros(2, 2, dtype=torch.float64)
    for start in range(0, count - 1, together):
        part = slice(start, min(start + together, count - 1) + 1)
        sums += _changes(pictures[part].float(), joints[part], visible[part])
    person, surroundings = (sums[:, 0] / sums[:, 1]).tolist()
    return Flicker(person, surroundings)


def _changes(pictures: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
    """Sums of changes and numbers of pixels (2, 2), on the person and around."""
    frames, size = part_frames(joints, visible), (pictures.shape[-2], pictures.shape[-1])
    maps = part_maps(frames, size)
    before, after = (PartFrames(**{name: of[cut] for name, of in vars(frames).items()}) for cut in (_FIRST, _SECOND))
    strength, part = maps[1:].max(dim=1, keepdim=True)
    places, facing = part_places(before, after, size)
    places = places.gather(1, part[:, :, None].expand(-1, -1, 2, -1, -1))[:, 0]
    moved = sample(torch.cat((pictures[:-1], maps[:-1]), dim=1), places)
    strength_before, part_before = moved[:, 3:].max(dim=1, keepdim=True)
    on_person = (strength > _ON_PART) & (strength_before > _ON_PART) & (part_before == part)
    on_person &= facing.gather(1, part) > _FACING
    empty = (maps < _OFF_PERSON).all(dim=1, keepdim=True)
    around = empty[:-1] & empty[1:]
    rows = [
        (pictures[1:] - moved[:, :3]).abs().mean(dim=1, keepdim=True)[on_person],
        (pictures[1:] - pictures[:-1]).abs().mean(dim=1, keepdim=True)[around],
    ]
    return torch.tensor([[float(row.sum(dtype=torch.float64)), len(row)] for row in rows], dtype=torch.float64)
