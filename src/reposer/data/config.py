"""How pairs are found and loaded, and the name of their data set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from reposer.bounds import at_least
from reposer.checks import InputError, check_choice
from reposer.data import layouts
from reposer.files import read_json
from reposer.values import Checked

DESCRIPTION = "dataset.json"
"""File in a data set's folder that says its ``name`` and ``license``."""
MANNEQUINS = {"name": "Reposer mannequins", "license": "apache-2.0"}
"""Those of the built-in data set."""


@dataclass(frozen=True, kw_only=True)
class DataConfig(Checked):
    """How pairs are found and loaded, and what their data set is called."""

    layout: layouts.LayoutName = "auto"
    """Kind of data set; "auto" tells by the names of the CSVs."""
    skip_missing: Annotated[int, at_least(0, words="0 or more images")] = 0
    """Leave out the pairs of up to so many images, in each split, that have no file or no pose; more are an error."""
    workers: Annotated[int, at_least(0, 1024, words="0 or more processes")] = 2
    """Processes that read images; 0 reads them in the training process."""
    flip: bool = False
    """Show half of the training pairs mirrored, left and right joints swapped. The published runs do not."""
    name: str = ""
    """Name of the data set; empty: the one in its folder's dataset.json, else that of its layout."""
    license: str = ""
    """Licence identifier of the data set, such as cc-by-4.0; empty: likewise."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("layout", self.layout, ("auto", *layouts.LAYOUTS))

    def of_folder(self, root: str | Path) -> Self:
        """Return the config with the name and licence of the data set in a folder, where it has none of its own.

        The licence of a data set does not apply to one of another name: that has its own terms ("other").

        Raises:
            InputError: if the folder is no data set, or its ``dataset.json`` cannot be read.
        """
        layout = layouts.find_layout(root, "train", self.layout)
        name, license = _description(Path(root) / DESCRIPTION) or (layout.title, layout.license)
        of_this = license if self.name in ("", name) else "other"
        return replace(self, name=self.name or name, license=self.license or of_this)


def _description(path: Path) -> tuple[str, str] | None:
    """Name and licence from ``dataset.json``, if there is one; without a licence: "other"."""
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        told = content["name"], content.get("license", "other")
    except (ValueError, TypeError, KeyError, AttributeError):
        told = ("", "")
    if not all(isinstance(text, str) and text for text in told):
        raise InputError(f'{path}: expected {{"name": "...", "license": "..."}} with texts; correct or remove it')
    return told
