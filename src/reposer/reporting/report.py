"""The report of a run: one HTML file with scores, advice, pictures and curves; needs no network to be read."""

import platform
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reposer import __version__
from reposer.config import RunConfig, config_to_json
from reposer.evaluation import Evaluation
from reposer.files import write_text
from reposer.images import encode_image
from reposer.metrics import METRICS
from reposer.reporting.advice import Facts, advice
from reposer.reporting.exhibits import Exhibits, stages
from reposer.reporting.page import page, picture
from reposer.training.run_folder import read_log

_SUFFIX, _QUALITY = ".webp", 90
_STYLE = """
h3 { margin: 1.4rem 0 .4rem } summary { cursor: pointer } .pairs { display: flex; flex-wrap: wrap; gap: .8rem }
.pairs figure { margin: 0; width: 14.5rem } .pairs img { width: 100% } figcaption { font-size: 13px; line-height: 1.35 }
figcaption span { color: #667; font-size: 12px; overflow-wrap: anywhere }
"""


def write_report(
    run: Path, config: RunConfig, evaluations: Mapping[str, Evaluation], seconds: Mapping[str, float]
) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    Args:
        run: run folder with metrics.jsonl and samples/.
        config: its configuration.
        evaluations: scores by name; the first one is the trained generator's, others are baselines. The pictures come
            from its folder of results, if that is still there.
        seconds: time of each stage.
    """
    rows = read_log(run)
    first = next(iter(evaluations.values()))
    exhibits = Exhibits(first, config)
    sharpness = exhibits.sharpness()
    times = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
    body = [
        f"<h1>{escape(config.recipe)}</h1>",
        f"<p class=muted>Reposer {__version__}, torch {torch.__version__}, {escape(platform.machine())}, "
        f"{torch.get_num_threads()} threads, seed {config.seed}; {escape(times)}</p>",
        "<h2>Scores</h2>",
        f"<p>{len(first.per_image)} test pairs of people who were never seen in training; 95 % bootstrap interval "
        "below each value.</p>",
        _score_table(evaluations),
        f"<p class=muted>Signatures: <code>{'<br>'.join(map(escape, first.signature_lines()))}</code></p>",
        *_sharpness(sharpness),
        "<h2>What to try next</h2>",
        "<ul>",
        *(f"<li>{escape(each)}</li>" for each in advice(Facts(config, rows, evaluations, sharpness))),
        "</ul>",
        *_made(exhibits),
        *_stages(run, config),
        "<h2>Curves</h2>",
        "<p>Unweighted terms over the steps.</p>",
        *_curves(rows, ("loss/", "discriminator/", "total")),
        *_section("<p>Scores of unseen pairs while it trained.</p>", _curves(rows, ("validation/",), least=2)),
        "<h2>Configuration</h2>",
        f"<details><summary>Every setting of the run</summary><pre>{escape(config_to_json(config))}</pre></details>",
    ]
    path = run / "report.html"
    write_text(path, page(config.recipe, body, style=_STYLE))
    return path


def _section(head: str, content: Sequence[str]) -> list[str]:
    return [head, *content] if content else []


def _sharpness(value: float | None) -> list[str]:
    if value is None:
        return []
    return [
        f"<p>Sharpness of the bodies: <b>{value:.2f}</b> of that of the targets. 1 is as sharp as the photos, less is "
        "blurred; SSIM and L1 hardly tell.</p>"
    ]


def _made(exhibits: Exhibits) -> list[str]:
    """The contact sheet, and the best and worst pairs."""
    sheet = exhibits.sheet()
    if sheet is None:
        return []
    metric, best, worst = exhibits.best_and_worst()
    lines = [
        "<h2>What it makes</h2>",
        f"<p>Source, target pose, target, generated; of {len(exhibits.pairs)} test pairs, spread evenly.</p>",
        _picture(sheet, "contact sheet"),
    ]
    for name, pairs in (("Best", best), ("Worst", worst)):
        if pairs:
            lines.append(f"<h3>{name} pairs by {escape(METRICS[metric].title)}</h3><div class=pairs>")
            lines += [_pair(*pair) for pair in pairs]
            lines.append("</div>")
    return lines


def _pair(name: str, value: float, panels: Tensor) -> str:
    return f"<figure>{_picture(panels, name)}<figcaption>{value:.4f} <span>{escape(name)}</span></figcaption></figure>"


def _stages(run: Path, config: RunConfig) -> list[str]:
    """How the fixed pairs came to be."""
    sheet, steps, left_out = stages(run, config)
    lines = [f"<p class=muted>Left out: {escape(reason)}.</p>" for reason in left_out]
    if sheet is not None:
        after = ", ".join(f"{step:,}" for step in steps)
        text = f"One fixed test pair in a column: the target, and below it what was generated after {after} steps."
        lines = [
            f"<p>{text}</p>",
            picture(encode_image(sheet, ".png"), ".png", alternative="stages of training"),
            *lines,
        ]
    return _section("<h2>How it learned</h2>", lines)


def _picture(image: Tensor, alternative: str) -> str:
    return picture(encode_image(image, _SUFFIX, quality=_QUALITY), _SUFFIX, alternative=alternative)


def _curves(rows: Sequence[Mapping[str, Any]], starts: tuple[str, ...], *, least: int = 1) -> list[str]:
    """A chart for each number of the log whose name starts so, also for those that join late, of enough points."""
    names = dict.fromkeys(name for row in rows for name in row if name.startswith(starts))
    points = {name: [(row["step"], row[name]) for row in rows if name in row] for name in names}
    return [_curve(name.removeprefix("loss/"), each) for name, each in points.items() if len(each) >= least]


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
