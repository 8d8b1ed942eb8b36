"""Steps that were taken, and what they log, which may still be on its way from the device.

A step that was not finite sets a flag on the device, and until the processor has read it no further step changes
anything there. So it is as if these had not been taken, and they are taken again, once it is known what to do about the
one that failed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.training.guards import NonFiniteError, skip_or_stop
from reposer.training.state import TrainingState
from reposer.training.world import World

LAG = {"cuda": 8}
"""Steps that a type of device may be behind the processor; 0 where nothing is gained by it."""


@dataclass(frozen=True)
class Values:
    """Numbers by name, on the device or on their way from it."""

    names: tuple[str, ...]
    squares: frozenset[str]
    """Names whose numbers are squares of norms."""
    numbers: Tensor
    """(N,) float32."""
    there: torch.cuda.Event | None = None
    """Until then they are on their way."""

    def sent(self) -> Values:
        """Send them to the processor, without waiting for them."""
        if not self.numbers.is_cuda:
            return self
        numbers, there = torch.empty(self.numbers.shape, pin_memory=True), torch.cuda.Event()
        numbers.copy_(self.numbers, non_blocking=True)
        there.record()
        return Values(self.names, self.squares, numbers, there)

    def read(self) -> dict[str, float]:
        """Wait for them."""
        if self.there is not None:
            self.there.synchronize()
        found = zip(self.names, self.numbers.tolist(), strict=True)
        return {name: math.sqrt(v) if name in self.squares and v > 0 else v for name, v in found}


@dataclass(frozen=True)
class Taken:
    """A step that was taken."""

    batch: PairBatch
    term_gradients: bool
    step: int
    """Finished steps before it."""
    filled: dict[str, int]
    """Images in the discriminators' pools before it."""
    values: Values


def finished(state: TrainingState, taken: Taken) -> dict[str, float]:
    """What a step logs, once that is there; see :func:`reposer.training.step.train_step`.

    Raises:
        NonFiniteError: if something was not finite; the state is then as it was before the step, whatever steps were
            taken after it.
    """
    values = taken.values.read()
    if all(map(math.isfinite, values.values())):
        return values
    state.step = taken.step
    for name, filled in taken.filled.items():
        state.discriminators[name].pool.filled = filled
    state.halted.zero_()
    raise NonFiniteError(state.step + 1, values, taken.batch, scaled=state.scaler.is_enabled())


def settle(
    queue: deque[Taken],
    take: Callable[[PairBatch, bool], Taken],
    state: TrainingState,
    config: RunConfig,
    run: Path,
    world: World,
    say: Callable[[str], None],
) -> dict[str, float] | None:
    """Wait for all steps in the queue, and empty it.

    One that was not finite is skipped, if the run wants that, and those after it are taken again, with ``take(batch,
    term_gradients)``.

    Returns:
        What the last one logs; None if it was skipped.

    Raises:
        RunError: if the run is to stop at a step that was not finite.
    """
    values = None
    while queue:
        taken = queue.popleft()
        try:
            values = finished(state, taken)
            state.skipped_in_a_row = 0
        except NonFiniteError as error:
            values, later = None, list(queue)
            queue.clear()
            skip_or_stop(error, state, taken.batch, config, run, world)
            say(f"{error}; skipped")
            queue.extend(take(each.batch, each.term_gradients) for each in later)
    return values
