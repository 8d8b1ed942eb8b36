"""The metrics as torchmetrics ``Metric`` classes, for one's own validation loops; states add up over processes.

There is one for each function of ``reposer.metrics.METRICS``: ``SSIMMetric``, ``MaskLPIPSMetric``, ``FIDMetric``, ...
They take the network, where the function takes one, then the function's settings and the options of
``torchmetrics.Metric`` as keywords. ``update`` takes what the function takes: 8-bit images (B, 3, H, W), which
``reposer.images.to_uint8`` makes of [-1, 1], then masks as keywords. Not imported by ``reposer.metrics``: it needs
torchmetrics, which comes with lightning.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric as Module
from torchmetrics.utilities import dim_zero_cat

from reposer.metrics import distribution
from reposer.metrics.catalogue import METRICS, Metric
from reposer.metrics.distribution import FeatureNetwork, Moments
from reposer.metrics.eight_bit import check_eight_bit


class _CatalogueMetric(Module):
    """What all share: the metric, and its settings out of the keywords."""

    is_differentiable = False
    full_state_update = False
    metric: ClassVar[Metric]

    def _settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """Take the settings of the metric's function out of the keywords."""
        known = inspect.signature(self.metric.function).parameters
        return {name: options.pop(name) for name in list(options) if name in known}


class RatioMetric(_CatalogueMetric):
    """sum(numerators) / sum(denominators) over all images, float64; of one number per image, their mean.

    Args:
        network: as the metric's function takes it, if it does.
        options: settings of the function, and options of ``torchmetrics.Metric``.
    """

    numerator: Tensor
    denominator: Tensor

    def __init__(self, network: Any = None, **options: Any) -> None:
        settings = self._settings(options) | ({} if network is None else {"network": network})
        super().__init__(**options)
        self.measure: Callable[..., Any] = partial(self.metric.function, **settings)
        for name in ("numerator", "denominator"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, *batches: Tensor, **masks: Tensor) -> None:
        """Add a batch; positional and keyword arguments are those of the metric's function."""
        found = self.measure(*batches, **masks)
        numerators, denominators = found if self.metric.kind == "ratio" else (found, torch.ones_like(found))
        self.numerator += numerators.sum().to(self.numerator)
        self.denominator += denominators.sum().to(self.denominator)

    def compute(self) -> Tensor:
        """Return the ratio over everything added so far; NaN for nothing."""
        return self.numerator / self.denominator


class _OfSets(_CatalogueMetric):
    """What metrics of sets share: features of images, and mean and deviation over parts as the value."""

    def __init__(self, network: FeatureNetwork, **options: Any) -> None:
        settings = self._settings(options)
        super().__init__(**options)
        self.network, self.settings = network, settings

    def _seen(self, images: Tensor) -> Any:
        check_eight_bit(images=images)
        return self.network(images)

    def _spread(self, function: Callable[..., distribution.Spread], *rows: list[Tensor]) -> tuple[Tensor, ...]:
        found = function(*map(dim_zero_cat, rows), **self.settings)
        return tuple(torch.tensor(value, dtype=torch.float64) for value in found)


class FrechetMetric(_OfSets):
    """Frechet distance; ``update(images, real=True)`` and ``update(images, real=False)``; keeps sums, no features.

    Args:
        network: such as ``reposer.features.InceptionFeatures()``.
        features: length of its pooled features.
        options: of ``torchmetrics.Metric``.
    """

    def __init__(self, network: FeatureNetwork, *, features: int = 2048, **options: Any) -> None:
        super().__init__(network, **options)
        for which in ("generated", "real"):
            for name, shape in (("count", ()), ("total", (features,)), ("products", (features, features))):
                self.add_state(f"{which}_{name}", torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, images: Tensor, real: bool) -> None:
        """Add images (B, 3, H, W) uint8 to the real or the generated ones."""
        which = "real" if real else "generated"
        moments = self._moments(which) + Moments.of(self._seen(images).pool)
        for name in ("count", "total", "products"):
            setattr(self, f"{which}_{name}", getattr(moments, name))

    def compute(self) -> Tensor:
        """Return the distance of everything added so far."""
        value = distribution.fid_of_moments(self._moments("generated"), self._moments("real"))
        return torch.tensor(value, dtype=torch.float64)

    def _moments(self, which: str) -> Moments:
        return Moments(*(getattr(self, f"{which}_{name}") for name in ("count", "total", "products")))


class KernelMetric(_OfSets):
    """Kernel distance; ``update(images, real=True)`` and ``update(images, real=False)``; returns mean and deviation.

    Args:
        network: as for ``FrechetMetric``.
        options: settings of ``metrics.kid``, and options of ``torchmetrics.Metric``.
    """

    generated: list[Tensor]
    real: list[Tensor]

    def __init__(self, network: FeatureNetwork, **options: Any) -> None:
        super().__init__(network, **options)
        for which in ("generated", "real"):
            self.add_state(which, [], dist_reduce_fx="cat")

    def update(self, images: Tensor, real: bool) -> None:
        """Add images (B, 3, H, W) uint8 to the real or the generated ones."""
        (self.real if real else self.generated).append(self._seen(images).pool)

    def compute(self) -> tuple[Tensor, ...]:
        """Return mean and standard deviation over the subsets."""
        return self._spread(distribution.kernel_distance, self.generated, self.real)


class ClassesMetric(_OfSets):
    """Inception Score; ``update(images)``; returns mean and deviation over the splits.

    The splits are consecutive: with several processes, those of the first process come first.

    Args:
        network: as for ``FrechetMetric``.
        options: settings of ``metrics.inception_score``, and options of ``torchmetrics.Metric``.
    """

    logits: list[Tensor]

    def __init__(self, network: FeatureNetwork, **options: Any) -> None:
        super().__init__(network, **options)
        self.add_state("logits", [], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Add images (B, 3, H, W) uint8."""
        self.logits.append(self._seen(images).logits)

    def compute(self) -> tuple[Tensor, ...]:
        """Return mean and standard deviation over the splits."""
        return self._spread(distribution.inception_score_of_logits, self.logits)


_BASES: dict[str | None, type[_CatalogueMetric]] = {
    None: RatioMetric, "fid": FrechetMetric, "kid": KernelMetric, "is": ClassesMetric,
}  # fmt: skip


def metric_class(metric: Metric) -> type[Module]:
    """Make the torchmetrics class of a metric: ``MaskSSIMMetric`` of "mask-SSIM"."""
    words = re.findall(r"\w+", metric.spoken or metric.title)
    name = "".join(word[0].upper() + word[1:] for word in words) + "Metric"
    inputs = inspect.signature(metric.function)
    text = f"{metric.title} as a torchmetrics metric, of ``{metric.function.__name__}{inputs}``."
    fields = {"metric": metric, "higher_is_better": metric.better == "higher", "__doc__": text, "__module__": __name__}
    return type(name, (_BASES[metric.keeps],), fields)


_MADE: dict[Callable[..., Any], type[Module]] = {}
for _metric in METRICS.values():
    if _metric.item is None:  # a mean of several named values is none
        _MADE.setdefault(_metric.function, metric_class(_metric))
_CLASSES = {made.__name__: made for made in _MADE.values()}
globals().update(_CLASSES)
__all__ = ["metric_class", *_CLASSES]
