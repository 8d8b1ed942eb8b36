"""The known layouts of data sets, and which of them a folder has."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from tyro.conf import arg

from reposer.checks import InputError, check_choice
from reposer.data.deepfashion import DEEPFASHION
from reposer.data.layout import Layout, PairIndex, Split, contents
from reposer.data.market1501 import MARKET
from reposer.data.photos import PHOTOS, PhotoLayout

AnyLayout = Layout | PhotoLayout
RELEASED: Mapping[str, Layout] = MappingProxyType({layout.name: layout for layout in (MARKET, DEEPFASHION)})
"""The layouts of released data sets by name."""

LAYOUTS: Mapping[str, AnyLayout] = MappingProxyType({**RELEASED, PHOTOS.name: PHOTOS})
"""All layouts by name."""

ANNOTATIONS_SOURCE = "PATN, github.com/tengteng95/Pose-Transfer"
"""Where the CSVs of Market-1501 and DeepFashion are."""

LayoutName = Annotated[str, arg(metavar=f"{{{','.join(('auto', *LAYOUTS))}}}")]
"""A name in ``LAYOUTS``, or "auto"."""


def open_pairs(
    root: str | Path,
    split: Split,
    layout: LayoutName = "auto",
    *,
    skip_missing: int = 0,
    size: tuple[int, int] | None = None,
) -> PairIndex:
    """Open one split of a data set folder.

    Args:
        root: folder with the image folders and the CSVs.
        split: "train" or "test".
        layout: a name in ``LAYOUTS``, or "auto" to tell by the names of the annotation CSVs.
        skip_missing: if up to so many images of pairs have no file or no pose, their pairs are left out.
        size: (height, width) in pixels that own photos are letterboxed to; None: that of their ``dataset.json``, else
            of their layout. Other data sets have the size of their images.

    Raises:
        InputError: one line that says what was looked for and what was found.
    """
    return find_layout(root, split, layout).open(root, split, skip_missing=skip_missing, size=size)


def has_split(root: str | Path, split: Split, layout: LayoutName = "auto") -> bool:
    """Whether a data set folder has annotations of this split."""
    known = layouts_of(root) if layout == "auto" else [LAYOUTS[layout]]
    return any(each.is_there(Path(root), split) for each in known)


def layouts_of(root: str | Path) -> list[AnyLayout]:
    """The layouts whose annotations a folder has, of either split; beside those of a release, files of another name
    that may hold keypoints of own photos mean nothing.
    """
    found = [layout for layout in LAYOUTS.values() if layout.is_in(Path(root))]
    return [layout for layout in found if layout is not PHOTOS] or found


def find_layout(root: str | Path, split: Split, name: LayoutName = "auto") -> AnyLayout:
    """Return the layout of that name, or, for "auto", the one whose annotations of the split are in the folder.

    Raises:
        InputError: if there is no such layout, or the folder has annotations of none or of several.
    """
    root = Path(root)
    check_choice("split", split, ("train", "test"))
    check_choice("layout", name, ("auto", *LAYOUTS))
    if name != "auto":
        return LAYOUTS[name]
    found = [layout for layout in layouts_of(root) if layout is PHOTOS or layout.is_there(root, split)]
    if len(found) > 1:
        names = " or ".join(layout.name for layout in found)
        raise InputError(f"{root}: holds annotations of more than one data set; choose the layout: {names}")
    if not found:
        looked_for = " or ".join(layout.looked_for(split) for layout in LAYOUTS.values())
        released = [layout for layout in LAYOUTS.values() if isinstance(layout, Layout)]
        folders = {folder.format(split=split) for layout in released for folder in layout.folders}
        remedy = f"; annotations are released with {ANNOTATIONS_SOURCE}" if _any_folder(root, folders) else ""
        raise InputError(f"{root}: no data set: looked for {looked_for}; found {contents(root)}{remedy}")
    return found[0]


def identity_of(index: PairIndex) -> Callable[[str], str]:
    """What tells the identity in an image of an opened data set by its name."""
    layout = LAYOUTS[index.layout]
    if isinstance(layout, Layout):
        return layout.identity_of
    assert index.people is not None
    return index.people.__getitem__


def _any_folder(root: Path, names: Iterable[str]) -> bool:
    return any((root / name).is_dir() for name in names)
