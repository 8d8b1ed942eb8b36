"""``reposer evaluate``: score a folder of results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import tyro

from reposer.checks import InputError
from reposer.evaluation import BASELINES, Evaluation, EvaluationOptions, evaluate
from reposer.files import check_place
from reposer.poses.estimators import DEFAULT
from reposer.progress import Progress
from reposer.terminal import Screen


def run(
    results: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")],
    /,
    *,
    options: Annotated[EvaluationOptions, tyro.conf.arg(name="")] = EvaluationOptions(),  # noqa: B008
    baselines: bool = False,
    json: Path | None = None,
    table: Path | None = None,
    with_published: bool = False,
) -> None:
    """Score generated images against the real ones, under a stated protocol.

    RESULTS holds one file per pair: strips of 5 panels (source, its pose, target, its pose, generated), triptychs
    (source, target, generated) or single generated images; the size tells which. Files are named after their pair
    (SOURCE___TARGET_vis.png, SOURCE_2_TARGET_vis.png, SOURCE.jpg_TARGET.jpg.png), by their numbers in --pairs, like
    the files in --targets, or listed in a pairs.csv (generated,target[,source]). Prints the metrics of the protocol
    with their 95 % intervals, and the signatures that say what they may be compared with.

    Args:
        results: folder of result images, or a CSV that lists them; a manifest.json in it, from 'reposer generate',
            fills in the options that are left out.
        options: what is scored, and how.
        baselines: also score what needs no network: the source image, and the mean of the real images.
        json: file for the scores and the numbers of every image; the cache goes next to it, as NAME.cache, unless
            --cache is given.
        table: file for the numbers of every image as a table, .csv or .parquet.
        with_published: also show the result among the published scores that are comparable with it.
    """
    if json is not None:
        check_place(json, "--json")
    if table is not None:
        check_place(table, "--table")
        if table.suffix not in (".csv", ".parquet"):
            raise InputError(f"{table}: --table is written as .csv or .parquet")
    if options.cache is None and json is not None:
        options = replace(options, cache=json.with_suffix(".cache"))
    evaluations: dict[str, Evaluation] = {}
    for baseline in (None, *(BASELINES if baselines else ())):
        name = baseline or "generated"
        shown = options
        if baseline is not None:  # the predicted poses are those of the generated images
            shown = replace(options, baseline=baseline, predicted_keypoints=None, detect_poses=False, estimator=DEFAULT)
        with Progress(f"evaluating {name}") as progress:
            evaluations[name] = evaluate(results, shown, progress=progress)
    evaluation = evaluations["generated"]
    if json is not None:
        for each in evaluations.values():
            each.save(json.with_suffix(f".{each.baseline}.json") if each.baseline else json)
    if table is not None:
        evaluation.save_per_image(table)
    console = Screen()
    console.print(evaluation.table())
    if baselines:
        from reposer.reporting.comparison import side_by_side

        console.print(side_by_side(evaluations))
    if with_published:
        from reposer.reporting import published

        console.print(published.with_published(evaluation))
    lines = evaluation.notes()
    if left := set(evaluation.protocol.all_metrics) - {score.name for score in evaluation.scores}:
        names = ", ".join(name for name in evaluation.protocol.all_metrics if name in left)
        lines.append(f"not scored: {names}; ask for them with --metrics all, or by name")
    written = [f"written: {path}" for path in (json, table) if path is not None]
    for line in (*lines, *evaluation.signature_lines(), *written):
        console.tell(line)
