"""``reposer doctor DIR``."""

from __future__ import annotations

from pathlib import Path

import tyro

from reposer.checks import InputError, RunError
from reposer.diagnosis import diagnose_data, diagnose_run
from reposer.progress import Progress
from reposer.terminal import Screen
from reposer.training.run_folder import CONFIG


def run(
    folder: tyro.conf.Positional[Path],
    /,
    *,
    out: Path | None = None,
    workers: int = 0,
) -> None:
    """Say what is wrong with a data set or a run, and what to do next.

    Of a data set, all images are decoded; keypoints, pairs and splits are checked; a picture shows skeletons on photos.
    Of a run, the curves and scores tell whether it learns, and what to try. Exit code 1 if there is an error.

    Args:
        folder: of a data set, or of a run.
        out: PNG to write with the skeletons; where left out, NAME-doctor.png beside the folder of the data set.
        workers: processes that decode images; 0: one per core.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of a data set or of a run")
    if (folder / CONFIG).exists():
        diagnosis = diagnose_run(folder)
    else:
        with Progress("doctor") as progress:
            diagnosis = diagnose_data(folder, out=out, workers=workers, progress=progress)
    screen = Screen()
    for line in diagnosis.lines():
        screen.tell(line)
    if diagnosis.errors:
        raise RunError(f"{folder}: {diagnosis.errors} error{'s' * (diagnosis.errors > 1)}, see above")
