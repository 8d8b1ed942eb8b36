"""The evaluation of a folder of results: collect, measure, score, report."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from reposer.evaluation.collect import collect
from reposer.evaluation.evaluation import Evaluation
from reposer.evaluation.measure import measure
from reposer.evaluation.networks import Networks
from reposer.evaluation.options import EvaluationOptions
from reposer.evaluation.rows import Progress
from reposer.evaluation.score import score
from reposer.results import codec_of


def evaluate(
    results_dir: str | Path,
    options: EvaluationOptions | None = None,
    *,
    progress: Progress | None = None,
    **changes: Any,
) -> Evaluation:
    """Score a folder of results against the real images, one number per image and metric.

    The folder holds one file per pair, PNG, JPEG or WebP: strips of 5 panels (source | source pose | target | target
    pose | generated), triptychs (source | target | generated) or single generated images; the size tells which.
    A file is named after its pair (``SOURCE___TARGET_vis.png``, ``SOURCE_2_TARGET_vis.png``,
    ``SOURCE.jpg_TARGET.jpg.png``), by its number in ``pairs``, like the target in ``targets``, or it is listed in a
    ``pairs.csv`` in the folder, with the header ``generated,target[,source]``. Files that show their target may have
    any numbers: what needs no pose is scored, and the signatures say that the pairs are unnamed. A ``manifest.json``
    in the folder, as ``reposer generate`` writes it, stands in for ``targets``, ``annotations`` and ``pairs``.

    Args:
        results_dir: the folder, or a CSV like ``pairs.csv``.
        options: everything that decides the scores.
        progress: called as ``progress(done, total)`` after each batch.
        changes: single fields of :class:`EvaluationOptions`, such as ``annotations="poses.csv"``.

    Raises:
        InputError: naming the file or the option, what was expected and how to fix it.
    """
    options = replace(options or EvaluationOptions(), **changes)
    found = collect(Path(results_dir), options)
    needing = [metric for metric in found.metrics if options.detect_poses or not metric.needs_prediction]
    networks = Networks(needing, found.protocol, options.weights, options=options)
    measured = measure(found, networks, options, progress)
    return Evaluation(
        protocol=found.protocol,
        format=found.reader.format,
        codec=codec_of([item.generated for item in measured.items]),
        scores=score(found, measured, networks),
        per_image=measured.rows,
        results=found.folder.resolve(),
        targets=found.targets and found.targets.resolve(),
        pairs_of=options.pairs_of and options.pairs_of.resolve(),
        annotations_shift=options.annotations_shift,
        baseline=options.baseline,
        skipped=found.problems.to_json(),
    )


def _signature() -> inspect.Signature:
    """The signature of ``evaluate`` with the fields of its options as keywords, for ``help``."""
    known = list(inspect.signature(evaluate).parameters.values())[:-1]
    keyword = inspect.Parameter.KEYWORD_ONLY
    named = [
        inspect.Parameter(f.name, keyword, default=f.default, annotation=f.type) for f in fields(EvaluationOptions)
    ]
    return inspect.Signature([*known, *named], return_annotation=Evaluation)


evaluate.__signature__ = _signature()  # type: ignore[attr-defined]
