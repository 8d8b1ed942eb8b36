"""metrics.jsonl: a row of numbers for every logged step."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.files import read_text

LOG = "metrics.jsonl"


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read the whole rows of a run's metrics.jsonl, if it has one; InputError names a line that no run has written."""
    path = run / LOG
    lines = read_text(path).splitlines() if path.exists() else []
    rows = [_row(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    return [row for row in rows if row is not None]


def _row(line: str, where: str) -> dict[str, Any] | None:
    """The numbers of a step; None if this is half a row, which was being written when the run was killed."""
    try:
        row = json.loads(line)
    except (RecursionError, ValueError):
        return None
    numbers = isinstance(row, dict) and all(type(value) in (int, float) and _fits(value) for value in row.values())
    if not numbers or type(row.get("step")) is not int:
        raise InputError(f'{where}: expected the numbers of a step, as in {{"step": 50, ...}}; remove this line')
    return row


def _fits(value: float) -> bool:
    """Whether a number of any length is one that a float holds; a run stops before it would log NaN or infinity."""
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**1000
