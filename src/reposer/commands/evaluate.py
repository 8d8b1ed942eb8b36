"""``reposer evaluate``: score a folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

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
    predicted_keypoints: Path | None = None,
    targets: Path | None = None,
    pairs: Path | None = None,
    json: Path | None = None,
    batch_size: int = 16,
) -> None:
    """Score generated images against the real ones, under a published protocol.

    RESULTS holds one file a pair, SOURCE___TARGET_vis.png or .jpg: either strips of 5 panels (source, its
    pose, target, its pose, generated) or single generated images; the size tells which. Prints SSIM, L1,
    mask-SSIM, PSSIM and PCKh, as far as the protocol has them, with their 95 % intervals, and the signature
    that says what they may be compared with.

    Args:
        results: folder of result images; a manifest.json in it, from 'reposer generate', fills in the options
            that are left out.
        annotations: annotation CSV with the poses of the target images.
        protocol: patn-market or patn-fashion.
        predicted_keypoints: annotation CSV of the poses found in the generated images; adds PCKh.
        targets: folder of the real target images; only for single images.
        pairs: pairs CSV; refuses to go on unless there are results of exactly these pairs.
        json: file to write the scores and the numbers of every image to.
        batch_size: images measured at one time; decides memory, not results.
    """
    from rich.console import Console

    from reposer.checks import InputError
    from reposer.evaluation import evaluate
    from reposer.progress import Progress

    if json is not None and (json.is_dir() or not json.parent.is_dir()):
        raise InputError(f"{json}: --json needs the name of a file in a folder that exists")
    with Progress("evaluating") as progress:
        evaluation = evaluate(
            results,
            annotations=annotations,
            protocol=protocol,
            predicted_keypoints=predicted_keypoints,
            targets=targets,
            pairs=pairs,
            batch_size=batch_size,
            progress=progress,
        )
    if json is not None:
        evaluation.save(json)
    console = Console()
    console.print(evaluation.table())
    # Without wrapping, so that the signature can be copied.
    for line in (*evaluation.notes(), evaluation.signature):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if json is not None:
        console.print(f"written: {json}", markup=False, highlight=False, soft_wrap=True)
