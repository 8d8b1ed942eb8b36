"""A loss or gradient that is not finite: the step is skipped and counted, or written down to be replayed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric

from reposer.checks import RunError
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.data import PairBatch
from reposer.files import write_whole
from reposer.losses import Objective
from reposer.training import processes
from reposer.training.checkpoint import load_state_dict, state_dict, writing
from reposer.training.state import TrainingState, build_state
from reposer.training.step import NonFiniteError, train_step

DUMP = "nonfinite-{:07d}.pt"


def skip_or_stop(
    error: NonFiniteError, state: TrainingState, batch: PairBatch, config: RunConfig, run: Path, fabric: Fabric
) -> None:
    """Skip the step and count it, if the run wants that and has not skipped too many in a row.

    Raises:
        RunError: otherwise, once ``nonfinite-STEP.pt`` is written into the run folder.
    """
    optimization = config.optimization
    if (optimization.on_nonfinite == "skip" or error.overflow) and state.skipped_in_a_row < optimization.most_skips:
        state.skipped += 1
        state.skipped_in_a_row += 1
        state.step += 1
        return
    batches = processes.gathered_objects(batch.to("cpu"))
    path = run / DUMP.format(state.step + 1)
    if fabric.is_global_zero:
        dump = {
            "what": str(error),
            "config": config_to_json(config),
            "batches": [dataclasses.asdict(share) for share in batches],
            "state": state_dict(state),
        }
        with writing(path):
            write_whole(path, lambda temporary: torch.save(dump, temporary))
    fabric.barrier()
    before = f" after {state.skipped_in_a_row} skipped steps in a row" if state.skipped_in_a_row else ""
    raise RunError(
        f"{error}{before}; nothing was updated; written: {path}, to be replayed by reposer.training.replay; a lower "
        "learning rate, 32-true precision or --optimization.on-nonfinite skip may help"
    )


def replay(path: str | Path, *, accelerator: str = "cpu", precision: str | None = None) -> dict[str, float]:
    """Take the step of a ``nonfinite-STEP.pt`` again, in one process.

    Args:
        path: the file that the run wrote when it stopped.
        accelerator: where to compute: "cpu", "cuda", "mps".
        precision: another precision than the run's, such as "64-true", to see if it is to blame.

    Returns:
        The logged values of the step, if everything is finite this time.

    Raises:
        NonFiniteError: naming what is not finite, as in the run.
    """
    dump = torch.load(Path(path), map_location="cpu", weights_only=True)
    config = config_from_json(dump["config"], path)
    hardware: dict[str, Any] = {"accelerator": accelerator, "devices": 1, "nodes": 1}
    if precision:
        hardware["precision"] = precision
    config = dataclasses.replace(config, hardware=dataclasses.replace(config.hardware, **hardware))
    fabric = processes.make_fabric(config.hardware)
    state = build_state(config, fabric)
    load_state_dict(state, dump["state"])
    batch = PairBatch.joined([PairBatch(**share) for share in dump["batches"]]).to(fabric.device)
    return train_step(state, batch, Objective(config.objective).to(fabric.device), config, fabric, term_gradients=True)
