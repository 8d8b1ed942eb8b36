"""Published scores of the field, each with the protocol it was measured by, and where a result ranks among them.

Scores of different protocols do not compare: only rows of the result's own protocol and number of pairs are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reposer.evaluation import Evaluation
from reposer.metrics import METRICS
from reposer.protocols import PROTOCOLS

if TYPE_CHECKING:
    from rich.table import Table

Data = Literal["Market-1501", "DeepFashion"]


@dataclass(frozen=True, kw_only=True)
class PublishedScore:
    """One number of one method."""

    method: str
    """Name of the method, as its paper calls it."""
    data: Data
    """Data set whose published test pairs it was measured on."""
    family: str
    """The table it belongs to: protocols of one family are alike, but only scores of equal protocols compare."""
    protocol: str | None
    """Name of the protocol it was measured under; None: one of the family that is not known exactly."""
    metric: str
    """Name of the metric, as in ``Score.name``."""
    value: float
    """As it was published."""
    source: str
    """Who measured it."""


_SEED = "released weights, measured by the authors of the PSSIM papers"
_BODY_PART = "PATN's network trained with body-part SSIM, measured by the authors of the PSSIM papers"
_PAPERS = "published in papers that use the GFLA type of protocol"
_UNIT = f"{_PAPERS}; LPIPS on [0, 1]"
_LATER = ("ssim", "lpips", "fid")


def _rows(
    data: Data,
    family: str,
    metrics: Sequence[str],
    table: Mapping[str, tuple[str | None, Sequence[float], str]],
) -> list[PublishedScore]:
    """Turn {method: (protocol, values, source)} into one row per score."""
    return [
        PublishedScore(
            method=method, data=data, family=family, protocol=protocol, metric=metric, value=value, source=source
        )
        for method, (protocol, values, source) in table.items()
        for metric, value in zip(metrics, values, strict=False)
    ]


PUBLISHED: tuple[PublishedScore, ...] = (
    *_rows(
        "Market-1501",
        "patn-market",
        ("ssim", "is", "mask_ssim", "mask_is", "ds", "pckh"),
        {
            "PATN": ("patn-market", (0.2815, 3.162, 0.7993, 3.737, 0.7959, 0.9491), _SEED),
            "PATN + body-part SSIM": ("patn-market", (0.3006, 3.405, 0.8078, 3.718), _BODY_PART),
        },
    ),
    *_rows(
        "DeepFashion",
        "patn-fashion",
        ("ssim", "is", "ds", "pckh"),
        {"PATN": ("patn-fashion", (0.7714, 3.201, 0.9763, 0.9705), _SEED)},
    ),
    *_rows(
        "DeepFashion",
        "GFLA type, 256x176",
        _LATER,
        {
            "Def-GAN": (None, (0.6786, 0.2330, 18.457), _PAPERS),
            "ADGAN": (None, (0.6721, 0.2283, 14.458), _PAPERS),
            "PISE": (None, (0.6629, 0.2059, 13.610), _PAPERS),
            "GFLA": ("gfla-fashion", (0.7074, 0.2341, 10.573), _PAPERS),
            "DPTN": ("dptn-fashion", (0.7112, 0.1931, 11.387), _PAPERS),
            "CASD": (None, (0.7248, 0.1936, 11.373), _PAPERS),
            "NTED": (None, (0.7182, 0.1752, 8.684), _PAPERS),
            "PIDM": ("pidm-fashion", (0.7312, 0.1678, 6.367), _PAPERS),
            "PoCoLD": (None, (0.7310, 0.1642, 8.067), _PAPERS),
            "CFLD": ("cfld-fashion", (0.7378, 0.1519, 6.804), _PAPERS),
            "MCLD": (None, (0.7511, 0.1482, 6.693), _PAPERS),
            "PCDMs": ("pcdm-fashion", (0.7444, 0.1365, 7.473), _UNIT),
            "IMAGPose": ("pcdm-fashion", (0.7561, 0.1284, 5.874), _UNIT),
        },
    ),
    *_rows(
        "DeepFashion",
        "GFLA type, 512x352",
        _LATER,
        {
            "CocosNet-v2": (None, (0.7236, 0.2265, 13.325), _PAPERS),
            "NTED": (None, (0.7376, 0.1980, 7.782), _PAPERS),
            "PIDM": (None, (0.7419, 0.1768, 5.837), _PAPERS),
            "PoCoLD": (None, (0.7430, 0.1920, 8.416), _PAPERS),
            "CFLD": ("cfld-fashion-512", (0.7478, 0.1819, 7.149), _PAPERS),
            "PCDMs": ("pcdm-fashion-512", (0.7601, 0.1475, 7.552), _UNIT),
            "IMAGPose": ("pcdm-fashion-512", (0.7718, 0.1396, 5.630), _UNIT),
        },
    ),
    *_rows(
        "Market-1501",
        "GFLA type, 128x64",
        _LATER,
        {
            "Def-GAN": (None, (0.2683, 0.2994, 25.364), _PAPERS),
            "PATN": (None, (0.2821, 0.3196, 22.657), _PAPERS),
            "GFLA": ("gfla-market", (0.2883, 0.2817, 19.751), _PAPERS),
            "DPTN": (None, (0.2854, 0.2711, 18.995), _PAPERS),
            "PIDM": (None, (0.3054, 0.2415, 14.451), _PAPERS),
            "PCDMs": (None, (0.3169, 0.2238, 13.897), _PAPERS),
            "IMAGPose": (None, (0.3282, 0.2104, 12.659), _PAPERS),
        },
    ),
)
"""Every published score that ships with the package."""


def published(protocol_name: str) -> tuple[PublishedScore, ...]:
    """Return the published scores that were measured under a protocol; empty where there are none."""
    return tuple(row for row in PUBLISHED if row.protocol == protocol_name)


def comparable(evaluation: Evaluation) -> tuple[PublishedScore, ...]:
    """Return the published scores that a result may be compared with: of its protocol and of one of its metrics.

    A protocol of the same name with other settings is another one. There must also be as many pairs as were published:
    other data in the layout of a published set compares with nothing. Bad results that were left out count as pairs.
    """
    if _obstacle(evaluation):
        return ()
    metrics = {score.name for score in evaluation.scores}
    return tuple(row for row in published(evaluation.protocol.name) if row.metric in metrics)


def _obstacle(evaluation: Evaluation) -> str:
    """Why no published score compares with a result, whatever its metrics; empty if some may."""
    name, pairs = evaluation.protocol.name, len(evaluation.per_image) + len(evaluation.skipped)
    known = published(name)
    if not known:
        return f"none was measured under {name}"
    protocol = PROTOCOLS[name]
    if pairs != protocol.published_pairs:
        of_theirs = f"{protocol.published_pairs:,} pairs of {known[0].data}"
        return f"those of {name} are on {of_theirs}, this result has {pairs:,}"
    if evaluation.protocol != protocol:
        return f"this result's protocol has the name, but not the settings of {name}"
    return ""


def with_published(evaluation: Evaluation, *, name: str = "this result") -> "Table":
    """Return a rich table of the result among the published scores that compare with it, with its rank in each metric.

    Where none does, the table holds the result alone and its caption says why. ``name`` is what the result is called.
    """
    from rich.table import Table

    rows = comparable(evaluation)
    metrics = [score.name for score in evaluation.scores]
    table = Table("method", title=f"{evaluation.protocol.name}: published scores", caption=_caption(evaluation, rows))
    table.caption_justify = "left"
    for metric in metrics:
        table.add_column(METRICS[metric].heading, justify="right")
    for method in dict.fromkeys(row.method for row in rows):
        own = {row.metric: row for row in rows if row.method == method}
        cells = [_number(own[metric].value) if metric in own else "-" for metric in metrics]
        table.add_row(method, *cells)
    cells = [_standing(score.name, score.value, rows) for score in evaluation.scores]
    table.add_row(name, *cells, style="bold")
    return table


def rank(metric: str, value: float, rows: Sequence[PublishedScore]) -> tuple[int, int]:
    """Return the place of a value among the published ones of a metric, 1 the best, and the number of places."""
    others = [row.value for row in rows if row.metric == metric]
    higher = METRICS[metric].better == "higher"
    return 1 + sum(other > value if higher else other < value for other in others), 1 + len(others)


def _standing(metric: str, value: float, rows: Sequence[PublishedScore]) -> str:
    place, places = rank(metric, value, rows)
    return _number(value) if places == 1 else f"{_number(value)}\n{place} of {places}"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 2 else f"{value:.3f}"


def _caption(evaluation: Evaluation, rows: Sequence[PublishedScore]) -> str:
    protocol = evaluation.protocol
    known = published(protocol.name)
    lines = [f"{method}: {source}" for method, source in dict.fromkeys((row.method, row.source) for row in rows)]
    if not rows:
        measured = ", ".join(dict.fromkeys(row.metric for row in known))
        lines.append(f"no published score is comparable: {_obstacle(evaluation) or f'they are {measured}'}")
    else:
        lines.append(f"comparable if these are the published pairs of {rows[0].data}")
        if evaluation.codec != protocol.published_codec:
            theirs, own = protocol.published_codec, evaluation.codec
            lines.append(f"published ones were measured on {theirs} files, this on {own}")
    families = {row.family for row in known}
    related = {row.method for row in PUBLISHED if row.family in families and row.protocol != protocol.name}
    if related:
        table = ", ".join(families)
        lines.append(f"{len(related)} more methods of '{table}' have other or unknown settings: not shown")
    return "\n".join(lines)
