"""One attack, and what a person at the command line would see of it."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from reposer import cli

SECONDS = 10
"""A case that takes longer hangs: on an idle machine none needs a second."""
MEMORY = 3 * 2**30
"""Bytes of address space that a case may take."""
LONGEST = 2000
"""Characters of a message."""
_FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect")


class Hang(BaseException):
    """A case took too long."""


@dataclass
class Outcome:
    """What came of a case: a value or a message, and what was wrong with that."""

    value: Any = None
    code: int = 0
    message: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether it ended with a message."""
        return self.code != 0


@contextlib.contextmanager
def bounded(seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Bound the time and memory of what is inside, and give pytest its own alarm back."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"longer than {seconds} s")

    handler, started = signal.signal(signal.SIGALRM, ring), time.monotonic()
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        taken = int(statistics.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        left = max(remaining - (time.monotonic() - started), 0.1) if remaining else 0
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, handler)


_watching: list[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is not None and event in _FORBIDDEN:
        _watching.append(f"{event} {arguments[:2]}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Note programs that are started, libraries that are loaded and addresses that are called inside."""
    global _watching
    _watching = noted = []
    try:
        yield noted
    finally:
        _watching = None


def attempt(action: Callable[[], Any]) -> Outcome:
    """Act as ``reposer`` would: an expected error is one line on stderr and an exit code; note whatever is wrong."""
    outcome, errors = Outcome(), io.StringIO()

    def act(arguments: list[str]) -> None:
        outcome.value = action()

    with pytest.MonkeyPatch.context() as patch, watched() as noted, warnings.catch_warnings(action="ignore"):
        patch.setattr(cli, "_dispatch", act)
        patch.delenv("REPOSER_TRACEBACK", raising=False)
        try:
            with bounded(), contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
                cli.main([])
        except SystemExit as stop:
            outcome.code = stop.code if isinstance(stop.code, int) else 1
            outcome.message = errors.getvalue()
            outcome.faults += complaints(outcome)
        except Hang as hang:
            outcome.faults.append(f"hangs: {hang}\n{_where(hang)}")
        except BaseException as error:  # whatever it is, it would be a traceback
            if isinstance(error, KeyboardInterrupt):
                raise
            outcome.faults.append(f"{type(error).__name__}: {str(error)[:300]}\n{_where(error)}")
    outcome.faults += [f"it does what no reader should: {what}" for what in noted]
    return outcome


def complaints(outcome: Outcome) -> list[str]:
    """What is wrong with a message."""
    text = outcome.message.removesuffix("\n")
    rules = {
        "the exit code is not 1 or 2": outcome.code in (1, 2),
        "it is not one line": len(text.splitlines()) == 1 and "\r" not in text,
        "it does not begin with 'reposer: '": text.startswith("reposer: "),
        "it says nothing": len(text) > len("reposer: ") + 5,
        f"it has more than {LONGEST} characters": len(text) <= LONGEST,
        "it holds characters that steer a terminal": "\x1b" not in text and "\0" not in text,
        "it is a traceback": "Traceback" not in text,
    }
    return [f"{what} (code {outcome.code}): {text[:300]!r}" for what, holds in rules.items() if not holds]


def _where(error: BaseException) -> str:
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}reposer{os.sep}" in frame.filename]
    return "".join(f"    {Path(frame.filename).name}:{frame.lineno} {frame.name}\n" for frame in own[-4:])
