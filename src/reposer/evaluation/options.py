"""Options of an evaluation: the keywords of ``reposer.evaluate`` and the command-line options derive from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, get_args

from tyro.conf import Suppress, arg

from reposer.bounds import BatchSize, at_least
from reposer.checks import InputError, check_choice
from reposer.features import Weights
from reposer.poses.estimators import DEFAULT, ESTIMATORS
from reposer.processes import check_processes
from reposer.protocols import Protocol
from reposer.results import FORMATS
from reposer.values import from_plain

Baseline = Literal["copy-source", "mean-image"]
"""What can be scored in place of the generated images: the source image, or one image, the mean of the real ones."""
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
WeightsSource = Path | Mapping[str, Weights] | None


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """What is scored, and the files that are needed for it.

    In Python, paths may be strings, ``weights`` also {file name: file or state dict}, and ``metrics`` one name. Bad
    results are unreadable, of the wrong size, without target or pose, duplicated, or missing.
    """

    annotations: Path | None = None
    """annotation CSV with the poses of the target images; by default, the one named in the manifest"""
    annotations_shift: float = 0.0
    """pixels that are added to x in the annotations: -40 if they are of uncut DeepFashion images"""
    metrics: tuple[str, ...] = ()
    """metrics to compute: names, "all", or "part_ssim_by_part"; by default, all of the protocol that need no network"""
    weights: Annotated[WeightsSource, arg(constructor=Path, metavar="PATH", help_behavior_hint="(default: none)")] = (
        None
    )
    """folder of network weight files; any not there come from the torch hub cache or a download"""
    train_images: Path | None = None
    """folder of the training images, for the FID of some protocols, and for the baseline mean-image"""
    predicted_keypoints: Path | None = None
    """annotation CSV with the poses found in the generated images, named like the results; adds PCKh"""
    detect_poses: bool = False
    """find the poses in the generated images with --estimator; adds PCKh"""
    estimator: Annotated[str, arg(metavar=f"{{{','.join(ESTIMATORS)}}}")] = DEFAULT
    """which estimator finds them; its weights are in the signature"""
    targets: Path | None = None
    """folder of the real target images, for single images, or of own photos; by default, the one in the manifest"""
    pairs: Path | None = None
    """CSV of the pairs that must have results, no more and no fewer; numbered files are in its order"""
    pairs_of: Path | None = None
    """other results, a folder or its JSON: only the pairs that both have are scored"""
    format: Annotated[str, arg(metavar=f"{{{','.join(('auto', *FORMATS))}}}")] = "auto"
    """what the files show; auto decides by their size"""
    skip_bad: int = 0
    """number of bad results that may be skipped, and are counted in the signature; with more, nothing is scored"""
    cache: Path | None = None
    """folder that keeps the numbers of each image, so that an interrupted run resumes where it stopped"""
    devices: int = 1
    """processes, started anew, that share the work on the CPU; with 1, this one uses all cores"""
    batch_size: int = 32
    """images that each thread reads at a time; affects memory, not results"""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str) and (field.name == "weights" or field.type == "Path | None"):
                object.__setattr__(self, field.name, Path(value) if value else None)
        names = (self.metrics,) if isinstance(self.metrics, str) else tuple(self.metrics or ())
        object.__setattr__(self, "metrics", names)
        from_plain(BatchSize, self.batch_size, "batch_size")
        from_plain(Annotated[int, at_least(0)], self.skip_bad, "skip_bad")
        from_plain(float, self.annotations_shift, "annotations_shift")
        check_processes("devices", self.devices)
        check_choice("estimator", self.estimator, ESTIMATORS)
        if self.estimator != DEFAULT and not self.detect_poses:
            raise InputError("--estimator finds poses with --detect-poses alone; add that, or leave it out")
        if self.detect_poses and self.predicted_keypoints is not None:
            raise InputError("poses are either detected or read: leave out --detect-poses or --predicted-keypoints")


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(ResultOptions):
    """Everything that decides an evaluation; in Python, ``protocol`` may also be a ``Protocol``."""

    protocol: Annotated[
        str | Protocol, arg(constructor=str, metavar="NAME", help_behavior_hint="(default: patn-market)")
    ] = "patn-market"
    """name of a protocol, as 'reposer protocols' lists them, or a YAML file that changes one"""
    baseline: Suppress[Baseline | None] = None
    """what is scored in place of the generated images: "copy-source" or "mean-image" """
