"""metrics.jsonl: a row of numbers for every logged step."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from reposer.checks import InputError, some
from reposer.files import read_text

LOG = "metrics.jsonl"


def read_log(run: Path, warn: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
    """Read the whole rows of a run's metrics.jsonl, if it has one.

    The last one may be half, as of a run that was killed; others are left out too, but named through ``warn``.

    Raises:
        InputError: naming a line that is whole, but none that a run has written.
    """
    path = run / LOG
    lines = read_text(path).splitlines() if path.exists() else []
    rows = [_row(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    damaged = [str(number) for number, row in enumerate(rows[:-1], start=1) if row is None]
    if warn is not None and damaged:
        warn(f"{path}: damaged rows left out: line {some(damaged)}")
    return [row for row in rows if row is not None]


def _row(line: str, where: str) -> dict[str, Any] | None:
    """The numbers of a step, all of which a float holds and none of which is NaN; None if this is no whole row."""
    try:
        row = json.loads(line)
    except (RecursionError, ValueError):
        return None
    numbers: Iterable[Any] = row.values() if isinstance(row, dict) else [None]
    fit = all(type(value) in (int, float) and abs(value) <= sys.float_info.max for value in numbers)
    if not fit or type(row.get("step")) is not int:
        raise InputError(f'{where}: expected the numbers of a step, as in {{"step": 50, ...}}; remove this line')
    return row
