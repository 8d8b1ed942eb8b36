"""A saved evaluation, read back: every name, type and number is checked before anything is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from reposer.checks import InputError, check_choice
from reposer.evaluation.options import Baseline
from reposer.files import read_json
from reposer.metrics import METRICS, Score
from reposer.protocols import Protocol
from reposer.results import FORMATS
from reposer.values import from_plain


@dataclass(frozen=True, kw_only=True)
class _Evaluation:
    """What is read of an evaluation beside its scores, as ``Evaluation.to_json`` writes it."""

    protocol_fields: Protocol
    format: str
    codec: str
    per_image: Mapping[str, Mapping[str, float]]
    results: Path | None = None
    targets: Path | None = None
    pairs_of: Path | None = None
    annotations_shift: float = 0.0
    baseline: Baseline | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)


_NAMES = tuple(known.name for known in fields(_Evaluation))


def read_fields(path: Path) -> dict[str, Any]:
    """Read the fields of an ``Evaluation`` from its JSON file.

    Raises:
        InputError: naming the file and what in it no evaluation holds.
    """
    try:
        content = read_json(path)
        scores = Score.all_from_json(content["scores"])
        told = from_plain(_Evaluation, {name: content[name] for name in _NAMES if name in content})
        check_choice("format", told.format, FORMATS)
        _check_numbers(scores, told.per_image)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        if not path.exists():
            raise InputError(f"{path}: no such file; 'reposer evaluate --json' writes it") from None
        cause = error.__context__ or error
        kind = "" if isinstance(cause, InputError) else f"{type(cause).__name__}: "
        raise InputError(f"{path}: not a file of 'reposer evaluate --json' ({kind}{cause})") from None
    others = {name: getattr(told, name) for name in _NAMES if name != "protocol_fields"}
    return others | {"protocol": told.protocol_fields, "scores": scores}


def _check_numbers(scores: Sequence[Score], per_image: Mapping[str, Mapping[str, float]]) -> None:
    """Raise InputError for metrics that there are not, and for counts that cannot be."""
    for score in scores:
        check_choice("metric", score.name, METRICS)
    for above, below in (metric.columns for metric in METRICS.values() if metric.kind == "ratio"):
        for pair, row in per_image.items():
            if above in row and not 0 <= row[above] <= row.get(str(below), 0) >= 1:
                raise InputError(
                    f"{pair}: expected {above} of at most {below}, got {row[above]} of {row.get(str(below))}"
                )
