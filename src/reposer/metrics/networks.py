"""Networks behind the metrics: how each is built from settings and weight files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reposer.checks import check_choice
from reposer.features import (
    INCEPTIONS,
    LPIPS_BACKBONES,
    InceptionFeatures,
    InceptionName,
    LPIPSBackbone,
    LPIPSNetwork,
    LPIPSVersion,
    Weights,
)
from reposer.metrics.detection import SSD300_COCO, VOC_FILES, DetectorName, PersonDetector, person_detector
from reposer.poses.estimators import ESTIMATORS, Estimator, load_estimator

Find = Callable[[str], Weights]
"""From the name of a weight file to its weights; None: look in the torch hub cache, or download it."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that a metric needs."""

    build: Callable[..., Any]
    """From ``find``, and settings as keywords, to the network; its ``identity`` names it in signatures."""
    settings: Mapping[str, str]
    """{keyword of ``build``: setting of the protocol}."""
    options: Mapping[str, str] = field(default_factory=dict)
    """{keyword of ``build``: option of the evaluation}; the identity tells them apart."""


def _inception(find: Find, *, name: InceptionName) -> InceptionFeatures:
    return InceptionFeatures(name, weights=find(INCEPTIONS[name].name))


def _lpips(find: Find, *, backbone: LPIPSBackbone, version: LPIPSVersion) -> LPIPSNetwork:
    return LPIPSNetwork(backbone, version=version, weights=find(LPIPS_BACKBONES[backbone].name))


def _detector(find: Find, *, name: DetectorName) -> PersonDetector:
    if name == "hog":
        return person_detector("hog")
    if name == "ssd300-coco":
        return person_detector(name, weights=find(SSD300_COCO.name))
    file = find(VOC_FILES[1])
    return person_detector(name, weights=file.parent if isinstance(file, Path) else None)


def _pose_estimator(find: Find, *, name: str) -> Estimator:
    check_choice("estimator", name, ESTIMATORS)
    return load_estimator(name, weights={each: find(each) for file in ESTIMATORS[name].files for each in file.names})


LPIPS = Network(build=_lpips, settings={"backbone": "lpips.backbone", "version": "lpips.version"})
OF_FID = Network(build=_inception, settings={"name": "fid.network"})
OF_INCEPTION_SCORE = Network(build=_inception, settings={"name": "inception_score.network"})
DETECTOR = Network(build=_detector, settings={"name": "detector"})
POSE_ESTIMATOR = Network(build=_pose_estimator, settings={}, options={"name": "estimator"})
