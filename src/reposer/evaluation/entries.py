"""The table of metrics: how each is computed from a batch of pairs, and how it is shown. A new metric is one entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from torch import Tensor

from reposer import metrics
from reposer.images import pad_width
from reposer.poses import body_mask, limb_masks
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
        return limb_masks(self.joints, self.visible, self._size)


class RowMetric(NamedTuple):
    """A metric that has one number a pair."""

    label: str
    better: Literal["higher", "lower"]
    needs_pose: bool
    measure: Callable[[Tensor, Tensor, Batch, Protocol], Tensor]
    """From generated and target, padded if the protocol says so, the batch and the protocol to (B,)."""


ROW_METRICS: Mapping[str, RowMetric] = {
    "ssim": RowMetric("SSIM", "higher", False, lambda g, t, _, p: metrics.ssim(g, t, settings=p.ssim)),
    "l1": RowMetric("L1", "lower", False, lambda g, t, _, p: metrics.l1(g, t)),
    "mask_ssim": RowMetric(
        "mask-SSIM",
        "higher",
        True,
        lambda g, t, batch, p: metrics.mask_ssim(g, t, body_mask=batch.body_mask, settings=p.ssim),
    ),
    "part_ssim": RowMetric(
        "PSSIM",
        "higher",
        True,
        lambda g, t, batch, p: metrics.part_ssim(g, t, part_masks=batch.part_masks, settings=p.part_ssim),
    ),
}
LABELS = {name: (metric.label, metric.better) for name, metric in ROW_METRICS.items()} | {"pckh": ("PCKh", "higher")}


def measure(name: str, batch: Batch, protocol: Protocol) -> list[float]:
    """Compute one metric of a batch under a protocol: one number a pair."""
    generated, target = batch.generated, batch.target
    if protocol.pad_width is not None and name in protocol.padded_metrics:
        generated, target = (pad_width(image, protocol.pad_width, protocol.pad_value) for image in (generated, target))
    return ROW_METRICS[name].measure(generated, target, batch, protocol).tolist()
