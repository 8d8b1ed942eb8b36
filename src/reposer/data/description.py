"""``dataset.json``: what the folder of a data set says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reposer.bounds import Size
from reposer.checks import InputError
from reposer.files import read_json
from reposer.values import Checked, from_plain

DESCRIPTION = "dataset.json"
"""File in a data set's folder that says its ``name``, ``license`` and, where its layout has another, image ``size``."""


@dataclass(frozen=True, kw_only=True)
class Description(Checked):
    """What ``dataset.json`` says."""

    name: str
    license: str = "other"
    """Licence identifier; "other": terms of its own."""
    size: Size | None = None
    """Height and width of the images in pixels; None: those of the layout."""

    exact_keypoints: bool = False
    """Whether keypoints are known, not estimated: one that is missing is outside of the picture, or covered."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.name and self.license):
            raise InputError("name and license must not be empty")

    @classmethod
    def read(cls, root: str | Path) -> Description | None:
        """Read the description in a data set's folder, if there is one; other fields are passed over.

        Raises:
            InputError: if it cannot be read.
        """
        path = Path(root) / DESCRIPTION
        if not path.is_file():
            return None
        try:
            content = read_json(path)
            known = {field: content[field] for field in cls.__dataclass_fields__ if field in content}
            return cast(Description, from_plain(cls, known))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f'{path}: expected {{"name": "...", "license": "..."}} with texts; correct or remove it ({error})'
            ) from None
