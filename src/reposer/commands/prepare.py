"""``reposer prepare market|deepfashion``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import tyro

from reposer.checks import RunError
from reposer.preparing import PrepareConfig, prepare
from reposer.preparing.download import PROBLEMS
from reposer.progress import Progress
from reposer.terminal import Screen

DEFAULTS = PrepareConfig()


def run(
    data_set: tyro.conf.Positional[Literal["market", "deepfashion"]],
    /,
    *,
    source: Path,
    annotations: Path,
    out: Path,
    config: Annotated[PrepareConfig, tyro.conf.arg(name="")] = DEFAULTS,
) -> None:
    """Turn a download of Market-1501 or DeepFashion into a data set folder, which all other commands take.

    Images are found in folders and zip files, under original or flattened names, in any case; they are cut and resized
    where needed. Interrupted, or where images were missing: the same command continues. The originals never change.
    Exit code 1 if an image is missing or unreadable.

    Args:
        data_set: which one was downloaded.
        source: the download: a folder (img, img_highres, bounding_box_train's parent, ...) or a zip file.
        annotations: folder of the annotation and pair CSVs, and of train.lst and test.lst.
        out: folder to make.
        config: how images are made.
    """
    with Progress("prepare") as progress:
        report = prepare(data_set, source, annotations, out, config, progress)
    screen = Screen()
    for line in report.lines():
        screen.tell(line)
    if report.lacking:
        raise RunError(
            f"{out}: {len(report.lacking):,} images are missing or unreadable, listed in {out / PROBLEMS}; run this "
            "again with a --source that has them: the others are kept"
        )
    screen.tell(f"ready: {out}. Next: reposer doctor {quote(str(out))}")
