"""Which photos a folder has, whom they show, and in which split: by its sub-folders, or by its ``photos.csv``."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reposer.checks import InputError, printable, some
from reposer.data.layout import SPLITS, Split, contents
from reposer.files import read_text
from reposer.images import PHOTO_SUFFIXES

LIST = "photos.csv"
"""File that lists the photos, with the header ``image,person`` or ``image,person,split``."""
KEYPOINTS = ("keypoints.csv", "keypoints.json", "keypoints.npy", "keypoints")
"""What keypoints are called, a file or a folder: beside the folders of the people, or in them."""
_OTHERS = frozenset((".avif", ".gif", ".bmp", ".tif", ".tiff", ".dng", ".jfif"))
_MOST_NAME = 100
"""Bytes of a name: two of them make that of a result."""


@dataclass(frozen=True)
class Photo:
    """A photo of the list."""

    file: str
    """Path in the folder of the data set, with "/"."""
    person: str
    split: Split | None
    """None: nothing says it."""
    name: str
    """Its name in pairs and results: the path without the folder of the split, "/" as "-"."""


@dataclass(frozen=True)
class Listing:
    """The photos of a data set, sorted by name."""

    photos: tuple[Photo, ...]
    unread: tuple[str, ...] = ()
    """Pictures of kinds that are not opened."""


def is_listed(root: Path) -> bool:
    """Whether a folder holds photos with keypoints: a ``photos.csv``, or keypoints beside or in sub-folders."""
    if (root / LIST).is_file():
        return True
    folders = _folders(root) if root.is_dir() else []
    folders += [inner for folder in folders if folder.name in SPLITS for inner in _folders(folder)]
    return bool(folders) and any((folder / name).exists() for folder in (root, *folders) for name in KEYPOINTS)


def list_photos(root: Path) -> Listing:
    """List the photos of a data set; nothing is opened but ``photos.csv``.

    Raises:
        InputError: if there are none; for a link that leads out of the folder, a name that no file of results can
            have, and two photos of one name; for a person in both splits.
    """
    listing = _by_list(root) if (root / LIST).exists() else _by_folders(root)
    if not listing.photos:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise InputError(f"{root}: no photos ({kinds}) in folders of people{_unread(listing.unread)}")
    _check_names(root, listing.photos)
    _check_links(root, listing.photos)
    _check_people(root, listing.photos)
    return listing


def _unread(names: tuple[str, ...]) -> str:
    return f"; found {len(names):,} of kinds that are not opened: {some(names)}; convert them to JPEG" if names else ""


def _by_folders(root: Path) -> Listing:
    """A sub-folder a person, in ``train`` and ``test`` if there are no others."""
    people: list[tuple[Path, Split | None]] = [(folder, None) for folder in _folders(root)]
    if people and all(folder.name in SPLITS and _folders(folder) for folder, _ in people):
        people = [(inner, split) for split in SPLITS if (root / split).is_dir() for inner in _folders(root / split)]
    if not people:
        raise InputError(f"{root}: no folder of a person: expected one for each, or {LIST}; found {contents(root)}")
    photos: list[Photo] = []
    unread: list[str] = []
    for folder, split in people:
        for path in _files(folder):
            inner, whole = path.relative_to(folder.parent), path.relative_to(root).as_posix()
            if path.suffix.lower() in PHOTO_SUFFIXES:
                photos.append(Photo(whole, _composed(folder.name), split, _flat(inner.as_posix())))
            elif path.suffix.lower() in _OTHERS:
                unread.append(whole)
    return Listing(tuple(sorted(photos, key=lambda photo: photo.name)), tuple(unread))


def _by_list(root: Path) -> Listing:
    """The rows of ``photos.csv``."""
    path = root / LIST
    try:
        header, *rows = list(csv.reader(io.StringIO(read_text(path)))) or [[]]
    except csv.Error as error:  # a field of more than 128 KiB
        raise InputError(f"{path}: not readable as CSV ({error})") from None
    columns = [column.strip().lower() for column in header]
    if not {"image", "person"} <= set(columns) <= {"image", "person", "split"} or len(set(columns)) < len(columns):
        raise InputError(f"{path}: expected the header image,person or image,person,split in row 1")
    photos: dict[str, Photo] = {}
    for number, row in enumerate(rows, start=2):
        if not any(map(str.strip, row)):
            continue
        where = f"{path}, row {number}"
        if len(row) != len(columns):
            raise InputError(f"{where}: expected {','.join(columns)}, got {','.join(row)[:60]!r}")
        photo = _photo(where, **dict(zip(columns, map(str.strip, row), strict=True)))
        if photo.file in photos:
            raise InputError(f"{where}: {photo.file} stands twice; remove one of the two rows")
        photos[photo.file] = photo
    return Listing(tuple(sorted(photos.values(), key=lambda photo: photo.name)))


def _photo(where: str, image: str, person: str, split: str | None = None) -> Photo:
    """A row of ``photos.csv``."""
    place = PurePosixPath(image.replace("\\", "/"))
    if not person or printable(person) != person:
        raise InputError(f"{where}: {person!r} cannot be the name of a person")
    if not place.name or place.is_absolute() or ".." in place.parts or printable(image) != image:
        raise InputError(f"{where}: {image!r} is no path of a photo in the folder of {LIST}")
    if split not in (None, *SPLITS):
        raise InputError(f"{where}: split must be train or test in every row, got {split!r}; or leave the column out")
    return Photo(place.as_posix(), _composed(person), split, _flat(place.as_posix()))


def _folders(folder: Path) -> list[Path]:
    """Sub-folders that may be of people, sorted; InputError for a link, which may lead anywhere."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    found = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    return [Path(entry.path) for entry in found if entry.name not in KEYPOINTS]


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted; links to folders are refused."""
    if folder.is_symlink():
        raise InputError(f"{folder}: a link to a folder; put the folder itself here, or list the photos in {LIST}")
    for inner in _folders(folder):
        yield from _files(inner)
    yield from sorted(path for path in folder.iterdir() if not path.is_dir() and not path.name.startswith("."))


def _composed(name: str) -> str:
    """A name as one sequence of characters, whichever way a disk stores its accents."""
    return unicodedata.normalize("NFC", name)


def _flat(path: str) -> str:
    """A path as the name of a file; three underscores stand between the names of a pair."""
    return re.sub(r"_{3,}", "__", path.replace("/", "-"))


def _check_names(root: Path, photos: Iterable[Photo]) -> None:
    stems: dict[str, Photo] = {}
    for photo in photos:
        name = photo.name
        if printable(name) != name or ":" in name or name != name.strip() or len(os.fsencode(name)) > _MOST_NAME:
            raise InputError(
                f"{root}: {photo.file!r} cannot name results (a colon, a space at an end, an unprintable character, or "
                f"more than {_MOST_NAME} bytes with its folders); rename it"
            )
        other = stems.setdefault(PurePosixPath(name).stem, photo)
        if other is not photo:
            raise InputError(f"{root}: {other.file} and {photo.file} would have one name, {name}; rename one of them")


def _check_links(root: Path, photos: Iterable[Photo]) -> None:
    whole = os.path.realpath(root)  # which, unlike Path.resolve, raises nothing for a link to itself
    out = [photo.file for photo in photos if not Path(os.path.realpath(root / photo.file)).is_relative_to(whole)]
    if out:
        raise InputError(f"{root}: links that lead out of the folder: {some(out)}; copy the photos, or hard-link them")


def _check_people(root: Path, photos: Iterable[Photo]) -> None:
    """Nobody may be in both splits, in whatever case the name is written."""
    found: dict[str, dict[str, set[str]]] = {}
    for photo in photos:
        if photo.split is not None:
            found.setdefault(photo.person.casefold(), {}).setdefault(photo.split, set()).add(photo.person)
    both = ["/".join(sorted(set.union(*splits.values()))) for splits in found.values() if len(splits) > 1]
    if both:
        raise InputError(
            f"{root}: in both splits: {some(both, 10)}; scores must be of people who were never seen: keep each in one "
            "split, and give two people two names"
        )
