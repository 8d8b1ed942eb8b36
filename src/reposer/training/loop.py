"""The training loop, read from top to bottom."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from reposer.arithmetic import float32_products
from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import PairBatch, PairDataset, has_split, open_pairs
from reposer.data.loading import dead_workers_in_one_line
from reposer.losses import Objective
from reposer.models import NETWORKS, generator_path
from reposer.processes import check_processes
from reposer.progress import Progress
from reposer.training.batches import Batches
from reposer.training.capture import Capture
from reposer.training.checkpoint import BEST, load_newest_checkpoint, save_checkpoint, save_generator
from reposer.training.record import RunRecord
from reposer.training.run_folder import Resume, RunFolder, check_run_folder, held
from reposer.training.state import TrainingState, build_state
from reposer.training.step import take_step
from reposer.training.taken import LAG, Taken, settle
from reposer.training.trial import check_terms, check_truth, try_objective
from reposer.training.validation import HIGHER_IS_BETTER, contact_sheet, fixed_pairs, validate
from reposer.training.watch import DiscriminatorWatch
from reposer.training.world import World


def train(
    config: RunConfig, *, data: Path, out: Path, resume: Resume = False, progress: Progress | None = None
) -> Path:
    """Train a generator and return the file of its last checkpoint.

    The run folder ``out`` gets ``config.json``, ``run.json``, ``metrics.jsonl``, the events of the loggers,
    ``checkpoints/`` and ``samples/``. Ctrl-C finishes the step, saves, and stops; ``resume`` then continues as if
    nothing had happened, bit for bit on one machine.

    Args:
        config: what to train, and how.
        data: folder of the data set.
        out: run folder, new or empty unless ``resume``; held while the run trains.
        resume: True: continue from the newest whole checkpoint in ``out``; "auto": do so if ``out`` holds a run, else
            start one.
        progress: where to show how far it is; default: nowhere.

    Raises:
        InputError: if the data or the run folder do not fit, another process trains in it, or no checkpoint is left to
            continue from.
        RunError: if a loss or gradient is not finite, a file cannot be written, or a process that reads images dies.
        KeyboardInterrupt: after Ctrl-C, once the checkpoint is written.
    """
    check_processes("data.workers", config.data.workers, least=0)
    config, dataset = open_dataset(config, data)
    record = RunRecord.of(data, dataset)
    check_run_folder(out, config, record, resume=resume)  # before other processes are started
    world = World.launch(config.hardware)
    if progress is None or not world.is_first:
        progress = Progress("train", shown=False)
    objective = Objective(config.objective).to(world.device)
    try_objective(objective, config.size, world.device)
    check_terms(objective, NETWORKS[config.generator.network].module)
    samples = fixed_pairs(data, config, config.logging.sample_pairs)
    unseen = fixed_pairs(data, config, config.logging.validation_pairs)
    say_remarks(config, dataset, data, progress)

    steps, every = config.optimization.steps, config.logging
    intervals = (every.log_every, every.validate_every, every.sample_every, every.checkpoint_every)
    with (
        held(out, config, record, resume=resume, world=world) as resumes,
        dead_workers_in_one_line(),
        float32_products(tf32=config.hardware.tf32),
        Batches.opened(dataset, config, world, progress) as batches,
        RunFolder(out, config, record, writes=world.is_first) as folder,
        _finish_step_on_interrupt() as interrupted,
    ):
        state = build_state(config, world)
        if resumes:
            found = load_newest_checkpoint(folder.checkpoints, state, progress.say)
            progress.say(f"resumed at step {state.step} of {steps}" if found else "no checkpoint yet: starts at step 0")
        watch = DiscriminatorWatch(folder.rewind(state.step, progress.say))
        progress(state.step, steps)
        since, seen = time.perf_counter(), 0
        queue: deque[Taken] = deque()
        capture = Capture.of_run(config, state, world, progress.say)
        lag = LAG.get(world.device.type, 0)

        def take(batch: PairBatch, logs: bool) -> Taken:
            return take_step(state, batch, objective, config, world, term_gradients=logs, capture=capture)

        for batch in batches.from_step(state.step):
            step = state.step + 1
            logs, validates, draws, saves = (step % interval == 0 or step == steps for interval in intervals)
            queue.append(take(batch, logs))
            seen += config.optimization.pairs_at(step - 1)
            if len(queue) <= lag and not (logs or validates or draws or saves):
                continue
            values = settle(queue, take, state, config, out, world, progress.say)
            row: dict[str, Any] = _row(values, objective, config, step) if values is not None else {}
            note = f"loss {values['total']:.3f}" if values is not None else f"{state.skipped} skipped"
            progress(step, steps, items_per_step=config.optimization.batch_size, note=note)

            if unseen and validates:
                row |= _validate(state, unseen, config, folder, world)
                logs = True
            if logs:
                row |= {"skipped": state.skipped, "images_per_second": seen / (time.perf_counter() - since)}
                row = {"step": step, "epoch": (step - 1) // config.optimization.steps_per_epoch + 1, **row}
                folder.log(row)
                for warning in watch.add(row):
                    progress.say(f"step {step}: {warning}")
            if world.is_first and samples and draws:
                folder.draw(contact_sheet(state.best_generator(), samples, config), step)
            stops = world.anywhere(bool(interrupted))
            if world.is_first and (saves or stops):
                save_checkpoint(folder.checkpoints, state, config)
                folder.note_saved(state.step)
            if stops:
                progress.say(f"stopped after step {step}; saved, --resume continues: reposer train --resume {out}")
                raise KeyboardInterrupt
            if logs:
                since, seen = time.perf_counter(), 0
    return generator_path(folder.checkpoints, state.step)


def open_dataset(config: RunConfig, data: Path) -> tuple[RunConfig, PairDataset]:
    """Open the training pairs, which must have the run's size, and name their data set in the configuration."""
    check_truth(config)
    index = open_pairs(data, "train", config.data.layout, skip_missing=config.data.skip_missing, size=config.size)
    if index.size != config.size:
        raise InputError(
            f"{data}: images are {index.size[0]}x{index.size[1]}, recipe {config.recipe} is for "
            f"{config.size[0]}x{config.size[1]}; choose a recipe for this data set"
        )
    dataset = PairDataset(index, flip=config.data.flip, truth=config.data.truth)
    return replace(config, data=config.data.of_folder(data)), dataset


