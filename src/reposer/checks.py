"""Argument checks: one clear line that names the argument, what was expected and what came."""

from __future__ import annotations

import dataclasses
import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Settings = TypeVar("Settings")
"""A dataclass."""


class InputError(ValueError):
    """Bad input from outside (a file, a row, an option): the command line prints it as one line, exit code 2."""


class InputWarning(UserWarning):
    """Input that is hardly ever meant: said once, then computed as it stands."""


class RunError(RuntimeError):
    """Work that cannot continue (a loss that is not finite): the command line prints it as one line, exit code 1."""


def printable(text: str, *, but: str = "") -> str:
    r"""Escape every character of a text that is none to print nor a space, other than those of ``but``.

    Line ends, commands to a terminal, text direction and bytes that are not UTF-8 become ``\n``, ``\x1b``, ``\u202e``
    and ``\xff``: a name may hold any of them, and a message is one line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in but or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    byte = ord(character) - 0xDC00  # how Python holds a byte of a file's name that is not UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("unicode_escape").decode()


def some(names: Iterable[str], count: int = 3) -> str:
    """Write the first few of some names."""
    names = list(names)
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Return '; did you mean ...?' for the nearest of the choices, or '' where none is near."""
    near = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_choice(what: str, name: str, choices: Iterable[str]) -> None:
    """Raise InputError unless ``name`` is one of the choices; suggests the nearest."""
    choices = list(choices)
    if name not in choices:
        raise InputError(f"unknown {what} {name!r}{suggestion(name, choices)} (known: {', '.join(choices)})")


def check_kind(name: str, value: object, kind: type, remedy: str) -> None:
    """Raise TypeError unless the value is of that class; the remedy says how to get one."""
    if not isinstance(value, kind):
        package = kind.__module__.split(".")[0]
        came = " ".join(repr(value).split())[:60]
        raise TypeError(f"{name} must be a {package} {kind.__name__}, got {came}; {remedy}")


def changed(settings: Settings, fields: Mapping[str, Any]) -> Settings:
    """Return the settings with some fields, given as keywords, changed; TypeError names a keyword that is none."""
    known = [field.name for field in dataclasses.fields(settings)]  # type: ignore[arg-type]
    for name in fields:
        if name not in known:
            raise TypeError(
                f"unexpected keyword {name!r}{suggestion(name, known)} (known: {', '.join(known) or 'none'})"
            )
    return dataclasses.replace(settings, **fields) if fields else settings  # type: ignore[type-var]


def check_window(size: tuple[int, int], window_size: int) -> None:
    """Raise ValueError unless the window fits the image."""
    if min(size) < window_size:
        raise ValueError(f"window_size {window_size} does not fit an image of {size[0]}x{size[1]} pixels")
