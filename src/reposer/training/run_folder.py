"""The run folder: config.json, run.json, metrics.jsonl, events of the loggers, checkpoints/ and samples/."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from reposer.checks import InputError, RunError
from reposer.config import LoggingConfig, RunConfig, config_differences, config_from_json, config_to_json
from reposer.files import read_text, write_text
from reposer.images import write_image
from reposer.locks import is_lock, lock
from reposer.models.saving import files_by_step
from reposer.training.checkpoint import STATE, writing
from reposer.training.log import LOG
from reposer.training.log import read_log as read_log
from reposer.training.loggers import LOGGERS, show
from reposer.training.record import RECORD, RunRecord
from reposer.training.world import World

Resume = bool | Literal["auto"]
CONFIG, CHECKPOINTS, SAMPLES = "config.json", "checkpoints", "samples"
_FREE = (
    "logging.",
    "data.workers ",
    "data.cache ",
    "optimization.on_nonfinite ",
    "optimization.most_skips ",
    "hardware.",
)
"""Fields that may change when a run is resumed; of the hardware, precision may not."""


@contextmanager
def held(path: Path, config: RunConfig, record: RunRecord, *, resume: Resume, world: World) -> Iterator[bool]:
    """Hold a run folder, in the first of the processes, and check it; give what ``check_run_folder`` found.

    Raises:
        InputError: in every process, if another run holds the folder, or as ``check_run_folder`` says.
    """
    with ExitStack() as stack:
        found: bool | Exception = False
        if world.is_first:
            try:
                stack.enter_context(lock(path, f"reposer train {config.recipe}"))
                found = check_run_folder(path, config, record, resume=resume)
            except (InputError, OSError) as error:  # which the others are waiting to hear
                found = error
        found = world.gathered_objects(found)[0]
        if isinstance(found, Exception):
            raise found
        yield found


def read_run(path: Path) -> tuple[RunConfig, Path | None]:
    """Read what is needed to resume a run: its configuration, and the folder of its data, if that is known."""
    saved = path / CONFIG
    if not saved.exists():
        raise InputError(
            f"{path}: no run to resume (no {CONFIG}); start one: reposer train RECIPE --data DIR --out RUN"
        )
    record = RunRecord.read(path)
    return config_from_json(read_text(saved), saved), Path(record.data) if record is not None else None


def check_run_folder(path: Path, config: RunConfig, record: RunRecord | None = None, *, resume: Resume) -> bool:
    """Return whether ``path`` holds this run, to resume; writes nothing.

    A run that was killed before it had logged anything may also be started once more.

    Raises:
        InputError: if it holds another run or other things, or does not hold what ``resume`` says (see ``train``), or
            a run of which no checkpoint is left.
    """
    if not holds_run(path):
        if resume is True:
            raise InputError(f"{path}: no run to resume; leave --resume out to start one, or use --resume auto")
        return False
    if not resume and not _is_new(path):
        raise InputError(f"{path}: already holds a run; add --resume to continue it, or choose another --out")
    found = config_differences(read_run(path)[0], config)
    differences = [field for field in found if field.startswith("hardware.precision ") or not field.startswith(_FREE)]
    if differences:
        raise InputError(
            f"{path}: holds a run with other settings: {'; '.join(differences)}; to continue it "
            "keep them, to train with these choose another --out"
        )
    before = RunRecord.read(path)
    if before is not None and record is not None:
        before.check_same_data(record)
    lost = before.saved is not None if before is not None else bool(read_log(path))
    if lost and not files_by_step(path / CHECKPOINTS, STATE):
        raise InputError(
            f"{path}: {CHECKPOINTS}/ has no state-*.pt to continue from, though this run has got further: nothing was "
            "changed; put one back, or choose another --out to start over"
        )
    return True


def check_loggers(config: LoggingConfig) -> None:
    """Raise InputError if a logger is not installed."""
    if "wandb" in config.loggers and find_spec("wandb") is None:
        raise InputError("--logging.loggers wandb needs the package wandb: pip install wandb")


def holds_run(path: Path) -> bool:
    """Whether a folder holds a run, maybe one that has only begun; InputError if it holds other things."""
    if (path / CONFIG).exists():
        return True
    if path.exists() and (not path.is_dir() or not _is_new(path)):
        raise InputError(f"{path}: not empty and not a run folder; choose another --out")
    return False


def _is_new(path: Path) -> bool:
    """Whether nothing is in the folder but what a run writes before its first step."""
    first = (CONFIG, RECORD, *(f".{name}.part" for name in (CONFIG, RECORD)), "tensorboard", "wandb", "wandb-run.txt")
    others = [entry for entry in path.iterdir() if entry.name not in first and not is_lock(entry)]
    return all(entry.name == SAMPLES and entry.is_dir() and not any(entry.iterdir()) for entry in others)


class RunFolder:
    """Writes a run into a folder that was checked; a context manager that closes its log files.

    Of several processes one ``writes``. InputError if the folder cannot be written or a logger is not installed.
    """

    def __init__(self, path: Path, config: RunConfig, record: RunRecord, *, writes: bool = True) -> None:
        self.path, self.checkpoints, self.samples = path, path / CHECKPOINTS, path / SAMPLES
        before = RunRecord.read(path)
        self._record = replace(record, saved=before.saved if before is not None else None)
        self._loggers: list[Any] = []
        self._writes = writes
        if not writes:
            return
        check_loggers(config.logging)
        try:
            path.mkdir(parents=True, exist_ok=True)
            # Of a process that was killed while it wrote; safetensors has temporary names of its own.
            leftovers = [each for folder in (path, self.checkpoints, self.samples) for each in folder.glob(".*.part")]
            for leftover in (*leftovers, *self.checkpoints.glob(".tmp*")):
                leftover.unlink()
            # Killed between any two of these, the folder is still one to start in or to resume.
            self._record.write(path)
            write_text(path / CONFIG, config_to_json(config) + "\n")
            self.samples.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from None
        self._loggers = [LOGGERS[name](path) for name in config.logging.loggers]

    def note_saved(self, step: int) -> None:
        """Remember that there is a checkpoint of this step."""
        if not self._writes:
            return
        self._record = replace(self._record, saved=step)
        with writing(self.path / RECORD):
            self._record.write(self.path)

    def rewind(self, step: int, warn: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
        """Drop the rows of metrics.jsonl after ``step``, which will be written again; return the rows before.

        Damaged rows are dropped too, and named through ``warn``.
        """
        log = self.path / LOG
        rows = [row for row in read_log(self.path, warn) if row["step"] <= step]
        if self._writes and rows:
            write_text(log, "".join(json.dumps(row) + "\n" for row in rows))
        elif self._writes:
            log.unlink(missing_ok=True)
        return rows

    def log(self, row: dict[str, Any]) -> None:
        """Append a row to metrics.jsonl and give its numbers to the loggers; ``row["step"]`` is the step."""
        if not self._writes:
            return
        try:
            with (self.path / LOG).open("a") as file:
                file.write(json.dumps(row) + "\n")
            for logger in self._loggers:
                logger.log_metrics({k: v for k, v in row.items() if isinstance(v, float)}, step=row["step"])
        except OSError as error:
            raise RunError(
                f"{self.path}: the log cannot be written ({error.strerror}); the last checkpoint is whole: fix this "
                "and continue with --resume"
            ) from None

    def draw(self, sheet: Tensor, step: int) -> None:
        """Write a contact sheet (3, H, W) uint8 as samples/step-N.png and give it to the loggers."""
        path = self.samples / f"step-{step:07d}.png"
        with writing(path):
            write_image(path, sheet)
            for logger in self._loggers:
                show(logger, sheet, step)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        for logger in self._loggers:
            logger.finalize("success")
