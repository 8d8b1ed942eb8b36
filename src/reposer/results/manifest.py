"""``manifest.json`` of a result folder: what the images were made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reposer.checks import InputError

MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What ``manifest.json`` of a result folder says; None where it says nothing or there is no such file."""

    path: Path
    images: Path | None = None
    """Folder of the real images."""
    annotations: Path | None = None
    """Annotation CSV of the real images."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of source and target, in order of generation."""


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
    return Manifest(
        path=path,
        images=_path(path, content, "images"),
        annotations=_path(path, content, "annotations"),
        pairs=_pairs(path, content),
    )


def _path(manifest: Path, content: dict[str, Any], key: str) -> Path | None:
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{manifest}: expected a path for {key!r}, got {value!r}")
    return manifest.parent / value  # an absolute value stays as it is


def _pairs(manifest: Path, content: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    value = content.get("pairs")
    if value is None:
        return None
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(name, str) for name in row)):
            raise InputError(f"{manifest}: expected a list of [source, target] for 'pairs', got {str(row)[:80]}")
    return tuple((source, target) for source, target in rows)