def say_remarks(config: RunConfig, dataset: PairDataset, data: Path, progress: Progress) -> None:
    """Say what a data set lacks that a run can do without."""
    if dataset.left_out:
        progress.say(dataset.left_out)
    if not has_split(data, "test", config.data.layout):
        progress.say(f"{data}: no test split: no validation and no contact sheets")


def _validate(
    state: TrainingState, unseen: Sequence[PairBatch], config: RunConfig, folder: RunFolder, world: World
) -> dict[str, float]:
    """Scores of the unseen pairs; the generator is kept if it is the best so far."""
    scores = validate(state.best_generator(), unseen, config, world)
    by = config.logging.best_by
    score = scores[by] if HIGHER_IS_BETTER[by] else -scores[by]
    if state.best is None or score > state.best:
        state.best = score
        if world.is_first:
            save_generator(folder.checkpoints / BEST, state, config)
    return {f"validation/{name}": value for name, value in scores.items()}


def _row(terms: dict[str, float], objective: Objective, config: RunConfig, step: int) -> dict[str, float]:
    """What a step adds to a row of metrics.jsonl: every unweighted term with its weight, and the rest."""
    row = {f"loss/{name}" if name in objective.weights else name: value for name, value in terms.items()}
    row |= {f"weight/{name}": float(weight) for name, weight in objective.weights.items()}
    return row | {"learning_rate": config.optimization.learning_rate_at(step - 1)}


@contextmanager
def _finish_step_on_interrupt() -> Iterator[list[int]]:
    """Collect Ctrl-C and termination signals instead of being torn out of a step; a second one does tear.

    Further ones change nothing: they would only tear what cleans up.
    """
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 2:
            raise KeyboardInterrupt

    previous = {s: signal.signal(s, note) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
