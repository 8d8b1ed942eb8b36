"""One person, known to a pixel, in files of keypoints structured as the tools write them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reposer.poses import (
    COCO_17,
    COCO_WHOLEBODY_133,
    HALPE_26,
    HALPE_136,
    MEDIAPIPE_33,
    OPENPOSE_18,
    OPENPOSE_25,
    Skeleton,
)

SIZE = (256, 176)
PLACES = dict(
    zip(
        OPENPOSE_18.joints,
        [
            (88, 40), (88, 64), (64, 64), (56, 96), (48, 120), (112, 64), (120, 96), (128, 120),
            (72, 128), (68, 176), (64, 224), (104, 128), (108, 176), (112, 224),
            (82, 34), (94, 34), (76, 38), (100, 38),
        ],
        strict=True,
    )
)  # fmt: skip
"""Of OpenPose's joints; the neck is in the middle of the shoulders."""
OTHER = (90, 50)
"""Of all other joints."""


def joints(skeleton: Skeleton, dx: float = 0, scale: float = 1) -> list[list[float]]:
    """Joints of the person in another skeleton's order, moved to the right and scaled about the corner."""
    places = [PLACES.get(name, OTHER) for name in skeleton.joints]
    return [[x * scale + dx, y * scale] for x, y in places]


def flat(skeleton: Skeleton, score: float = 0.9, **moved: float) -> list[float]:
    """List x, y, score of each joint one after the other."""
    return [value for x, y in joints(skeleton, **moved) for value in (x, y, score)]


def openpose_person(skeleton: Skeleton, **moved: float) -> dict[str, Any]:
    """Write a person as OpenPose 1.7 does."""
    others = ("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d")
    return {"person_id": [-1], "pose_keypoints_2d": flat(skeleton, **moved), **{name: [] for name in others}}


def openpose(*people: dict[str, Any]) -> dict[str, Any]:
    """Write the file of an image with people."""
    return {"version": 1.3, "people": list(people)}


def shares(skeleton: Skeleton) -> list[float]:
    """List x, y as shares of the image, and score of each joint one after the other."""
    return [v for x, y in joints(skeleton) for v in (x / SIZE[1], y / SIZE[0], 1.0)]


def controlnet(keypoints: list[float]) -> dict[str, Any]:
    """Write a frame as ControlNet's preprocessors do."""
    person = {"pose_keypoints_2d": keypoints, "face_keypoints_2d": None, "hand_left_keypoints_2d": None}
    return {"people": [person], "animals": [], "canvas_height": SIZE[0], "canvas_width": SIZE[1]}


def coco(*keypoints: list[float], names: tuple[str, ...] = COCO_17.joints) -> dict[str, Any]:
    """Write annotations of people, each in an image of its own."""
    ids = range(1, len(keypoints) + 1)
    spelled = [name.replace(" ", "_") for name in names]
    return {
        "info": {"year": 2017},
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": SIZE[0], "width": SIZE[1]} for i in ids],
        "annotations": [
            {"id": 9 + i, "image_id": i, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 9, 9], "keypoints": k}
            for i, k in zip(ids, keypoints, strict=True)
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": spelled, "skeleton": [[16, 14]]}],
    }


def result(skeleton: Skeleton, image_id: int | str, **more: Any) -> dict[str, Any]:
    """Write an entry of a list of results."""
    return {"image_id": image_id, "category_id": 1, "keypoints": flat(skeleton), "score": 2.9, **more}


def instance(skeleton: Skeleton, score: float = 0.9, **moved: float) -> dict[str, Any]:
    """Write a person as MMPose's split_instances does."""
    found = joints(skeleton, **moved)
    scores = [score] * len(found)
    return {"keypoints": found, "keypoint_scores": scores, "bbox": [[0.0, 0.0, 9.0, 9.0]], "bbox_score": 0.9}


def landmarks() -> list[dict[str, float]]:
    """Write MediaPipe's landmarks of the person."""
    return [
        {"x": x / SIZE[1], "y": y / SIZE[0], "z": -0.1, "visibility": 0.9, "presence": 0.9}
        for x, y in joints(MEDIAPIPE_33)
    ]


