"""``manifest.json`` of a result folder: what the images were made from."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from reposer.checks import InputError
from reposer.data import PairIndex
from reposer.files import read_json, write_text
from reposer.images import SUFFIXES
from reposer.poses import write_annotations
from reposer.results.formats import Format
from reposer.values import from_plain

Given = Literal["other", "other-retargeted"]
"""Poses that stand in for those of the targets: of the other person whose pose a target shows, as they are or fitted to
the person of the source."""
MANIFEST, ANNOTATIONS = "manifest.json", "annotations.csv"
_UNFINISHED = "unfinished"
"""Entry of a manifest whose results are still being written, or were abandoned."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Contents of a result folder's ``manifest.json``; None for entries it lacks, or without such a file."""

    path: Path
    images: Path | None = None
    """Folder of the real images."""
    annotations: Path | None = None
    """Annotation CSV of the real images."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of source and target, in order of generation."""
    given: Given | None = None
    """What was asked for in place of the poses of the real images; None: these."""
    photos: Mapping[str, Path] | None = None
    """Of own photos, letterboxed to the size of the results: {name: file}."""


@contextmanager
def under_manifest(out: Path, index: PairIndex, format: Format, provenance: Mapping[str, Any]) -> Iterator[None]:
    """Write the manifest of results around writing them: marked as unfinished before the first, whole after the last.

    ``manifest.json`` names the pairs and where their real images are; ``annotations.csv`` holds the poses in pixels
    of these images. Of own photos, ``photos`` tells the files, and the poses are in pixels of the letterboxed pictures.
    ``provenance`` holds further entries, of types that JSON knows.

    Raises:
        InputError: if the folder holds results that were made from something else, or nothing says from what.
    """
    names = dict.fromkeys(name for pair in index.pairs for name in pair)
    photos = {} if index.framed is None else {"photos": {name: index.framed[name].file for name in names}}
    content = {
        "format": format.name,
        "images": str(index.images.resolve()),
        "annotations": ANNOTATIONS,
        "pairs": [list(pair) for pair in index.pairs],
        **photos,
        **provenance,
    }
    begin_manifest(out, content)
    write_annotations(out / ANNOTATIONS, {name: index.poses[name] for name in names})
    yield
    end_manifest(out, content)


def begin_manifest(out: Path, content: Mapping[str, Any], *, images: Path | None = None) -> None:
    """Write a manifest that is marked as unfinished, before what it describes.

    Args:
        out: its folder.
        content: of types that JSON knows; a ``file`` or ``folder`` inside an entry says where something was, and may
            change.
        images: folder of the images that are described, if it is another.

    Raises:
        InputError: if there are images that were made from something else, or nothing says from what.
    """
    check_replaceable(out, content, images=images)
    end_manifest(out, {_UNFINISHED: True, **content})


def end_manifest(out: Path, content: Mapping[str, Any]) -> None:
    """Write the whole manifest, after what it describes."""
    write_text(out / MANIFEST, json.dumps(content, indent=1) + "\n")


def check_replaceable(out: Path, content: Mapping[str, Any], *, images: Path | None = None) -> None:
    """Raise InputError unless what a folder holds was made from the same, finished or not, or it holds no images.

    Arguments are those of :func:`begin_manifest`.
    """
    path, images = out / MANIFEST, out if images is None else images
    if not path.exists():
        if images.is_dir() and any(each.suffix.lower() in SUFFIXES for each in images.iterdir()):
            raise InputError(f"{images}: holds images that no {MANIFEST} describes; choose another folder, or empty it")
        return
    old, new = _read(path), json.loads(json.dumps(content))
    for each in (old, new):
        for entry in each.values():
            if isinstance(entry, dict):
                entry.pop("file", None)  # the same one may have moved
                entry.pop("folder", None)
    names = dict.fromkeys([*new, *old])
    if others := [name for name in names if name != _UNFINISHED and old.get(name) != new.get(name)]:
        raise InputError(
            f"{out}: holds results of other {', '.join(others)} ({MANIFEST}); choose another folder, or empty it"
        )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a result folder, if it has one.

    Raises:
        InputError: naming the file and what was expected in it; if the results are not finished.
    """
    path = folder / MANIFEST
    if not path.exists():
        return Manifest(path=path)
    content = _read(path)
    if content.get(_UNFINISHED):
        raise InputError(
            f"{path}: these results are not finished, 'reposer generate' was stopped or is still running; run it again "
            "with this --out, to its end"
        )
    told = {name: content[name] for name in ("images", "annotations", "pairs", "given", "photos") if name in content}
    try:
        manifest: Manifest = from_plain(Manifest, {"path": str(path), **told})
    except InputError as error:
        raise InputError(f"{path}: {error}; generate again or remove it") from None
    # Relative to the folder; an absolute path stays as it is.
    images, annotations = (place and folder / place for place in (manifest.images, manifest.annotations))
    photos = manifest.photos
    if photos is not None and images is not None:
        photos = {name: images / file for name, file in photos.items()}
    return replace(manifest, images=images, annotations=annotations, photos=photos)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except InputError as error:
        raise InputError(f"{error}; generate into another folder, or remove it") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object with 'images', 'annotations' and 'pairs'")
    return content
