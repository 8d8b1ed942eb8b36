"""Command lines from typed functions, with errors of one line."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import tyro

from reposer.checks import InputError

_FRAME = re.compile(r"[╭╮╰╯│]")
_HINTS = ("For full helptext", "Argument helptext")


def call(function: Callable[..., Any], arguments: Sequence[str], *, prog: str, **options: Any) -> None:
    """Read the arguments of ``function`` from the command line, by its signature and docstring, and call it.

    Raises:
        InputError: one line, if an option is unknown (the nearest is suggested), missing or of the wrong kind.
    """

    @functools.wraps(function)
    def bind(*args: Any, **kwargs: Any) -> Callable[[], Any]:
        return functools.partial(function, *args, **kwargs)

    message = io.StringIO()
    try:
        with contextlib.redirect_stderr(message):
            bound = tyro.cli(bind, prog=prog, args=list(arguments), **options)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise InputError(f"{_one_line(message.getvalue())} (see '{prog} --help')") from None
    bound()


def _one_line(box: str) -> str:
    """Join the lines of tyro's framed message, without its hints."""
    body = _FRAME.sub(" ", "\n".join(box.strip().splitlines()[1:-1]))
    sections = [" ".join(section.split()) for section in re.split(r"─{4,}", body)]
    return "; ".join(s.rstrip(":") for s in sections if s and not s.startswith(_HINTS))
