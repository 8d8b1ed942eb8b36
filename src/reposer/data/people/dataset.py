"""Whole data sets of synthetic people, written in the layout of Market-1501 or DeepFashion."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from reposer import __version__
from reposer.checks import InputError
from reposer.correspondence import PART_NAMES
from reposer.data.config import PEOPLE
from reposer.data.description import DESCRIPTION
from reposer.data.layout import TRUTH
from reposer.data.people.config import PeopleConfig
from reposer.data.people.lists import write_lists
from reposer.data.people.records import PART_MASKS, RECORDS, Record, draw_person, read_record
from reposer.data.people.sheet import SHEET, write_sheet
from reposer.data.synthetic import SyntheticSummary, unfinished_folder
from reposer.files import read_json, write_text
from reposer.locks import is_lock, lock
from reposer.processes import spread

_WHAT = "reposer people"
_TEMPORARY = re.compile(r"\.[\w.-]+\.part")
_OWN = re.compile(
    rf"train|test|{TRUTH}|{PART_MASKS}|{re.escape(RECORDS)}|{re.escape(DESCRIPTION)}|{re.escape(SHEET)}|[\w-]+\.(csv|lst)"
    rf"|{_TEMPORARY.pattern}"
)
"""Names in a data set of people, finished or not."""
Progress = Callable[[int, int], None]


class PeopleSummary(SyntheticSummary):
    """What was made."""


def make_people(out: str | Path, config: PeopleConfig | None = None, progress: Progress | None = None) -> PeopleSummary:
    """Make a data set of photo-like people, with everything that is known about their pictures.

    ``OUT/train`` and ``OUT/test`` hold the images, JPEG of quality 95, beside annotations, pair lists and
    ``dataset.json`` as in the layout; ``part-masks`` their body parts and ``truth`` their surfaces, as far as
    ``config.truth`` says, see :class:`reposer.data.people.TruthFolder`; ``contact-sheet.png`` shows some of them. Of
    cross pairs, ``cross-poses-SPLIT.csv`` names for each target the picture of another person whose pose it shows.
    With ``config.keypoint_noise``, ``exact-keypoints-SPLIT.csv`` has the keypoints without it.

    The folder appears whole or not at all. Stopped or killed, the same call goes on where it was: what is done is
    beside ``OUT`` in ``.OUT.part``. The same config gives the same files, bit for bit, on any number of workers.

    Args:
        out: folder to make; must not exist yet, or be empty.
        config: what to make; None: what it is by default.
        progress: called with the number of images done and of all images.

    Raises:
        InputError: if ``out`` exists and is not an empty folder, something else was begun there, or another process is
            making it.
        RunError: if a process that draws dies.
        OSError: naming the file, if the disk is full.
    """
    out, config = Path(out).resolve(), config or PeopleConfig()
    unfinished = unfinished_folder(out, f"a stopped {_WHAT!r}")
    with lock(unfinished, _WHAT):
        _begin(unfinished, config)
        records = _draw(config, unfinished, progress)
        try:
            summary = PeopleSummary(**write_lists(config, unfinished, records))
        except InputError:  # going on would end there again
            _clear(unfinished)
            raise
        write_sheet(config, unfinished, records)
        description = {**_facts(config), "counts": asdict(summary)}
        write_text(unfinished / DESCRIPTION, json.dumps(description, indent=2) + "\n")
        shutil.rmtree(unfinished / RECORDS)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
        for path in filter(is_lock, out.iterdir()):
            path.unlink()
    return summary


def _begin(folder: Path, config: PeopleConfig) -> None:
    """Begin in a folder, or go on where the same was begun; whoever comes here holds the folder."""
    there = [path.name for path in folder.iterdir() if not is_lock(path)]
    if foreign := [name for name in there if not _OWN.fullmatch(name)]:
        raise InputError(f"{folder}: expected what a stopped {_WHAT!r} left, found {foreign[0]!r}; remove this folder")
    for name in filter(_TEMPORARY.fullmatch, there):
        (folder / name).unlink()
    told, begun = _facts(config), folder / DESCRIPTION
    if begun.exists():
        found = read_json(begun)
        if differ := _different(told, found):
            raise InputError(
                f"{folder}: holds people who were begun with other {', '.join(differ)}; finish them with these, or "
                "remove this folder"
            )
    elif left := [name for name in there if not _TEMPORARY.fullmatch(name)]:
        raise InputError(f"{folder}: holds {left[0]!r}, but not what it was begun with; remove this folder")
    else:
        write_text(begun, json.dumps({**told, "unfinished": True}, indent=2) + "\n")
    for split in config.people:
        for folders, wanted in (("", True), (PART_MASKS, config.truth != "none"), (TRUTH, config.truth == "surface")):
            if wanted:
                (folder / folders / split).mkdir(parents=True, exist_ok=True)
    (folder / RECORDS).mkdir(exist_ok=True)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not is_lock(path):
            path.unlink()


def _draw(config: PeopleConfig, folder: Path, progress: Progress | None) -> dict[str, dict[int, Record]]:
    """Draw whoever is not there, and return the records of all, by split and identity."""
    tasks = [(split, identity) for split, people in config.people.items() for identity in people]
    left = [task for task in tasks if read_record(folder, task[1]) is None]
    each, before = config.images_per_identity, len(tasks) - len(left)

    def told(done: int) -> None:
        if progress is not None:
            progress((before + done) * each, len(tasks) * each)

    told(0)
    spread(
        partial(draw_person, config=config, folder=folder),
        left,
        workers=config.workers,
        least=max(1, 32 // each),
        doing="draws people",
        progress=told,
    )
    records: dict[str, dict[int, Record]] = {split: {} for split in config.people}
    for split, identity in tasks:
        record = read_record(folder, identity)
        if record is None:
            raise InputError(f"{folder}: the pictures of person {identity} were changed meanwhile; start again")
        records[split][identity] = record
    return records


def _facts(config: PeopleConfig) -> dict[str, Any]:
    """What ``dataset.json`` says from the beginning, as JSON keeps it."""
    told = {
        **PEOPLE,
        "source": "rendered, photo-like people: reposer people",
        "version": __version__,
        "size": config.picture_size,
        "exact_keypoints": config.keypoint_noise == 0,
        "config": asdict(replace(config, workers=0)),
        "part_names": PART_NAMES,
    }
    return dict(json.loads(json.dumps(told)))


def _different(told: dict[str, Any], found: Any) -> list[str]:
    """Names of what two descriptions differ in, settings by their own."""
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        return ["settings"]
    names = [f for f in told["config"] if f not in found["config"] or found["config"][f] != told["config"][f]]
    return [name for name in told if name != "config" and found.get(name) != told[name]] + names
