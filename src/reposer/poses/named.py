"""Poses with names, from standing to running, to use where nobody's own pose is at hand."""

from functools import cache
from importlib import resources
from types import MappingProxyType

import torch
from torch import Tensor

from reposer.checks import InputError, check_choice
from reposer.files import parse_json
from reposer.poses.skeleton import Pose

NAMED_POSES = (
    "standing", "turned-45-left", "turned-90-left", "turned-135-left",
    "turned-180", "turned-135-right", "turned-90-right", "turned-45-right",
    "walking-1", "walking-2", "walking-3", "walking-4", "running-1", "running-2",
    "sitting", "sitting-side", "squatting", "lunging",
    "arms-up", "arms-out", "hands-on-hips", "hands-in-pockets", "arms-crossed", "waving",
)  # fmt: skip
"""Names of the 24 poses. Left and right of a turn are those of the picture: "turned-90-left" looks to its left edge."""

_HEIGHT, _GROUND, _MARGIN = 0.8, 0.92, 0.04
"""Of the frame's height: the standing person, and the ground from the top; of its size: free at each side."""


def named_pose(name: str, size: tuple[int, int]) -> Pose:
    """Return a pose by its name, placed into a picture.

    The person would be 80 % as high as the picture if standing upright, stands at 92 % of its height and in the middle
    of its width; is smaller where the pose would otherwise come nearer to an edge than 4 %. The build is that of an
    average adult: :func:`reposer.poses.retarget` fits the pose to a person.

    Args:
        name: one of ``NAMED_POSES``.
        size: (H, W) of the picture in pixels.

    Returns:
        The pose, of OPENPOSE_18; from the side and from behind, eyes, ears and nose are missing as they would be in a
        photo.

    Raises:
        InputError: if there is no pose of that name; names the nearest.

    >>> named_pose("hands-on-hips", (128, 64)).joints.shape
    torch.Size([18, 2])
    """
    check_choice("pose", name, NAMED_POSES)
    if min(size) <= 0:
        raise InputError(f"size must be (H, W) in pixels, both positive, got {size}")
    row = _table()[name]
    visible = torch.tensor([place is not None for place in row])
    joints = torch.tensor([place or (0.0, 0.0) for place in row])
    return Pose(placed(joints, visible, size), visible)


def placed(joints: Tensor, visible: Tensor, size: tuple[int, int], *, by_hips: bool = False) -> Tensor:
    """Place joints (..., 18, 2), in heights of the person from the ground below the hips, into a picture of (H, W).

    All of them are placed alike: as large as ``named_pose`` says, their middle or the hips in that of the width.
    """
    height, width = size
    shown = joints[visible]
    left, right, up = -float(shown[:, 0].min()), float(shown[:, 0].max()), -float(shown[:, 1].min())
    if by_hips:
        left = right = max(left, right)
    middle = (right - left) / 2
    scale = min(
        _HEIGHT * height, (_GROUND - _MARGIN) * height / up, (1 - 2 * _MARGIN) * width / max(left + right, 1e-6)
    )
    place = torch.tensor([(width - 1) / 2 - scale * middle, _GROUND * height])
    return torch.where(visible[..., None], joints * scale + place, 0)


@cache
def _table() -> MappingProxyType[str, tuple[tuple[float, float] | None, ...]]:
    """Joints of each pose in heights of the person, x to the right and y down from the ground below the hips."""
    content = parse_json((resources.files("reposer.poses") / "named.json").read_text(), "named.json")
    return MappingProxyType(
        {name: tuple(tuple(place) if place else None for place in row) for name, row in content.items()}
    )
