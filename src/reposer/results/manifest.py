"""``manifest.json`` of a result folder: what the images were made from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.data import PairIndex
from reposer.files import write_text
from reposer.poses import write_annotations
from reposer.results.formats import Format
from reposer.values import from_plain

MANIFEST, ANNOTATIONS = "manifest.json", "annotations.csv"


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


def write_manifest(out: Path, index: PairIndex, format: Format, provenance: Mapping[str, Any]) -> None:
    """Write what the images of a folder were made from.

    ``manifest.json`` names the pairs and where their real images are; ``annotations.csv`` holds the poses in pixels
    of these images. ``provenance`` holds further entries, of types that JSON knows.
    """
    names = dict.fromkeys(name for pair in index.pairs for name in pair)
    write_annotations(out / ANNOTATIONS, {name: index.poses[name] for name in names})
    manifest = {
        "format": format.name,
        "images": str(index.images.resolve()),
        "annotations": ANNOTATIONS,
        "pairs": [list(pair) for pair in index.pairs],
        **provenance,
    }
    write_text(out / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a result folder, if it has one.

    Raises:
        InputError: naming the file and what was expected in it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest(path=path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); generate again or remove it") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object with 'images', 'annotations' and 'pairs'")
    told = {name: content[name] for name in ("images", "annotations", "pairs") if name in content}
    try:
        manifest: Manifest = from_plain(Manifest, {"path": str(path), **told})
    except InputError as error:
        raise InputError(f"{path}: {error}; generate again or remove it") from None
    # Relative to the folder; an absolute path stays as it is.
    images, annotations = (place and folder / place for place in (manifest.images, manifest.annotations))
    return replace(manifest, images=images, annotations=annotations)
