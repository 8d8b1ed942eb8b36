"""The catalogue of keypoint formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from reposer.checks import InputError
from reposer.poses.formats import ANNOTATION_HEADER, read_annotations, write_annotations
from reposer.poses.keypoints import arrays, coco, mediapipe, mmpose, openpose, vitpose
from reposer.poses.keypoints.picture import Person, Picture
from reposer.poses.skeleton import OPENPOSE_18, Pose


@dataclass(frozen=True, kw_only=True)
class KeypointFormat:
    """A format of keypoint files. Content is parsed JSON, an array of a .npy file, or text that is no JSON."""

    name: str
    what: str
    """In a line."""
    detect: Callable[[Any], bool]
    """Tells by content whether it is this one, as far as no other format looks."""
    read: Callable[[Any, Path], list[Picture]]
    """Reads detected content; errors name where it stands."""
    write: Callable[[Path, Mapping[str, Pose]], None] | None = None
    """Writes OpenPose-18 poses to a file or folder that does not exist yet."""
    prefix: str = ""
    """Of a file that is called after its image."""
    suffix: str = ""


def _is_table(value: Any) -> bool:
    return isinstance(value, str) and value.split("\n", 1)[0].strip() == ANNOTATION_HEADER


def _read_table(_: Any, where: Path) -> list[Picture]:
    people = {
        name: torch.cat([pose.joints, pose.visible[:, None]], dim=1).double().numpy()
        for name, pose in read_annotations(where).items()
    }
    return [Picture(people=(Person(OPENPOSE_18, joints),), name=name) for name, joints in people.items()]


def _write_table(path: Path, poses: Mapping[str, Pose]) -> None:
    if path.exists():
        raise InputError(f"{path}: exists already; name another file")
    write_annotations(path, poses)


KEYPOINT_FORMATS: Mapping[str, KeypointFormat] = MappingProxyType(
    {
        each.name: each
        for each in (
            KeypointFormat(
                name="csv",
                what="the published annotation CSV: NAME: [18 y]: [18 x], missing joints -1",
                detect=_is_table,
                read=_read_table,
                write=_write_table,
            ),
            KeypointFormat(
                name="openpose",
                what="OpenPose JSON, a file for each image: people, pose_keypoints_2d of 18 or 25 joints",
                detect=openpose.is_openpose,
                read=openpose.read_openpose,
                write=openpose.write_openpose,
                suffix=openpose.SUFFIX,
            ),
            KeypointFormat(
                name="controlnet",
                what="ControlNet and DWPose JSON: OpenPose's people on a canvas, in pixels or shares of it",
                detect=openpose.is_controlnet,
                read=openpose.read_controlnet,
                suffix=openpose.SUFFIX,
            ),
            KeypointFormat(
                name="coco",
                what="COCO keypoint annotations: images, annotations, categories",
                detect=coco.is_coco,
                read=coco.read_coco,
            ),
            KeypointFormat(
                name="coco-results",
                what="COCO keypoint results: a list of image_id (a number), keypoints, score",
                detect=coco.is_coco_results,
                read=coco.read_coco_results,
            ),
            KeypointFormat(
                name="alphapose",
                what="AlphaPose results: a list of image_id (a name), keypoints of 17, 26, 133 or 136 joints, box",
                detect=coco.is_alphapose,
                read=coco.read_alphapose,
            ),
            KeypointFormat(
                name="mmpose",
                what="MMPose predictions, also of RTMPose, rtmlib and ViTPose: keypoints, keypoint_scores",
                detect=mmpose.is_mmpose,
                read=mmpose.read_mmpose,
                prefix="results_",
            ),
            KeypointFormat(
                name="easy-vitpose",
                what="easy_ViTPose JSON: frames of people, y first, with the names of the joints",
                detect=vitpose.is_vitpose,
                read=vitpose.read_vitpose,
            ),
            KeypointFormat(
                name="mediapipe",
                what="MediaPipe's 33 pose landmarks as JSON, in shares of the image",
                detect=mediapipe.is_mediapipe,
                read=mediapipe.read_mediapipe,
            ),
            KeypointFormat(
                name="npy",
                what="NumPy array (J, 2 or 3) or (N, J, 2 or 3), the third a score",
                detect=arrays.is_array,
                read=arrays.read_array,
            ),
        )
    }
)
"""Formats of keypoint files by name."""
