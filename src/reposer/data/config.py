"""How pairs are found and loaded, and what their data set is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reposer.checks import InputError, check_choice
from reposer.data import layouts

DESCRIPTION = "dataset.json"
"""File in a data set's folder that says its ``name`` and ``license``."""
MANNEQUINS = {"name": "Reposer mannequins", "license": "apache-2.0"}
"""The same of the built-in data set."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How pairs are found and loaded, and what their data set is called."""

    layout: layouts.LayoutName = "auto"
    """Kind of data set; "auto" tells by the names of the CSVs."""
    workers: int = 2
    """Processes that read images; 0 reads them in the training process."""
    flip: bool = False
    """Show half of the training pairs mirrored, left and right joints swapped. The published runs do not."""
    name: str = ""
    """What the data set is called; empty: as dataset.json in its folder says, else as its layout does."""
    license: str = ""
    """Licence identifier of the data set, such as cc-by-4.0; empty: likewise."""

    def __post_init__(self) -> None:
        check_choice("layout", self.layout, ("auto", *layouts.LAYOUTS))
        if self.workers < 0:
            raise InputError(f"workers must be 0 or more processes, got {self.workers}")

    def of_folder(self, root: Path) -> DataConfig:
        """Return it with the name and the licence of the data set in a folder, where it has none of its own.

        The licence of a data set does not hold for one of another name: that has terms of its own ("other").

        Raises:
            InputError: if the folder is no data set, or its ``dataset.json`` cannot be read.
        """
        layout = layouts.find_layout(root, "train", self.layout)
        told = {"name": layout.title, "license": layout.license} | _description(root / DESCRIPTION)
        name = self.name or told["name"]
        return replace(self, name=name, license=self.license or (told["license"] if name == told["name"] else "other"))


def _description(path: Path) -> Mapping[str, str]:
    """What ``dataset.json`` says; a name without a licence has terms of its own."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}); correct or remove it") from None
    told = {key: content.get(key, default) for key, default in (("name", None), ("license", "other"))}
    if not all(isinstance(value, str) and value for value in told.values()):
        raise InputError(f'{path}: expected {{"name": "...", "license": "..."}}, both as text, got {str(told)[:80]}')
    return told
