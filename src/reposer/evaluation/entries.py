"""The table of metrics: how each is computed from a batch of pairs, and how it is shown. A new metric is one entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from reposer import metrics
from reposer.evaluation.networks import Networks
from reposer.images import pad_width, resize
from reposer.poses import OPENPOSE_18, body_mask, limb_masks
from reposer.protocols import Protocol


@dataclass(frozen=True)
class Batch:
    """Images of some pairs and the target poses; masks are made when a metric asks for them."""

    generated: Tensor
    """(B, 3, H, W) uint8."""
    target: Tensor
    """(B, 3, H, W) uint8."""
    joints: Tensor
    """(B, 18, 2) of the target."""
    visible: Tensor
    """(B, 18) bool."""
    networks: Networks
    """Of the protocol."""

    @property
    def _size(self) -> tuple[int, int]:
        return self.target.shape[-2], self.target.shape[-1]

    @cached_property
    def body_mask(self) -> Tensor:
        """(B, H, W) bool."""
        return body_mask(self.joints, self.visible, self._size)

    @cached_property
    def part_masks(self) -> Tensor:
        """(B, 10, H, W) in [0, 1]."""
        masks = self.networks.protocol.part_ssim
        return limb_masks(
            self.joints,
            self.visible,
            self._size,
            multi_scale=masks.multi_scale,
            reference_height=masks.reference_height,
        )

    @cached_property
    def part_values(self) -> dict[str, Tensor]:
        """PSSIM of each body part, (B,) by name; metrics with masks are never padded or resized."""
        settings = self.networks.protocol.part_ssim
        return metrics.part_ssim_by_part(self.generated, self.target, part_masks=self.part_masks, settings=settings)


class RowMetric(NamedTuple):
    """A metric that has one number a pair."""

    label: str
    better: Literal["higher", "lower"]
    needs_pose: bool
    measure: Callable[[Tensor, Tensor, Batch, Protocol], Tensor]
    """From generated and target, padded or resized if the protocol says so, the batch and the protocol to (B,)."""
    network: Callable[[Networks], str] | None = None
    """Builds the network it needs and returns its identity, for signatures."""


def _ssim(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.ssim(generated, target, settings=protocol.ssim)


def _second_ssim(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.ssim(generated, target, settings=protocol.second_ssim)


def _mask_ssim(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.mask_ssim(generated, target, body_mask=batch.body_mask, settings=protocol.ssim)


def _part_ssim(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.part_ssim(generated, target, part_masks=batch.part_masks, settings=protocol.part_ssim)


def _mask_l1(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.mask_l1(generated, target, body_mask=batch.body_mask)


def _sharpness(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return metrics.sharpness(generated, target, body_mask=batch.body_mask)


def _lpips(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    # One pair at a time: in a network the place in a batch could decide the last bits.
    network, input_range = batch.networks.lpips, protocol.lpips.input_range
    pairs = zip(generated.split(1), target.split(1), strict=True)
    return torch.cat([metrics.lpips(x, y, network=network, input_range=input_range) for x, y in pairs])


def _mask_lpips(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    x, y = (metrics.black_outside(image, batch.body_mask) for image in (generated, target))
    return _lpips(x, y, batch, protocol)


def _detection(generated: Tensor, target: Tensor, batch: Batch, protocol: Protocol) -> Tensor:
    return torch.cat([batch.networks.detect(image) for image in generated.split(1)])


def _lpips_identity(networks: Networks) -> str:
    return networks.lpips.identity


def _of_part(name: str) -> RowMetric:
    return RowMetric(f"PSSIM {name}", "higher", True, lambda g, t, batch, protocol: batch.part_values[name])


PART_METRICS: Mapping[str, RowMetric] = {f"part_ssim.{part.name}": _of_part(part.name) for part in OPENPOSE_18.parts}
"""PSSIM of each body part; NaN, which is left out of the mean, where a protocol excludes missing parts."""

ROW_METRICS: Mapping[str, RowMetric] = {
    "ssim": RowMetric("SSIM", "higher", False, _ssim),
    "second_ssim": RowMetric("SSIM (second)", "higher", False, _second_ssim),
    "ms_ssim": RowMetric("MS-SSIM", "higher", False, lambda g, t, *_: metrics.multi_scale_ssim(g, t)),
    "psnr": RowMetric("PSNR", "higher", False, lambda g, t, *_: metrics.psnr(g, t)),
    "l1": RowMetric("L1", "lower", False, lambda g, t, *_: metrics.l1(g, t)),
    "mask_l1": RowMetric("mask-L1", "lower", True, _mask_l1),
    "sharpness": RowMetric("sharpness", "higher", True, _sharpness),
    "mask_ssim": RowMetric("mask-SSIM", "higher", True, _mask_ssim),
    "part_ssim": RowMetric("PSSIM", "higher", True, _part_ssim),
    "lpips": RowMetric("LPIPS", "lower", False, _lpips, _lpips_identity),
    "mask_lpips": RowMetric("mask-LPIPS", "lower", True, _mask_lpips, _lpips_identity),
    "ds": RowMetric("DS", "higher", False, _detection, lambda networks: networks.detector.identity),
    **PART_METRICS,
}


class SetMetric(NamedTuple):
    """A metric of the generated images as a set."""

    label: str
    better: Literal["higher", "lower"]
    keeps: metrics.SetMetric
    """What image sets have to keep for it."""
    masked: bool
    """Black outside the target's body mask; needs poses."""
    compute: Callable[[metrics.ImageSet, metrics.ImageSet | None, Protocol], float]
    """From the generated set, the real one where ``keeps`` is not "is", and the protocol."""

    @property
    def needs_reference(self) -> bool:
        """Whether it compares with real images."""
        return self.keeps != "is"

    @property
    def needs_pose(self) -> bool:
        """Whether it needs the target's pose."""
        return self.masked


