"""Pictures of poses: coloured limbs on black, as in the published result strips."""

import colorsys

import numpy as np
import torch
from torch import Tensor

from reposer.poses.skeleton import OPENPOSE_18, Pose, Skeleton, check_skeleton


def draw_pose(pose: Pose, size: tuple[int, int], *, skeleton: Skeleton = OPENPOSE_18) -> Tensor:
    """Draw a pose on black: limbs as lines, joints as discs, hues spread over the limbs.

    Args:
        pose: the pose, in pixels of the picture.
        size: (H, W) of the picture in pixels.
        skeleton: tells which joints are joined.

    Returns:
        (3, H, W) uint8 RGB.

    Raises:
        ValueError: if the pose does not have the joints of the skeleton.
    """
    import cv2

    check_skeleton(skeleton)
    skeleton.check(pose.joints[None], pose.visible[None])
    canvas = np.zeros((*size, 3), dtype=np.uint8)
    joints, visible = pose.joints.cpu().numpy(), pose.visible.cpu().numpy()
    thickness = max(1, round(min(size) / 64))
    for index, (a, b) in enumerate(skeleton.limbs):
        if visible[a] and visible[b]:
            hue = _hue(index, len(skeleton.limbs))
            cv2.line(canvas, _pixel(joints[a]), _pixel(joints[b]), hue, thickness, cv2.LINE_AA)
    for index in np.flatnonzero(visible).tolist():
        cv2.circle(canvas, _pixel(joints[index]), thickness, _hue(index, len(visible)), -1, cv2.LINE_AA)
    return torch.from_numpy(canvas).permute(2, 0, 1).contiguous()


def _pixel(joint: np.ndarray) -> tuple[int, int]:
    return round(float(joint[0])), round(float(joint[1]))


def _hue(index: int, count: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(index / count, 1.0, 1.0)
    return int(red * 255), int(green * 255), int(blue * 255)
