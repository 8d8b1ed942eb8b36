"""The keypoints of photos: files of any known format, beside the folders of the people or in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reposer.checks import InputError, some
from reposer.data.photos.listing import KEYPOINTS, LIST, Photo
from reposer.poses import Pose
from reposer.poses.keypoints.naming import Image, one_size
from reposer.poses.keypoints.options import KeypointOptions
from reposer.poses.keypoints.picture import Picture
from reposer.poses.keypoints.reading import read_image_poses

_OPTIONS = KeypointOptions(nobody="keep")


@dataclass
class PhotoFinder:
    """Finds the photo that keypoints are of, by as much of the path as the file of keypoints tells."""

    root: Path
    photos: tuple[Photo, ...]
    sizes: Mapping[str, tuple[int, int]]
    """(H, W) of each file that can be read, as it is shown."""
    under: str = ""
    """Folder of the photos that a file of keypoints is of, with a "/" at its end; "": all."""
    unknown: list[str] = field(default_factory=list)
    """Keypoints of none of the photos."""
    _by_name: dict[str, list[Photo]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for photo in self.photos:
            place = PurePosixPath(photo.file)
            tails = ["/".join(place.parts[i:]) for i in range(len(place.parts))]
            stems = [str(PurePosixPath(tail).with_suffix("")) for tail in tails]
            for key in {*tails, *stems, photo.name}:
                self._by_name.setdefault(key, []).append(photo)

    def of(self, picture: Picture, name: str, size: tuple[int, int] | None, where: Path) -> Image | None:
        """Tell the photo of a picture, whose own name may have folders; see :meth:`Images.of`."""
        path = (picture.name or name).replace("\\", "/").strip()
        photo = self._find(path, where)
        if photo is None:
            self.unknown.append(f"{self.under}{path}")
            return None
        if photo.file not in self.sizes:  # it cannot be read, which is told elsewhere
            return None
        known = {"the file of keypoints": picture.size, photo.file: self.sizes[photo.file], "the size given": size}
        return Image(photo.name, self.root / photo.file, one_size(photo.file, where, known))

    def _find(self, path: str, where: Path) -> Photo | None:
        parts = PurePosixPath(path).parts
        keys = ["/".join(parts[i:]) for i in range(len(parts))]
        if len(parts) > 1 and not PurePosixPath(path).is_absolute():
            keys = keys[:-1]  # a folder that is named must be right
        for key in keys:
            # A name with its suffix is of that photo only; else the name without suffix may be any one's.
            found = [photo for photo in self._by_name.get(key, []) if photo.file.startswith(self.under)]
            if len(found) > 1:
                raise InputError(
                    f"{where}: {path} may be {some([photo.file for photo in found])}; write PERSON/IMAGE, or put the "
                    f"keypoints of each person into a folder {KEYPOINTS[-1]}/PERSON"
                )
            if found:
                return found[0]
        return None


def read_poses(finder: PhotoFinder) -> tuple[dict[str, Pose], list[Path]]:
    """Read all keypoints of a data set: {name: pose in pixels of the photo as it is shown}, and the files they are in.

    Raises:
        InputError: if there are none, a file is not readable, or keypoints of a photo stand twice.
    """
    sources = list(_sources(finder.root, finder.photos))
    if not sources:
        raise InputError(
            f"{finder.root}: no keypoints of the photos: looked for {', '.join(KEYPOINTS[:-1])} or a folder "
            f"{KEYPOINTS[-1]}, beside the folders of the people or {LIST}, and in them"
        )
    poses: dict[str, Pose] = {}
    places: dict[str, Path] = {}
    for path, under in sources:
        finder.under = under
        for found in read_image_poses(path, _OPTIONS, finder):
            name = found.image.name
            if name in poses:
                raise InputError(f"{path}: keypoints of {name} are in {places[name]} too; remove one of them")
            poses[name], places[name] = found.pose, path
    return poses, [path for path, _ in sources]


def _sources(root: Path, photos: Iterable[Photo]) -> Iterable[tuple[Path, str]]:
    """Files and folders of keypoints, each with the folder whose photos they are of."""
    folders = {""} | {f"{parent}/" for photo in photos for parent in PurePosixPath(photo.file).parents if parent.name}
    for folder in sorted(folders):
        for path in (root / folder / name for name in KEYPOINTS):
            if path.is_dir():
                yield from _in_folder(path, folder)
            elif path.exists():
                yield path, folder


def _in_folder(path: Path, under: str) -> Iterable[tuple[Path, str]]:
    """A folder of keypoints: its own files, and those of its sub-folders, which are called after those of photos."""
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if any(entry.suffix.lower() in (".json", ".npy") and not entry.is_dir() for entry in entries):
        yield path, under
    for entry in entries:
        if entry.is_symlink() and entry.is_dir():
            raise InputError(f"{entry}: a link to a folder; put the folder itself here")
        if entry.is_dir():
            yield from _in_folder(entry, f"{under}{entry.name}/")
        elif entry.suffix.lower() == ".csv":
            yield entry, under
