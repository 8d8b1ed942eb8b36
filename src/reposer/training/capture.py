"""A step recorded once as a CUDA graph and then replayed: the processor hands over one launch instead of thousands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from reposer.checks import RunError
from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.training.numbers import StepNumbers
from reposer.training.state import TrainingState
from reposer.training.taken import Values
from reposer.training.world import World

WARM_UP = 3
"""Steps of a kind that are taken before it is recorded: libraries choose their algorithms in them."""
_TOLERANCE = 1e-2
"""How far two steps of each kind may be apart: sums on a GPU are added up in any order."""

Run = Callable[[PairBatch, StepNumbers], Values]
Recorder = Callable[[Callable[[], Values]], tuple[Callable[[], object], Values]]
"""Records what a function computes; returns what computes it again, and where the values then are."""


class Say(Protocol):
    """How a run tells something."""

    def __call__(self, message: str) -> None: ...


def cuda_graph(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
    """Record a function as a CUDA graph."""
    torch.cuda.empty_cache()  # the graph has memory of its own
    graph = torch.cuda.CUDAGraph()
    # Of this thread alone: one of the loader's puts batches into page-locked memory meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        values = run()
    return graph.replay, values


@dataclass(frozen=True)
class _Recorded:
    """A step that was recorded, and the places that it reads."""

    batch: PairBatch
    numbers: StepNumbers
    replay: Callable[[], object]
    values: Values

    def run(self, batch: PairBatch, numbers: StepNumbers) -> Values:
        for place, value in zip(self.batch.tensors(), batch.tensors(), strict=True):
            place.copy_(value, non_blocking=True)
        assert self.numbers.packed is not None
        assert numbers.packed is not None
        self.numbers.packed.copy_(numbers.packed, non_blocking=True)
        self.replay()
        return replace(self.values, numbers=self.values.numbers.clone())


class Capture:
    """Takes steps of a run, and records each kind of them once it has been taken a few times.

    What was recorded is compared with what it stands for: from the same state both compute the same step twice. Where
    they differ, or recording fails, all further steps are taken as before and the run says so; with
    ``hardware.capture`` "on" it stops.
    """

    def __init__(self, state: TrainingState, *, required: bool, say: Say, recorder: Recorder = cuda_graph) -> None:
        self.state, self.required, self.say, self.recorder = state, required, say, recorder
        self._taken: dict[Hashable, int] = {}
        self._recorded: dict[Hashable, _Recorded] = {}
        self._given_up = False

    @classmethod
    def of_run(cls, config: RunConfig, state: TrainingState, world: World, say: Say) -> Capture | None:
        """The one that the configuration asks for; None: every step is taken anew.

        Raises:
            RunError: if it must be there but cannot.
        """
        how = config.hardware.capture
        possible = world.device.type == "cuda" and world.size == 1
        if how == "on" and not possible:
            raise RunError(
                f"hardware.capture on needs one GPU, but this run has {world.size} x {world.device.type}; use auto"
            )
        return cls(state, required=how == "on", say=say) if possible and how != "off" else None

    def run(self, step: Run, batch: PairBatch, numbers: StepNumbers, judges: tuple[str, ...]) -> Values:
        """Take a step, which is a function of tensors in fixed places: the state's, the batch's and the numbers'.

        ``judges``: the discriminators that have joined in.
        """
        kind = (*(tensor.shape for tensor in batch.tensors()), judges)
        if kind in self._recorded:
            return self._recorded[kind].run(batch, numbers)
        taken = self._taken[kind] = self._taken.get(kind, 0) + 1
        if taken > WARM_UP and not self._given_up:
            try:
                self._recorded[kind] = self._record(step, batch, numbers)
            except RuntimeError as error:
                reason = str(error).splitlines()[0]
                if self.required:
                    raise RunError(f"hardware.capture on: {reason}; use auto or off") from None
                self.say(f"the step cannot be captured ({reason}): it is taken operator by operator, which is slower")
                self._given_up = True
            else:
                return self._recorded[kind].run(batch, numbers)
        return step(batch, numbers)

    def _record(self, step: Run, batch: PairBatch, numbers: StepNumbers) -> _Recorded:
        """Record a step and compare it; the state stays as it is."""
        places = batch.copied(), numbers.copied()
        state = list(_tensors(self.state))
        before = [tensor.clone() for tensor in state]

        def back() -> None:
            for tensor, value in zip(state, before, strict=True):
                tensor.copy_(value)

        try:
            replay, values = self.recorder(lambda: step(*places))
            back()
            recorded = _Recorded(*places, replay, values)
            found = [recorded.run(batch, numbers).numbers for _ in range(2)]
            back()
            expected = [step(batch, numbers).numbers for _ in range(2)]
        finally:
            back()
            if self.state.scaler.is_enabled():  # as after a step that did not break off
                self.state.scaler._per_optimizer_states.clear()
        if not torch.allclose(torch.stack(found), torch.stack(expected), rtol=_TOLERANCE, atol=1e-4, equal_nan=True):
            raise RuntimeError("what was recorded computes something else")
        return recorded


def _tensors(state: TrainingState) -> Iterator[Tensor]:
    """All that a step changes."""
    for _, trained in state.networks():
        yield from (weight.detach() for weight in trained.network.parameters())
        yield trained.statistics.values
        for of_weight in trained.optimizer.state.values():
            yield from (value for value in of_weight.values() if isinstance(value, Tensor))
        yield from trained.pool.tensors()
    if state.ema_generator is not None:
        yield from (tensor.detach() for tensor in state.ema_generator.state_dict().values())
    yield state.halted
    if state.scaler.is_enabled():
        assert state.scaler._scale is not None
        assert state.scaler._growth_tracker is not None
        yield from (state.scaler._scale, state.scaler._growth_tracker)
