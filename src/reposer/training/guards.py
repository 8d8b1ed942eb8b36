"""A loss or gradient that is not finite: the step is skipped and counted, or written down to be replayed."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from reposer.checks import RunError, some
from reposer.config import RunConfig, config_to_json
from reposer.data import PairBatch
from reposer.training.checkpoint import state_dict, write_state
from reposer.training.state import TrainingState
from reposer.training.world import World

DUMP = "nonfinite-{:07d}.pt"


class NonFiniteError(RunError):
    """A loss or gradient is not finite; nothing was updated."""

    def __init__(self, step: int, values: dict[str, float], batch: PairBatch, *, scaled: bool) -> None:
        wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
        causes = [name for name in wrong if not name.startswith("gradient_norm/") and name != "total"]
        self.overflow = scaled and not causes
        """Only gradients of scaled float16 losses: the scale has been lowered, and the next step may be finite."""
        what = "; ".join(f"{_describe(name)} is {wrong[name]}" for name in causes or wrong)
        super().__init__(f"step {step}: {what}; pairs: {some(batch.pair_ids, 4)}")


def _describe(name: str) -> str:
    kind, _, rest = name.rpartition("/")
    named = {"": "the loss term", "discriminator": "the loss of the discriminator"}
    return f"{named.get(kind, 'the gradient of')} {rest!r}"


def skip_or_stop(
    error: NonFiniteError, state: TrainingState, batch: PairBatch, config: RunConfig, run: Path, world: World
) -> None:
    """Skip the step and count it, if the run wants that and has not skipped too many in a row.

    Otherwise write ``nonfinite-STEP.pt`` into the run folder and raise RunError.
    """
    optimization = config.optimization
    if (optimization.on_nonfinite == "skip" or error.overflow) and state.skipped_in_a_row < optimization.most_skips:
        state.skipped += 1
        state.skipped_in_a_row += 1
        state.step += 1
        return
    batches = world.gathered_objects(batch.to("cpu"))
    path = run / DUMP.format(state.step + 1)
    if world.is_first:
        dump = {
            "what": str(error),
            "config": config_to_json(config),
            "batches": [dataclasses.asdict(share) for share in batches],
            "state": state_dict(state),
        }
        write_state(path, dump)
    world.barrier()
    before = f" after {state.skipped_in_a_row} skipped steps in a row" if state.skipped_in_a_row else ""
    raise RunError(
        f"{error}{before}; nothing was updated; written: {path}, to be replayed by reposer.training.replay; a lower "
        "learning rate, 32-true precision or --optimization.on-nonfinite skip may help"
    )