def npy(array: Any) -> bytes:
    """Return the content of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def scored(skeleton: Skeleton) -> Any:
    """Return an array (J, 3)."""
    return np.array(flat(skeleton)).reshape(-1, 3)


META = {"dataset_name": "coco", "keypoint_id2name": {str(i): n.replace(" ", "_") for i, n in enumerate(COCO_17.joints)}}
_Y, _X = ([place[axis] for place in PLACES.values()] for axis in (1, 0))
VITPOSE = {
    "keypoints": [{"0": [[y, x, 0.9] for x, y in joints(COCO_17)]}],
    "skeleton": {str(i): name.replace(" ", "_") for i, name in enumerate(COCO_17.joints)},
}

SAMPLES: Mapping[str, tuple[str, str, Callable[[], Any]]] = {
    "csv": ("csv", "a.csv", lambda: f"name:keypoints_y:keypoints_x\na.jpg: {_Y}: {_X}\n".encode()),
    "openpose-18": ("openpose", "a_keypoints.json", lambda: openpose(openpose_person(OPENPOSE_18))),
    "openpose-25": ("openpose", "a_keypoints.json", lambda: openpose(openpose_person(OPENPOSE_25))),
    "controlnet-pixels": ("controlnet", "a.json", lambda: controlnet(flat(OPENPOSE_18))),
    "controlnet-shares": ("controlnet", "a.json", lambda: [controlnet(shares(OPENPOSE_18))]),
    "coco": ("coco", "coco.json", lambda: coco(flat(COCO_17, score=2))),
    "coco-results": ("coco-results", "results.json", lambda: [result(COCO_17, 139)]),
    "alphapose-17": ("alphapose", "r.json", lambda: [result(COCO_17, "a.jpg", box=[0, 0, 9, 9], idx=[0.0])]),
    "alphapose-26": ("alphapose", "r.json", lambda: [result(HALPE_26, "a.jpg", box=[0, 0, 9, 9], idx=0)]),
    "alphapose-136": ("alphapose", "r.json", lambda: [result(HALPE_136, "a.jpg", box=[0, 0, 9, 9])]),
    "mmpose-demo": ("mmpose", "results_a.json", lambda: {"meta_info": META, "instance_info": [instance(COCO_17)]}),
    "mmpose-inferencer": ("mmpose", "a.json", lambda: [instance(HALPE_26)]),
    "mmpose-predictions": ("mmpose", "a.json", lambda: {"predictions": [[instance(COCO_WHOLEBODY_133)]]}),
    "mmpose-video": (
        "mmpose",
        "results_a.json",
        lambda: {"meta_info": META, "instance_info": [{"frame_id": 1, "instances": [instance(COCO_17)]}]},
    ),
    "rtmlib": ("mmpose", "a.json", lambda: {"keypoints": [joints(COCO_17)], "scores": [[0.9] * 17]}),
    "vitpose-transformers": (
        "mmpose",
        "a.json",
        lambda: [[{"keypoints": joints(COCO_17), "scores": [0.9] * 17, "labels": [*range(17)], "bbox": [0, 0, 9, 9]}]],
    ),
    "easy-vitpose": ("easy-vitpose", "a.json", lambda: VITPOSE),
    "mediapipe-tasks": ("mediapipe", "a.json", lambda: {"pose_landmarks": [landmarks()], "pose_world_landmarks": []}),
    "mediapipe-solutions": ("mediapipe", "a.json", lambda: {"landmark": landmarks()}),
    "mediapipe-web": ("mediapipe", "a.json", lambda: {"landmarks": [landmarks()], "worldLandmarks": []}),
    "mediapipe-list": ("mediapipe", "a.json", lambda: [[*p.values()][:4] for p in landmarks()]),
    "mediapipe-by-name": ("mediapipe", "all.json", lambda: {"a.jpg": landmarks()}),
    "npy-17x2": ("npy", "a.npy", lambda: npy(np.float32(joints(COCO_17)))),
    "npy-1x25x3": ("npy", "a.npy", lambda: npy(scored(OPENPOSE_25)[None])),
    "npy-133x3": ("npy", "a.npy", lambda: npy(np.asfortranarray(scored(COCO_WHOLEBODY_133)))),
}  # fmt: skip
"""Format, file name and content (bytes, or what becomes JSON) of each sample."""


def write(folder: Path, name: str, content: Any) -> Path:
    """Write bytes, or a value as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def sample(folder: Path, name: str) -> Path:
    """Write a sample."""
    _, file, content = SAMPLES[name]
    return write(folder, file, content())
