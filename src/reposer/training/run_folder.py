"""The run folder: config.json, metrics.jsonl, TensorBoard events, checkpoints/ and samples/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.config import RunConfig, config_differences, config_from_json, config_to_json
from reposer.files import write_text

_FREE = ("logging.", "data.workers ", "hardware.accelerator ")
"""Fields that may change when a run is resumed."""


class RunFolder:
    """Opens ``path`` for a run of ``config``; a context manager that closes its log files.

    Raises:
        InputError: if the folder holds another run, or a run although ``resume`` is False.
    """

    def __init__(self, path: Path, config: RunConfig, *, resume: bool) -> None:
        self.path = path
        saved = path / "config.json"
        if saved.exists():
            if not resume:
                raise InputError(f"{path}: already holds a run; add --resume to continue it, or choose another --out")
            differences = config_differences(config_from_json(saved.read_text(), saved), config)
            differences = [d for d in differences if not d.startswith(_FREE)]
            if differences:
                raise InputError(f"{path}: holds a run with other settings: {'; '.join(differences)}")
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"{path}: not empty and not a run folder; choose another --out")
        self.samples.mkdir(parents=True, exist_ok=True)
        write_text(saved, config_to_json(config) + "\n")
        from torch.utils.tensorboard import SummaryWriter

        self._events = SummaryWriter(str(path / "tensorboard"))

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Folder of the contact sheets."""
        return self.path / "samples"

    def rewind(self, step: int) -> None:
        """Drop the rows of metrics.jsonl that come after ``step``: they will be written again."""
        log = self.path / "metrics.jsonl"
        if log.exists():
            kept = [line for line in log.read_text().splitlines() if (_row(line) or {"step": step + 1})["step"] <= step]
            write_text(log, "".join(line + "\n" for line in kept))

    def log(self, row: dict[str, Any]) -> None:
        """Append a row to metrics.jsonl and its numbers to TensorBoard; ``row["step"]`` is the step."""
        with (self.path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if isinstance(value, float):
                self._events.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Flush and close the log files."""
        self._events.close()


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read the whole rows of a run's metrics.jsonl."""
    rows = (_row(line) for line in (run / "metrics.jsonl").read_text().splitlines())
    return [row for row in rows if row is not None]


def _row(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:  # the row that was being written when the run was killed
        return None
