"""The estimators by name, and how they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch

from reposer.checks import InputError, check_choice
from reposer.digests import file_digest
from reposer.features import Weights, WeightsFile
from reposer.poses.estimators.keypoint_rcnn import KEYPOINT_RCNN, KeypointRCNN
from reposer.poses.estimators.onnx_model import OnnxFile
from reposer.poses.estimators.person import Estimator
from reposer.poses.estimators.rtmpose import RTMPose

DEFAULT = "keypoint-rcnn"
EstimatorWeights = str | Path | Mapping[str, Weights] | None
"""Where weights come from: the file, or a folder of the files; in Python also {file name: file or state dict}. What is
not there comes from the torch hub cache, or is downloaded into it."""


@dataclass(frozen=True, kw_only=True)
class EstimatorKind:
    """What an estimator is, and what it needs."""

    name: str
    what: str
    """In a line."""
    files: tuple[WeightsFile, ...]
    """Its weights."""
    licence: str
    """Of code and weights."""
    build: Callable[[Sequence[Weights], str], Estimator]
    """From the weights of each file, where given, and the device, to the estimator."""
    extra: str | None = None
    """What is to be installed for it, as in ``pip install 'reposer[pose]'``."""


def _keypoint_rcnn(weights: Sequence[Weights], device: str) -> Estimator:
    try:
        place = torch.device(device)
        torch.zeros(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(f"device {device!r}: not one that torch has here ({str(error).splitlines()[0]})") from None
    return KeypointRCNN(weights=weights[0]).to(place)


_OPENMMLAB = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/"
_WITHOUT = (
    "--estimator keypoint-rcnn needs them not, and poses of any other estimator can be given as an annotation CSV"
)


def _rtmpose(name: str, what: str, pose: OnnxFile, detector: OnnxFile, side: int) -> EstimatorKind:
    """RTMPose of one size, with a detector whose input has this side."""

    def build(weights: Sequence[Weights], device: str) -> Estimator:
        paths = []
        for file, given in zip((pose, detector), weights, strict=True):
            if isinstance(given, dict):
                raise InputError(f"{name}: its weights are files, not state dicts")
            paths.append(file.fetch(given))
        return RTMPose(paths[0], paths[1], detector_size=(side, side), device=device)

    return EstimatorKind(name=name, what=what, files=(pose, detector), licence=_OPEN, build=build, extra="pose")


def _file(name: str, megabytes: int) -> OnnxFile:
    return OnnxFile(name=name, url=_OPENMMLAB + name, sha256_prefix="", megabytes=megabytes, without=_WITHOUT)


_OPEN = "Apache-2.0; images of COCO, AI Challenger, MPII, Human-Art and others, some for research only"

_KINDS = (
    EstimatorKind(
        name="keypoint-rcnn",
        what="keypoint R-CNN of torchvision (ResNet-50, FPN), trained on COCO",
        files=(KEYPOINT_RCNN,),
        licence="BSD-3-Clause; images of COCO",
        build=_keypoint_rcnn,
    ),
    _rtmpose(
        "rtmpose",
        "RTMPose-m (256x192, body7) behind YOLOX-m for people, both from OpenMMLab",
        _file("rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.zip", 50),
        _file("yolox_m_8xb8-300e_humanart-c2c7a14a.zip", 95),
        side=640,
    ),
    _rtmpose(
        "rtmpose-s",
        "RTMPose-s (256x192, body7) behind YOLOX-tiny for people, both from OpenMMLab",
        _file("rtmpose-s_simcc-body7_pt-body7_420e-256x192-acd4a1ef_20230504.zip", 20),
        _file("yolox_tiny_8xb8-300e_humanart-6f3252f9.zip", 20),
        side=416,
    ),
)
ESTIMATORS: Mapping[str, EstimatorKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""{name: what it is and needs}."""


def load_estimator(
    name: str = DEFAULT, *, weights: EstimatorWeights = None, sha256: Sequence[str] = (), device: str = "cpu"
) -> Estimator:
    """Load an estimator of poses.

    Args:
        name: one of ``ESTIMATORS``.
        weights: the file of its weights, or a folder that holds them under their names; None, and where the folder
            has not all: the torch hub cache, else a download.
        sha256: digests of the files, if you know them: a file with another one is refused.
        device: "cpu", or "cuda", "cuda:1" and so on.

    Raises:
        InputError: if there is no such estimator, its weights are missing or wrong, or what it needs is not installed.
    """
    check_choice("estimator", name, ESTIMATORS)
    kind = ESTIMATORS[name]
    return kind.build([_found(kind, file, weights, sha256) for file in kind.files], device)


def _found(kind: EstimatorKind, file: WeightsFile, weights: EstimatorWeights, sha256: Sequence[str]) -> Weights:
    """The weights of a file, checked as far as digests are known."""
    if isinstance(weights, Mapping):
        given = next((weights[name] for name in file.names if weights.get(name) is not None), None)
    else:
        given = None if weights is None else _in(Path(weights), kind, file)
    if sha256 and not isinstance(given, dict):
        path = file.fetch(given)
        if (digest := file_digest(path)) not in {each.lower() for each in sha256}:
            raise InputError(f"{path}: its SHA-256 is {digest}, which is none of those given; take the right file")
    return given


def _in(path: Path, kind: EstimatorKind, file: WeightsFile) -> Path | None:
    """Where a file is, as far as the path tells; None: not there."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; expected the weights of {kind.name}")
    if not path.is_dir():
        if len(kind.files) > 1:
            names = " and ".join(each.name for each in kind.files)
            raise InputError(f"{path}: {kind.name} has {len(kind.files)} files; name the folder that holds {names}")
        return path
    return next((path / name for name in file.names if (path / name).exists()), None)
