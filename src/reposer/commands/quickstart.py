"""``reposer quickstart``."""

from __future__ import annotations

from pathlib import Path

from reposer.quickstart import quickstart
from reposer.reporting.comparison import side_by_side
from reposer.terminal import Screen


def run(*, out: Path = Path("quickstart"), seed: int = 0) -> None:
    """Make people, train a small network on them, generate, evaluate and report; a few minutes on two CPU cores.

    Args:
        out: folder to make; a quickstart that was stopped continues in it.
        seed: of the data set and of the training.
    """
    result = quickstart(out, seed=seed)
    console = Screen()
    console.print(side_by_side(result.evaluations))
    for note in next(iter(result.evaluations.values())).notes():
        console.tell(note)
    seconds = sum(result.seconds.values())
    console.tell(f"{int(seconds // 60)}:{int(seconds % 60):02d} minutes; report: {result.report}")
