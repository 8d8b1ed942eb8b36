"""Texts of others inside Markdown: whatever they hold, they stay texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST = 500  # characters of one text
_MARKUP = re.compile(r"[\\`*\[\]<>#|~&!$@]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.")


def plain(words: str) -> str:
    """One line of printable characters, of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words[: 2 * _MOST]).split())
    return line if len(line) <= _MOST else f"{line[:_MOST]}..."


def text(words: str) -> str:
    """A running text: no character of it starts markup, a link or a cell of a table."""
    return _MARKUP.sub(r"\\\g<0>", plain(words))


def code(words: str) -> str:
    """A span of code; a backtick, which could end it, becomes an apostrophe."""
    line = plain(words).replace("`", "'")
    return f"`{line or ' '}`"


def python_text(words: str) -> str:
    """A Python string in a block of code: on one line, and without a backtick that could close the block."""
    escaped = (c if c.isprintable() and c not in '`"\\' else f"\\U{ord(c):08x}" for c in words)
    return f'"{"".join(escaped)}"'


def table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells that are Markdown; a bar in a span of code would end the cell."""
    cells = (tuple(re.sub(r"(?<!\\)\|", r"\|", cell) for cell in row) for row in rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in [heading, ("---",) * len(heading), *cells])
