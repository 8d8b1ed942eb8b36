"""A download of Market-1501 or DeepFashion, turned into the folder of a data set."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from reposer import __version__
from reposer.bounds import Size, at_least
from reposer.checks import InputError, check_choice
from reposer.data import DESCRIPTION, Layout, Split
from reposer.data.layouts import RELEASED
from reposer.files import read_json, write_text
from reposer.images import ResizeFilter
from reposer.locks import is_lock, lock
from reposer.poses import write_annotations, write_pairs
from reposer.preparing.lists import SplitLists, find_lists, scaled
from reposer.preparing.pictures import Encoding, Making, Outcome, Task
from reposer.preparing.report import Report, SplitReport
from reposer.preparing.sources import Location, find_images
from reposer.processes import check_processes, spread
from reposer.values import Checked

STARTED = "prepare.json"
"""File that holds the settings of a folder that was begun; ``dataset.json`` is written last."""
PROBLEMS = "problems.txt"
"""File with a line for every image that is missing or unreadable."""
SIZES: Mapping[str, tuple[Size, ...]] = {"market": ((128, 64),), "deepfashion": ((256, 176), (512, 352))}
"""(height, width) that each data set can have; the first is the layout's."""


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(Checked):
    """How images are made."""

    size: Size | None = None
    """Height and width in pixels: 128 64 for market; 256 176 or 512 352 for deepfashion. None: the first."""
    filter: ResizeFilter = "pil-bicubic"
    """Filter and library that resize photos of another size."""
    encoding: Encoding = "png"
    """Of images that are cut or resized: png keeps every pixel; jpeg (quality 95, full colour) takes a third."""
    copy: bool = False
    """Copy images that need no change, instead of making hard links to the originals."""
    workers: Annotated[int, at_least(0)] = 0
    """Processes; 0: one per core. At most four per core are started. The result does not depend on it."""
    splits: tuple[Literal["train", "test"], ...] = ("train", "test")
    """Which splits."""


def prepare(
    name: str,
    source: Path,
    annotations: Path,
    out: Path,
    config: PrepareConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Turn a download into the folder of a data set; what was begun is continued, what is there is kept.

    The originals are only read. Images of the right size are hard links to them, or copies where there can be no links;
    others are cut and resized (``pictures.fit``). Annotations and pairs are written under the first of their layout's
    names, in pixels of the prepared images; a missing list of pairs is derived by the published rule. All lists come
    after the images, and ``dataset.json`` last.

    Args:
        name: "market" or "deepfashion".
        source: folder or zip file of the images, as downloaded, flattened or renamed; zip files in it are looked into.
        annotations: folder of the CSVs and of ``train.lst`` and ``test.lst``, under any of their known names.
        out: folder to make, or to continue.
        config: how images are made.
        progress: called with the number of images done and of all images.

    Returns:
        What was found, and what is missing.

    Raises:
        InputError: before anything is written, if a list is missing or cannot be read, the source holds none of the
            images or something that must not be read (see ``find_images``), or the folder holds other things.
        RunError: if a process dies.
        OSError: naming the file, if the disk is full.
    """
    config = config or PrepareConfig()
    check_choice("data set", name, SIZES)
    layout, size = RELEASED[name], config.size or SIZES[name][0]
    if size not in SIZES[name]:
        known = " or ".join(f"{height} {width}" for height, width in SIZES[name])
        raise InputError(f"size of {name} must be {known}, got {size[0]} {size[1]}")
    check_processes("workers", config.workers, least=0)
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; --source is the download, a folder or a zip file")
    _check_out(out, _settings(layout, size, config))
    wanted = find_lists(layout, annotations, config.splits)
    found = find_images(
        source, {split: each.names for split, each in wanted.items()}, layout, large=size != layout.size, but=out
    )
    if not any(found.values()) and not (out / STARTED).exists():
        example = next((each.names[0] for each in wanted.values() if each.names), "any")
        raise InputError(
            f"{source}: holds none of the {sum(len(each.names) for each in wanted.values()):,} images of the lists in "
            f"{annotations}, such as {example}; name the folder or zip file of the images as --source"
        )
    with lock(out, f"reposer prepare {name}"):
        settings = _settings(layout, size, config)
        _check_out(out, settings)
        write_text(out / STARTED, json.dumps(settings, indent=2) + "\n")
        outcomes = _make_images(layout, size, config, wanted, found, out, progress)
        report = Report(layout, tuple(_count(split, wanted[split], outcomes[split]) for split in wanted))
        _write_lists(layout, size, wanted, out)
        _describe(report, size, settings, out)
    return report


def _settings(layout: Layout, size: Size, config: PrepareConfig) -> dict[str, object]:
    return {"data": layout.name, "size": list(size), "filter": config.filter, "encoding": config.encoding}


def _check_out(out: Path, settings: Mapping[str, object]) -> None:
    """Raise InputError unless the folder is new, empty, or was begun with these settings."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: a file, expected a new folder; nothing was written")
    started = out / STARTED
    if not started.exists():
        others = [path.name for path in out.iterdir() if not is_lock(path) and path.name != f".{STARTED}.part"]
        if others:
            raise InputError(
                f"{out}: not empty ({others[0]}) and not begun by 'reposer prepare'; choose another --out; nothing was "
                "written"
            )
        return
    before = read_json(started)
    if before != settings:
        raise InputError(f"{out}: was begun with other settings, see {started}; choose another --out")
    for folder in ("train", "test"):
        if (out / folder).is_symlink():
            raise InputError(f"{out / folder}: a link, expected a folder; nothing was written")


