"""Progress of long work: a bar with time left where there is a terminal, a plain line now and then where not."""

from __future__ import annotations

import time

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from reposer.checks import printable
from reposer.terminal import Screen

_SECONDS_BETWEEN_LINES = 15


class Progress:
    """Shows how far a piece of work is; a context manager, and callable as ``progress(done, total)``.

    Args:
        title: the work.
        unit: of the speed, per second.
        shown: False prints nothing at all.
        within: the work that this is a part of, whose bar is above its own.
    """

    def __init__(self, title: str, *, unit: str = "images", shown: bool = True, within: Progress | None = None) -> None:
        self.title, self.unit, self.shown = title, unit, shown
        self._within = within
        self._console: Screen = within._console if within is not None else Screen(stderr=True)
        self._bar: Bar = within._bar if within is not None else _bar(self._console, shown)
        self._task = self._bar.add_task(printable(title), total=None, note="")
        self._started: tuple[float, int] | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> Progress:
        if self._within is None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._within is None:
            self._bar.stop()
        else:
            self._bar.remove_task(self._task)

    def part(self, title: str) -> Progress:
        """A part of this work that is counted on its own; a context manager, like the whole."""
        return Progress(title, unit=self.unit, shown=self.shown, within=self)

    def __call__(self, done: int, total: int, *, items_per_step: int = 1, note: str = "") -> None:
        """Report ``done`` of ``total`` steps, each of so many items; ``note`` is shown beside the speed."""
        now = time.monotonic()
        if self._started is None:  # work that was resumed does not count for the speed
            self._started = (now, done)
        since, first = self._started
        speed = (done - first) / (now - since) if done > first else 0.0
        text = f"{speed * items_per_step:.1f} {self.unit}/s {note}".strip()
        self._bar.update(self._task, completed=done, total=total, note=printable(text))
        due = now - self._last_line >= _SECONDS_BETWEEN_LINES
        if self.shown and not self._console.is_terminal and speed and (due or done == total):
            self._last_line = now
            left = (total - done) / speed
            self.say(f"{self.title}: {done}/{total}, {text}, {int(left // 60)}:{int(left % 60):02d} left")

    def say(self, message: str) -> None:
        """Print a line without disturbing the bar."""
        if self.shown:
            self._console.tell(message)


def _bar(console: Screen, shown: bool) -> Bar:
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        disable=not (shown and console.is_terminal),
    )
