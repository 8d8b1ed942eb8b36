"""What a step logs, added up over the parts of a batch and the processes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reposer.training.world import World


class Sums:
    """Means and norms by name, of which every part of a batch adds its share."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._squares: set[str] = set()

    def add(self, name: str, value: Tensor, share: float) -> None:
        """Add the share of a mean."""
        self._sums[name] = self._sums.get(name, 0) + value.detach().float() * share

    def add_square(self, name: str, values: Tensor) -> None:
        """Add to a norm."""
        self._squares.add(name)
        self._sums[name] = self._sums.get(name, 0) + values.detach().float().square().sum()

    def values(self, norms: dict[str, Tensor], world: World) -> dict[str, float]:
        """All of them over all processes, and ``norms``, which are so already; waits for the device, once."""
        total = world.summed(torch.stack(list(self._sums.values())))
        numbers = torch.cat((total, torch.stack([norm.float() for norm in norms.values()]))).tolist()
        values = dict(zip((*self._sums, *norms), numbers, strict=True))
        return {name: math.sqrt(v) if name in self._squares and v > 0 else v for name, v in values.items()}
