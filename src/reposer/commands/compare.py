"""``reposer compare``: which of two results is better, and how certain that is."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import tyro

from reposer.checks import InputError
from reposer.evaluation import Evaluation
from reposer.files import check_place, write_text
from reposer.reporting.comparison import HOW, compare, find_evaluation, short_names, side_by_side
from reposer.reporting.gallery import Pictures, open_pictures, write_gallery
from reposer.terminal import Screen


def run(
    results: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="A B [C ...]")],
    /,
    *,
    force: bool = False,
    json: Path | None = None,
    gallery: Path | None = None,
    images: tuple[Path, ...] = (),
    targets: Path | None = None,
) -> None:
    """Compare results on the same images: the first one with each of the others.

    A, B, ... are files of 'reposer evaluate --json', or folders of results with such a file next to them (FOLDER.json)
    or in them (evaluation.json, scores.json). Prints all scores side by side; then, for each metric, the difference
    with its paired bootstrap 95 % interval over images, the p-value of the paired permutation test corrected by Holm,
    and one plain sentence; last, one conclusion. Results with different signatures or pairs are refused.

    Args:
        results: two or more evaluations.
        force: compare results of different signatures or pairs anyway; the output says that they are not
            comparable. Only pairs that both have are compared.
        json: file to write the comparisons to.
        gallery: HTML file to write with the images where A and B differ most, metric by metric.
        images: folders of the results A and B, for the gallery; where left out, the folder that was given, the one
            named like the JSON, the one that was evaluated, or the one the JSON is in.
        targets: folder of the real images, for a gallery of single images; where left out, the ones that were
            evaluated.
    """
    if len(results) < 2:
        raise InputError("expected two results or more: files of 'reposer evaluate --json' or folders next to them")
    if images and len(images) != 2:
        raise InputError(f"--images needs two folders, those of A and B, got {len(images)}")
    for option, path in (("--json", json), ("--gallery", gallery)):
        if path is not None:
            check_place(path, option)
    files = [find_evaluation(path) for path in results]
    evaluations = dict(zip(short_names(results), map(Evaluation.load, files), strict=True))
    first, *others = evaluations
    comparisons = [
        compare(evaluations[first], evaluations[other], names=(first, other), force=force) for other in others
    ]
    pictures = []
    if gallery is not None:
        shown = list(evaluations.values())[:2]
        folders = images or [_images_of(*pair) for pair in zip(results, shown, strict=False)]
        pictures = [_open(*pair, targets) for pair in zip(folders, shown, strict=True)]

    console = Screen()
    console.print(side_by_side(evaluations))
    for comparison in comparisons:
        console.print(comparison.table())
        for line in (*(f"NOT COMPARABLE: {caveat}" for caveat in comparison.caveats), *comparison.sentences()):
            console.tell(line)
    console.print(HOW, highlight=False)
    if json is not None:
        content = {
            "results": [
                {"name": name, "file": str(file)} | {key: evaluation.to_json()[key] for key in ("signature", "scores")}
                for (name, evaluation), file in zip(evaluations.items(), files, strict=True)
            ],
            "comparisons": [comparison.to_json() for comparison in comparisons],
        }
        write_text(json, json_format.dumps(content, indent=1) + "\n")
    if gallery is not None:
        write_gallery(gallery, comparisons[0], pictures[0], pictures[1])
    for path in (json, gallery):
        if path is not None:
            console.tell(f"written: {path}")
    for comparison in comparisons:
        pair = f" on {comparison.first} and {comparison.second}" if len(comparisons) > 1 else ""
        console.tell(f"Conclusion{pair}: {comparison.conclusion}")


def _images_of(path: Path, evaluation: Evaluation) -> Path:
    """The folder of the images of a result named on the command line."""
    if path.is_dir():
        return path
    if (named := path.with_suffix("")).is_dir():
        return named
    return evaluation.results if evaluation.results is not None and evaluation.results.is_dir() else path.parent


def _open(folder: Path, evaluation: Evaluation, targets: Path | None) -> Pictures:
    try:
        return open_pictures(folder, evaluation, targets=targets)
    except InputError as error:
        raise InputError(f"{error} (name the folders of A and B with --images)") from None
