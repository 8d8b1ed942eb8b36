"""The networks behind the metrics of an evaluation, each built only once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.evaluation.choice import without
from reposer.evaluation.options import EvaluationOptions, WeightsSource
from reposer.features import Weights
from reposer.metrics import Metric
from reposer.protocols import Protocol


class Networks:
    """Networks of metrics under a protocol; metrics that need the same one share it.

    InputError names the metric whose weights are unavailable, and the way to do without it.
    """

    def __init__(
        self,
        metrics: Iterable[Metric],
        protocol: Protocol,
        weights: WeightsSource = None,
        *,
        options: EvaluationOptions | None = None,
    ) -> None:
        self._weights = weights
        chosen = options or EvaluationOptions()
        self._of: dict[str, Any] = {}
        built: dict[Any, Any] = {}
        metrics = list(metrics)
        for metric in metrics:
            if metric.network is None:
                continue
            settings = {keyword: protocol.setting(name) for keyword, name in metric.network.settings.items()}
            settings |= {keyword: getattr(chosen, option) for keyword, option in metric.network.options.items()}
            key = (metric.network.build, *settings.values())
            try:
                if key not in built:
                    built[key] = metric.network.build(self._find, **settings)
            except InputError as error:
                raise InputError(f"{metric.name}: {error}; {without(metric, metrics)}") from None
            self._of[metric.name] = built[key]

    def of(self, metric: Metric) -> Any:
        """Return the network behind a metric; None if it has none."""
        return self._of.get(metric.name)

    def identity(self, metric: Metric) -> str | None:
        """Return the name and weights of the network behind a metric, for signatures."""
        network = self.of(metric)
        return None if network is None else network.identity

    def _find(self, name: str) -> Weights:
        if isinstance(self._weights, Mapping):
            return self._weights.get(name)
        if self._weights is None:
            return None
        if not self._weights.is_dir():
            raise InputError(f"{self._weights}: no such folder of weights")
        path: Path = self._weights / name
        return path if path.is_file() else None
