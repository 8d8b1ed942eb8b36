"""Which poses are asked for: those of the targets, or, of cross-identity pairs, those of the other persons."""

from __future__ import annotations

from typing import Literal

import torch

from reposer.checks import InputError
from reposer.data import PairIndex
from reposer.poses import Pose, retarget_joints
from reposer.results.manifest import Given

PoseOf = Literal["auto", "target", "other"]


def asked_poses(
    index: PairIndex, pose_of: PoseOf = "auto", *, retarget: bool = False
) -> tuple[list[Pose], Given] | None:
    """The poses that a generator is asked for, one for each pair, and what kind they are; None: those of the targets.

    Args:
        index: the pairs.
        pose_of: "target": the poses of the targets; "other": those of the other persons whose poses the targets show,
            as they are known where no target exists; "auto": the latter, where there are some.
        retarget: fit them to the persons of the sources, in place, see :func:`reposer.poses.retarget_joints`.

    Raises:
        InputError: if poses of others are wanted and there are none.
    """
    if pose_of == "target" or (pose_of == "auto" and index.pose_of is None):
        return None
    if index.pose_of is None:
        raise InputError(
            f"{index.images}: these pairs show people in poses of their own; --pose-of other needs cross-identity "
            "pairs, as 'reposer people --pairs cross' makes them"
        )
    others = [index.poses[index.pose_of[target]] for _, target in index.pairs]
    if not retarget:
        return others, "other"
    sources = [index.poses[source] for source, _ in index.pairs]
    stacked = [torch.stack([getattr(pose, name) for pose in poses]) for poses in (others, sources) for name in _FIELDS]
    joints, visible = retarget_joints(*stacked, size=index.size, place="target")
    last = joints.new_tensor((index.size[1] - 1, index.size[0] - 1))
    return list(map(Pose, joints.clamp(min=0).minimum(last).unbind(), visible.unbind())), "other-retargeted"


_FIELDS = ("joints", "visible")
