"""``reposer evaluate``: score a folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro


def main(arguments: Sequence[str]) -> None:
    """Read the command line and run."""
    from reposer.commands.arguments import call

    call(run, arguments, prog="reposer evaluate")


def run(
    results: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")],
    /,
    *,
    annotations: Path | None = None,
    protocol: str = "patn-market",
    metrics: tuple[str, ...] = (),
    weights: Path | None = None,
    train_images: Path | None = None,
    predicted_keypoints: Path | None = None,
    detect_poses: bool = False,
    baselines: bool = False,
    targets: Path | None = None,
    pairs: Path | None = None,
    format: Literal["auto", "strips", "triptychs", "images"] = "auto",
    skip_bad: int = 0,
    json: Path | None = None,
    table: Path | None = None,
    cache: Path | None = None,
    with_published: bool = False,
    devices: int = 1,
    batch_size: int = 32,
) -> None:
    """Score generated images against the real ones, under a stated protocol.

    RESULTS holds one file a pair: strips of 5 panels (source, its pose, target, its pose, generated), triptychs
    (source, target, generated) or single generated images; the size tells which. Files are named after their pair
    (SOURCE___TARGET_vis.png, SOURCE_2_TARGET_vis.png, SOURCE.jpg_TARGET.jpg.png), by numbers into --pairs, like the
    files in --targets, or listed in a pairs.csv (generated,target[,source]). Prints the metrics of the
    protocol with their 95 % intervals, and the signature that says what they may be compared with.

    Args:
        results: folder of result images, or a CSV that lists them; a manifest.json in it, from 'reposer generate',
            fills in the options that are left out.
        annotations: annotation CSV with the poses of the target images.
        protocol: name of a protocol, which 'reposer protocols' lists, or a YAML file that changes one.
        metrics: those of the protocol's metrics to compute, "all", or "part_ssim_by_part" for PSSIM of each body
            part; without it all that need no network.
        weights: folder of weight files of networks; the torch hub cache and a download come after it.
        train_images: folder of the training images, which FID of some protocols compares with; the baseline
            mean-image is their mean.
        predicted_keypoints: annotation CSV of the poses found in the generated images; adds PCKh.
        detect_poses: find the poses in the generated images with torchvision's keypoint R-CNN; adds PCKh.
        baselines: also score what needs no network: the source image, and the mean of the real images.
        targets: folder of the real target images; only for single images.
        pairs: pairs CSV; refuses to go on unless there are results of exactly these pairs. Numbered files are in its
            order.
        format: what the files show; auto tells by their size.
        skip_bad: most bad results (unreadable, of another size, without target or pose, shown twice, missing) that
            are left out, named and counted in the signature; with more, nothing is scored.
        json: file to write the scores and the numbers of every image to.
        table: file to write the numbers of every image to as a table, .csv or .parquet.
        cache: folder that keeps the numbers of each image, so that an interrupted run goes on where it stopped;
            beside --json, as NAME.cache, if that is given.
        with_published: also show the result among the published scores that compare with it.
        devices: processes that share the work; 1 is this one, with a thread for each core.
        batch_size: images read at one time by each thread; decides memory, not results.
    """
    from rich.console import Console

    from reposer.checks import InputError
    from reposer.evaluation import BASELINES, Evaluation, comparison_table, evaluate
    from reposer.progress import Progress

    if json is not None and (json.is_dir() or not json.parent.is_dir()):
        raise InputError(f"{json}: --json needs the name of a file in a folder that exists")
    if table is not None and (table.suffix not in (".csv", ".parquet") or not table.parent.is_dir()):
        raise InputError(f"{table}: --table needs the name of a .csv or .parquet file in a folder that exists")
    if cache is None and json is not None:
        cache = json.with_suffix(".cache")
    evaluations: dict[str, Evaluation] = {}
    for baseline in (None, *(BASELINES if baselines else ())):
        name = baseline or "generated"
        with Progress(f"evaluating {name}") as progress:
            evaluations[name] = evaluate(
                results,
                annotations=annotations,
                protocol=protocol,
                metrics=metrics or None,
                weights=weights,
                train_images=train_images,
                predicted_keypoints=predicted_keypoints if baseline is None else None,
                detect_poses=detect_poses and baseline is None,
                baseline=baseline,
                targets=targets,
                pairs=pairs,
                format=format,
                skip_bad=skip_bad,
                cache=cache,
                devices=devices,
                batch_size=batch_size,
                progress=progress,
            )
    evaluation = evaluations["generated"]
    if json is not None:
        for each in evaluations.values():
            each.save(json.with_suffix(f".{each.baseline}.json") if each.baseline else json)
    if table is not None:
        evaluation.save_per_image(table)
    console = Console()
    console.print(evaluation.table())
    if baselines:
        console.print(comparison_table(evaluations))
    if with_published:
        from reposer.reporting import published

        console.print(published.with_published(evaluation))
    left = [name for name in evaluation.protocol.all_metrics if name not in {s.name for s in evaluation.scores}]
    notes = [
        *evaluation.notes(),
        *([f"not scored: {', '.join(left)}; ask with --metrics all, or by name"] if left else []),
    ]
    # Without wrapping, so that the signature can be copied.
    for line in (*notes, evaluation.signature):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for path in (json, table):
        if path is not None:
            console.print(f"written: {path}", markup=False, highlight=False, soft_wrap=True)
