"""The layout of a data set folder: which files it has, and how a split of one is opened as a list of image pairs.

A layout is a value: a new data set with the same kinds of files is a new ``Layout`` and a line in ``layouts.LAYOUTS``.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Literal

from reposer.checks import InputError, check_choice, some
from reposer.data.description import Description
from reposer.letterbox import Box
from reposer.poses import Pose, read_annotations, read_pairs
from reposer.poses.formats import where_named

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
Pair = tuple[str, str]

DISTRACTORS = ("-1", "0000")
"""Market-1501 identities of bounding boxes that show no person of the data set."""

REQUIRED_JOINTS = (2, 5, 8, 11)
"""Both shoulders and both hips: an image without one of them is in no published pair."""

TRUTH = "truth"
"""Folder of what is known about each pixel of rendered people, one folder in it for each split."""
CROSS = "cross-poses-{split}.csv"
"""Pairs CSV of images that show a person in the pose of another: (image whose pose it is, image in that pose)."""


@dataclass(frozen=True)
class Framed:
    """A photo of any size and where it stands in its picture."""

    file: str
    """Path of the photo in the folder of the images."""
    box: Box
    """Content of the picture; the rest is padding."""


@dataclass(frozen=True, eq=False)
class PairIndex:
    """One split of a data set, opened: every image of a pair has a file and a pose."""

    images: Path
    """Folder of the image files."""
    poses: Mapping[str, Pose]
    """Pose of each annotated image by name, in pixels of an image of ``size``."""
    pairs: tuple[Pair, ...]
    """(source name, target name)."""
    size: tuple[int, int]
    """(height, width) in pixels."""
    annotations: Path
    """The annotation CSV."""
    pairs_file: Path | None
    """The pairs CSV; None where there is none and the pairs were derived by the published rule."""
    layout: str
    split: Split
    full_width: int | None = None
    """Images of this width (px) are cut to the middle columns when they are read; None: none are."""
    left_out: str = ""
    """Which pairs of the list are left out, in words, because of missing images; "": none are."""
    framed: Mapping[str, Framed] | None = None
    """Of photos that are letterboxed to ``size`` when they are read: {name: file and content}; None: none are."""
    people: Mapping[str, str] | None = None
    """{name: identity}, where the names themselves do not tell it."""
    truth: Path | None = None
    """Folder of what is known about each pixel of rendered people; None: there is none."""
    pose_of: Mapping[str, str] | None = None
    """{target name: name of the image of another person whose pose it shows}, of cross-identity pairs; None: targets
    show their own."""

    def file_of(self, name: str) -> Path:
        """The file of an image."""
        return self.images / (name if self.framed is None else self.framed[name].file)


@dataclass(frozen=True)
class Layout:
    """The names and sizes of a released data set. In file names, ``{split}`` stands for train or test."""

    name: str
    """Its name in options."""
    title: str
    """Name of the data set, where its folder does not give one."""
    size: tuple[int, int]
    """(height, width) of the images in pixels."""
    folders: tuple[str, ...]
    """Names the image folder may have."""
    annotations: tuple[str, ...]
    """Names the annotation CSV may have, the preferred one first."""
    pairs: tuple[str, ...]
    """Names the pairs CSV may have."""
    identity_of: Callable[[str], str]
    """Image name to identity."""
    full_width: int | None = None
    """Width of the images before they were cropped to ``size``, if they were."""
    full_annotations: tuple[str, ...] = ()
    """Names of annotation CSVs whose coordinates are those before the crop."""
    license: str = "other"
    """Licence identifier of the data set, where its folder does not give one; "other": terms of its own."""
    flat_name: Callable[[str], str] | None = None
    """Path of an image in the download to its name, where that is not the name of the file."""

    def annotation_names(self, split: Split) -> list[str]:
        """Return the names an annotation CSV of this split may have."""
        return [name.format(split=split) for name in (*self.annotations, *self.full_annotations)]

    def pair_names(self, split: Split) -> list[str]:
        """Return the names a pairs CSV of this split may have."""
        return [name.format(split=split) for name in self.pairs]

    def folder_names(self, split: Split) -> list[str]:
        """Return the names that the folder of the images of this split may have."""
        return [name.format(split=split) for name in self.folders]

    def is_there(self, root: Path, split: Split) -> bool:
        """Whether a folder has annotations of this split."""
        return any((root / file).is_file() for file in self.annotation_names(split))

    def is_in(self, root: Path) -> bool:
        """Whether a folder has annotations of either split."""
        return any(self.is_there(root, split) for split in SPLITS)

    def looked_for(self, split: Split) -> str:
        """What tells that a folder is of this layout, in words."""
        return " or ".join(self.annotation_names(split))

    def open(
        self, root: str | Path, split: Split, *, skip_missing: int = 0, size: tuple[int, int] | None = None
    ) -> "PairIndex":
        """``open_layout``; the images have a size of their own, whichever is asked for."""
        return open_layout(self, root, split, skip_missing=skip_missing)

    def is_full(self, annotations: Path, split: Split) -> bool:
        """Whether an annotation CSV, by its name, has coordinates before the crop."""
        return annotations.name.lower() in [name.format(split=split) for name in self.full_annotations]


@dataclass(frozen=True, eq=False)
class Lists:
    """The annotations and pairs of one split, as their files say; nobody has looked for the images."""

    poses: Mapping[str, Pose]
    """Pose of each annotated image by name, in pixels of an image of the layout's size."""
    pairs: tuple[Pair, ...]
    """(source name, target name)."""
    annotations: Path
    pairs_file: Path | None
    """None: there is none, the pairs are derived by the published rule."""

    @classmethod
    def read(cls, layout: Layout, split: Split, annotations: Path, pairs_file: Path | None) -> "Lists":
        """Read the files of a split. Without a pairs CSV, pairs are derived from the poses before any crop.

        Raises:
            InputError: naming a file that cannot be read, and the row.
        """
        published = poses = read_annotations(annotations)
        if layout.is_full(annotations, split) and layout.full_width is not None:
            width = layout.size[1]
            poses = read_annotations(annotations, shift_x=-((layout.full_width - width) // 2), width=width)
        pairs = read_pairs(pairs_file) if pairs_file else derive_pairs(published, published, layout.identity_of)
        return cls(poses, tuple(pairs), annotations, pairs_file)

    @classmethod
    def find(cls, layout: Layout, root: Path, split: Split) -> "Lists":
        """Read those in the folder of a data set; errors as in ``read``, and if there are no annotations."""
        names = layout.annotation_names(split)
        annotations = _first_file(root, names)
        if annotations is None:
            raise InputError(
                f"{root}: no {layout.name} annotations of the {split} split: looked for {' or '.join(names)}; "
                f"found {contents(root)}"
            )
        return cls.read(layout, split, annotations, _first_file(root, layout.pair_names(split)))


def derive_pairs(names: Iterable[str], poses: Mapping[str, Pose], identity_of: Callable[[str], str]) -> list[Pair]:
    """All ordered pairs of two images of one identity, by the rule of the published pair lists.

    Distractors (identities -1 and 0000) and images without both shoulders and both hips are left out.

    Args:
        names: annotated image names.
        poses: pose of each name.
        identity_of: image name to identity.

    Returns:
        (source name, target name) pairs. The order is fixed by the set of names alone: identities by their
        first name, then source, then target, each in the order of ``sorted``.

    Reference: Siarohin et al., "Deformable GANs for Pose-based Human Image Generation", CVPR 2018. On the
    released Market-1501 training annotations this gives the published 263,632 pairs, on the DeepFashion test
    annotations the published 8,570.
    """
    names = sorted(names)
    return pair_up({name: poses[name].visible.tolist() for name in names}, identity_of)


def pair_up(visible: Mapping[str, Sequence[bool]], identity_of: Callable[[str], str]) -> list[Pair]:
    """The rule of ``derive_pairs`` for images with the visibility (18,) of their joints, in the order they come in."""
    groups: dict[str, list[str]] = {}
    for name, shown in visible.items():
        identity = identity_of(name)
        if identity not in DISTRACTORS and all(shown[joint] for joint in REQUIRED_JOINTS):
            groups.setdefault(identity, []).append(name)
    return [pair for group in groups.values() for pair in permutations(group, 2)]


def open_layout(layout: Layout, root: str | Path, split: Split, *, skip_missing: int = 0) -> PairIndex:
    """Open one split of a data set folder of a layout.

    The pairs are those of the pairs CSV; without one, they are derived from the annotations as published, before any
    crop (``derive_pairs``).

    Args:
        layout: names and sizes.
        root: folder of the data set.
        split: "train" or "test".
        skip_missing: if up to so many images of pairs have no file or no pose, their pairs are left out.

    Raises:
        InputError: if the folder, the annotation CSV or the image folder is missing, a file cannot be read,
            or more images of pairs than may be skipped have no file or no pose.
    """
    check_choice("split", split, ("train", "test"))
    root = Path(root)
    lists = Lists.find(layout, root, split)
    images, files = image_folder(layout, root, split)
    if not lists.pairs:
        raise InputError(
            f"{lists.pairs_file or lists.annotations}: no pairs: expected two images of one person, each with both "
            "shoulders and both hips annotated"
        )
    size = image_size(layout, root)
    index = PairIndex(
        images=images,
        poses=lists.poses,
        pairs=lists.pairs,
        size=size,
        annotations=lists.annotations,
        pairs_file=lists.pairs_file,
        layout=layout.name,
        split=split,
        full_width=layout.full_width if size == layout.size else None,
        truth=truth if (truth := root / TRUTH / split).is_dir() else None,
        pose_of=_read_poses_of(root / CROSS.format(split=split), lists),
    )
    return _of_present_images(index, files, skip_missing)


def _read_poses_of(path: Path, lists: Lists) -> dict[str, str] | None:
    """{target name: name of the image of another person whose pose it shows}, of all targets, if there is such a list.

    Raises:
        InputError: if a target of the pairs is missing in it, or an image in it has no pose.
    """
    if not path.is_file():
        return None
    poses_of = {image: other for other, image in read_pairs(path)}
    if missing := sorted({target for _, target in lists.pairs}.difference(poses_of)):
        raise InputError(f"{path}: expected a row for each target of the pairs; missing: {some(missing, 3)}")
    if unknown := sorted(set(poses_of.values()).difference(lists.poses)):
        raise InputError(f"{path}: names images without a row in {lists.annotations}: {some(unknown, 3)}")
    return poses_of


def contents(folder: Path, limit: int = 8) -> str:
    """Describe what is in a folder, in a few words for an error message."""
    if not folder.is_dir():
        return "no such folder" if not folder.exists() else "a file, not a folder"
    names = sorted(entry.name for entry in os.scandir(folder))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more if names else "an empty folder"


def image_size(layout: Layout, root: Path) -> tuple[int, int]:
    """(height, width) in pixels of the images in the folder of a data set: its own, else that of the layout."""
    described = Description.read(root)
    return described.size if described is not None and described.size is not None else layout.size


def _first_file(root: Path, names: Iterable[str]) -> Path | None:
    return next((root / name for name in names if (root / name).is_file()), None)


def image_folder(layout: Layout, root: Path, split: Split) -> tuple[Path, set[str]]:
    """Return the first image folder that is not empty, and the names in it, listed once."""
    names = layout.folder_names(split)
    for folder in (root / name for name in names):
        if folder.is_dir() and (files := {entry.name for entry in os.scandir(folder)}):
            return folder, files
    raise InputError(
        f"{root}: no images of the {split} split: looked for a folder {' or '.join(names)} with images; "
        f"found {contents(root)}"
    )


def _of_present_images(index: PairIndex, files: set[str], skip_missing: int) -> PairIndex:
    """Leave out the pairs of images without a file or a pose; InputError if those are more than ``skip_missing``."""
    known = index.poses.keys() & files
    missing = list(dict.fromkeys(name for pair in index.pairs for name in pair if name not in known))
    if not missing:
        return index
    pairs = tuple(pair for pair in index.pairs if known.issuperset(pair))
    listed, first, count = index.pairs_file or index.annotations, missing[0], len(missing)
    without = {
        f"not in {index.images}": [name for name in missing if name not in files],
        f"without a row in {index.annotations}": [name for name in missing if name in files],
    }
    told = "; ".join(
        f"{len(names):,} image{'s' * (len(names) > 1)} {what}: {some(names, 10)}"
        for what, names in without.items()
        if names
    )
    told = f"{told}; they are in {len(index.pairs) - len(pairs):,} of {len(index.pairs):,} pairs"
    if count <= skip_missing and pairs:
        return replace(index, pairs=pairs, left_out=f"{listed}: {told}, which are left out")
    if first not in files:
        what = f"{first} is not in {index.images}; add the image or remove the row"
    else:
        what = f"{first} has no row in {index.annotations}; add one or remove the pair"
    if count > 1:
        what += f". In all {told}"
    if count > 1 and pairs:
        what += f"; --skip-missing {count} (--data.skip-missing {count} of train) leaves these out"
    raise InputError(f"{where_named(listed, first)}: {what}")
