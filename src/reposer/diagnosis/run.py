"""A run, looked at: whether it learns, what to try, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from statistics import mean

from reposer.checks import InputError
from reposer.diagnosis.finding import Diagnosis, Finding, error, note, warning
from reposer.evaluation import Evaluation
from reposer.generator import generator_file
from reposer.metrics import METRICS
from reposer.origin import EVALUATION, Origin
from reposer.reporting.advice import Facts, advice
from reposer.results.manifest import MANIFEST
from reposer.training.run_folder import read_log, read_run

_FEW = 8
"""Rows of the log below which nothing can be said about a trend."""


def diagnose_run(run: Path) -> Diagnosis:
    """Look at a run folder: the trend of its losses and of the scores of unseen pairs, and what stands out.

    The rules of what to try are those of the report (``reporting.advice``).

    Raises:
        InputError: if the folder holds no run, or a file of it cannot be read.
    """
    config, data = read_run(run)
    rows = read_log(run)
    file = _generator(run)
    scores = Origin(run, file).scores() if file is not None else None
    evaluations: Mapping[str, Evaluation] = {"generated": Evaluation.load(scores)} if scores is not None else {}
    facts = Facts(config, rows, evaluations)
    findings = [*_progress(facts), *_files(run, file, facts), *_losses(facts), *_validation(facts)]
    if len(rows) >= _FEW:
        findings += [Finding("try", sentence) for sentence in advice(facts)]
    return Diagnosis(tuple(findings), _next(run, facts, data, file is not None))


def _generator(run: Path) -> Path | None:
    try:
        return generator_file(run)
    except InputError:
        return None


def _progress(facts: Facts) -> Iterator[Finding]:
    steps, done = facts.config.optimization.steps, facts.rows[-1]["step"] if facts.rows else 0
    yield note(f"{facts.config.recipe}, logged up to step {done:,} of {steps:,} ({done / steps:.0%})")
    if len(facts.rows) < _FEW:
        yield warning(f"{len(facts.rows)} rows in the log: too few to say whether it learns")


def _files(run: Path, file: Path | None, facts: Facts) -> Iterator[Finding]:
    failed = sorted(run.glob("nonfinite-*.pt"))
    if failed:
        later = facts.rows and facts.rows[-1]["step"] > int(failed[-1].stem.rpartition("-")[2])
        yield (warning if later else error)(
            f"{failed[-1].name}: a loss or gradient was not finite in that step; lower "
            "--optimization.learning-rate, or train with --hardware.precision 32-true"
        )
    if file is None:
        yield warning(f"no generator in {run / 'checkpoints'} yet")


def _losses(facts: Facts) -> Iterator[Finding]:
    values = facts.settled("total")
    quarter = len(values) // 4
    if len(values) < _FEW:
        return
    first, last = mean(values[:quarter]), mean(values[-quarter:])
    text = f"total loss {first:.4g} in the first quarter of the log, {last:.4g} in the last"
    if last < first:
        yield note(f"{text}: it falls")
    else:
        yield warning(f"{text}: it does not fall; lower --optimization.learning-rate")


def _validation(facts: Facts) -> Iterator[Finding]:
    metric = METRICS[facts.config.logging.best_by]
    points = facts.curve(f"validation/{facts.config.logging.best_by}")
    if not points:
        yield warning("no validation scores: nothing tells how it does on people whom it has not seen")
        return
    sign = 1 if metric.better == "higher" else -1
    step, best = max(points, key=lambda point: sign * point[1])
    (_, first), (_, last) = points[0], points[-1]
    text = f"{metric.title} of unseen pairs: {first:.4f} at first, {last:.4f} at last, best {best:.4f} at step {step:,}"
    if len(points) > 2 and step == points[0][0]:
        yield error(
            f"{text}: it does not learn what helps with unseen people; see what to try, and look at "
            "the data with 'reposer doctor'"
        )
    elif len(points) > 1:
        yield note(f"{text}: it {'learns' if sign * (last - first) > 0 else 'has learned, and lost it'}")
    else:
        yield note(f"{text}; one validation tells no trend")


def _next(run: Path, facts: Facts, data: Path | None, generates: bool) -> str:
    folder, results = quote(str(run)), quote(str(run / "results"))
    done = facts.rows[-1]["step"] if facts.rows else 0
    if done < facts.config.optimization.steps or not generates:
        return f"reposer train --resume {folder}"
    if facts.evaluations:
        return f"reposer compare {quote(str(run))} OTHER_RUN"
    if (run / "results" / MANIFEST).exists():
        return f"reposer evaluate {results} --json {quote(str(run / EVALUATION))}"
    return f"reposer generate {folder} --data {quote(str(data)) if data else 'DATA'} --out {results}"