def _make_images(
    layout: Layout,
    size: Size,
    config: PrepareConfig,
    wanted: Mapping[Split, SplitLists],
    found: Mapping[Split, Mapping[str, Location]],
    out: Path,
    progress: Callable[[int, int], None] | None,
) -> dict[Split, dict[str, Outcome]]:
    for split in wanted:
        (out / split).mkdir(exist_ok=True)
        for leftover in (out / split).glob(".*.part"):
            leftover.unlink()
    keys = [(split, name) for split, each in wanted.items() for name in each.names]
    tasks = [Task(found[split].get(name), out / split / name) for split, name in keys]
    frame = round((layout.full_width or layout.size[1]) * size[0] / layout.size[0])
    making = Making(size, frame, config.filter, config.encoding, config.copy)
    told = None if progress is None else lambda done: progress(done, len(tasks))
    outcomes: dict[Split, dict[str, Outcome]] = {split: {} for split in wanted}
    for (split, name), outcome in zip(keys, spread(making, tasks, workers=config.workers, progress=told), strict=True):
        outcomes[split][name] = outcome
    return outcomes


def _count(split: Split, wanted: SplitLists, outcomes: Mapping[str, Outcome]) -> SplitReport:
    poses, pairs = wanted.lists.poses, wanted.lists.pairs
    paired = {name for pair in pairs for name in pair}
    made = Counter(str(outcome.state) for outcome in outcomes.values())
    return SplitReport(
        split=split,
        names=len(wanted.names),
        missing=tuple(name for name, outcome in outcomes.items() if outcome.state == "missing"),
        unreadable={name: outcome.reason for name, outcome in outcomes.items() if outcome.state == "unreadable"},
        annotated=len(poses),
        without_pose=sum(name not in poses or not bool(poses[name].visible.any()) for name in wanted.names),
        without_pair=sum(name not in paired for name in wanted.names),
        pairs=len(pairs),
        derived=wanted.lists.pairs_file is None,
        made={state: made[state] for state in ("linked", "copied", "written", "kept")},
    )


def _write_lists(layout: Layout, size: Size, wanted: Mapping[Split, SplitLists], out: Path) -> None:
    for split, each in wanted.items():
        poses = scaled(each.lists.poses, layout, size)
        write_pairs(out / layout.pair_names(split)[0], each.lists.pairs)
        if each.names_file is not None:
            shutil.copyfile(each.names_file, out / f"{split}.lst")
        write_annotations(out / layout.annotation_names(split)[0], poses)


def _describe(report: Report, size: Size, settings: Mapping[str, object], out: Path) -> None:
    if report.lacking:
        write_text(out / PROBLEMS, "\n".join(report.lacking) + "\n")
    else:
        (out / PROBLEMS).unlink(missing_ok=True)
    counts = {each.split: {"images": each.names, "found": each.found, "pairs": each.pairs} for each in report.splits}
    own_size = {} if size == report.layout.size else {"size": list(size)}
    told = {"name": report.layout.title, "license": report.layout.license, **own_size}
    made = {"source": f"reposer prepare {report.layout.name}", "version": __version__, "settings": dict(settings)}
    write_text(out / DESCRIPTION, json.dumps({**told, **made, "counts": counts}, indent=2) + "\n")
