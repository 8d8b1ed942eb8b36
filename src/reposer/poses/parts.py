"""Soft masks of body parts from joints, for PSSIM."""

import math
from typing import Any

import torch
from torch import Tensor

from reposer.kernels import opaque
from reposer.plausibility import check_places
from reposer.poses import operators
from reposer.poses.skeleton import OPENPOSE_18, Skeleton, check_skeleton, shown_joints
from reposer.poses.tables import table

EPSILON = 1e-6
"""Beside the largest value of a mask."""

_LIMB_WIDTH = 9.0
_DIVISOR = 1.2
SCALES = ((5.0, 1.5), (7.0, 1.2), (9.0, 0.9), (11.0, 1.5), (13.0, 1.2))
"""Of the multi-scale masks: width of a limb in pixels, and the divisor of the variance along it."""


def limb_masks(
    joints: Tensor,
    visible: Tensor,
    size: tuple[int, int],
    *,
    skeleton: Skeleton = OPENPOSE_18,
    multi_scale: bool = False,
    reference_height: float | None = None,
) -> Tensor:
    r"""Soft masks of the body parts: a rotated 2-D Gaussian over each limb, scaled to a maximum of about 1.

    .. math:: g(p) = \exp\left(-\tfrac12 \left(\frac{u^2}{\max(5, d^2/1.2)} + \frac{v^2}{s^2}\right)\right),
              \quad m = \frac{g}{\max_p g + 10^{-6}}

    with u and v the offsets of pixel p from the middle of the segment, along and across it, d the length of the
    segment and s the width of the part (9 px, torso 13 px, at every image size). A part with a missing joint
    has an all-zero mask.

    Args:
        joints: (B, J, 2) float pixels, x then y.
        visible: (B, J) bool.
        size: (H, W) in pixels.
        skeleton: defines the parts; OpenPose-18 has 10 (head, arms, legs, torso).
        multi_scale: five sets of masks, narrow to wide, one after the other: limbs of 5, 7, 9, 11 and 13 px (torso
            2 px more), with 1.5, 1.2, 0.9, 1.5 and 1.2 in place of the divisor 1.2. PSSIM then averages over
            all of them.
        reference_height: image height in pixels for which widths and the minimum 5 px^2 are meant; they scale
            with H / reference_height (128 makes a picture of 256 rows as soft as one of 128). None: they do not
            scale, as released.

    Returns:
        (B, P, H, W) in [0, 1], float32 or float64; (B, 5 P, H, W) with ``multi_scale``.

    Raises:
        TypeError, ValueError: if the shapes do not fit together or are not those of the skeleton, visible joints
            cannot be pixels of such images, or ``reference_height`` is not positive.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    check_skeleton(skeleton)
    skeleton.check(joints, visible)
    if reference_height is not None and not reference_height > 0:
        raise ValueError(f"reference_height must be a positive number of pixels, got {reference_height}")
    check_places(joints, visible, size)
    zoom = 1.0 if reference_height is None else size[0] / reference_height
    if multi_scale:  # a part wider than a limb is so by half as much: the torso's 4 px become 2
        sizes = [(limb + (p.width - _LIMB_WIDTH) / 2, divisor) for limb, divisor in SCALES for p in skeleton.parts]
    else:
        sizes = [(p.width, _DIVISOR) for p in skeleton.parts]
    joints = joints if joints.dtype == torch.float64 else joints.float()
    tables = (table(_ends(skeleton), joints, torch.long), table(tuple(sizes), joints))
    compute = operators.limb_masks if opaque(joints, visible) else plain_masks
    return compute(joints, visible, *tables, *size, float(zoom))


def plain_masks(
    joints: Tensor, visible: Tensor, ends: Tensor, sizes: Tensor, height: int, width: int, zoom: float
) -> Tensor:
    """``limb_masks`` by PyTorch's operators.

    Args:
        ends: (2, parts, N) of the joints, whose means are start and end of each part.
        sizes: (P, 2), width and divisor of each mask; P is a multiple of the number of parts.
    """
    joints = shown_joints(joints, visible)
    start, end = joints[:, ends].mean(dim=3).unbind(1)
    whole = visible[:, ends].all(dim=3).all(dim=1)
    if len(sizes) > ends.shape[1]:
        sets = len(sizes) // ends.shape[1]
        start, end, whole = (torch.cat([part] * sets, dim=1) for part in (start, end, whole))
    middle = (start + end) / 2
    along = end - start
    squared_length = (along**2).sum(-1)  # (B, P)
    # A segment of length zero has no direction; the released code lays it along y.
    y_axis = table((0.0, 1.0), joints)
    direction = torch.where(squared_length[..., None] > 0, along, y_axis)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    across, divisors = sizes.unbind(-1)
    variance_along = (squared_length / divisors).clamp(min=5.0 * zoom**2)
    width_squared = (across * zoom) ** 2

    # The exponent is a quadratic form in (dx, dy): three coefficients per part, so no map of u or v is ever built.
    cos, sin = direction.unbind(-1)
    a = (cos**2 / variance_along + sin**2 / width_squared) / -2
    b = cos * sin * (1 / width_squared - 1 / variance_along)
    c = (sin**2 / variance_along + cos**2 / width_squared) / -2
    dx = torch.arange(width, device=joints.device, dtype=joints.dtype) - middle[..., 0, None]  # (B, P, W)
    dy = torch.arange(height, device=joints.device, dtype=joints.dtype) - middle[..., 1, None]  # (B, P, H)
    along_x, along_y = (a[..., None] * dx**2)[..., None, :], (c[..., None] * dy**2)[..., :, None]
    exponent = torch.addcmul(along_x, (b[..., None] * dy)[..., :, None], dx[..., None, :])
    # In place, as memory is most of the cost; exp(-60) = 1e-26 is far from subnormal numbers, which are slow.
    exponent = exponent.add_(along_y).clamp_(min=-60.0)
    highest = exponent.amax(dim=(-2, -1), keepdim=True)
    scale = torch.where(whole[..., None, None], -torch.log(highest.exp() + EPSILON), -torch.inf)
    return exponent.add_(scale).exp_()


def background_mask(part_masks: Tensor) -> Tensor:
    """Background mask (B, 1, H, W) of part masks (B, P, H, W): 1 - max over the parts."""
    return 1 - part_masks.amax(dim=1, keepdim=True)


def _ends(skeleton: Skeleton) -> tuple[Any, ...]:
    """The joints of both ends of each part (2, P, N), repeated until every end has as many."""
    ends = [part.start for part in skeleton.parts], [part.end for part in skeleton.parts]
    count = math.lcm(*(len(end) for side in ends for end in side))
    return tuple(tuple(end * (count // len(end)) for end in side) for side in ends)
