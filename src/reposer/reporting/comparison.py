"""Comparison of results on the same images: paired intervals and tests, and a plain sentence for each metric."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reposer.checks import InputError
from reposer.evaluation import Evaluation
from reposer.metrics import METRICS, holm, sign_flip_p_value
from reposer.metrics.score import interval_of
from reposer.protocols import with_ids

if TYPE_CHECKING:
    from rich.table import Table

LEVEL = 0.05
"""A difference counts as shown where the corrected p-value is below this."""
HOW = (
    "Differences with paired bootstrap 95 % intervals over images; p by the paired permutation test (10,000 random "
    "sign flips, or all where there are fewer), which, unlike the intervals, is corrected by Holm for the number of "
    f"metrics; a difference counts as shown where p < {LEVEL}."
)
_FILES = ("{}.json", "{}/evaluation.json", "{}/scores.json")
"""Where the evaluation of a folder of results is looked for."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How two results differ in one metric, on the images that both have."""

    metric: str
    """Name of the metric, such as "ssim"."""
    label: str
    """Its title, such as "SSIM"."""
    heading: str
    """The label with an arrow towards better: "SSIM ↑"."""
    better: Literal["higher", "lower"]
    """Which values are better."""
    first: float
    """Value of the first result on these images."""
    second: float
    """Value of the second."""
    difference: float
    """First minus second: of means, or of ratios of sums."""
    interval: tuple[float, float]
    """Paired bootstrap 95 % interval of the difference over images; NaN over one image."""
    p_value: float
    """Of the paired permutation test, two-sided."""
    p_corrected: float
    """The same, corrected by Holm for the number of metrics that were compared."""
    n: int
    """Number of images for which both have a number."""
    by_image: Mapping[str, float]
    """{pair id of the first result: first minus second}; for a ratio, the difference of the image's own ratios."""

    @property
    def limits(self) -> str:
        """The interval in words."""
        return "no interval: 1 image" if isnan(self.interval[0]) else "{:+.4f} to {:+.4f}".format(*self.interval)

    @property
    def winner(self) -> Literal["first", "second"] | None:
        """Which one is better; None where no difference is shown."""
        return None if self.p_corrected >= LEVEL else self.leader

    @property
    def leader(self) -> Literal["first", "second"] | None:
        """Which one has the better value, shown or not."""
        if self.difference == 0:
            return None
        return "first" if (self.difference > 0) == (self.better == "higher") else "second"

    def sentence(self, first: str, second: str) -> str:
        """Say in one sentence which result is better, by how much, and how sure that is."""
        if not any(self.by_image.values()):
            return f"{self.label}: no difference, equal on all {self.n} images."
        low, high = self.interval
        p = "p < 0.001" if self.p_corrected < 0.001 else f"p = {self.p_corrected:.3f}"
        if self.winner is None:
            return (
                f"{self.label}: no difference shown ({first} - {second} = {self.difference:+.4f}, {self.limits}); {p}."
            )
        low, high = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
        name = first if self.winner == "first" else second
        return f"{self.label}: {name} is better by {abs(self.difference):.4f} ({low:.4f} to {high:.4f}); {p}."


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two results, metric by metric."""

    first: str
    """Name of the first result."""
    second: str
    """Name of the second."""
    differences: tuple[Difference, ...]
    """One per metric for which both have a number per image."""
    untested: Mapping[str, str]
    """{metric: why it was not tested}."""
    caveats: tuple[str, ...] = ()
    """Why the two are not comparable; empty unless it was insisted on."""

    def sentences(self) -> list[str]:
        """What can be said, one sentence per metric."""
        return [difference.sentence(self.first, self.second) for difference in self.differences] + [
            f"{METRICS[name].title}: not tested, {why}." for name, why in self.untested.items()
        ]

    @property
    def conclusion(self) -> str:
        """Which one is better, or why that cannot be said, in a sentence or two."""
        from reposer.reporting.conclusion import conclusion  # which reads this class

        return conclusion(self)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the numbers of each image as a dict that ``json`` can write."""
        fields = asdict(self) | {"comparable": not self.caveats, "conclusion": self.conclusion, "how": HOW}
        for row, difference in zip(fields["differences"], self.differences, strict=True):
            del row["by_image"]
            row |= {"winner": difference.winner, "sentence": difference.sentence(self.first, self.second)}
            row["interval"] = [None if isnan(limit) else limit for limit in difference.interval]
        return fields

    def table(self) -> "Table":
        """Return the differences as a rich table."""
        from rich.table import Table

        marked = ", NOT COMPARABLE" if self.caveats else ""
        table = Table(title=f"{self.first} - {self.second}{marked}")
        table.add_column("metric")
        for column in ("difference", "95 % interval", "p", "p (Holm)", "n"):
            table.add_column(column, justify="right")
        for row in self.differences:
            p_values = (f"{row.p_value:.4f}", f"{row.p_corrected:.4f}")
            table.add_row(row.heading, f"{row.difference:+.4f}", row.limits, *p_values, str(row.n))
        return table


