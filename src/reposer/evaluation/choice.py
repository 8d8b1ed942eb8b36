"""Which metrics an evaluation computes, and what they need: networks and reference images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from reposer.checks import InputError, check_choice
from reposer.evaluation.entries import METRICS, PART_METRICS, ROW_METRICS, SET_METRICS
from reposer.evaluation.networks import Networks
from reposer.evaluation.sets import network_of, training_images
from reposer.protocols import Protocol

BY_PART = "part_ssim_by_part"
"""Name that stands for PSSIM of each body part."""


def default_metrics(protocol: Protocol, annotations: object) -> tuple[str, ...]:
    """Return the metrics of a protocol that are computed without being asked for; without annotations no masked."""
    return tuple(name for name in protocol.metrics if annotations is not None or not METRICS[name].needs_pose)


def chosen_metrics(metrics: Sequence[str] | None, protocol: Protocol) -> tuple[str, ...]:
    """Return the metrics to compute, in the order of the protocol; those of single body parts go with any protocol."""
    for name in protocol.all_metrics:
        check_choice("metric", name, METRICS)
        if METRICS[name].needs_pose and name in protocol.padded_metrics + protocol.resized_metrics:
            raise InputError(f"protocol {protocol.name}: {name} uses masks, it cannot be padded or resized")
    if metrics is None:
        return protocol.metrics
    if list(metrics) == ["all"] or metrics == "all":
        return protocol.all_metrics
    known = {name: (name,) for name in (*protocol.all_metrics, *PART_METRICS)} | {BY_PART: tuple(PART_METRICS)}
    for name in metrics:
        check_choice(f"metric of protocol {protocol.name}", name, known)
    wanted = {each for name in metrics for each in known[name]}
    return tuple(name for name in known if name in wanted)


def network_identities(names: Sequence[str], protocol: Protocol, networks: Networks) -> dict[str, str]:
    """Build the networks of the metrics before anything is measured: {metric: identity}.

    Raises:
        InputError: if the weights of one are not to be had.
    """
    found = {}
    for name in names:
        try:
            if name in SET_METRICS:
                found[name] = networks.inception(network_of(name, protocol)).identity
            elif (build := ROW_METRICS[name].network) is not None:
                found[name] = build(networks)
        except InputError as error:
            raise InputError(f"{name}: {error}; {_without(name, names)}") from None
    return found


def _without(name: str, names: Sequence[str]) -> str:
    others = [other for other in names if other != name]
    return f"to score all but {name}: --metrics {' '.join(others)}" if others else "choose other --metrics"


def reference_images(names: Sequence[str], protocol: Protocol, folder: str | Path | None) -> list[Path]:
    """List the training images, if a metric compares with them.

    Raises:
        InputError: if it does, and they are not given.
    """
    needing = [name for name in names if name in SET_METRICS and SET_METRICS[name].needs_reference]
    if not needing or protocol.fid.reference != "train":
        return []
    if folder is None:
        raise InputError(
            f"{needing[0]} of protocol {protocol.name} compares with all training images: give their folder with "
            f"--train-images; {_without(needing[0], names)}"
        )
    return training_images(folder)


def reference_name(protocol: Protocol, files: Sequence[Path]) -> str:
    """Name what the metrics compare with, for signatures."""
    if protocol.fid.reference == "targets":
        return "targets"
    names = hashlib.sha256("\n".join(sorted(path.name for path in files)).encode()).hexdigest()
    return f"train.{len(files)}.{names[:8]}"
