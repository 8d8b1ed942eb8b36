"""Files of keypoints in the formats of the field, read as OpenPose-18 poses and written."""

from reposer.poses.keypoints.catalogue import KEYPOINT_FORMATS, KeypointFormat
from reposer.poses.keypoints.options import THRESHOLD, KeypointOptions
from reposer.poses.keypoints.reading import ImagePose, read_image_poses, read_keypoints, read_motion, write_keypoints
from reposer.poses.keypoints.sheet import pose_sheet

__all__ = [
    "KEYPOINT_FORMATS",
    "THRESHOLD",
    "ImagePose",
    "KeypointFormat",
    "KeypointOptions",
    "pose_sheet",
    "read_image_poses",
    "read_keypoints",
    "read_motion",
    "write_keypoints",
]
