"""The run folder: config.json, metrics.jsonl, events of the loggers, checkpoints/ and samples/."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from reposer.checks import InputError, RunError
from reposer.config import RunConfig, config_differences, config_from_json, config_to_json
from reposer.files import write_text

Resume = bool | Literal["auto"]
_FREE = ("logging.", "data.workers ", "optimization.on_nonfinite ", "optimization.most_skips ", "hardware.")
"""Fields that may change when a run is resumed; of the hardware, precision may not."""


def check_run_folder(path: Path, config: RunConfig, *, resume: Resume) -> bool:
    """Return whether ``path`` holds this run, to resume; writes nothing.

    Raises:
        InputError: if it holds another run or other things, or does not hold what ``resume`` says (see ``train``).
    """
    saved = path / "config.json"
    if not saved.exists():
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"{path}: not empty and not a run folder; choose another --out")
        if resume is True:
            raise InputError(f"{path}: no run to resume; leave --resume out to start one, or use --resume auto")
        return False
    if not resume:
        raise InputError(f"{path}: already holds a run; add --resume to continue it, or choose another --out")
    found = config_differences(config_from_json(saved.read_text(), saved), config)
    differences = [field for field in found if field.startswith("hardware.precision ") or not field.startswith(_FREE)]
    if differences:
        raise InputError(f"{path}: holds a run with other settings: {'; '.join(differences)}")
    return True


class RunFolder:
    """Writes a run into a folder that was checked; a context manager that closes its log files.

    Of several processes one ``writes``. InputError if the folder cannot be written or a logger is not installed.
    """

    def __init__(self, path: Path, config: RunConfig, *, writes: bool = True) -> None:
        self.path, self.checkpoints, self.samples = path, path / "checkpoints", path / "samples"
        self._loggers: list[Any] = []
        self._writes = writes
        if not writes:
            return
        if "wandb" in config.logging.loggers and find_spec("wandb") is None:
            raise InputError("--logging.loggers wandb needs the package wandb: pip install wandb")
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
            # Of a process that was killed while it wrote; safetensors has temporary names of its own.
            for leftover in (*path.rglob(".*.part"), *self.checkpoints.glob(".tmp*")):
                leftover.unlink()
            write_text(path / "config.json", config_to_json(config) + "\n")
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from None
        self._loggers = [_LOGGERS[name](path) for name in config.logging.loggers]

    def rewind(self, step: int) -> list[dict[str, Any]]:
        """Drop the rows of metrics.jsonl after ``step``, which will be written again; return the rows before."""
        log = self.path / "metrics.jsonl"
        rows = [row for row in read_log(self.path) if row["step"] <= step] if log.exists() else []
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
            with (self.path / "metrics.jsonl").open("a") as file:
                file.write(json.dumps(row) + "\n")
            for logger in self._loggers:
                logger.log_metrics({k: v for k, v in row.items() if isinstance(v, float)}, step=row["step"])
        except OSError as error:
            raise RunError(
                f"{self.path}: the log cannot be written ({error.strerror}); the last checkpoint is whole: fix this "
                "and continue with --resume"
            ) from None

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        for logger in self._loggers:
            logger.finalize("success")


def _tensorboard(path: Path) -> Any:
    from lightning.fabric.loggers.tensorboard import TensorBoardLogger

    return TensorBoardLogger(path, name="tensorboard", version="")


def _wandb(path: Path) -> Any:
    from lightning.pytorch.loggers import WandbLogger

    name = path / "wandb-run.txt"  # so that a resumed run continues in the same place
    if not name.exists():
        write_text(name, uuid.uuid4().hex)
    return WandbLogger(name=path.name, save_dir=path, version=name.read_text(), project="reposer", resume="allow")


_LOGGERS = {"tensorboard": _tensorboard, "wandb": _wandb}


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read the whole rows of a run's metrics.jsonl."""
    rows = []
    for line in (run / "metrics.jsonl").read_text().splitlines():
        with suppress(json.JSONDecodeError):  # the row that was being written when the run was killed
            rows.append(json.loads(line))
    return rows
