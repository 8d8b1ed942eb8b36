"""run.json: which data a run is trained on, and how far it has been saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from reposer.bounds import at_least
from reposer.checks import InputError
from reposer.data import PairDataset
from reposer.files import read_json, write_text
from reposer.values import Checked, from_plain, to_json

RECORD = "run.json"


@dataclass(frozen=True, kw_only=True)
class RunRecord(Checked):
    """What a run must remember besides its configuration."""

    data: str
    """Folder of the data set; it may move."""
    pairs: Annotated[int, at_least(1)]
    """Training pairs, mirrored ones too."""
    digest: str
    """Of the pair list and the poses in it (``PairDataset.digest``)."""
    saved: Annotated[int, at_least(0)] | None = None
    """Step of the newest checkpoint; None before the first."""

    @classmethod
    def of(cls, data: Path, dataset: PairDataset) -> RunRecord:
        """The record of a run that is to be trained on these data."""
        return cls(data=str(data.absolute()), pairs=len(dataset), digest=dataset.digest())

    @classmethod
    def read(cls, run: Path) -> RunRecord | None:
        """Read the record of a run folder, if it has one."""
        path = run / RECORD
        if not path.exists():
            return None
        try:
            return cast(RunRecord, from_plain(cls, read_json(path)))
        except InputError as error:
            raise InputError(f"{path}: not the record of a run of this version ({error})") from None

    def write(self, run: Path) -> None:
        """Write it into a run folder."""
        write_text(run / RECORD, to_json(self) + "\n")

    def check_same_data(self, found: RunRecord) -> None:
        """Raise InputError unless the data that were found are those of this run, in whatever folder."""
        if found.digest != self.digest:
            same = found.pairs == self.pairs
            what = "its pair list or poses differ" if same else f"{found.pairs:,} pairs, the run has {self.pairs:,}"
            raise InputError(
                f"{found.data}: not the data that this run is trained on, from {self.data} ({what}); give --data with "
                "those, or choose another --out"
            )
