"""What a step needs of the processor: all that is drawn or follows from its number, sent to the device at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.config import RunConfig
from reposer.losses import PoolDraw
from reposer.training.state import TrainingState, item_keys, step_seed
from reposer.training.updates import average_weight

USES = 7
"""Uses of dropout within a step, each of which draws its own masks."""


@dataclass(frozen=True)
class StepNumbers:
    """The numbers of one step."""

    keys: Tensor
    """(USES, B) int32, on the device: the dropout keys of this process's pairs."""
    pools: dict[str, PoolDraw]
    """What the pools of the discriminators show and keep, of the pairs of all processes, on the device."""
    learning_rate: float | Tensor
    average_weight: float | Tensor
    """Tensors () where they are read on the device."""

    @classmethod
    def draw(
        cls, state: TrainingState, config: RunConfig, own: slice, pairs: int, *, pools: Sequence[str]
    ) -> StepNumbers:
        """Draw those of the next step, of whose pairs ``own`` are this process's."""
        random = torch.Generator().manual_seed(step_seed(config.seed, state.step))
        draws = {
            name: pool.draw(pairs, random) for name in pools if (pool := state.discriminators[name].pool) and pool.size
        }
        keys = torch.stack([item_keys(config.seed, state.step, use, own) for use in range(USES)])
        rate = config.optimization.learning_rate_at(state.step)
        weight = average_weight(config.optimization.ema_decay, state.step - state.skipped)
        if not state.masked:
            return cls(keys, draws, rate, weight)
        return cls._sent(keys, draws, torch.tensor([rate, weight]), state.halted.device)

    @classmethod
    def _sent(cls, keys: Tensor, draws: dict[str, PoolDraw], rates: Tensor, device: torch.device) -> StepNumbers:
        """In one message, for which the processor does not wait."""
        parts: list[NDArray[Any]] = [keys.numpy(), *(draw.rows.numpy() for draw in draws.values()), rates.numpy()]
        packed = torch.from_numpy(np.concatenate([part.reshape(-1).view(np.int32) for part in parts]))
        if device.type == "cuda":
            packed = packed.pin_memory()
        received = packed.to(device, non_blocking=True).split([part.nbytes // 4 for part in parts])
        keys, *rows, rates = (
            part.view(torch.from_numpy(like).dtype).view(like.shape) for part, like in zip(received, parts, strict=True)
        )
        moved = {name: draw.to(row) for (name, draw), row in zip(draws.items(), rows, strict=True)}
        return cls(keys, moved, rates[0], rates[1])
