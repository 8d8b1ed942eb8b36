"""The metrics as torchmetrics ``Metric`` classes, for your own validation loops; states add up over processes.

There is one for each function of ``reposer.metrics.METRICS``: ``SSIMMetric``, ``MaskLPIPSMetric``, ``FIDMetric``, ...
They take the network, where the function takes one, then the function's settings and the options of
``torchmetrics.Metric`` as keywords. ``update`` takes what the function takes: 8-bit images (B, 3, H, W), which
``reposer.images.to_uint8`` makes from [-1, 1], then masks as keywords. This module is not imported by
``reposer.metrics``: it needs torchmetrics, which comes with lightning.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import torch
from torch import Tensor
from torchmetrics import Metric as Module
from torchmetrics.utilities import dim_zero_cat

from reposer.checks import check_choice
from reposer.metrics import distribution
from reposer.metrics.catalogue import METRICS, Metric
from reposer.metrics.distribution import FeatureNetwork, Moments
from reposer.metrics.eight_bit import check_eight_bit


class _CatalogueMetric(Module):
    """What all share: the metric, and its settings, taken from the keywords."""

    is_differentiable = False
    full_state_update = False
    metric: ClassVar[Metric]

    def _settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """Remove the settings of the metric's function from the options, and return them."""
        known = inspect.signature(self.metric.function).parameters
        settings = {name: options.pop(name) for name in list(options) if name in known}
        kinds = get_type_hints(self.metric.function)
        for name, value in settings.items():
            if get_origin(kinds[name]) is Literal:
                check_choice(name, value, get_args(kinds[name]))
        return settings


class RatioMetric(_CatalogueMetric):
    """sum(numerators) / sum(denominators) over all images, float64; for one number per image, the mean."""

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


class FrechetMetric(_CatalogueMetric):
    """Frechet distance; ``update(images, real=True)`` and ``update(images, real=False)``; keeps sums, no features.

    Its network is such as ``reposer.features.InceptionFeatures()``; ``features`` is the length of its pooled features.
    """

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


class SpreadMetric(_CatalogueMetric):
    """Mean and deviation over parts of the features: KID with ``update(images, real)``, IS with ``update(images)``.

    The parts of IS are consecutive: with several processes, those of the first process come first.
    """

    generated: list[Tensor]
    real: list[Tensor]

    def __init__(self, network: FeatureNetwork, **options: Any) -> None:
        settings = self._settings(options)
        super().__init__(**options)
        self.network, self.settings = network, settings
        for which in ("generated", "real"):
            self.add_state(which, [], dist_reduce_fx="cat")

    def update(self, images: Tensor, real: bool = False) -> None:
        """Add images (B, 3, H, W) uint8 to the real or the generated ones."""
        check_eight_bit(images=images)
        output = self.network(images)
        (self.real if real else self.generated).append(output.logits if self.metric.keeps == "is" else output.pool)

    def compute(self) -> tuple[Tensor, ...]:
        """Return mean and standard deviation over the parts."""
        function: Any = distribution.inception_score_of_logits
        rows = [self.generated]
        if self.metric.keeps == "kid":
            function, rows = distribution.kernel_distance, [self.generated, self.real]
        return tuple(torch.tensor(v, dtype=torch.float64) for v in function(*map(dim_zero_cat, rows), **self.settings))


_BASES: dict[str | None, type[_CatalogueMetric]] = {
    None: RatioMetric, "fid": FrechetMetric, "kid": SpreadMetric, "is": SpreadMetric,
}  # fmt: skip


def metric_class(metric: Metric) -> type[Module]:
    """Make the torchmetrics class of a metric: ``MaskSSIMMetric`` from "mask-SSIM"."""
    words = re.findall(r"\w+", metric.spoken or metric.title)
    name = "".join(word[0].upper() + word[1:] for word in words) + "Metric"
    inputs = inspect.signature(metric.function)
    text = f"{metric.title} as a torchmetrics metric, of ``{metric.function.__name__}{inputs}``."
    fields = {"metric": metric, "higher_is_better": metric.better == "higher", "__doc__": text, "__module__": __name__}
    return type(name, (_BASES[metric.keeps],), fields)


_MADE: dict[Callable[..., Any], type[Module]] = {}
for _metric in METRICS.values():
    if _metric.item is None:  # no class for one of several named values
        _MADE.setdefault(_metric.function, metric_class(_metric))
_CLASSES = {made.__name__: made for made in _MADE.values()}
globals().update(_CLASSES)
__all__ = ["metric_class", *_CLASSES]
