"""Whether a run learns, what to try, and what comes next."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.small_run import SMALL

from reposer.checks import InputError
from reposer.config import config_to_json
from reposer.diagnosis import Diagnosis, diagnose_run

STEPS = SMALL.optimization.steps
COUNT = 24


def run(folder: Path, *, last: int = STEPS, generator: bool = True, **curves: Sequence[float]) -> Path:
    """A run folder with a log: each number in as many of the last rows as it has values."""
    (folder / "checkpoints").mkdir(parents=True)
    config = replace(SMALL, logging=replace(SMALL.logging, best_by="ssim"))
    (folder / "config.json").write_text(config_to_json(config))
    rows = [{"step": last - COUNT + 1 + i} for i in range(COUNT)]
    for name, values in curves.items():
        for row, value in zip(rows[COUNT - len(values) :], values, strict=True):
            row[name] = value  # type: ignore[assignment]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    if generator:
        (folder / f"checkpoints/generator-{last:07d}.safetensors").write_bytes(b"weights")
    return folder


def falling(count: int = COUNT) -> list[float]:
    return [2 - 0.05 * i for i in range(count)]


def text(diagnosis: Diagnosis) -> str:
    return "\n".join(diagnosis.lines())


def test_a_run_that_learns(tmp_path: Path) -> None:
    log = {"total": falling(), "validation/ssim": [0.4, 0.42, 0.44, 0.46, 0.48, 0.5]}
    diagnosis = diagnose_run(run(tmp_path / "run", **log))
    assert diagnosis.errors == 0
    assert "it falls" in text(diagnosis)
    assert f"SSIM of unseen pairs: 0.4000 at first, 0.5000 at last, best 0.5000 at step {STEPS}: it learns" in text(
        diagnosis
    )
    assert "try: SSIM of unseen pairs still improved" in text(diagnosis)
    assert diagnosis.next == f"reposer generate {tmp_path}/run --data DATA --out {tmp_path}/run/results"


def test_a_run_that_does_not_learn(tmp_path: Path) -> None:
    log = {"total": [1.0] * COUNT, "validation/ssim": [0.5, 0.45, 0.4]}
    diagnosis = diagnose_run(run(tmp_path / "run", **log))
    assert diagnosis.errors == 1
    assert "it does not fall" in text(diagnosis)
    assert "it does not learn what helps with unseen people" in text(diagnosis)


def test_a_dead_discriminator(tmp_path: Path) -> None:
    log = {f"accuracy/shape/{kind}": [0.5] * COUNT for kind in ("real", "generated")}
    assert "the discriminator 'shape' has told nothing" in text(diagnose_run(run(tmp_path / "run", **log)))


@pytest.mark.parametrize(("step", "level"), [(STEPS, "error"), (1, "warning")])
def test_a_step_that_failed(tmp_path: Path, step: int, level: str) -> None:
    folder = run(tmp_path / "run", last=STEPS - 1)
    (folder / f"nonfinite-{step:07d}.pt").touch()
    (line,) = (line for line in diagnose_run(folder).lines() if "not finite" in line)
    assert line.startswith(f"{level}: nonfinite-{step:07d}.pt")


@pytest.mark.parametrize("options", [{"last": STEPS - 1}, {"generator": False}])
def test_what_is_unfinished_is_resumed(tmp_path: Path, options: dict) -> None:
    assert diagnose_run(run(tmp_path / "run", **options)).next == f"reposer train --resume {tmp_path}/run"


def test_results_are_scored_next(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    (folder / "results").mkdir()
    (folder / "results/manifest.json").write_text("{}")
    assert diagnose_run(folder).next == f"reposer evaluate {folder}/results --json {folder}/evaluation.json"


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    folder = run(tmp_path / "run", generator=False)
    (folder / "metrics.jsonl").unlink()
    lines = text(diagnose_run(folder))
    assert "0 rows in the log: too few to say whether it learns" in lines
    assert "no validation scores" in lines
    assert "try:" not in lines


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run"):
        diagnose_run(tmp_path)
