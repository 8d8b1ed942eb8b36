"""How a picture of a person looks, in a few numbers with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from reposer.poses import OPENPOSE_18, part_frames, part_maps
from reposer.poses.proportions import MID_HIP, statures, with_middles
from reposer.poses.skeleton import shown_joints

_LUMA = (0.299, 0.587, 0.114)
_GRAIN = ((1.0, -2.0, 1.0), (-2.0, 4.0, -2.0), (1.0, -2.0, 1.0))
"""Zero on planes and on straight edges along rows and columns; after Immerkaer, CVIU 1996."""
_FLOOR = 0.01
"""Of detail and grain, 2.5 of 255: less of either is not seen."""


@dataclass(frozen=True)
class Trait:
    """One of the numbers, in words."""

    less: str
    """What is said of a picture that has less of it than others."""
    more: str
    unit: str = ""
    """How its value is shown, a format; "" where the number tells nobody anything."""


def _of(where: str) -> dict[str, Trait]:
    return {
        f"{where}_light": Trait(f"the {where} is darker", f"the {where} is brighter", "{:.0%}"),
        f"{where}_contrast": Trait(f"the {where} has less contrast", f"the {where} has more contrast"),
        f"{where}_colour": Trait(f"the {where} is paler", f"the {where} is more colourful"),
        f"{where}_detail": Trait(f"the {where} is blurred or plain", f"the {where} has more detail"),
        f"{where}_grain": Trait(f"the {where} is smoother", f"the {where} is more grainy"),
    }


TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "stature": Trait("the person fills less of the height", "the person fills more of the height", "{:.0%}"),
        "hips_x": Trait("the person stands further left", "the person stands further right"),
        "hips_y": Trait("the person stands higher", "the person stands lower"),
        "joints": Trait("fewer joints are seen", "more joints are seen", "{:.0%}"),
        **_of("person"),
        **_of("background"),
    }
)
"""Name of each number that :func:`look` gives, in their order, and what is said of a picture in which it is unusual."""


def look(images: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
    r"""Describe pictures of people in numbers.

    The stature of the person, the middle of the hips, and the share of joints that are seen, all as shares of the
    picture; then of the person, and of what is around them: mean and deviation of the brightness Y, mean of
    :math:`\max RGB - \min RGB`, and detail :math:`\log(\overline{|\nabla Y|} + 0.01)` and grain
    :math:`\log(\overline{|N * Y|} + 0.01)`, with the second difference along both axes N. Colours are from 0 to 1.

    Args:
        images: (B, 3, H, W) uint8.
        joints: (B, 18, 2) float pixels, x then y.
        visible: (B, 18) bool.

    Returns:
        (B, 14) float, in the order of ``TRAITS``; NaN where a pose does not tell it.
    """
    OPENPOSE_18.check(joints, visible)
    joints, size = shown_joints(joints, visible).float(), (images.shape[-2], images.shape[-1])
    colours = images.float() / 255
    luma = (colours * colours.new_tensor(_LUMA)[:, None, None]).sum(dim=1)
    across, down = luma[:, 1:-1, 2:] - luma[:, 1:-1, :-2], luma[:, 2:, 1:-1] - luma[:, :-2, 1:-1]
    detail = functional.pad((across.square() + down.square()).sqrt() / 2, (1, 1, 1, 1), value=torch.nan)
    kernel = luma.new_tensor(_GRAIN)[None, None] / 4
    grain = functional.pad(functional.conv2d(luma[:, None], kernel)[:, 0].abs(), (1, 1, 1, 1), value=torch.nan)
    colour = colours.amax(dim=1) - colours.amin(dim=1)
    person = part_maps(part_frames(joints, visible), size).amax(dim=1) > 0.5
    values = [*_framing(joints, visible, size)]
    for mask in (person, ~person):
        light = _mean(luma, mask)
        contrast = _mean((luma - light[:, None, None]).square(), mask).sqrt()
        values += [light, contrast, _mean(colour, mask)]
        values += [(_mean(each, mask & each.isfinite()) + _FLOOR).log() for each in (detail, grain)]
    return torch.stack(values, dim=1)


def _framing(joints: Tensor, visible: Tensor, size: tuple[int, int]) -> tuple[Tensor, ...]:
    places, known = with_middles(joints, visible)
    hips = torch.where(known[:, MID_HIP, None], places[:, MID_HIP] + 0.5, torch.nan) / joints.new_tensor(size[::-1])
    return statures(joints, visible) / size[0], hips[:, 0], hips[:, 1], visible.float().mean(dim=1)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Means (B,) of values (B, H, W) inside a mask; NaN where it is empty."""
    return torch.where(mask, values, 0).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))
