"""Something that happens in the middle of a run."""

import os
import signal
from collections.abc import Callable
from typing import Any

from reposer.progress import Progress


class AtStep(Progress):
    """Does something once a step is reached; by default presses Ctrl-C."""

    def __init__(self, step: int, action: Callable[[], Any] = lambda: os.kill(os.getpid(), signal.SIGINT)) -> None:
        super().__init__("test", shown=False)
        self.step, self.action = step, action

    def __call__(self, done: int, total: int, *, items_per_step: int = 1, note: str = "") -> None:
        if done == self.step:
            self.action()
