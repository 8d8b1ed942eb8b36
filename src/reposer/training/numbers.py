"""What a step needs of the processor: all that is drawn or follows from its number, sent to the device at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reposer.config import RunConfig
from reposer.losses.pool import PoolDraw
from reposer.training.state import TrainingState, item_keys, step_seed
from reposer.training.updates import average_weight

AUGMENTING = 7
USES = 11
"""Uses of keys within a step: those of dropout, each of which draws its own masks, and augmentation."""


@dataclass(frozen=True)
class StepNumbers:
    """The numbers of one step."""

    keys: Tensor
    """(USES, B) int32, on the device: the keys of this process's pairs."""
    pools: dict[str, PoolDraw]
    """What the pools of the discriminators show and keep, of the pairs of all processes, on the device."""
    learning_rate: float | Tensor
    average_weight: float | Tensor
    """Tensors () where they are read on the device."""

    packed: Tensor | None = None
    """All of the tensors in one, of which they are views."""

    @classmethod
    def draw(
        cls, state: TrainingState, config: RunConfig, own: slice, pairs: int, *, pools: Sequence[str]
    ) -> StepNumbers:
        """Draw those of the next step, of whose pairs ``own`` are this process's."""
        random = torch.Generator().manual_seed(step_seed(config.seed, state.step))
        found = {name: state.discriminators[name].pool for name in pools}
        draws = {name: pool.draw(pairs, random) for name, pool in found.items() if pool.size}
        keys = torch.stack([item_keys(config.seed, state.step, use, own) for use in range(USES)])
        rate = config.optimization.learning_rate_at(state.step)
        weight = average_weight(config.optimization.ema_decay, state.step - state.skipped)
        if not state.masked:
            return cls(keys, draws, rate, weight)
        parts = [*(draw.rows for draw in draws.values()), keys, torch.tensor([rate, weight])]  # the widest first
        packed = torch.cat([part.view(torch.int32).flatten() for part in parts])
        if state.halted.is_cuda:
            packed = packed.pin_memory()
        rates = parts[-1]
        return cls(keys, draws, rates[0], rates[1])._of(packed.to(state.halted.device, non_blocking=True))

    def copied(self) -> StepNumbers:
        """Return the same in memory of its own."""
        assert self.packed is not None
        return self._of(self.packed.clone())

    def _of(self, packed: Tensor) -> StepNumbers:
        """These numbers as views of what they were packed to."""
        assert isinstance(self.learning_rate, Tensor)
        like = [*(draw.rows for draw in self.pools.values()), self.keys]
        *parts, rates = packed.split([*(part.nbytes // 4 for part in like), 2])
        *rows, keys = (part.view(old.dtype).view(old.shape) for part, old in zip(parts, like, strict=True))
        pools = {name: draw.to(row) for (name, draw), row in zip(self.pools.items(), rows, strict=True)}
        rates = rates.view(self.learning_rate.dtype)
        return StepNumbers(keys, pools, rates[0], rates[1], packed)
