"""Where a generator was loaded from: the folder of its run, which holds its scores and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.digests import file_digest
from reposer.files import read_json
from reposer.models import PRETRAINED

EVALUATION = "evaluation.json"
PICTURE = "samples.png"
"""The contact sheet in a folder of ``save_pretrained``."""


@dataclass(frozen=True)
class Origin:
    """The folder that a generator was loaded from, and its file there, of whose weights the scores must be."""

    folder: Path
    file: Path

    def scores(self) -> Path | None:
        """The newest file of ``reposer evaluate --json`` in the folder or its ``results/`` that is of this generator.

        The manifest of the results tells that. ``evaluation.json`` is also taken where no manifest says otherwise.
        """
        given = self.folder / EVALUATION
        found = [path for folder in (self.folder, self.folder / "results") for path in folder.glob("*.json")]
        others = sorted((path for path in found if path != given and path.is_file()), key=_written, reverse=True)
        own = file_digest(self.file) if found else None
        if given.exists() and _generator_of(given) in (own, None):
            return given
        return next((path for path in others if _generator_of(path) == own), None)

    def picture(self) -> Path | None:
        """The newest contact sheet of the run, or that of a saved generator; a link is not followed out of it."""
        sheets = [self.folder / PICTURE] if (self.folder / PRETRAINED).exists() else []
        sheets += sorted((self.folder / "samples").glob("step-*.png"), reverse=True)
        return next((path for path in sheets if path.is_file() and not path.is_symlink()), None)


def _written(path: Path) -> float:
    return path.stat().st_mtime


def _generator_of(evaluation: Path) -> str | None:
    """SHA-256 of the generator whose results were scored, by their manifest; None where nothing tells."""
    content = _object(evaluation)
    if content.get("baseline") is not None:
        return ""  # of no generator
    if not isinstance(results := content.get("results"), str):
        return None
    for folder in (Path(results), evaluation.parent / Path(results).name):
        checkpoint = _object(folder / "manifest.json").get("checkpoint")
        if isinstance(checkpoint, dict):
            return checkpoint.get("sha256")
    return None


def _object(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except InputError:
        return {}
    return content if isinstance(content, dict) else {}
