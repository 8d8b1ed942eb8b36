"""The known layouts of data sets, and which of them a folder has."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from tyro.conf import arg

from reposer.checks import InputError, check_choice
from reposer.data.deepfashion import DEEPFASHION
from reposer.data.layout import Layout, PairIndex, Split, contents, open_layout
from reposer.data.market1501 import MARKET

LAYOUTS: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in (MARKET, DEEPFASHION)})
"""All layouts by name."""

ANNOTATIONS_SOURCE = "PATN, github.com/tengteng95/Pose-Transfer"
"""Where the CSVs of Market-1501 and DeepFashion are."""

LayoutName = Annotated[str, arg(metavar=f"{{{','.join(('auto', *LAYOUTS))}}}")]
"""A name in ``LAYOUTS``, or "auto"."""


def open_pairs(root: str | Path, split: Split, layout: LayoutName = "auto", *, skip_missing: int = 0) -> PairIndex:
    """Open one split of a data set folder.

    Args:
        root: folder with the image folders and the CSVs.
        split: "train" or "test".
        layout: a name in ``LAYOUTS``, or "auto" to tell by the names of the annotation CSVs.
        skip_missing: if up to so many images of pairs have no file or no pose, their pairs are left out.

    Raises:
        InputError: one line that says what was looked for and what was found.
    """
    return open_layout(find_layout(root, split, layout), root, split, skip_missing=skip_missing)


def has_split(root: str | Path, split: Split, layout: LayoutName = "auto") -> bool:
    """Whether a data set folder has annotations of this split."""
    known = LAYOUTS.values() if layout == "auto" else (LAYOUTS[layout],)
    return any(_is_there(each, Path(root), split) for each in known)


def find_layout(root: str | Path, split: Split, name: LayoutName = "auto") -> Layout:
    """Return the layout of that name, or, for "auto", the one whose annotations of the split are in the folder.

    Raises:
        InputError: if there is no such layout, or the folder has annotations of none or of several.
    """
    root = Path(root)
    check_choice("split", split, ("train", "test"))
    check_choice("layout", name, ("auto", *LAYOUTS))
    if name != "auto":
        return LAYOUTS[name]
    found = [layout for layout in LAYOUTS.values() if _is_there(layout, root, split)]
    if len(found) > 1:
        names = " or ".join(layout.name for layout in found)
        raise InputError(f"{root}: holds annotations of more than one data set; choose the layout: {names}")
    if not found:
        looked_for = " or ".join(file for layout in LAYOUTS.values() for file in layout.annotation_names(split))
        folders = {folder.format(split=split) for layout in LAYOUTS.values() for folder in layout.folders}
        remedy = f"; annotations are released with {ANNOTATIONS_SOURCE}" if _any_folder(root, folders) else ""
        raise InputError(f"{root}: no data set: looked for {looked_for}; found {contents(root)}{remedy}")
    return found[0]


def _any_folder(root: Path, names: Iterable[str]) -> bool:
    return any((root / name).is_dir() for name in names)


def _is_there(layout: Layout, root: Path, split: Split) -> bool:
    return any((root / file).is_file() for file in layout.annotation_names(split))
