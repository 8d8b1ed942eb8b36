"""How pairs are found and loaded, and the name of their data set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from reposer.bounds import at_least
from reposer.checks import check_choice
from reposer.data import layouts
from reposer.data.cache import Cache
from reposer.data.description import Description
from reposer.values import Checked

MANNEQUINS = {"name": "Reposer mannequins", "license": "apache-2.0"}
"""Those of the built-in data set of drawn figures."""
PEOPLE = {"name": "Reposer people", "license": "cc0-1.0"}
"""Those of the built-in data set of photo-like people."""


@dataclass(frozen=True, kw_only=True)
class DataConfig(Checked):
    """How pairs are found and loaded, and what their data set is called."""

    layout: layouts.LayoutName = "auto"
    """Kind of data set; "auto" tells by the names of its files."""
    skip_missing: Annotated[int, at_least(0, words="0 or more images")] = 0
    """Leave out the pairs of up to so many images, in each split, that have no file or no pose; more are an error."""
    workers: Annotated[int, at_least(0, 1024, words="0 or more processes")] = 2
    """Processes that read images; 0 reads them in the training process."""
    cache: Cache = "auto"
    """Keep the decoded images of all training pairs in memory: none, memory (of the machine), or device (of the GPU).

    auto: in the device's memory or else the machine's, if they fill at most a quarter of what is free there, and the
    run reads as many images as there are. The batches are the same ones.
    """
    flip: bool = False
    """Show half of the training pairs mirrored, left and right joints swapped. The published runs do not."""
    truth: bool = False
    """Also read the true flow, visibility and parts of each training pair, of data that 'reposer people' made. Terms of
    the objective that need them are refused without it."""
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
        told = Description.read(root) or Description(name=layout.title, license=layout.license)
        of_this = told.license if self.name in ("", told.name) else "other"
        return replace(self, name=self.name or told.name, license=self.license or of_this)
