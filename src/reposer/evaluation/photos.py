"""Results of own photos: where the photos are, and what of each picture is content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reposer.checks import InputError
from reposer.data import LAYOUTS
from reposer.data.photos import PHOTOS
from reposer.data.photos.listing import list_photos
from reposer.data.photos.split import splits_of
from reposer.decoding import photo_size_of
from reposer.letterbox import Box, content_box
from reposer.protocols import Protocol
from reposer.results import Manifest, Photos, Problems, Result, find_photos, source_of


def photos_of(targets: Path | None, manifest: Manifest) -> Photos | None:
    """The own photos that results are of, by name: those in the folder that is given, else those of the manifest.

    None: they are of another data set.
    """
    if targets is None:
        return manifest.photos or None
    if not targets.is_dir() or [each for each in LAYOUTS.values() if each.is_in(targets)] != [PHOTOS]:
        return None
    return {photo.name: targets / photo.file for photo in list_photos(targets).photos}


def target_photos(photos: Photos, results: Mapping[str, Result], problems: Problems) -> dict[str, Path]:
    """The photo of each target: {pair id: file}."""
    return find_photos(photos, {pair: result.target for pair, result in results.items()}, "target", problems)


def source_photos(photos: Photos, results: Mapping[str, Result], problems: Problems) -> dict[str, Path]:
    """The photo of each source: {pair id: file}."""
    return find_photos(photos, {pair: source_of(pair) for pair in results}, "source", problems)


def content_boxes(
    photos: Photos, results: Mapping[str, Result], protocol: Protocol, shown: tuple[Path, int], problems: Problems
) -> dict[str, Box]:
    """What of the pictures of each pair is content, as its target's photo stands in a picture of the protocol's size.

    Args:
        photos: files by name.
        results: of the pairs.
        protocol: whose size the results must have.
        shown: the folder of the results, and the width of their pictures in pixels.
        problems: where photos that are missing or cannot be read are noted.

    Raises:
        InputError: if the results have another size.
    """
    folder, width = shown
    if width != protocol.size[1]:
        raise InputError(
            f"{folder}: pictures of own photos are not cut or resized: {protocol.name} scores {protocol.size[0]}x"
            f"{protocol.size[1]}, these are {protocol.height_of(width)}x{width}; choose a protocol of their size"
        )
    boxes = {}
    for pair, file in target_photos(photos, results, problems).items():
        try:
            boxes[pair] = content_box(photo_size_of(file), protocol.size)
        except InputError as error:
            problems.add("without a readable target", pair, str(error))
    return boxes


def train_photos(folder: Path) -> tuple[Path, ...]:
    """The photos that are trained with, of a folder of own photos; none of other folders."""
    if not PHOTOS.is_in(folder):
        return ()
    photos = list_photos(folder).photos
    splits = splits_of(photos)
    return tuple(folder / photo.file for photo in photos if splits[photo.person] == "train")
