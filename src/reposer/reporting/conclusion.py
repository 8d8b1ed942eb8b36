"""The one conclusion of a comparison: which result is better, or why that cannot be said."""

from collections.abc import Sequence
from typing import Literal

from reposer.metrics import METRICS
from reposer.reporting.comparison import LEVEL, Comparison, Difference

Side = Literal["first", "second"]
SHARPNESS = "sharpness"
_COLLAPSED = 0.75
"""A result is called blurred where its sharpness is below this fraction of the other's, or of the target's if the other
is sharper than that: a Gaussian blur of one pixel leaves about 0.7."""
_NAMED = 4


def conclusion(comparison: Comparison) -> str:
    """Say in one or two sentences which of two results is better.

    Metrics that compare pixels reward blur: averages of what might be right score better than sharp guesses. So where
    one result is ahead in them while its sharpness collapses, that comes first, and it is not called better.
    """
    said = _said(comparison)
    if comparison.caveats:
        return f"none, as the two are not comparable: {'; '.join(comparison.caveats)}. By these numbers alone: {said}"
    return said


def _said(comparison: Comparison) -> str:
    differences = comparison.differences
    if not differences:
        return "nothing could be tested, so nothing is known about which one is better."
    if blurred := _blurred(differences):
        side, ahead = blurred
        sharpness = next(d for d in differences if d.metric == SHARPNESS)
        values = ((comparison.first, sharpness.first), (comparison.second, sharpness.second))
        (own, value), (other, theirs) = values if side == "first" else values[::-1]
        also = [d for d in differences if d.winner == side and not _compares_pixels(d)]
        verdict = "blurred" if also else "blurred, not better"
        others = f"; it is also ahead in {_listed(also)}, which blur does not improve" if also else ""
        return (
            f"{own} is {verdict}: its sharpness is {value:.2f}, that of {other} {theirs:.2f} (1 is as sharp as the "
            f"target), and blur alone improves {_listed(ahead)}, in which it is ahead{others}."
        )
    names = {"first": comparison.first, "second": comparison.second}
    ahead_in = {side: [d for d in differences if d.winner == side] for side in ("first", "second")}
    equal = [d for d in differences if d.winner is None]
    if len(equal) == len(differences):
        return _no_difference(differences)
    rest = f"; no difference shown in {_listed(equal)}" if equal else ""
    if all(ahead_in.values()):
        parts = (f"{names[side]} in {_listed(found)}" for side, found in ahead_in.items())
        return f"neither is better in everything: {', '.join(parts)}{rest}."
    winner, shown = next((side, found) for side, found in ahead_in.items() if found)
    where = f"all {len(shown)} metrics" if len(shown) == len(differences) > 1 else _listed(shown)
    return f"{names[winner]} is better in {where}{rest}.{_unseen_blur(shown, differences)}"


def _compares_pixels(difference: Difference) -> bool:
    metric = METRICS[difference.metric]
    return metric.kind == "row" and metric.network is None and metric.name != SHARPNESS


def _blurred(differences: Sequence[Difference]) -> tuple[Side, list[Difference]] | None:
    """Which result has lost its sharpness, and the metrics in which it is ahead all the same; None if neither has."""
    untestable = _least_p(differences) >= LEVEL  # then values count: what blur does needs no test
    for d in differences:
        if d.metric != SHARPNESS:
            continue
        sides: tuple[tuple[Side, float, float], ...] = (("first", d.first, d.second), ("second", d.second, d.first))
        for side, own, other in sides:
            pixels = filter(_compares_pixels, differences)
            ahead = [each for each in pixels if (each.leader if untestable else each.winner) == side]
            if own < _COLLAPSED * min(1.0, other) and ahead:
                return side, ahead
    return None


def _least_p(differences: Sequence[Difference]) -> float:
    """The smallest corrected p-value that so few images can give: one of all patterns of signs, on either side."""
    n = max((d.n for d in differences), default=1)
    return min(1.0, len(differences) * 2.0 ** (1 - n))


def _no_difference(differences: Sequence[Difference]) -> str:
    n = max(d.n for d in differences)
    if not any(any(d.by_image.values()) for d in differences):
        return f"the two are equal in every metric on all {_images(n)}."
    metrics = "the only metric" if len(differences) == 1 else f"any of {len(differences)} metrics"
    least = _least_p(differences)
    few = f": too few, p cannot fall below {least:.2g}" if least >= LEVEL else ""
    return f"no difference is shown in {metrics} on {_images(n)}{few}."


def _unseen_blur(shown: Sequence[Difference], differences: Sequence[Difference]) -> str:
    """What is missing where only metrics that reward blur speak for a result."""
    if any(d.metric == SHARPNESS for d in differences) or not all(map(_compares_pixels, shown)):
        return ""
    return " Blur improves such metrics too, and sharpness was not measured: '--protocol reposer-1' measures it."


def _listed(differences: Sequence[Difference]) -> str:
    labels = [d.label for d in differences]
    if len(labels) > _NAMED + 1:
        labels = [*labels[:_NAMED], f"{len(labels) - _NAMED} more"]
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def _images(n: int) -> str:
    return f"{n} image{'s' if n > 1 else ''}"
