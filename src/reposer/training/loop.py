"""The training loop, read from top to bottom."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from lightning.fabric import Fabric
from torch import Tensor

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import PairDataset, open_pairs, train_loader
from reposer.images import write_image
from reposer.losses import Objective
from reposer.models import generator_path
from reposer.progress import Progress
from reposer.training.checkpoint import load_newest_checkpoint, save_checkpoint
from reposer.training.run_folder import RunFolder
from reposer.training.samples import contact_sheet, fixed_pairs
from reposer.training.step import build_state, train_step


def train(config: RunConfig, *, data: Path, out: Path, resume: bool = False, progress: Progress | None = None) -> Path:
    """Train a generator and return the file of its last checkpoint.

    The run folder ``out`` gets ``config.json``, ``metrics.jsonl``, TensorBoard events, ``checkpoints/`` and
    ``samples/``. Ctrl-C finishes the step, saves, and stops; ``resume`` then goes on as if nothing had happened,
    bit for bit on one machine.

    Args:
        config: what to train, and how.
        data: folder of the data set, in the Market-1501 or DeepFashion layout.
        out: run folder, new or empty unless ``resume``.
        resume: go on from the newest whole checkpoint in ``out``, or start if it has none.
        progress: where to show how far it is; default: nowhere.

    Raises:
        InputError: if the data or the run folder do not fit.
        RunError: if a loss is not finite.
        KeyboardInterrupt: after Ctrl-C, once the checkpoint is written.
    """
    progress = progress or Progress("train", shown=False)
    index = open_pairs(data, "train", config.data.layout)
    if index.size != config.size:
        raise InputError(
            f"{data}: images are {index.size[0]}x{index.size[1]}, recipe {config.recipe} is for "
            f"{config.size[0]}x{config.size[1]}; choose a recipe for this data set"
        )
    dataset, samples = PairDataset(index, flip=config.data.flip), fixed_pairs(data, config)
    fabric = Fabric(accelerator=config.hardware.accelerator, devices=1, precision=config.hardware.precision)
    objective = Objective(config.objective).to(fabric.device)
    samples = samples.to(fabric.device)
    steps, steps_per_epoch = config.optimization.steps, config.optimization.steps_per_epoch
    every = config.logging

    with closing(RunFolder(out, config, resume=resume)) as folder, _finish_step_on_interrupt() as interrupted:
        state = build_state(config, fabric)
        if resume and load_newest_checkpoint(folder.checkpoints, state, progress.say):
            progress.say(f"resumed at step {state.step} of {steps}")
        folder.rewind(state.step)
        progress(state.step, steps)
        while state.step < steps:
            epoch, batches_done = divmod(state.step, steps_per_epoch)
            loader = train_loader(
                dataset,
                seed=config.seed,
                epoch=epoch,
                pairs_per_epoch=config.optimization.pairs_per_epoch,
                batch_size=config.optimization.batch_size,
                workers=config.data.workers,
                start_batch=batches_done,
                pin_memory=fabric.device.type == "cuda",
            )
            since, seen = time.perf_counter(), 0
            for batch in loader:
                terms = train_step(state, batch.to(fabric.device), objective, config, fabric)
                seen += len(batch)
                last = state.step == steps
                if state.step % every.log_every == 0 or last:
                    speed = seen / (time.perf_counter() - since)
                    folder.log(_log_row(state.step, terms, objective, config, speed))
                    since, seen = time.perf_counter(), 0
                progress(state.step, steps, items_per_step=len(batch), note=_note(terms))
                if state.step % every.sample_every == 0 or last:
                    sheet = contact_sheet(state.best_generator(), samples, config)
                    write_image(folder.samples / f"step-{state.step:07d}.png", sheet)
                if state.step % every.checkpoint_every == 0 or last or interrupted:
                    save_checkpoint(folder.checkpoints, state, config)
                if interrupted:
                    progress.say(f"stopped after step {state.step}; saved, --resume continues")
                    raise KeyboardInterrupt
    return generator_path(folder.checkpoints, state.step)


def _log_row(
    step: int, terms: dict[str, Tensor], objective: Objective, config: RunConfig, images_per_second: float
) -> dict[str, Any]:
    """One row of metrics.jsonl: every unweighted term with its weight, the total, gradient norms, speed."""
    row: dict[str, Any] = {"step": step, "epoch": (step - 1) // config.optimization.steps_per_epoch + 1}
    for name, value in terms.items():
        row[f"loss/{name}" if name in objective.weights else name] = value.item()
    for name, weight in objective.weights.items():
        row[f"weight/{name}"] = float(weight)
    row["learning_rate"] = config.optimization.learning_rate_at(step - 1)
    row["images_per_second"] = images_per_second
    return row


def _note(terms: dict[str, Tensor]) -> str:
    return f"loss {terms['total'].item():.3f}"


@contextmanager
def _finish_step_on_interrupt() -> Iterator[list[int]]:
    """Collect Ctrl-C and termination signals instead of being torn out of a step; a second one does tear."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    previous = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
