"""``reposer protocols``: list, show and compare evaluation protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from reposer.checks import InputError, check_choice
from reposer.commands.arguments import call
from reposer.evaluation import Evaluation, evaluate
from reposer.evaluation.choice import default_metrics
from reposer.evaluation.options import ResultOptions
from reposer.metrics import METRICS
from reposer.progress import Progress
from reposer.protocols import FAMILIES, PROTOCOLS, Protocol, differences, protocols_of, switches
from reposer.terminal import Screen

if TYPE_CHECKING:
    from rich.table import Table

_HELP = """usage: reposer protocols [show NAME | diff A B [RESULTS...]]

List the evaluation protocols, print every switch of one, or say how two differ: in words and, given folders of
results, by how much the scores of the same images differ. NAME, A and B may also be YAML files.

'reposer protocols show --help' and 'reposer protocols diff --help' say more."""


def main(arguments: Sequence[str]) -> None:
    """Read the action and its options, and run it."""
    if not arguments:
        list_protocols()
    elif arguments[0] in ("-h", "--help"):
        print(_HELP)
    else:
        actions: dict[str, Callable[..., None]] = {"show": show, "diff": diff}
        check_choice("action", arguments[0], actions)
        call(actions[arguments[0]], arguments[1:], prog=f"reposer protocols {arguments[0]}")


def list_protocols() -> None:
    """Print a table of all protocols."""
    table = _table("protocol", "data", "images", "SSIM", "metrics", "on demand")
    for protocol in PROTOCOLS.values():
        size = "x".join(map(str, protocol.size))
        padded = f", padded to {protocol.pad_width}" if protocol.pad_width else ""
        table.add_row(
            protocol.name,
            protocol.data,
            size + padded,
            str(protocol.ssim),
            ", ".join(protocol.metrics),
            ", ".join(protocol.network_metrics),
        )
    _print(table)
    for name, members in FAMILIES.items():
        print(f"{name}: {' or '.join(protocol.name for protocol in members)}, by the size of the results")


def show(name: tyro.conf.Positional[str], /) -> None:
    """Print every switch of a protocol.

    Args:
        name: of the protocol, or a YAML file.
    """
    for protocol in protocols_of(name):
        table = _table("switch", "value", title=protocol.name)
        for what, value in switches(protocol).items():
            table.add_row(what, value)
        _print(table)


def diff(
    a: tyro.conf.Positional[str],
    b: tyro.conf.Positional[str],
    results: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")] = (),
    /,
    *,
    options: Annotated[ResultOptions, tyro.conf.arg(name="")] = ResultOptions(),  # noqa: B008
) -> None:
    """Say how two protocols differ, and by how much their scores of the same images differ.

    Without --metrics, the metrics that need no network and, without --annotations, no pose.

    Args:
        a: name of a protocol, or a YAML file.
        b: another one.
        results: folders of results that both can score; each is scored twice.
        options: what to score.
    """
    first, second = _one(a), _one(b)
    rows = differences(first, second)
    if not rows:
        print(f"{first.name} and {second.name} differ in nothing but the name")
    else:
        table = _table("switch", first.name, second.name)
        for row in rows:
            table.add_row(*row)
        _print(table)
    for name in options.metrics:
        check_choice("metric of these protocols", name, dict.fromkeys(first.all_metrics + second.all_metrics))
    for folder in results:
        scored = []
        for protocol in (first, second):
            names = tuple(name for name in options.metrics if name in protocol.all_metrics)
            if not names and options.annotations is None:
                names = default_metrics(protocol)
            with Progress(protocol.name) as progress:
                changed = vars(options) | {"protocol": protocol, "metrics": names}
                scored.append(evaluate(folder, progress=progress, **changed))
        _print(_scores(folder, scored[0], scored[1]))


def _scores(folder: Path, a: Evaluation, b: Evaluation) -> Table:
    """Scores of the same images under both protocols; "-" where one does not have the metric."""
    table = _table(
        "metric", a.protocol.name, b.protocol.name, "difference", title=f"{folder}, {len(a.per_image)} pairs"
    )
    values = [{score.name: score.value for score in evaluation.scores} for evaluation in (a, b)]
    for name in dict.fromkeys([*values[0], *values[1]]):
        left, right = (value.get(name) for value in values)
        change = "-" if left is None or right is None else f"{right - left:+.4f}"
        table.add_row(METRICS[name].heading, *("-" if v is None else f"{v:.4f}" for v in (left, right)), change)
    return table


def _one(name: str) -> Protocol:
    found = protocols_of(name)
    if len(found) > 1:
        raise InputError(f"{name} is {' or '.join(protocol.name for protocol in found)}: name one of them")
    return found[0]


def _table(*columns: str, title: str | None = None) -> Table:
    from rich.table import Table

    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    console = Screen()
    # In a file or a pipe, tables keep their full width.
    (console if console.is_terminal else Screen(width=200)).print(table)