def compare(a: Evaluation, b: Evaluation, *, names: tuple[str, str] = ("A", "B"), force: bool = False) -> Comparison:
    r"""Compare two results metric by metric on the images that both have.

    For a mean the difference is :math:`\frac 1 N \sum_i (a_i - b_i)`, for a ratio such as PCKh
    :math:`\sum_i (a_i - b_i) / \sum_i t_i` with the counts a, b of right joints of t in image i. Its interval is that
    of ``reposer.metrics.bootstrap_interval`` with whole pairs :math:`(a_i, b_i)` drawn, its p-value that of
    ``reposer.metrics.sign_flip_p_value``, corrected by ``reposer.metrics.holm``.

    Args:
        a: the first result.
        b: the second; differences are first minus second.
        names: of the two.
        force: compare even if signatures or pairs differ; the comparison says so.

    Raises:
        InputError: if signatures or pairs differ, unless forced; if no pair or no metric is in both.
    """
    b = replace(b, per_image=with_ids(b.per_image, a.per_image))
    caveats = _caveats(a, b, names)
    if caveats and not force:
        raise InputError(
            f"{names[0]} and {names[1]} are not comparable: {'; '.join(caveats)}; evaluate both under one protocol, "
            "on the same pairs and files, or insist with --force"
        )
    common = [pair for pair in a.per_image if pair in b.per_image]
    if not common:
        raise InputError(f"{names[0]} and {names[1]} have no pair of images in common: nothing to compare")
    shared = [score.name for score in a.scores if any(other.name == score.name for other in b.scores)]
    if not shared:
        raise InputError(f"{names[0]} and {names[1]} have no metric in common: nothing to compare")
    untested = {name: "only one result has it" for name in _all_metrics([a, b]) if name not in shared}
    measured: dict[str, _Paired] = {}
    for name in shared:
        found = _paired(name, a, b, common)
        if isinstance(found, str):
            untested[name] = found
        else:
            measured[name] = found
    p_values = [sign_flip_p_value(paired.first - paired.second) for paired in measured.values()]
    return Comparison(
        first=names[0],
        second=names[1],
        differences=tuple(
            _difference(name, paired, p_value, p_corrected)
            for (name, paired), p_value, p_corrected in zip(measured.items(), p_values, holm(p_values), strict=True)
        ),
        untested=untested,
        caveats=tuple(caveats),
    )


@dataclass(frozen=True)
class _Paired:
    """Numbers of one metric of both results, one per image: the terms of a mean or of a ratio of sums."""

    pairs: list[str]
    first: np.ndarray
    second: np.ndarray
    totals: np.ndarray | None


