"""The metrics as torchmetrics ``Metric`` objects, for one's own validation loops; states add up over processes.

``update`` takes 8-bit images (B, 3, H, W); ``reposer.images.to_uint8`` converts [-1, 1]. Settings, networks and
keywords are those of the functions of the same name. Not imported by ``reposer.metrics``: it needs torchmetrics,
which comes with lightning.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from reposer.metrics import distribution, paired, perceptual
from reposer.metrics.detection import PersonDetector
from reposer.metrics.distribution import FeatureNetwork, Moments
from reposer.metrics.eight_bit import check_eight_bit
from reposer.metrics.perceptual import LPIPSRange
from reposer.metrics.pose_accuracy import pckh_counts
from reposer.similarity import PartSSIMSettings, SSIMSettings

__all__ = [
    "DetectionScoreMetric",
    "FIDMetric",
    "InceptionScoreMetric",
    "KIDMetric",
    "L1Metric",
    "LPIPSMetric",
    "MaskLPIPSMetric",
    "MaskSSIMMetric",
    "MultiScaleSSIMMetric",
    "PCKhMetric",
    "PSNRMetric",
    "PartSSIMMetric",
    "SSIMMetric",
]


class RatioMetric(Metric):
    """sum(numerators) / sum(denominators) over all images, float64.

    Args:
        measure: from what ``update`` gets to numerators and denominators, one each an image; denominators None: 1.
        options: of ``torchmetrics.Metric``.
    """

    is_differentiable = False
    full_state_update = False
    numerator: Tensor
    denominator: Tensor

    def __init__(self, measure: Callable[..., tuple[Tensor, Tensor | None]], **options: Any) -> None:
        super().__init__(**options)
        self.measure = measure
        for name in ("numerator", "denominator"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, *batches: Tensor, **masks: Tensor) -> None:
        """Add a batch; positional and keyword arguments are those of the metric's function."""
        numerators, denominators = self.measure(*batches, **masks)
        self.numerator += numerators.sum().to(self.numerator)
        self.denominator += len(numerators) if denominators is None else denominators.sum().to(self.denominator)

    def compute(self) -> Tensor:
        """Return the ratio over everything added so far; NaN for nothing."""
        return self.numerator / self.denominator


class MeanMetric(RatioMetric):
    """Mean over images of a function from batches to one number an image."""

    def __init__(self, measure: Callable[..., Tensor], **options: Any) -> None:
        super().__init__(partial(_with_count, measure), **options)


def _with_count(measure: Callable[..., Tensor], *batches: Tensor, **masks: Tensor) -> tuple[Tensor, None]:
    return measure(*batches, **masks), None


class L1Metric(MeanMetric):
    """``metrics.l1``; ``update(generated, target)``."""

    higher_is_better = False

    def __init__(self, **options: Any) -> None:
        super().__init__(paired.l1, **options)


class PSNRMetric(MeanMetric):
    """``metrics.psnr``; ``update(generated, target)``."""

    higher_is_better = True

    def __init__(self, **options: Any) -> None:
        super().__init__(paired.psnr, **options)


class SSIMMetric(MeanMetric):
    """``metrics.ssim``; ``update(generated, target)``."""

    higher_is_better = True

    def __init__(self, *, settings: SSIMSettings | None = None, **options: Any) -> None:
        super().__init__(partial(paired.ssim, settings=settings), **options)


class MultiScaleSSIMMetric(MeanMetric):
    """``metrics.multi_scale_ssim``; ``update(generated, target)``."""

    higher_is_better = True

    def __init__(self, **options: Any) -> None:
        super().__init__(paired.multi_scale_ssim, **options)


class MaskL1Metric(MeanMetric):
    """``metrics.mask_l1``; ``update(generated, target, body_mask=...)``."""

    higher_is_better = False

    def __init__(self, **options: Any) -> None:
        super().__init__(paired.mask_l1, **options)


class SharpnessMetric(MeanMetric):
    """``metrics.sharpness``; ``update(generated, target, body_mask=...)``."""

    higher_is_better = True

    def __init__(self, **options: Any) -> None:
        super().__init__(paired.sharpness, **options)


class MaskSSIMMetric(MeanMetric):
    """``metrics.mask_ssim``; ``update(generated, target, body_mask=...)``."""

    higher_is_better = True

    def __init__(self, *, settings: SSIMSettings | None = None, **options: Any) -> None:
        super().__init__(partial(paired.mask_ssim, settings=settings), **options)


class PartSSIMMetric(MeanMetric):
    """``metrics.part_ssim``; ``update(generated, target, part_masks=...)``."""

    higher_is_better = True

    def __init__(self, *, settings: PartSSIMSettings | None = None, **options: Any) -> None:
        super().__init__(partial(paired.part_ssim, settings=settings), **options)


