"""Skeletons: names, limbs, left/right pairs and body parts of a set of joints; and the pose of one person."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from reposer.checks import check_kind
from reposer.tensors import check_joints, check_tensor, check_visible


@dataclass(frozen=True)
class Part:
    """A body part between two ends; each end is the mean of one or more joints."""

    name: str
    start: tuple[int, ...]
    end: tuple[int, ...]
    width: float
    """Standard deviation across the part, in pixels."""


@dataclass(frozen=True)
class Skeleton:
    """A fixed order of joints, with their limbs, pairs and parts. A new skeleton is a value, not a subclass:

    >>> arms = Skeleton(
    ...     name="arms",
    ...     joints=("neck", "right elbow", "right wrist", "left elbow", "left wrist"),
    ...     limbs=((0, 1), (1, 2), (0, 3), (3, 4)),
    ...     left_right=((1, 3), (2, 4)),
    ...     parts=(Part("right lower arm", (1,), (2,), width=9.0), Part("left lower arm", (3,), (4,), width=9.0)),
    ... )
    >>> arms.flip_order
    (0, 3, 4, 1, 2)

    ``PartSSIMLoss(skeleton=arms)`` and ``draw_pose(pose, size, skeleton=arms)`` accept it as it is. Joints named as in
    :data:`reposer.poses.SKELETONS` take part in :func:`reposer.poses.convert_joints`.

    Raises:
        ValueError: if two joints or two parts share a name, a joint is in two pairs, a part has no end or no
            width, or an index is not that of a joint.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    """Joint pairs that are drawn as lines."""
    left_right: tuple[tuple[int, int], ...]
    """Joint pairs that change places when the picture is flipped."""
    parts: tuple[Part, ...]
    """Body parts of the part-based losses."""

    def __post_init__(self) -> None:
        self._check_once("joint name", self.joints)
        self._check_once("part name", (part.name for part in self.parts))
        self._check_once("joint of left_right", (joint for pair in self.left_right for joint in pair))
        named = [
            *((f"limb {limb}", limb) for limb in self.limbs),
            *((f"pair {pair}", pair) for pair in self.left_right),
            *((f"part {part.name!r}", (*part.start, *part.end)) for part in self.parts),
        ]
        last = len(self.joints) - 1
        for what, indices in named:
            for index in indices:
                if not 0 <= index <= last:
                    raise ValueError(f"skeleton {self.name!r}: {what} names joint {index}, there are 0 to {last}")
        for part in self.parts:
            if not (part.start and part.end and part.width > 0):
                raise ValueError(f"skeleton {self.name!r}: a part needs two ends and a positive width, got {part}")

    def _check_once(self, what: str, values: Iterable[object]) -> None:
        seen = set()
        for value in values:
            if value in seen:
                raise ValueError(f"skeleton {self.name!r}: {what} {value!r} stands twice")
            seen.add(value)

    def check(self, joints: Tensor, visible: Tensor) -> None:
        """Raise ValueError unless joints (B, J, 2) and visible (B, J) have the number of joints of this skeleton.

        Joints of another skeleton would otherwise give masks of the wrong limbs without a word.
        """
        check_joints(joints, visible)
        if joints.shape[1] != len(self.joints):
            raise ValueError(
                f"joints of the skeleton {self.name!r} must have shape (B, {len(self.joints)}, 2), got "
                f"{tuple(joints.shape)}; name your skeleton, or convert with reposer.poses.convert_joints"
            )

    @property
    def flip_order(self) -> tuple[int, ...]:
        """Joint order after a horizontal flip."""
        order = list(range(len(self.joints)))
        for a, b in self.left_right:
            order[a], order[b] = b, a
        return tuple(order)


def check_skeleton(skeleton: Skeleton) -> None:
    """Raise TypeError unless it is a ``Skeleton``; a known one is named by its value."""
    known = f"reposer.poses.SKELETONS[{skeleton!r}]" if isinstance(skeleton, str) else "reposer.poses.COCO_17"
    check_kind("skeleton", skeleton, Skeleton, f"such as {known}")


OPENPOSE_18 = Skeleton(
    name="openpose-18",
    joints=(
        "nose", "neck",
        "right shoulder", "right elbow", "right wrist",
        "left shoulder", "left elbow", "left wrist",
        "right hip", "right knee", "right ankle",
        "left hip", "left knee", "left ankle",
        "right eye", "left eye", "right ear", "left ear",
    ),
    limbs=(
        (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
        (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
    ),
    left_right=((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)),
    parts=(
        Part("head", (0,), (1,), 9.0),
        Part("right upper arm", (2,), (3,), 9.0),
        Part("right lower arm", (3,), (4,), 9.0),
        Part("left upper arm", (5,), (6,), 9.0),
        Part("left lower arm", (6,), (7,), 9.0),
        Part("right upper leg", (8,), (9,), 9.0),
        Part("right lower leg", (9,), (10,), 9.0),
        Part("left upper leg", (11,), (12,), 9.0),
        Part("left lower leg", (12,), (13,), 9.0),
        Part("torso", (2, 5), (8, 11), 13.0),
    ),
)  # fmt: skip
"""OpenPose COCO-18, the order of every annotation file of the field."""


@dataclass(frozen=True, eq=False)
class Pose:
    """The joints of one person: ``joints`` (J, 2) float pixels, x then y; ``visible`` (J,) bool.

    Coordinates of missing joints mean nothing; annotation files give 0.

    Raises:
        TypeError, ValueError: if they are no such tensors.
    """

    joints: Tensor
    visible: Tensor

    def __post_init__(self) -> None:
        check_tensor("joints", self.joints, "(J, 2)")
        check_tensor("visible", self.visible, "(J,)")
        if self.joints.ndim != 2 or self.joints.shape[1] != 2 or self.visible.shape != self.joints.shape[:1]:
            raise ValueError(
                f"a pose needs joints (J, 2) and visible (J,), got {tuple(self.joints.shape)} "
                f"and {tuple(self.visible.shape)}"
            )
        check_visible(self.visible)

    def flipped(self, width: int, skeleton: Skeleton = OPENPOSE_18) -> "Pose":
        """Return the pose in the horizontally flipped image of ``width`` pixels; left and right change places."""
        joints, visible = flip_joints(self.joints[None], self.visible[None], width, skeleton=skeleton)
        return Pose(joints[0], visible[0])


def shown_joints(joints: Tensor, visible: Tensor) -> Tensor:
    """Joints (B, J, 2), 0 where they are missing: what a file has there, NaN too, must not matter."""
    return joints.masked_fill(~visible[..., None], 0)


def flip_joints(
    joints: Tensor, visible: Tensor, width: int, *, skeleton: Skeleton = OPENPOSE_18
) -> tuple[Tensor, Tensor]:
    """Flip a batch of poses horizontally: x becomes width - 1 - x, left and right joints change places.

    Args:
        joints: (B, J, 2) float pixels, x then y.
        visible: (B, J) bool.
        width: image width in pixels.
        skeleton: defines which joints are pairs.

    Returns:
        Flipped joints (B, J, 2) and visibility (B, J); missing joints stay at 0.

    Raises:
        ValueError: if the shapes do not fit together or are not those of the skeleton.
    """
    check_skeleton(skeleton)
    skeleton.check(joints, visible)
    order = list(skeleton.flip_order)
    visible = visible[:, order]
    flipped = torch.stack((width - 1 - joints[:, order, 0], joints[:, order, 1]), dim=-1)
    return shown_joints(flipped, visible), visible