def _caveats(a: Evaluation, b: Evaluation, names: tuple[str, str]) -> list[str]:
    """What speaks against comparing two results."""
    caveats = []
    theirs = {score.name: score.signature for score in b.scores}
    signatures = [(s.signature, theirs[s.name]) for s in a.scores if s.name in theirs]
    parts = dict.fromkeys(part for mine, other in signatures for part in mine.differences(other))
    if parts:
        caveats.append(f"their signatures differ in {', '.join(parts)}")
    only = [sum(pair not in y.per_image for pair in x.per_image) for x, y in ((a, b), (b, a))]
    if any(only):
        caveats.append(
            f"{only[0]} pairs are only in {names[0]}, {only[1]} only in {names[1]} ('reposer evaluate --pairs-of' "
            "scores those that both have)"
        )
    return caveats


def _paired(name: str, a: Evaluation, b: Evaluation, common: Sequence[str]) -> _Paired | str:
    """Line up the numbers of one metric, or say why there is nothing to test."""
    above, below = METRICS[name].columns
    pairs = [pair for pair in common if above in a.per_image[pair] and above in b.per_image[pair]]
    if not pairs:
        return "a number of the whole set, not of each image"
    first, second = (np.array([x.per_image[pair][above] for pair in pairs], dtype=np.float64) for x in (a, b))
    totals = None
    if below is not None:
        totals, others = (np.array([x.per_image[pair][below] for pair in pairs]) for x in (a, b))
        if (totals != others).any():
            return f"the two count different joints in {int((totals != others).sum())} images"
    return _Paired(pairs, first, second, totals)


def _difference(name: str, paired: _Paired, p_value: float, p_corrected: float) -> Difference:
    metric, moved = METRICS[name], paired.first - paired.second
    total = len(moved) if paired.totals is None else paired.totals.sum()
    first, second, difference = (float(values.sum() / total) for values in (paired.first, paired.second, moved))
    by_image = moved if paired.totals is None else moved / paired.totals
    return Difference(
        metric=name,
        label=metric.title,
        heading=metric.heading,
        better=metric.better,
        first=first,
        second=second,
        difference=difference,
        interval=interval_of(moved, totals=paired.totals),
        p_value=p_value,
        p_corrected=p_corrected,
        n=len(paired.pairs),
        by_image=dict(zip(paired.pairs, by_image.tolist(), strict=True)),
    )


def side_by_side(evaluations: Mapping[str, Evaluation]) -> "Table":
    """Return the scores of results as a rich table: a row per metric, a column per result, intervals below values."""
    from rich.table import Table

    table = Table("metric", title="scores with 95 % intervals")
    for name in evaluations:
        table.add_column(name, justify="right")
    for metric in _all_metrics(list(evaluations.values())):
        cells = []
        for evaluation in evaluations.values():
            score = next((score for score in evaluation.scores if score.name == metric), None)
            cells.append("-" if score is None else f"{score.value:.4f}\n{score.limits}".removesuffix("\n-"))
        table.add_row(METRICS[metric].heading, *cells)
    return table


def _all_metrics(evaluations: Sequence[Evaluation]) -> list[str]:
    return list(dict.fromkeys(score.name for evaluation in evaluations for score in evaluation.scores))


def find_evaluation(path: Path) -> Path:
    """Return the JSON of an evaluation: the file itself, or the one that belongs to a folder of results.

    Raises:
        InputError: if a folder has none, naming where it was looked for.
    """
    if not path.is_dir():
        return path
    candidates = [Path(pattern.format(path)) for pattern in _FILES]
    if found := next(filter(Path.is_file, candidates), None):
        return found
    looked = ", ".join(map(str, candidates))
    raise InputError(f"{path}: no evaluation of this folder ({looked}); make it with 'reposer evaluate --json'")


def short_names(paths: Sequence[Path]) -> list[str]:
    """Name results by the last parts of their paths, as many as tell them apart, without .json."""
    parts = [path.absolute().with_suffix("" if path.suffix == ".json" else path.suffix).parts for path in paths]
    if len(set(parts)) < len(parts):
        return [f"{own[-1]} ({i})" for own, i in zip(parts, count(1), strict=False)]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            break
    return names
