"""The catalogue of metrics: one value per metric, from which everything else derives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from reposer.metrics import distribution, networks, paired, perceptual
from reposer.metrics.detection import detection_score
from reposer.metrics.distribution import SetMetric
from reposer.metrics.networks import Network
from reposer.metrics.pose_accuracy import pckh_counts
from reposer.poses.skeleton import OPENPOSE_18

Better = Literal["higher", "lower"]
PREDICTED = ("predicted_joints", "predicted_visible")
"""Inputs that come from a pose estimator on the generated images."""
POSE = ("joints", "visible", "body_mask", "part_masks")
"""Inputs that are the target's pose, or are made from it."""
INPUTS = ("generated", "target", *POSE, *PREDICTED)
"""All that the function of a metric may ask for by the names of its parameters; each is a batch."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric is, how it is measured, and what decides its value."""

    name: str
    """Its name in options, protocols, files and ``Score.name``."""
    title: str
    """Its name in tables."""
    better: Better
    """Which values are better."""
    function: Callable[..., Any]
    """The function that measures it; the names of its parameters say which of the ``INPUTS`` it gets."""
    kind: Literal["row", "ratio", "set"] = "row"
    """"row": one number per image, the value is their mean; "ratio": two counts per image, the value is the ratio of
    their sums; "set": one number for all images, from image sets."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """{keyword of the function: setting of the protocol}; nested fields are written with a dot."""
    fixed: tuple[str, ...] = ()
    """Settings of the protocol that have only one value, which is built into the function."""
    network: Network | None = None
    """The network behind it: for the function's ``network``, for its image sets, or to find the poses."""
    batch: str | None = None
    """Setting that says whether images that do not fill a batch count; None: all count."""
    reference: str | None = None
    """Setting that says which real images a set is compared with; None: with none."""
    keeps: SetMetric | None = None
    """What image sets have to keep for it."""
    masked: bool = False
    """Whether the images of its sets are black outside the target's body."""
    item: str | None = None
    """Which value it is, where the function returns several by name; NaN means that there is none."""
    spoken: str | None = None
    """Its full name, if the title is not that; its torchmetrics class is named after it."""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Which of the ``INPUTS`` the function gets; none if it gets image sets."""
        names = () if self.kind == "set" else inspect.signature(self.function).parameters
        return tuple(name for name in names if name in INPUTS)

    @property
    def needs_pose(self) -> bool:
        """Whether it needs the target's pose."""
        return self.masked or any(name in POSE for name in self.inputs)

    @property
    def needs_prediction(self) -> bool:
        """Whether it needs poses found in the generated images."""
        return any(name in PREDICTED for name in self.inputs)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every setting of the protocol that decides its value, in the order of its signature."""
        of_network = self.network.settings.values() if self.network else ()
        mask = ("mask",) if self.masked or "body_mask" in self.inputs else ()
        own = (name for name in (self.reference, self.batch) if name is not None)
        return tuple(dict.fromkeys([*of_network, *self.settings.values(), *self.fixed, *own, *mask]))

    @property
    def columns(self) -> tuple[str, str | None]:
        """Names of an image's numbers that are summed in the numerator and the denominator; None there: 1 each."""
        return (f"{self.name}_correct", f"{self.name}_all") if self.kind == "ratio" else (self.name, None)

    @property
    def heading(self) -> str:
        """The title with an arrow towards better values: "SSIM ↑"."""
        return f"{self.title} {'↑' if self.better == 'higher' else '↓'}"


_SSIM = {"settings": "ssim"}
_PART_SSIM = {"settings": "part_ssim"}
_LPIPS: dict[str, Any] = {
    "better": "lower", "network": networks.LPIPS, "settings": {"input_range": "lpips.input_range"},
    "batch": "lpips.batch",
}  # fmt: skip
_OF_SETS: dict[str, Any] = {
    "better": "lower", "kind": "set", "network": networks.OF_FID, "reference": "fid.reference", "batch": "fid.batch",
}  # fmt: skip
_INCEPTION_SCORE: dict[str, Any] = {
    "better": "higher", "kind": "set", "keeps": "is", "function": distribution.inception_score,
    "network": networks.OF_INCEPTION_SCORE, "settings": {"splits": "inception_score.splits"},
}  # fmt: skip
_KID = {"subsets": "fid.kid_subsets", "seed": "fid.kid_seed"}

_METRICS = (
    Metric(name="ssim", title="SSIM", better="higher", function=paired.ssim, settings=_SSIM),
    Metric(
        name="second_ssim", title="SSIM (second)", better="higher", function=paired.ssim,
        settings={"settings": "second_ssim"},
    ),
    Metric(
        name="ms_ssim", title="MS-SSIM", better="higher", function=paired.multi_scale_ssim, spoken="multi-scale SSIM"
    ),
    Metric(name="psnr", title="PSNR", better="higher", function=paired.psnr, fixed=("psnr_range",)),
    Metric(name="l1", title="L1", better="lower", function=paired.l1),
    Metric(name="mask_l1", title="mask-L1", better="lower", function=paired.mask_l1),
    Metric(name="sharpness", title="sharpness", better="higher", function=paired.sharpness),
    Metric(name="mask_ssim", title="mask-SSIM", better="higher", function=paired.mask_ssim, settings=_SSIM),
    Metric(
        name="part_ssim", title="PSSIM", better="higher", function=paired.part_ssim, settings=_PART_SSIM,
        spoken="part SSIM",
    ),
    Metric(name="lpips", title="LPIPS", function=perceptual.lpips, **_LPIPS),
    Metric(name="mask_lpips", title="mask-LPIPS", function=perceptual.mask_lpips, **_LPIPS),
    Metric(
        name="ds", title="DS", better="higher", function=detection_score, network=networks.DETECTOR,
        spoken="detection score",
    ),
    *(
        Metric(
            name=f"part_ssim.{part.name}", title=f"PSSIM {part.name}", better="higher", settings=_PART_SSIM,
            function=paired.part_ssim_by_part, item=part.name,
        )
        for part in OPENPOSE_18.parts
    ),
    Metric(name="is", title="IS", spoken="Inception Score", **_INCEPTION_SCORE),
    Metric(name="mask_is", title="mask-IS", masked=True, **_INCEPTION_SCORE),
    Metric(name="fid", title="FID", function=distribution.fid, keeps="fid", **_OF_SETS),
    Metric(name="kid", title="KID", function=distribution.kid, keeps="kid", settings=_KID, **_OF_SETS),
    Metric(
        name="pckh", title="PCKh", better="higher", kind="ratio", function=pckh_counts,
        settings={"fraction": "pckh_fraction"}, fixed=("pckh",), network=networks.POSE_ESTIMATOR,
    ),
)  # fmt: skip

_BY_NAME = {metric.name: metric for metric in _METRICS}
METRICS: Mapping[str, Metric] = MappingProxyType(_BY_NAME)
"""{name: metric}."""
