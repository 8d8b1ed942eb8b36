"""Which image a picture of a file of keypoints is of: its name, its file, its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from reposer.checks import InputError, printable
from reposer.decoding import photo_size_of
from reposer.images import SUFFIXES
from reposer.poses.keypoints.catalogue import KeypointFormat
from reposer.poses.keypoints.picture import Picture


@dataclass(frozen=True)
class Image:
    """An image that keypoints are of."""

    name: str
    file: Path | None
    size: tuple[int, int] | None
    """(H, W) in pixels, where it is known."""


class ImageFinder(Protocol):
    """Knows which images keypoints may be of."""

    def of(self, picture: Picture, name: str, size: tuple[int, int] | None, where: Path) -> Image | None:
        """Tell the image of a picture, see :meth:`Images.of`; None: it is of none that matters here."""


class Images:
    """The images of a folder, found by their names or the names without suffix; of no folder, none is found.

    Raises:
        InputError: if the folder cannot be read.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None and not folder.is_dir():
            raise InputError(f"{folder}: expected a folder of images")
        files = sorted(folder.iterdir()) if folder is not None else []
        self._files = {path.name: path for path in files if path.suffix.lower() in SUFFIXES}
        self._stems: dict[str, list[Path]] = {}
        for path in self._files.values():
            self._stems.setdefault(path.stem, []).append(path)

    def of(self, picture: Picture, name: str, size: tuple[int, int] | None, where: Path) -> Image:
        """Tell the image of a picture.

        Args:
            picture: what the file says.
            name: of the image, perhaps without suffix; without a folder it gets .jpg.
            size: (H, W) of all images.
            where: for errors.

        Raises:
            InputError: if the folder does not have it, or two sizes of it are known.
        """
        file = self._find(name, where)
        of_file = photo_size_of(file) if file is not None else None
        told = one_size(
            name, where, {"the file of keypoints": picture.size, f"{file}": of_file, "the size given": size}
        )
        whole = name if file is None and Path(name).suffix.lower() in SUFFIXES else f"{name}.jpg"
        return Image(whole if file is None else file.name, file, told)

    def _find(self, name: str, where: Path) -> Path | None:
        if self.folder is None:
            return None
        found = [self._files[name]] if name in self._files else self._stems.get(name, [])
        if len(found) != 1:
            several = f"several images {name}: {', '.join(path.name for path in found)}" if found else f"no {name!r}"
            raise InputError(f"{where}: {self.folder} has {several}; give the folder of the images that it is of")
        return found[0]


def one_size(name: str, where: Path, known: Mapping[str, tuple[int, int] | None]) -> tuple[int, int] | None:
    """Return the (H, W) of an image that some of those who may know it tell; InputError if they tell two."""
    told = {by: found for by, found in known.items() if found is not None}
    if len(set(told.values())) > 1:
        both = ", ".join(f"{height}x{width} by {by}" for by, (height, width) in told.items())
        raise InputError(f"{where}: {name!r} has two sizes, {both}; use images of the size that keypoints are of")
    return next(iter(told.values()), None)


def names_of(pictures: list[Picture], file: Path, kind: KeypointFormat) -> list[str]:
    """Names of the images of a file: as it tells, without folders, else its own, numbered where they are several.

    Raises:
        InputError: for a name that none can have.
    """
    stem = file.stem.removeprefix(kind.prefix).removesuffix(kind.suffix) or file.stem
    names = []
    for number, picture in enumerate(pictures):
        name = picture.name
        if name is None:
            name = stem if len(pictures) == 1 else f"{stem}_{number:06d}"
        last = PurePosixPath(name.replace("\\", "/")).name.strip()
        if not last or last == ".." or len(last.encode(errors="replace")) > 255 or printable(last) != last:
            raise InputError(f"{file}: {name[:60]!r} cannot be the name of an image")
        names.append(last)
    return names
