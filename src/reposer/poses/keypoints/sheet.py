"""A contact sheet of poses, over their images or on black."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from reposer.images import grid, read_photo, resize
from reposer.poses.drawing import draw_pose
from reposer.poses.keypoints.reading import ImagePose
from reposer.poses.skeleton import Pose

_SIDE = 256
"""Pixels of the longer side of a picture in the sheet."""
_MARGIN = 1.05


def pose_sheet(poses: Sequence[ImagePose], *, columns: int = 8) -> Tensor:
    """Draw poses side by side, each over its image where its file is known, else on black.

    Args:
        poses: at least one.
        columns: pictures in a row, at most.

    Returns:
        (3, H, W) uint8 RGB; each picture is scaled to fit 256x256 pixels, its proportions kept.
    """
    pictures = [_picture(each) for each in poses]
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (1, 2))
    cells = [_centred(picture, height, width) for picture in pictures]
    return grid([cells[i : i + columns] for i in range(0, len(cells), columns)])


def _picture(found: ImagePose) -> Tensor:
    image = None if found.image.file is None else read_photo(found.image.file)
    pose, size = found.pose, found.image.size
    if size is None:  # room for all joints
        farthest = pose.joints.amax(dim=0) * _MARGIN if pose.visible.any() else torch.ones(2)
        size = max(1, round(farthest[1].item())), max(1, round(farthest[0].item()))
    scale = _SIDE / max(size)
    fitted = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    drawn = draw_pose(Pose(pose.joints * scale, pose.visible), fitted)
    if image is None:
        return drawn
    return torch.where((drawn > 0).any(dim=0), drawn, resize(image, fitted, "torch-bicubic"))


def _centred(picture: Tensor, height: int, width: int) -> Tensor:
    """Set a picture in the middle of a black one."""
    cell = torch.zeros(3, height, width, dtype=torch.uint8)
    top, left = (height - picture.shape[1]) // 2, (width - picture.shape[2]) // 2
    cell[:, top : top + picture.shape[1], left : left + picture.shape[2]] = picture
    return cell
