"""``reposer quickstart``."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from reposer.quickstart import quickstart
from reposer.reporting.comparison import side_by_side


def run(*, out: Path = Path("quickstart"), seed: int = 0) -> None:
    """Make people, train a small network on them, generate, evaluate and report; a few minutes on two CPU cores.

    Args:
        out: folder to make; a quickstart that was stopped continues in it.
        seed: of the data set and of the training.
    """
    result = quickstart(out, seed=seed)
    console = Console()
    console.print(side_by_side(result.evaluations))
    for note in next(iter(result.evaluations.values())).notes():
        console.print(note, highlight=False)
    seconds = sum(result.seconds.values())
    console.print(f"{int(seconds // 60)}:{int(seconds % 60):02d} minutes; report: {result.report}", soft_wrap=True)
