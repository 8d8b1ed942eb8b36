"""A step in which something was not finite, taken again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from reposer.arithmetic import float32_products
from reposer.checks import InputError
from reposer.config import Accelerator, Precision, config_from_json
from reposer.data import PairBatch
from reposer.losses import Objective
from reposer.training.checkpoint import load_state_dict, read_state
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World


def replay(
    path: str | Path, *, accelerator: Accelerator = "cpu", precision: Precision | None = None
) -> dict[str, float]:
    """Take the step of a ``nonfinite-STEP.pt`` again, in one process, and return its logged values.

    Args:
        path: the file that the run wrote when it stopped.
        accelerator: where to compute: "cpu", "cuda", "mps".
        precision: another precision than the run's, such as "64-true", to see if it is to blame.

    Raises:
        NonFiniteError: naming what is not finite, as in the run.
        InputError: if that is no such file, or it has changed since it was written.
    """
    dump = read_step(Path(path))
    config = config_from_json(dump["config"], path)
    precision = precision or config.hardware.precision
    hardware = replace(config.hardware, accelerator=accelerator, devices=1, nodes=1, precision=precision)
    config = replace(config, hardware=hardware)
    world = World.launch(config.hardware)
    state = build_state(config, world)
    load_state_dict(state, dump["state"])
    batch = PairBatch.joined([PairBatch(**share) for share in dump["batches"]]).to(world.device)
    objective = Objective(config.objective).to(world.device)
    with float32_products(tf32=config.hardware.tf32):
        return train_step(state, batch, objective, config, world, term_gradients=True)


def read_step(path: Path) -> dict[str, Any]:
    """Read what a run wrote down of a step; InputError if it is something else, or has changed since."""
    try:
        dump = read_state(path)
    except InputError:
        raise
    except Exception as error:  # a damaged file can fail in any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{path}: not what a run wrote down of a step, nonfinite-STEP.pt, or damaged ({reason})"
        ) from None
    if not {"config", "state", "batches"} <= dump.keys():
        raise InputError(f"{path}: not what a run wrote down of a step; expected its nonfinite-STEP.pt")
    return dump
