"""Conversion of joints between skeletons: by name, and a few joints as means of others."""

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

from reposer.poses.skeleton import Pose, Skeleton, check_skeleton, shown_joints

_SHOULDERS = ("right shoulder", "left shoulder")
_HIPS = ("right hip", "left hip")

RULES: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "neck": (("thorax",), _SHOULDERS),
        "thorax": (("neck",), _SHOULDERS),
        "mid hip": (("pelvis",), _HIPS),
        "pelvis": (("mid hip",), _HIPS),
    }
)
"""What a joint is the mean of where a skeleton does not name it: the first line whose joints it all names.

The neck of OpenPose and the thorax of MPII are one place under two names: both were annotated as the middle of the
shoulders. So are mid hip and pelvis. MPII's upper neck is another place, at the chin: like the head top, the face
and the feet, it follows from nothing else, and is missing where it is not named.
"""


def origins(joint: str, joints: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of the ``joints`` whose mean is ``joint``: itself, else what :data:`RULES` name; () where nothing is."""
    for names in ((joint,), *RULES.get(joint, ())):
        if all(name in joints for name in names):
            return tuple(joints.index(name) for name in names)
    return ()


def convert_joints(joints: Tensor, visible: Tensor, source: Skeleton, target: Skeleton) -> tuple[Tensor, Tensor]:
    """Joints of one skeleton in the order of another: matched by name, the others by :data:`RULES`.

    A joint that both skeletons name is carried over bit for bit, a missing one stays missing. A derived joint is
    visible where all joints that it rests on are; a joint that cannot be derived is missing.

    Args:
        joints: (B, J, 2) pixels, x then y.
        visible: (B, J) bool.
        source: skeleton of these joints.
        target: skeleton to convert to.

    Returns:
        Joints (B, K, 2), in the dtype of the joints if that is floating point, else float32, and visible (B, K) bool,
        with K joints in the target. Missing joints are at 0.

    Raises:
        ValueError: if the shapes do not fit together or are not those of the source.
    """
    for skeleton in (source, target):
        check_skeleton(skeleton)
    source.check(joints, visible)
    joints = joints if joints.is_floating_point() else joints.float()
    converted = joints.new_zeros(len(joints), len(target.joints), 2)
    seen = visible.new_zeros(len(joints), len(target.joints))
    for index, joint in enumerate(target.joints):
        if rests_on := list(origins(joint, source.joints)):
            converted[:, index] = joints[:, rests_on].mean(dim=1)
            seen[:, index] = visible[:, rests_on].all(dim=1)
    return shown_joints(converted, seen), seen


def convert_pose(pose: Pose, source: Skeleton, target: Skeleton) -> Pose:
    """One pose of the ``source`` skeleton as a pose of the ``target``; see :func:`convert_joints`."""
    joints, visible = convert_joints(pose.joints[None], pose.visible[None], source, target)
    return Pose(joints[0], visible[0])
