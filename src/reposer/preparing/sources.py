"""Where the images of a download are, in folders and zip files: found safely, and nothing is ever unpacked."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from reposer.archives import check_unpacked, open_zip, read_member, safe_name
from reposer.checks import InputError
from reposer.data import Layout, Split
from reposer.data.names import split_suffix

MOST_MEMBER = 2**25
"""Bytes of the largest image in a zip file that is read: 32 MiB."""
_OTHERS = {"query", "gt_bbox", "gt_query", "__MACOSX"}
"""Folders of the downloads with other images, some of the same names."""
_HIGH = "img_highres"


@dataclass(frozen=True, order=True)
class Location:
    """Where an image is: a file, or a member of a zip file."""

    file: Path
    member: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.member}" if self.member else str(self.file)

    def content(self) -> Path | bytes:
        """What ``images.read_image`` reads; InputError if a member of a zip file cannot be read."""
        if not self.member:
            return self.file
        remedy = "unpack the zip file with its password and name the folder as --source"
        return read_member(_open(self.file, os.getpid()), self.member, self, remedy)


def find_images(
    source: Path, wanted: Mapping[Split, Iterable[str]], layout: Layout, *, large: bool, but: Path
) -> dict[Split, dict[str, Location]]:
    """Find images by their names, or by the paths that these were made from, whatever their case and suffix.

    Of several, that in a folder of the split's name is taken, then that from ``img`` (or, if ``large``, from
    ``img_highres``), then a file before a member of a zip file, then the shortest path.

    Args:
        source: folder or zip file; zip files in the folder are looked into, too.
        wanted: names of each split.
        layout: tells the names of folders, and how paths become names.
        large: whether images are to be larger than those of ``img``.
        but: folder that is passed over.

    Returns:
        Location of each name that was found.

    Raises:
        InputError: if something in the source must not be read: a link that leads outside, a pipe or device named like
            an image, a zip file with names that lead outside or a member far larger than a photo.
    """
    keys: dict[str, list[tuple[Split, str]]] = {}
    for split, names in wanted.items():
        for name in names:
            keys.setdefault(_key(name), []).append((split, name))
    best: dict[tuple[Split, str], tuple[tuple[object, ...], Location]] = {}
    for location, path in _images(source, but):
        folders = PurePosixPath(path).parts[:-1]
        if _OTHERS.intersection(folders):
            continue
        for found in [each for name in _names(path, layout) for each in keys.get(_key(name), ())]:
            own = layout.folder_names(found[0])
            rank = (
                not any(folder.lower() in own for folder in folders),
                (_HIGH in folders) != large,
                bool(location.member),
                len(path),
                path,
            )
            if found not in best or rank < best[found][0]:
                best[found] = rank, location
    located: dict[Split, dict[str, Location]] = {split: {} for split in wanted}
    for (split, name), (_, location) in best.items():
        located[split][name] = location
    return located


def _key(name: str) -> str:
    """What two names of one image share: case and suffix may differ."""
    return split_suffix(name)[0].lower()


def _names(path: str, layout: Layout) -> list[str]:
    names = [PurePosixPath(path).name]
    if layout.flat_name is not None and len(PurePosixPath(path).parts) > 3:
        with suppress(InputError):  # a path of another kind
            names.append(layout.flat_name(path))
    return names


def _images(source: Path, but: Path) -> Iterator[tuple[Location, str]]:
    """Every file with the suffix of an image, and its path below the source, with slashes."""
    if source.is_dir():
        yield from _in_folder(source, but.resolve())
    else:
        yield from _in_zip(source, "")


def _in_folder(source: Path, but: Path) -> Iterator[tuple[Location, str]]:
    top = source.resolve()

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, folders, files in os.walk(top, onerror=refuse):
        here = Path(folder)
        for name in folders:
            if (here / name).is_symlink():
                _check_link(here / name, top)
        folders[:] = sorted(name for name in folders if here / name != but and not name.startswith("."))
        for name in sorted(files):
            path = here / name
            is_zip = name.lower().endswith(".zip")
            if name.startswith(".") or not (is_zip or split_suffix(name)[1]):
                continue
            below = path.relative_to(top).as_posix()
            if path.is_symlink():
                path = _check_link(path, top)
            _check_kind(path)
            if is_zip:
                yield from _in_zip(path, f"{below}/")
            else:
                yield Location(path), below


def _check_link(path: Path, top: Path) -> Path:
    """Return where a link leads: below ``top``, else InputError."""
    try:
        goal = path.resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: a link that leads nowhere ({error}); remove it") from None
    if not goal.is_relative_to(top):
        raise InputError(
            f"{path}: a link that leads outside of {top}; nothing was written. Replace it by what it leads to, or name "
            "that as --source"
        )
    return goal


def _check_kind(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); remove it") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{path}: a pipe or a device, named like an image; nothing was written. Remove it")


def _in_zip(path: Path, below: str) -> Iterator[tuple[Location, str]]:
    for info in _open(path, os.getpid()).infolist():
        name = safe_name(path, info)
        if info.is_dir() or not split_suffix(name)[1] or PurePosixPath(name).name.startswith("."):
            continue
        check_unpacked(path, info, most=MOST_MEMBER, what="photo of a data set")
        yield Location(path, info.filename), below + name


@lru_cache(maxsize=8)
def _open(path: Path, process: int) -> zipfile.ZipFile:
    """Open a zip file, once in each process: one that was inherited would share its place in the file."""
    return open_zip(path)
