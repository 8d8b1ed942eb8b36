"""The estimators by name, and how they are loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from reposer.checks import InputError, check_choice
from reposer.digests import file_digest
from reposer.features import Weights, WeightsFile
from reposer.poses.estimators.keypoint_rcnn import KEYPOINT_RCNN, KeypointRCNN
from reposer.poses.estimators.person import Estimator

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
    """From the weights of each file, and the device, to the estimator."""
    extra: str | None = None
    """What is to be installed for it, as in ``pip install 'reposer[pose]'``."""


def _keypoint_rcnn(weights: Sequence[Weights], device: str) -> Estimator:
    return KeypointRCNN(weights=weights[0]).to(device)


_KINDS = (
    EstimatorKind(
        name="keypoint-rcnn",
        what="keypoint R-CNN of torchvision (ResNet-50, FPN), trained on COCO",
        files=(KEYPOINT_RCNN,),
        licence="BSD-3-Clause; images of COCO",
        build=_keypoint_rcnn,
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
        given = weights.get(file.name)
    else:
        given = None if weights is None else _in(Path(weights), kind, file)
    if sha256 and not isinstance(given, dict):
        path = file.find(given)
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
    return path / file.name if (path / file.name).exists() else None
