"""RTMPose: a detector finds people, a second network the joints of each; both in ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.poses.estimators.detector import Detector, within
from reposer.poses.estimators.onnx_model import Array, OnnxModel
from reposer.poses.estimators.person import Person
from reposer.poses.estimators.simcc import cropped, joints_of, network_input
from reposer.poses.keypoints.picture import skeleton_of

_TOGETHER = 32
"""Crops in a batch."""


class RTMPose:
    """RTMPose behind YOLOX, as rtmlib runs them, by onnxruntime alone.

    Against rtmlib: colours come in the order that the networks were trained with (RGB for joints, BGR for people),
    the score of a joint is the lower one of both axes, as in MMPose, and an image without a person has none.

    Args:
        pose: ONNX file of RTMPose, or a zip file with it; of any of its skeletons.
        detector: likewise of YOLOX.
        pose_size, detector_size: (H, W) of their inputs, where the files leave that open.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: if onnxruntime is not installed, or the files are not such networks.

    Reference: Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose", arXiv 2303.07399.
    """

    score_threshold = 0.3
    joint_threshold = 0.3
    """Height of the lower one of the two curves."""

    def __init__(
        self,
        pose: Path,
        detector: Path,
        *,
        pose_size: tuple[int, int] = (256, 192),
        detector_size: tuple[int, int] = (640, 640),
        device: str = "cpu",
    ) -> None:
        self._pose = OnnxModel(pose, size=pose_size, outputs=2, device=device)
        found = OnnxModel(detector, size=detector_size, outputs=1, device=device)
        self._detector = Detector(found, score_threshold=self.score_threshold)
        self.identity = f"rtmpose-{self._pose.digest}+{found.digest}"
        across, _ = self._curves(np.zeros((1, 3, *self._pose.size), np.float32))
        self.skeleton = skeleton_of(across.shape[1], pose)

    def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
        """Find everybody in uint8 RGB images (3, H, W), at most 100 each, the surest first."""
        pixels = [np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy()) for image in images]
        boxes = self._detector(pixels)
        pairs = [(image, box) for image, found in zip(pixels, boxes, strict=True) for box in found]
        people = [person for i in range(0, len(pairs), _TOGETHER) for person in self._people(pairs[i : i + _TOGETHER])]
        remaining = iter(people)
        return [[next(remaining) for _ in found] for found in boxes]

    def _people(self, pairs: Sequence[tuple[Array, Array]]) -> list[Person]:
        """Find the joints of people in boxes, whatever images these are of."""
        crops = [cropped(image, box[:4], self._pose.size) for image, box in pairs]
        joints, scores = joints_of(*self._curves(network_input(crops)), crops)
        return [
            Person(
                score=float(box[4]),
                joints=torch.from_numpy(joints[i]).float(),
                joint_scores=torch.from_numpy(scores[i]).float(),
                box=torch.from_numpy(within(box[None], *image.shape[:2], margin=0)[0, :4]).float(),
            )
            for i, (image, box) in enumerate(pairs)
        ]

    def _curves(self, inputs: Array) -> tuple[Array, Array]:
        """The two outputs of the network, checked."""
        across, down = self._pose(inputs)[:2]
        height, width = self._pose.size
        if across.ndim != 3 or down.ndim != 3 or across.shape[1] != down.shape[1]:
            shapes = f"{across.shape} and {down.shape}"
        elif across.shape[2] * height != down.shape[2] * width or across.shape[2] < width:
            shapes = f"{across.shape[2]} and {down.shape[2]} bins for an image of {height}x{width}"
        else:
            return across, down
        raise InputError(f"{self._pose.path}: not the outputs of RTMPose, (N, J, X) and (N, J, Y), but {shapes}")
