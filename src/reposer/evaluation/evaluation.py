"""The outcome of an evaluation, and how it is saved, loaded and shown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reposer.checks import InputError, check_choice
from reposer.evaluation.options import Baseline
from reposer.evaluation.saved import read_fields
from reposer.files import write_text, write_whole
from reposer.metrics import METRICS, Score, Signature
from reposer.metrics.score import ENOUGH, few
from reposer.metrics.signature import common, grouped
from reposer.protocols import Protocol

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a results folder, and the numbers of each image behind them."""

    protocol: Protocol
    format: str
    """What the files show: "strips" of 5 panels, "triptychs" or single "images"."""
    codec: str
    """File format of the results: "png", "jpeg", "webp", or several joined by "+"."""
    scores: tuple[Score, ...]
    per_image: Mapping[str, Mapping[str, float]]
    """{pair id: {metric: value}}, sorted by id; PCKh also as counts, ``pckh_correct`` and ``pckh_all``."""
    results: Path | None = None
    """Folder of the results."""
    targets: Path | None = None
    """Folder of the real images, for results that do not show them."""
    pairs_of: Path | None = None
    """Other results, whose pairs alone were scored."""
    annotations_shift: float = 0.0
    """What was added to x in the annotations, in pixels."""
    baseline: Baseline | None = None
    """What was scored in place of the generated images."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """{pair id or file: why} for bad results that were left out; their number is in the signature."""

    def score(self, name: str) -> Score:
        """Return the score of one metric; InputError if it was not computed."""
        found = {score.name: score for score in self.scores}
        check_choice("score", name, found)
        return found[name]

    @property
    def signature(self) -> Signature:
        """What the signatures of all scores share."""
        return common(score.signature for score in self.scores) if self.scores else Signature(self.protocol.name)

    def signature_lines(self) -> list[str]:
        """Return all signatures as short lines, see ``reposer.metrics.signature.grouped``."""
        return grouped({score.name: score.signature for score in self.scores})

    def notes(self) -> list[str]:
        """Return what a reader of the scores should know."""
        lines = [f"{self.format} of {self.codec} files, {len(self.per_image)} pairs"]
        if self.baseline:
            lines.append(f"what was scored is not the generated images but a baseline: {self.baseline}")
        if self.codec != self.protocol.published_codec:
            lines.append(
                f"published {self.protocol.name} numbers were measured on {self.protocol.published_codec} "
                "strips: compare with care"
            )
        if self.pairs_of is not None:
            lines.append(f"scored are only the pairs that {self.pairs_of} has too")
        if self.annotations_shift:
            lines.append(f"{self.annotations_shift:+g} was added to x in the annotations")
        sides = (self.signature.get("cut") or "").partition("-")[2].partition(".")[2]
        if sides:
            lines.append(
                f"only some files were cut to the columns of the protocol ({sides}), the others were as narrow "
                "already: right if they had been cut likewise, wrong if they were resized"
            )
        if short := [score for score in self.scores if score.n < ENOUGH]:
            whose = "" if len(short) == len(self.scores) else f"{', '.join(score.name for score in short)}: "
            lines.append(f"{whose}{few(min(score.n for score in short))}")
        if (self.signature.get("pairs") or "").startswith("unnamed"):
            lines.append("the numbers of the files do not tell their pairs: metrics that need poses were left out")
        if self.skipped:
            lines.append(f"{len(self.skipped)} bad results were left out, e.g. {next(iter(self.skipped.values()))}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return everything as a dict that ``json`` can write."""
        content: dict[str, Any] = {
            "protocol": self.protocol.name,
            "signature": str(self.signature),
            "format": self.format,
            "codec": self.codec,
            "scores": [score.to_json() for score in self.scores],
        }
        for name in ("results", "targets", "pairs_of"):
            content |= {name: str(path)} if (path := getattr(self, name)) is not None else {}
        content |= {"annotations_shift": self.annotations_shift} if self.annotations_shift else {}
        content |= {"baseline": self.baseline} if self.baseline is not None else {}
        counted = [row for row in self.per_image.values() if "pckh" in row]
        if counted:
            content["pckh_counts"] = {
                "correct": sum(int(row["pckh_correct"]) for row in counted),
                "all": sum(int(row["pckh_all"]) for row in counted),
                "images": len(counted),
            }
        if self.skipped:
            content["skipped"] = dict(self.skipped)
        content["protocol_fields"] = asdict(self.protocol)
        content["per_image"] = {pair: dict(row) for pair, row in self.per_image.items()}
        return content

    def save(self, path: str | Path) -> None:
        """Write ``to_json()`` to a file; whole or not at all."""
        write_text(Path(path), json.dumps(self.to_json(), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Evaluation:
        """Read back what ``save`` wrote; InputError if it is not such a file."""
        return cls(**read_fields(Path(path)))

    def save_per_image(self, path: str | Path) -> None:
        """Write the numbers of each image as a table with a row per pair: CSV or Parquet, by the suffix.

        Raises:
            InputError: for any other suffix, or if pyarrow, which writes Parquet, is not installed.
        """
        path = Path(path)
        names = list(dict.fromkeys(name for row in self.per_image.values() for name in row))
        columns = {"pair": list(self.per_image)} | {
            name: [row.get(name) for row in self.per_image.values()] for name in names
        }
        if path.suffix == ".csv":
            lines = io.StringIO()
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
            write_text(path, lines.getvalue())
        elif path.suffix == ".parquet":
            try:
                import pyarrow
                import pyarrow.parquet
            except ImportError:
                raise InputError(
                    f"{path}: Parquet needs pyarrow: pip install 'reposer[tables]', or write .csv"
                ) from None
            metadata = {"signature": "\n".join(self.signature_lines()), "protocol": self.protocol.name}
            table = pyarrow.table(columns).replace_schema_metadata(metadata)
            write_whole(path, lambda temporary: pyarrow.parquet.write_table(table, temporary))
        else:
            raise InputError(f"{path}: a table is written as .csv or .parquet")

    def table(self) -> Table:
        """Return the scores as a rich table: metric with its direction, value, 95 % interval, n."""
        from rich.table import Table

        table = Table(title=self.protocol.name)
        table.add_column("metric")
        for column in ("value", "95 % interval", "n"):
            table.add_column(column, justify="right")
        for score in self.scores:
            table.add_row(METRICS[score.name].heading, f"{score.value:.4f}", score.limits, str(score.n))
        return table

    def __str__(self) -> str:
        return "\n".join(map(str, self.scores))
