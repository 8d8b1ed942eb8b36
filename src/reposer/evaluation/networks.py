"""The networks that metrics of a protocol need, each built once and only when a metric asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock

from torch import Tensor

from reposer.checks import InputError
from reposer.features import INCEPTIONS, LPIPS_BACKBONES, InceptionFeatures, InceptionName, LPIPSNetwork, Weights
from reposer.metrics import PersonDetector, person_detector
from reposer.metrics.detection import SSD300_COCO, VOC_FILES
from reposer.poses.estimation import KEYPOINT_RCNN, KeypointRCNN
from reposer.protocols import Protocol

WeightsSource = Path | Mapping[str, Weights] | None
"""A folder of weight files, or {file name: file or state dict}; what is not there is looked for in the torch hub
cache, then downloaded."""


class Networks:
    """Networks of one protocol.

    Args:
        protocol: tells which.
        weights: where their weights are.
    """

    def __init__(self, protocol: Protocol, weights: WeightsSource = None) -> None:
        self.protocol, self._weights = protocol, weights
        self._inceptions: dict[InceptionName, InceptionFeatures] = {}
        self._detecting = Lock()

    @cached_property
    def lpips(self) -> LPIPSNetwork:
        """The network of LPIPS."""
        settings = self.protocol.lpips
        weights = self._find(LPIPS_BACKBONES[settings.backbone].name)
        return LPIPSNetwork(settings.backbone, version=settings.version, weights=weights)

    @cached_property
    def detector(self) -> PersonDetector:
        """The person detector of DS."""
        name = self.protocol.detector
        if name == "hog":
            return person_detector("hog")
        if name == "ssd300-coco":
            return person_detector(name, weights=self._find(SSD300_COCO.name))
        file = self._find(VOC_FILES[1])
        return person_detector(name, weights=file.parent if isinstance(file, Path) else None)

    @cached_property
    def pose_estimator(self) -> KeypointRCNN:
        """The network that finds poses for PCKh."""
        return KeypointRCNN(weights=self._find(KEYPOINT_RCNN.name))

    def inception(self, name: InceptionName) -> InceptionFeatures:
        """The network of FID, KID and IS."""
        if name not in self._inceptions:
            self._inceptions[name] = InceptionFeatures(name, weights=self._find(INCEPTIONS[name].name))
        return self._inceptions[name]

    def detect(self, images: Tensor) -> Tensor:
        """Return the detection score of each image, (B,); by one thread at a time, as OpenCV's networks need it."""
        with self._detecting:
            return self.detector(images)

    def _find(self, name: str) -> Weights:
        if isinstance(self._weights, Mapping):
            return self._weights.get(name)
        if self._weights is None:
            return None
        if not self._weights.is_dir():
            raise InputError(f"{self._weights}: no such folder of weights")
        path = self._weights / name
        return path if path.is_file() else None