def _inception_score(generated: metrics.ImageSet, _: metrics.ImageSet | None, protocol: Protocol) -> float:
    return metrics.inception_score(generated, splits=protocol.inception_score.splits).mean


def _fid(generated: metrics.ImageSet, real: metrics.ImageSet | None, protocol: Protocol) -> float:
    assert real is not None
    return metrics.fid(generated, real)


def _kid(generated: metrics.ImageSet, real: metrics.ImageSet | None, protocol: Protocol) -> float:
    assert real is not None
    return metrics.kid(generated, real, subsets=protocol.fid.kid_subsets, seed=protocol.fid.kid_seed).mean


SET_METRICS: Mapping[str, SetMetric] = {
    "is": SetMetric("IS", "higher", "is", False, _inception_score),
    "mask_is": SetMetric("mask-IS", "higher", "is", True, _inception_score),
    "fid": SetMetric("FID", "lower", "fid", False, _fid),
    "kid": SetMetric("KID", "lower", "kid", False, _kid),
}

METRICS: Mapping[str, RowMetric | SetMetric] = {**ROW_METRICS, **SET_METRICS}
LABELS = {name: (metric.label, metric.better) for name, metric in METRICS.items()} | {"pckh": ("PCKh", "higher")}


def measure(name: str, batch: Batch, protocol: Protocol) -> list[float]:
    """Compute one metric of a batch under a protocol: one number a pair."""
    generated = seen_by(name, batch.generated, protocol, "generated")
    target = seen_by(name, batch.target, protocol, "target")
    return ROW_METRICS[name].measure(generated, target, batch, protocol).tolist()


def seen_by(name: str, images: Tensor, protocol: Protocol, side: Literal["generated", "target"]) -> Tensor:
    """Return images (B, 3, H, W) as a metric sees them: padded, resized or as they are."""
    if protocol.pad_width is not None and name in protocol.padded_metrics:
        return pad_width(images, protocol.pad_width, protocol.pad_value)
    if protocol.resized_size is not None and name in protocol.resized_metrics:
        how = protocol.resize.generated if side == "generated" else protocol.resize.target
        return torch.stack([resize(image, protocol.resized_size, how) for image in images])
    return images
