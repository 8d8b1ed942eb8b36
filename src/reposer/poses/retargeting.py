"""Poses of one person, fitted to another person: their limbs, their size, their place in the picture."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from reposer.checks import check_kind
from reposer.poses.proportions import (
    FACE,
    FACE_JOINTS,
    HIP_JOINTS,
    LIMB_NAMES,
    MID_HIP,
    NECK,
    limb_lengths,
    stature,
    with_middles,
)
from reposer.poses.skeleton import OPENPOSE_18, Pose, shown_joints

_ANKLES = (10, 13)
_TREE = (
    ("torso", NECK, MID_HIP), ("neck", NECK, FACE), *(("face", FACE, joint) for joint in FACE_JOINTS),
    ("shoulders", NECK, 2), ("upper arm", 2, 3), ("forearm", 3, 4),
    ("shoulders", NECK, 5), ("upper arm", 5, 6), ("forearm", 6, 7),
    ("hips", MID_HIP, 8), ("thigh", 8, 9), ("shin", 9, 10),
    ("hips", MID_HIP, 11), ("thigh", 11, 12), ("shin", 12, 13),
)  # fmt: skip
"""Which limb leads from which place to which, from the neck outwards."""


def retarget_joints(
    target_joints: Tensor,
    target_visible: Tensor,
    source_joints: Tensor,
    source_visible: Tensor,
    *,
    size: tuple[int, int] | None = None,
    place: Literal["source", "target"] = "source",
) -> tuple[Tensor, Tensor]:
    r"""Fit target poses, of anybody in any picture, to the persons of the source poses.

    A pose keeps the directions and the foreshortening of all its limbs, and gets the lengths and the place of the
    source's person. From the neck outwards, joint :math:`j` with parent :math:`p` and limb :math:`l` between them goes
    to

    .. math:: y_j = y_p + \frac{L_l^{source}}{L_l^{target}} (x_j - x_p)

    where :math:`x` are the target's joints and :math:`L` the true lengths of both persons' limbs, estimated from
    whatever is seen of them (:func:`reposer.poses.proportions.limb_lengths`): the longest limbs tell the size, a limb
    seen shortened is a lower bound, one not seen has the length usual for the others. Then the pose is moved: the
    lower ankle to the height of the source's lower ankle, where the ground is; or, where one of the two persons' feet
    is not seen, the middle of the hips to where the source has it, else the neck, else the middle of the joints that
    both have. Sideways it is the hips in any case, else the neck.

    A joint missing in the target stays missing, and those beyond it go on from its parent. Where no limb of either
    person is seen there is nothing to go by, and the target stays as it is. Lengths from one pose are an estimate: even
    a pose of the source's own person changes by 1 to 4 % of the height, so do not retarget poses of the same person
    before the same camera.

    With ``place="target"`` the person is not shown where the source's picture has them but where the target's picture
    has its person, as large as that one: all ratios are multiplied by the ratio of the two statures, so that only
    proportions change, and ankles, hips or neck stay where the target has them.

    Args:
        target_joints: (B, 18, 2) float pixels, x then y, of OPENPOSE_18.
        target_visible: (B, 18) bool.
        source_joints: (B, 18, 2) of the persons to fit the poses to; or (1, 18, 2) for all.
        source_visible: (B, 18) or (1, 18) bool.
        size: (H, W) of the picture in pixels: joints that come to lie outside are missing. None: all stay.
        place: the picture in which the fitted pose is.

    Returns:
        Joints (B, 18, 2) in the pixels of that picture, 0 where missing, and visible (B, 18).

    Raises:
        ValueError: if the shapes do not fit together or are not those of OPENPOSE_18.
    """
    OPENPOSE_18.check(target_joints, target_visible)
    OPENPOSE_18.check(source_joints, source_visible)
    if len(source_joints) not in (1, len(target_joints)):
        raise ValueError(
            f"expected 1 or {len(target_joints)} source poses, as many as targets, got {len(source_joints)}"
        )
    dtype = torch.promote_types(target_joints.dtype, torch.float32)
    target, in_target = with_middles(shown_joints(target_joints, target_visible).to(dtype), target_visible)
    source, in_source = with_middles(shown_joints(source_joints, source_visible).to(dtype), source_visible)
    source, in_source = source.expand_as(target), in_source.expand_as(in_target)
    lengths, own_lengths = limb_lengths(target, in_target), limb_lengths(source, in_source)
    ratios = own_lengths / lengths
    if place == "target":
        ratios = ratios * (stature(lengths) / stature(own_lengths))[:, None]
    fitted = _rebuilt(target, in_target, ratios)
    ground = (source, in_source) if place == "source" else (target, in_target)
    fitted = fitted + _way(fitted, in_target, *ground)[:, None]
    joints = torch.where(ratios.isfinite().all(dim=1)[:, None, None], fitted, target)[:, : target_visible.shape[1]]
    return within(joints, target_visible, size)


def retarget_motion(
    joints: Tensor, visible: Tensor, source: Pose, *, size: tuple[int, int] | None = None
) -> tuple[Tensor, Tensor]:
    r"""Fit the poses of a motion, of one person before one camera, to the person of the source pose.

    As :func:`retarget_joints`, but the motion is fitted once, so that nothing changes from pose to pose that did not
    change before: the lengths of the moving person's limbs are estimated from all poses together, and who comes nearer
    or walks aside still does, by as much as the sizes :math:`s` of both persons differ. With the place :math:`a_t` of
    what the person stands on in pose t (the lower ankle's height; sideways the middle of the hips) it goes to

    .. math:: a'_t = a^{source} + s \, (a_t - \operatorname{median}_t a_t)

    Where ankles are missing in more poses than hips or neck, or in the source, these are used instead; in single poses
    that lack them, the way is between those of the poses around.

    Args:
        joints: (T, 18, 2) float pixels, x then y, of OPENPOSE_18, in the order of time.
        visible: (T, 18) bool.
        source: the pose of the person to fit the motion to.
        size: (H, W) of the source's picture in pixels: joints that come to lie outside are missing. None: all stay.

    Returns:
        Joints (T, 18, 2) in the pixels of the source's picture, 0 where missing, and visible (T, 18).

    Raises:
        ValueError: if the shapes do not fit together or are not those of OPENPOSE_18.
    """
    OPENPOSE_18.check(joints, visible)
    OPENPOSE_18.check(source.joints[None], source.visible[None])
    dtype = torch.promote_types(joints.dtype, torch.float32)
    there, in_there = with_middles(shown_joints(joints, visible).to(dtype), visible)
    here, in_here = with_middles(
        shown_joints(source.joints[None], source.visible[None]).to(dtype), source.visible[None]
    )
    lengths = limb_lengths(there, in_there, together=True)
    ratios = limb_lengths(here, in_here) / lengths
    if not ratios.isfinite().all():
        return within(joints.to(dtype), visible, size)
    fitted = _rebuilt(there, in_there, ratios.expand(len(there), -1))
    upright = torch.tensor([LIMB_NAMES.index(name) for name in ("torso", "thigh", "shin")])
    scale = (ratios * lengths)[:, upright].sum() / lengths[:, upright].sum()
    way = torch.stack(
        [
            _motion_way(fitted[..., axis], there[..., axis], in_there, here[0, :, axis], in_here[0], scale, anchors)
            for axis, anchors in enumerate((_ANCHORS[1:], _ANCHORS))
        ],
        dim=1,
    )
    return within((fitted + way[:, None])[:, : visible.shape[1]], visible, size)


_ANCHORS = (_ANKLES, HIP_JOINTS, (NECK,))
"""What tells where a person is, the best first."""


def _motion_way(
    fitted: Tensor,
    there: Tensor,
    known: Tensor,
    here: Tensor,
    in_here: Tensor,
    scale: Tensor,
    anchors: tuple[tuple[int, ...], ...],
) -> Tensor:
    """How far (T,) each pose of a motion must move along one axis, of which all places are given (T, 20), (20,)."""

    def at(places: Tensor, anchor: tuple[int, ...]) -> Tensor:
        of = places[..., list(anchor)]
        return of.amax(dim=-1) if anchor == _ANKLES else of.mean(dim=-1)

    shares = [float(known[:, list(anchor)].all(dim=1).float().mean()) for anchor in anchors]
    usable = [share * bool(in_here[list(anchor)].all()) for share, anchor in zip(shares, anchors, strict=True)]
    if max(usable) == 0:  # the middle of what is seen
        return (here[in_here].mean() - fitted[known].mean()).expand(len(fitted))
    anchor = anchors[usable.index(max(usable))]
    has = known[:, list(anchor)].all(dim=1)
    before = at(there, anchor)
    wanted = at(here, anchor) + scale * (before - before[has].median())
    way = np.interp(np.arange(len(has)), has.nonzero()[:, 0], (wanted - at(fitted, anchor))[has])
    return torch.from_numpy(way).to(fitted)


def within(joints: Tensor, visible: Tensor, size: tuple[int, int] | None) -> tuple[Tensor, Tensor]:
    """Joints outside of the picture are missing, missing ones 0."""
    if size is not None:
        high = joints.new_tensor((size[1], size[0])) - 0.5
        visible = visible & ((joints >= -0.5) & (joints < high)).all(dim=-1)
    return shown_joints(joints, visible), visible


def _rebuilt(places: Tensor, known: Tensor, ratios: Tensor) -> Tensor:
    """Places (B, 20, 2) with every limb longer by its ratio; a place that is not known is where its parent is."""
    count = known.sum(dim=1)[:, None].clamp(min=1)
    middle = torch.where(known[..., None], places, 0).sum(dim=1) / count
    root = torch.where(known[:, NECK, None], places[:, NECK], middle)
    old, new = {NECK: root}, {NECK: root}
    for limb, parent, child in _TREE:
        there = known[:, child, None]
        ratio = ratios[:, LIMB_NAMES.index(limb), None]
        old[child] = torch.where(there, places[:, child], old[parent])
        new[child] = torch.where(there, new[parent] + ratio * (old[child] - old[parent]), new[parent])
    return torch.stack([new[place] for place in range(places.shape[1])], dim=1)


def _way(fitted: Tensor, in_target: Tensor, source: Tensor, in_source: Tensor) -> Tensor:
    """How far (B, 2) the fitted pose must move to stand where the source's person stands."""
    both = in_target & in_source
    count = both.sum(dim=1, keepdim=True).clamp(min=1)
    way = torch.where(both[..., None], source - fitted, 0).sum(dim=1) / count
    for anchor, needs in ((NECK, (NECK,)), (MID_HIP, HIP_JOINTS)):  # the last that is known counts
        known = both[:, needs].all(dim=1, keepdim=True)
        way = torch.where(known, source[:, anchor] - fitted[:, anchor], way)
    grounds = (places[:, _ANKLES, 1].amax(dim=1) for places in (source, fitted))
    down = torch.where(both[:, _ANKLES].all(dim=1), next(grounds) - next(grounds), way[:, 1])
    return torch.stack((way[:, 0], down), dim=1)


def retarget(target: Pose, source: Pose, *, size: tuple[int, int] | None = None) -> Pose:
    """Fit one pose, of anybody in any picture, to the person of another; see :func:`retarget_joints`.

    >>> from reposer.poses import named_pose
    >>> small, tall = named_pose("arms-up", (128, 64)), named_pose("standing", (512, 256))
    >>> up, standing = (float(pose.joints[10:14:3, 1].max()) for pose in (retarget(small, tall), tall))
    >>> round(up - standing, 3)  # both stand on the same ground
    0.0

    Raises:
        TypeError: if an argument is no pose.
        ValueError: if it is not one of OPENPOSE_18.
    """
    for name, pose in (("target", target), ("source", source)):
        check_kind(name, pose, Pose, "reposer.poses.read_annotations reads poses from a file")
    target_pose, source_pose = ((pose.joints[None], pose.visible[None]) for pose in (target, source))
    joints, visible = retarget_joints(*target_pose, *source_pose, size=size)
    return Pose(joints[0], visible[0])
