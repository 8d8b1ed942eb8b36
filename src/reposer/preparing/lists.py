"""Annotations, pairs and names of a download: found under all their known names, in any case and depth."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from reposer.checks import InputError, some
from reposer.data import SPLITS, Layout, Lists, Split
from reposer.data.layouts import RELEASED
from reposer.files import read_text
from reposer.poses import Pose

_DEPTH = 3
_ENOUGH = 100
"""Joints whose mean tells where the people stand."""


@dataclass(frozen=True, eq=False)
class SplitLists:
    """What one split is to hold."""

    names: tuple[str, ...]
    """Of its images: those of the list of names, of the annotations and of the pairs."""
    lists: Lists
    names_file: Path | None
    """``train.lst`` or ``test.lst``, if there is one."""


def find_lists(layout: Layout, folder: Path, splits: Iterable[Split]) -> dict[Split, SplitLists]:
    """Find and read the files of the splits in a folder and those below it.

    Raises:
        InputError: one line that names every annotation CSV that is missing and the file that may be meant; or that a
            file cannot be read, or has coordinates that are not those its name says.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; --annotations is the folder of the CSV files")
    there = _files(folder)
    found = {split: _first(there, layout.annotation_names(split)) for split in splits}
    missing = [split for split, path in found.items() if path is None]
    if missing:
        told = "; ".join(_missing(layout.annotation_names(split), split, there) for split in missing)
        raise InputError(f"{folder}: {told}")
    read = {}
    for split, path in found.items():
        assert path is not None
        lists = Lists.read(layout, split, path, _first(there, layout.pair_names(split)))
        check_columns(layout, split, lists)
        names_file = _first(there, [f"{split}.lst"]) if layout.flat_name is not None else None
        names = dict.fromkeys(read_text(names_file).split() if names_file is not None else ())
        names |= dict.fromkeys(lists.poses)
        names |= dict.fromkeys(name for pair in lists.pairs for name in pair)
        for name in names:
            _check_file_name(name, names_file or path)
        read[split] = SplitLists(tuple(names), lists, names_file)
    return read


def check_columns(layout: Layout, split: Split, lists: Lists) -> None:
    """Raise InputError if x in an annotation CSV is not counted from where its name says: before or after the crop.

    People stand in the middle of the photo, and so does the mean of all joints; the crop moves it by 40 pixels.
    """
    if layout.full_width is None or not lists.poses:
        return
    columns = torch.cat([pose.joints[pose.visible, 0] for pose in lists.poses.values()])
    moved = (layout.full_width - layout.size[1]) // 2
    is_full = layout.is_full(lists.annotations, split)
    off = float(columns.mean()) - layout.size[1] / 2
    if len(columns) < _ENOUGH or abs(off) < moved / 2 or (off < 0) != is_full:
        return
    named, other = (layout.full_width, layout.size[1])[:: 1 if is_full else -1]
    right = (layout.annotations if is_full else layout.full_annotations)[0].format(split=split)
    raise InputError(
        f"{lists.annotations}: by its name it is for images {named} pixels wide, but by where its joints are it is for "
        f"images {other} pixels wide; if so, rename it to {right}"
    )


def scaled(poses: Mapping[str, Pose], layout: Layout, size: tuple[int, int]) -> dict[str, Pose]:
    """Poses in an image of the layout's size, in one of ``size``: the middle of a pixel is at its whole number."""
    ratio = torch.tensor([size[1] / layout.size[1], size[0] / layout.size[0]])
    if size == layout.size:
        return dict(poses)
    return {
        name: Pose(((pose.joints + 0.5) * ratio - 0.5) * pose.visible[:, None], pose.visible)
        for name, pose in poses.items()
    }


def _files(folder: Path) -> dict[str, Path]:
    """Files by name in lower case; of several those nearest to the top."""
    files: dict[str, Path] = {}
    top = len(folder.parts)
    for here, folders, names in os.walk(folder):
        depth = len(Path(here).parts) - top
        folders[:] = sorted(folders) if depth < _DEPTH else []
        for name in sorted(names):
            path = Path(here, name)
            known = files.get(name.lower())
            if known is None or len(path.parts) < len(known.parts):
                files[name.lower()] = path
    return files


def _first(there: Mapping[str, Path], names: Iterable[str]) -> Path | None:
    return next((there[name] for name in names if name in there), None)


def _missing(names: list[str], split: Split, there: Mapping[str, Path]) -> str:
    lists = [name for name in there if name.endswith((".csv", ".txt"))]
    known = {name for layout in RELEASED.values() for each in SPLITS for name in layout.annotation_names(each)}
    other = "test" if split == "train" else "train"
    unknown = [name for name in lists if name not in known and other not in name and "pairs" not in name]
    near = difflib.get_close_matches(names[0], unknown, n=1, cutoff=0.6)
    meant = f"is {there[near[0]].name} meant? Then rename it" if near else f"found {some(sorted(lists)) or 'no CSV'}"
    return f"no annotations of the {split} split: looked for {' or '.join(names)}; {meant}"


def _check_file_name(name: str, where: Path) -> None:
    """Raise InputError for a name that is more than that of a file, and would be written elsewhere."""
    if "/" in name or "\\" in name or name.startswith("."):
        raise InputError(f"{where}: {name!r} is a path, expected the name of an image; nothing was written")