class LPIPSMetric(MeanMetric):
    """``metrics.lpips``; ``update(generated, target)``."""

    higher_is_better = False

    def __init__(
        self, network: Callable[[Tensor, Tensor], Tensor], *, input_range: LPIPSRange = "signed", **options: Any
    ) -> None:
        super().__init__(partial(perceptual.lpips, network=network, input_range=input_range), **options)


class MaskLPIPSMetric(MeanMetric):
    """``metrics.mask_lpips``; ``update(generated, target, body_mask=...)``."""

    higher_is_better = False

    def __init__(
        self, network: Callable[[Tensor, Tensor], Tensor], *, input_range: LPIPSRange = "signed", **options: Any
    ) -> None:
        super().__init__(partial(perceptual.mask_lpips, network=network, input_range=input_range), **options)


class DetectionScoreMetric(MeanMetric):
    """Detection score (DS): mean of a ``metrics.person_detector``; ``update(generated)``."""

    higher_is_better = True

    def __init__(self, detector: PersonDetector, **options: Any) -> None:
        super().__init__(detector, **options)


class PCKhMetric(RatioMetric):
    """``metrics.pckh_counts``; ``update(predicted_joints, predicted_visible, joints, visible)``."""

    higher_is_better = True

    def __init__(self, *, fraction: float = 0.5, **options: Any) -> None:
        super().__init__(partial(pckh_counts, fraction=fraction), **options)


class FIDMetric(Metric):
    """``metrics.fid``; ``update(images, real=True)`` and ``update(images, real=False)``; sums only, no features.

    Args:
        network: such as ``reposer.features.InceptionFeatures()``.
        features: length of its pooled features.
        options: of ``torchmetrics.Metric``.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    def __init__(self, network: FeatureNetwork, *, features: int = 2048, **options: Any) -> None:
        super().__init__(**options)
        self.network = network
        for which in ("generated", "real"):
            for name, shape in (("count", ()), ("total", (features,)), ("products", (features, features))):
                self.add_state(f"{which}_{name}", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, images: Tensor, real: bool) -> None:
        """Add images (B, 3, H, W) uint8 to the real or the generated ones."""
        check_eight_bit(images=images)
        which = "real" if real else "generated"
        moments = self._moments(which) + Moments.of(self.network(images).pool)
        for name in ("count", "total", "products"):
            setattr(self, f"{which}_{name}", getattr(moments, name))

    def compute(self) -> Tensor:
        """Return the distance of everything added so far."""
        value = distribution.fid_of_moments(self._moments("generated"), self._moments("real"))
        return torch.tensor(value, dtype=torch.float64)

    def _moments(self, which: str) -> Moments:
        return Moments(*(getattr(self, f"{which}_{name}") for name in ("count", "total", "products")))


class KIDMetric(Metric):
    """``metrics.kid``; ``update(images, real=True)`` and ``update(images, real=False)``; returns mean and deviation.

    Args:
        network: as for ``FIDMetric``.
        subsets: as in ``metrics.kid``.
        subset_size: as there.
        seed: as there.
        options: of ``torchmetrics.Metric``.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    generated: list[Tensor]
    real: list[Tensor]

    def __init__(
        self,
        network: FeatureNetwork,
        *,
        subsets: int = 100,
        subset_size: int | None = None,
        seed: int = 2020,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.network = network
        self.distance = partial(distribution.kernel_distance, subsets=subsets, subset_size=subset_size, seed=seed)
        for which in ("generated", "real"):
            self.add_state(which, [], dist_reduce_fx="cat")

    def update(self, images: Tensor, real: bool) -> None:
        """Add images (B, 3, H, W) uint8 to the real or the generated ones."""
        check_eight_bit(images=images)
        (self.real if real else self.generated).append(self.network(images).pool)

    def compute(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation over the subsets."""
        mean, std = self.distance(dim_zero_cat(self.generated), dim_zero_cat(self.real))
        return torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)


class InceptionScoreMetric(Metric):
    """``metrics.inception_score``; ``update(images)``; returns mean and deviation over the splits.

    The splits are consecutive: with several processes, those of the first process come first.

    Args:
        network: as for ``FIDMetric``.
        splits: as in ``metrics.inception_score``.
        options: of ``torchmetrics.Metric``.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    logits: list[Tensor]

    def __init__(self, network: FeatureNetwork, *, splits: int = 10, **options: Any) -> None:
        super().__init__(**options)
        self.network, self.splits = network, splits
        self.add_state("logits", [], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Add images (B, 3, H, W) uint8."""
        check_eight_bit(images=images)
        self.logits.append(self.network(images).logits)

    def compute(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation over the splits."""
        mean, std = distribution.inception_score_of_logits(dim_zero_cat(self.logits), splits=self.splits)
        return torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
