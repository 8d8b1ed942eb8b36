"""The skeletons of the field beside OpenPose-18, in their published joint orders and with its ten body parts.

Parts run between the same joints as in OpenPose-18; the head from the nose to the neck, which is the middle of the
shoulders where a skeleton has no neck. A new skeleton is worth adding here if files or detectors in use speak it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from reposer.poses.conversion import origins
from reposer.poses.skeleton import OPENPOSE_18, Part, Skeleton
from reposer.poses.whole_body import FACE_68, HANDS_42, face_limbs, hand_limbs


def _known(
    name: str, joints: tuple[str, ...], limbs: tuple[tuple[int, int], ...], head: Part | None = None
) -> Skeleton:
    """Return a skeleton whose names tell its pairs and its parts; ``head`` is for one without a nose."""

    def end(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(origin for i in indices for origin in origins(OPENPOSE_18.joints[i], joints))

    pairs = tuple((i, joints.index(f"left {joint[6:]}")) for i, joint in enumerate(joints) if joint[:6] == "right ")
    parts = [Part(part.name, end(part.start), end(part.end), part.width) for part in OPENPOSE_18.parts]
    return Skeleton(name, joints, limbs, pairs, tuple(head if head and p.name == head.name else p for p in parts))


OPENPOSE_25 = _known(
    "openpose-25",
    (
        "nose", "neck",
        "right shoulder", "right elbow", "right wrist",
        "left shoulder", "left elbow", "left wrist",
        "mid hip",
        "right hip", "right knee", "right ankle",
        "left hip", "left knee", "left ankle",
        "right eye", "left eye", "right ear", "left ear",
        "left big toe", "left small toe", "left heel",
        "right big toe", "right small toe", "right heel",
    ),
    (
        (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
        (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
    ),
)  # fmt: skip
"""OpenPose BODY-25: OpenPose-18 with the middle of the hips and the feet."""

COCO_17 = _known(
    "coco-17",
    (
        "nose", "left eye", "right eye", "left ear", "right ear",
        "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
        "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
    ),
    (
        (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
        (0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6),
    ),
)  # fmt: skip
"""COCO keypoints, the output of most detectors (torchvision, HRNet, YOLO-pose). No neck."""

MPII_16 = _known(
    "mpii-16",
    (
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
        "pelvis", "thorax", "upper neck", "head top",
        "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    ),
    (
        (0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9),
        (7, 12), (12, 11), (11, 10), (7, 13), (13, 14), (14, 15),
    ),
    # No nose: the middle of the head is nearest to it.
    head=Part("head", (8, 9), (7,), 9.0),
)  # fmt: skip
"""MPII Human Pose. No face; the upper neck is at the chin, the thorax in the middle of the shoulders."""

HALPE_26 = _known(
    "halpe-26",
    (
        *COCO_17.joints,
        "head top", "neck", "mid hip",
        "left big toe", "right big toe", "left small toe", "right small toe", "left heel", "right heel",
    ),
    (
        (18, 5), (18, 6), (5, 7), (7, 9), (6, 8), (8, 10), (18, 19), (19, 11), (19, 12), (11, 13), (13, 15), (12, 14),
        (14, 16), (18, 0), (0, 17), (0, 1), (0, 2), (1, 3), (2, 4), (15, 20), (20, 22), (15, 24), (16, 21), (21, 23),
        (16, 25),
    ),
)  # fmt: skip
"""Halpe's 26 body keypoints (AlphaPose, RTMPose): COCO-17, head top ("Head"), neck, mid hip ("Hip") and the feet."""

MEDIAPIPE_33 = _known(
    "mediapipe-33",
    (
        "nose", "left eye inner", "left eye", "left eye outer", "right eye inner", "right eye", "right eye outer",
        "left ear", "right ear", "left mouth", "right mouth",
        "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
        "left pinky", "right pinky", "left index", "right index", "left thumb", "right thumb",
        "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
        "left heel", "right heel", "left foot index", "right foot index",
    ),
    (
        (0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (0, 9), (0, 10), (9, 10), (0, 11), (0, 12),
        (11, 12), (11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19),
        (12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20),
        (11, 23), (12, 24), (23, 24), (23, 25), (25, 27), (27, 29), (29, 31), (27, 31),
        (24, 26), (26, 28), (28, 30), (30, 32), (28, 32),
    ),
)  # fmt: skip
"""The landmarks of MediaPipe Pose (BlazePose). No neck; its own lines, and from the nose to mouth and shoulders."""

COCO_WHOLEBODY_133 = _known(
    "coco-wholebody-133",
    (
        *COCO_17.joints,
        "left big toe", "left small toe", "left heel", "right big toe", "right small toe", "right heel",
        *FACE_68, *HANDS_42,
    ),
    (
        *COCO_17.limbs, (15, 17), (15, 18), (15, 19), (16, 20), (16, 21), (16, 22),
        *face_limbs(23, 0), *hand_limbs(91, 9), *hand_limbs(112, 10),
    ),
)  # fmt: skip
"""COCO-WholeBody (RTMPose, DWPose, ViTPose): COCO-17, the feet, 68 points of the face and 21 of each hand."""

HALPE_136 = _known(
    "halpe-136",
    (*HALPE_26.joints, *FACE_68, *HANDS_42),
    (*HALPE_26.limbs, *face_limbs(26, 0), *hand_limbs(94, 9), *hand_limbs(115, 10)),
)
"""Halpe full body (AlphaPose): Halpe-26, 68 points of the face and 21 of each hand."""

SKELETONS: Mapping[str, Skeleton] = MappingProxyType(
    {
        skeleton.name: skeleton
        for skeleton in (
            OPENPOSE_18, OPENPOSE_25, COCO_17, MPII_16, HALPE_26, MEDIAPIPE_33, COCO_WHOLEBODY_133, HALPE_136,
        )
    }
)  # fmt: skip
"""The known skeletons by name."""
