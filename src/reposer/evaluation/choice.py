"""The choice of metrics that an evaluation computes."""

from __future__ import annotations

from collections.abc import Sequence

from reposer.checks import InputError, check_choice
from reposer.metrics import METRICS, Metric
from reposer.protocols import Protocol

BY_PART = "part_ssim_by_part"
"""Name that stands for the PSSIM of each body part."""


def default_metrics(protocol: Protocol) -> tuple[str, ...]:
    """Return the metrics of a protocol that are computed by default and need no pose."""
    return tuple(name for name in protocol.metrics if not METRICS[name].needs_pose)


def chosen_metrics(names: Sequence[str], protocol: Protocol) -> tuple[Metric, ...]:
    """Return the metrics to compute, in the protocol's order; those of single body parts and PCKh fit any protocol.

    Raises:
        InputError: if a name is unknown, or the protocol cannot be computed.
    """
    for name in protocol.all_metrics:
        check_choice("metric", name, METRICS)
        if METRICS[name].needs_pose and (protocol.pads(name) or protocol.resizes(name)):
            raise InputError(f"protocol {protocol.name}: {name} uses masks, it cannot be padded or resized")
    if not names:
        return tuple(METRICS[name] for name in protocol.metrics)
    if list(names) == ["all"]:
        return tuple(METRICS[name] for name in protocol.all_metrics)
    parts = tuple(name for name, metric in METRICS.items() if metric.item is not None)
    anywhere = (*parts, *(name for name, metric in METRICS.items() if metric.needs_prediction))
    known = {name: (name,) for name in (*protocol.all_metrics, *anywhere)} | {BY_PART: parts}
    for name in names:
        check_choice(f"metric of protocol {protocol.name}", name, known)
    wanted = {each for name in names for each in known[name]}
    return tuple(METRICS[name] for name in known if name in wanted)


def without(metric: Metric, metrics: Sequence[Metric]) -> str:
    """Say how to score all metrics but one."""
    others = [other.name for other in metrics if other.name != metric.name and not other.needs_prediction]
    return f"to score all but {metric.name}: --metrics {' '.join(others)}" if others else "choose other --metrics"


def without_poses(metrics: Sequence[Metric]) -> str:
    """Say how to score the metrics that need no pose."""
    others = [metric.name for metric in metrics if not metric.needs_pose]
    return f"to score what needs no pose: --metrics {' '.join(others)}" if others else "choose other --metrics"
