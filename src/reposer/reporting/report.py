"""The report of a run: one HTML file with scores, contact sheet and loss curves; needs no network to be read."""

import platform
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import torch

from reposer import __version__
from reposer.config import RunConfig, config_to_json
from reposer.evaluation import Evaluation
from reposer.files import write_text
from reposer.metrics import METRICS
from reposer.reporting.page import page, picture
from reposer.training.run_folder import read_log


def write_report(
    run: Path, config: RunConfig, evaluations: Mapping[str, Evaluation], seconds: Mapping[str, float]
) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    Args:
        run: run folder with metrics.jsonl and samples/.
        config: its configuration.
        evaluations: scores by name; the first one is the trained generator's.
        seconds: time of each stage.
    """
    sheets = sorted((run / "samples").glob("step-*.png"))
    rows = read_log(run)
    first = next(iter(evaluations.values()))
    stages = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
    body = [
        f"<h1>{escape(config.recipe)}</h1>",
        f"<p class=muted>Reposer {__version__}, torch {torch.__version__}, {escape(platform.machine())}, "
        f"{torch.get_num_threads()} threads, seed {config.seed}; {escape(stages)}</p>",
        "<h2>Scores</h2>",
        f"<p>{len(first.per_image)} test pairs of people who were never seen in training; 95 % bootstrap interval "
        "below each value.</p>",
        _score_table(evaluations),
        f"<p class=muted>Signatures: <code>{'<br>'.join(map(escape, first.signature_lines()))}</code></p>",
        "<h2>What it makes</h2>",
        "<p>Source, target pose, target, generated; fixed test pairs after the last step.</p>",
        picture(sheets[-1].read_bytes(), ".png", alternative="contact sheet") if sheets else "",
        "<h2>Losses</h2>",
        "<p>Unweighted terms over the steps.</p>",
        *(
            _curve(name.removeprefix("loss/"), [(row["step"], row[name]) for row in rows if name in row])
            for name in dict.fromkeys(name for row in rows for name in row)  # also those that join late
            if name.startswith(("loss/", "discriminator/")) or name == "total"
        ),
        "<h2>Configuration</h2>",
        f"<pre>{escape(config_to_json(config))}</pre>",
    ]
    path = run / "report.html"
    write_text(path, page(config.recipe, body))
    return path


def _score_table(evaluations: Mapping[str, Evaluation]) -> str:
    first = next(iter(evaluations.values()))
    header = "".join(f"<th>{escape(METRICS[score.name].heading)}</th>" for score in first.scores)
    lines = []
    for i, (name, evaluation) in enumerate(evaluations.items()):
        cells = "".join(f"<td>{s.value:.4f}<small>{s.limits}</small></td>" for s in evaluation.scores)
        lines.append(f"<tr{' class=best' if i == 0 else ''}><td>{escape(name)}</td>{cells}</tr>")
    return f"<table><tr><th></th>{header}</tr>{''.join(lines)}</table>"


def _curve(name: str, points: Sequence[tuple[int, Any]], width: int = 290, height: int = 150) -> str:
    """A line chart as SVG: value over step, the axes' ends labelled."""
    steps, values = [p[0] for p in points], [float(p[1]) for p in points]
    low, high = min(values), max(values)
    left, right, top, bottom = 44, width - 8, 24, height - 20
    across, up = (right - left) / max(steps[-1] - steps[0], 1), (bottom - top) / ((high - low) or 1.0)
    line = " ".join(f"{left + (s - steps[0]) * across:.1f},{bottom - (v - low) * up:.1f}" for s, v in points)
    label = 'font-size="11" fill="#667"'
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{escape(name)} over steps">'
        f'<text x="{left}" y="14" font-size="13">{escape(name)}</text>'
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#bbc"/>'
        f'<polyline points="{line}" fill="none" stroke="#2b5fd9" stroke-width="1.5"/>'
        f'<text x="{left - 4}" y="{top + 8}" text-anchor="end" {label}>{high:.3g}</text>'
        f'<text x="{left - 4}" y="{bottom}" text-anchor="end" {label}>{low:.3g}</text>'
        f'<text x="{left}" y="{height - 6}" {label}>{steps[0]}</text>'
        f'<text x="{right}" y="{height - 6}" text-anchor="end" {label}>{steps[-1]} steps</text></svg>'
    )
