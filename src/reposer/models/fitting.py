"""Weights that fit a network: checked by names and shapes, before anything of their size is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from reposer.checks import InputError, some


def mismatch(network: nn.Module, shapes: Mapping[str, Sequence[int]]) -> str:
    """Say in one line how names and shapes of weights differ from those of a network; "" where they fit.

    The network may be on the device "meta", where it takes no memory.
    """
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    problems = {
        "missing": [name for name in own if name not in shapes],
        "unexpected": [name for name in shapes if name not in own],
        "of another shape": [
            f"{name} {tuple(shapes[name])} instead of {shape}"
            for name, shape in own.items()
            if name in shapes and tuple(shapes[name]) != shape
        ],
    }
    return "; ".join(f"{len(names)} {what}: {some(names)}" for what, names in problems.items() if names)


def check_finite(weights: Mapping[str, Tensor], where: object) -> None:
    """Raise InputError if weights hold NaN or infinity: such a network generates black pictures."""
    bad = [name for name, tensor in weights.items() if not torch.isfinite(tensor).all()]
    if bad:
        raise InputError(
            f"{where}: {len(bad)} of {len(weights)} weights hold NaN or infinity: {some(bad)}; "
            "its training diverged, use an earlier checkpoint"
        )
