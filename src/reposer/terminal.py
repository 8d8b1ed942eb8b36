"""What people read on a terminal: text as it is, never taken for markup, commands of the terminal or more lines."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from reposer.checks import printable


class Screen(Console):
    """A terminal that shows text as it is: brackets and colons in names are no markup, control characters no commands.

    Args:
        stderr: write to the standard error instead of the standard output.
        width: columns; None: those of the terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Turn a string into what is shown; rich sends every string through here."""
        return super().render_str(printable(text, but="\n"), **options)

    def tell(self, text: str) -> None:
        """Print one line, unwrapped, so that it can be copied and searched."""
        self.print(printable(text), highlight=False, soft_wrap=True)
