"""What a terminal shows: names as they are, errors of one line."""

import io
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from reposer.checks import printable
from reposer.cli import main
from reposer.progress import Progress
from reposer.terminal import Screen

HOSTILE = ("da[/ta]", "[red]x[/red]", "[link=http:a]b", ":smile:", "[bold", "[/]", r"a\[b]")
ESCAPED = {
    "a\nb": r"a\nb",
    "a\x1b[31mb": r"a\x1b[31mb",
    "a\u202eb": r"a\u202eb",
    "a\udcffb": r"a\xffb",
    "a\rb": r"a\rb",
}


@given(st.text())
def test_a_message_is_one_printable_line(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert printable(shown) == shown
    assert not text.isprintable() or shown == text


@pytest.mark.parametrize(("text", "shown"), [*ESCAPED.items(), ("a\u3000b", "a\u3000b")])
def test_what_is_no_print_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("name", [*HOSTILE, *ESCAPED])
def test_names_are_shown_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(width=200)
    if "\n" not in name:  # a table may have cells of several lines
        table = Table(name, "x" * 40, title=f"{name} - other")
        table.add_row(name)
        screen.print(table)
        assert capsys.readouterr().out.count(printable(name)) == 3
    screen.tell(f"{name}: no test split")
    assert capsys.readouterr().out == f"{printable(name)}: no test split\n"


@pytest.mark.parametrize("name", [*HOSTILE, *ESCAPED])
def test_progress_shows_names_as_they_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with Progress(name) as progress:
        progress(1, 2, note=name)
        progress.say(name)
    text = shown.getvalue()
    assert printable(name) in text
    assert "\x1b[31mb" not in text


@pytest.mark.parametrize("name", [*HOSTILE, *ESCAPED])
def test_an_error_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(tmp_path / name)])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error[:-1].isprintable()
    assert printable(name) in error
