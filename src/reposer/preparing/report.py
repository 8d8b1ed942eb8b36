"""What was prepared: counted, and held against what the papers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reposer.checks import some
from reposer.data import Layout, Split

_TOLD = 10


@dataclass(frozen=True)
class Published:
    """Counts of a split in the papers."""

    annotated: int | None = None
    """Images in the annotation CSV."""
    names: int | None = None
    """Images of the split."""
    pairs: int | None = None


PUBLISHED: Mapping[str, Mapping[Split, Published]] = {
    "market": {
        "train": Published(annotated=12_936, pairs=263_632),
        "test": Published(annotated=19_732, pairs=12_000),
    },
    "deepfashion": {
        "train": Published(names=48_674, pairs=101_966),
        "test": Published(names=4_038, pairs=8_570),
    },
}
"""By layout. Def-GAN (CVPR 2018) and PATN (CVPR 2019)."""


def differences(published: Published, counts: Mapping[str, int]) -> list[str]:
    """Counts ("annotated images", "images", "pairs") that are not those of the papers, in words."""
    known = {"annotated images": published.annotated, "images": published.names, "pairs": published.pairs}
    return [
        f"{got:,} {what}; in the papers {known[what]:,}"
        for what, got in counts.items()
        if known[what] not in (None, got)
    ]


@dataclass(frozen=True, kw_only=True)
class SplitReport:
    """One split, counted."""

    split: Split
    names: int
    """Images that it is to hold."""
    missing: tuple[str, ...]
    """Names of those that are neither in the source nor there already."""
    unreadable: Mapping[str, str]
    """Reasons by name."""
    annotated: int
    without_pose: int
    """Images without a row in the annotations, or with one that has no joint."""
    without_pair: int
    """Images that are in no pair."""
    pairs: int
    derived: bool
    """Whether the pairs were derived by the published rule, for want of a list."""
    made: Mapping[str, int] = field(default_factory=dict)
    """How many images were linked, copied, written, or there already."""

    @property
    def found(self) -> int:
        """Images that were found, readable or not."""
        return self.names - len(self.missing)

    def differences(self, published: Published) -> list[str]:
        """What differs from the counts in the papers, in words."""
        counts = {"annotated images": self.annotated, "images": self.names, "pairs": self.pairs}
        how = ", derived by the published rule for want of a list"
        return [
            f"{self.split}: {line.replace(' pairs', f' pairs{how}', 1) if self.derived else line}"
            for line in differences(published, counts)
        ]


@dataclass(frozen=True)
class Report:
    """All splits."""

    layout: Layout
    splits: tuple[SplitReport, ...]

    @property
    def lacking(self) -> list[str]:
        """A line for every image that is expected and not there, with its split and the reason."""
        return [
            line
            for each in self.splits
            for line in (
                *(f"{each.split} {name}: not found" for name in each.missing),
                *(f"{each.split} {name}: {reason}" for name, reason in each.unreadable.items()),
            )
        ]

    def lines(self) -> list[str]:
        """Table, differences from the papers, and the first names that are missing or unreadable."""
        head = ("", "names", "found", "missing", "unreadable", "without pose", "without pair", "pairs")
        rows: list[tuple[str, ...]] = [head]
        for each in self.splits:
            counts = (
                each.names, each.found, len(each.missing), len(each.unreadable),
                each.without_pose, each.without_pair, each.pairs,
            )  # fmt: skip
            rows.append((each.split, *(f"{count:,}" for count in counts)))
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
        for each in self.splits:
            made = ", ".join(f"{count:,} {what}" for what, count in each.made.items() if count)
            lines.append(f"{each.split}: {made or 'nothing made'}")
        for each in self.splits:
            lines += each.differences(PUBLISHED[self.layout.name][each.split])
        for each in self.splits:
            if each.missing:
                lines.append(f"{each.split}, missing: {some(each.missing, _TOLD)}")
            lines += [f"{each.split}, unreadable: {reason}" for reason in list(each.unreadable.values())[:_TOLD]]
        return lines
