"""Poses: skeletons, annotation files, heatmaps, body part masks, drawings."""

from reposer.poses.body import body_mask
from reposer.poses.conversion import convert_joints, convert_pose
from reposer.poses.drawing import draw_pose
from reposer.poses.formats import read_annotations, read_pairs, write_annotations, write_pairs
from reposer.poses.frames import PartFrames, part_frames, part_maps, warp_parts
from reposer.poses.gaits import NAMED_MOTIONS, named_motion
from reposer.poses.head import crops, head_boxes, head_crops
from reposer.poses.heatmaps import HeatmapConfig, HeatmapKind, heatmap_peaks, joint_heatmaps, pose_maps
from reposer.poses.labels import LABELLED_PARTS, labelled_masks
from reposer.poses.named import NAMED_POSES, named_pose
from reposer.poses.parts import background_mask, limb_masks
from reposer.poses.retargeting import retarget, retarget_joints, retarget_motion
from reposer.poses.skeleton import OPENPOSE_18, Part, Pose, Skeleton, flip_joints
from reposer.poses.skeletons import (
    COCO_17,
    COCO_WHOLEBODY_133,
    HALPE_26,
    HALPE_136,
    MEDIAPIPE_33,
    MPII_16,
    OPENPOSE_25,
    SKELETONS,
)

__all__ = [
    "COCO_17",
    "COCO_WHOLEBODY_133",
    "HALPE_26",
    "HALPE_136",
    "LABELLED_PARTS",
    "MEDIAPIPE_33",
    "MPII_16",
    "NAMED_MOTIONS",
    "NAMED_POSES",
    "OPENPOSE_18",
    "OPENPOSE_25",
    "SKELETONS",
    "HeatmapConfig",
    "HeatmapKind",
    "Part",
    "PartFrames",
    "Pose",
    "Skeleton",
    "background_mask",
    "body_mask",
    "convert_joints",
    "convert_pose",
    "crops",
    "draw_pose",
    "flip_joints",
    "head_boxes",
    "head_crops",
    "heatmap_peaks",
    "joint_heatmaps",
    "labelled_masks",
    "limb_masks",
    "named_motion",
    "named_pose",
    "part_frames",
    "part_maps",
    "pose_maps",
    "read_annotations",
    "read_pairs",
    "retarget",
    "retarget_joints",
    "retarget_motion",
    "warp_parts",
    "write_annotations",
    "write_pairs",
]
