"""Files: regular ones only, errors that name them, whole or not at all."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposer import files
from reposer.checks import InputError
from reposer.files import parse_json, read_bytes, read_json, read_text, write_text, write_whole


@pytest.mark.parametrize("read", [read_text, read_json])
def test_pipes_folders_and_devices_are_refused_at_once(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "pipe", "no regular file"),
        (tmp_path, "this is a folder"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path / "none", "no such file"),
        (tmp_path / "\0", "cannot be read"),
        (tmp_path / ("a" * 300), "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            read(path)


def test_text_is_utf_8_of_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(path) == "a\nb\nc\n"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match=r"a\.txt: not UTF-8 text \(byte 3\)$"):
        read_text(path)
    with pytest.raises(InputError, match=r"a\.txt: 4 bytes, expected at most 3"):
        read_bytes(path, most=3)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "[NaN]", "[1e5", '{"a": Infinity}', ""])
def test_json_that_nobody_wrote_is_one_error(text: str) -> None:
    with pytest.raises(InputError, match=r"^here: (not readable as JSON|nested too deeply)"):
        parse_json(text, "here")


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("before")

    def write(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as write(2) has it: without a name

    with pytest.raises(OSError, match="No space left on device") as error:
        write_whole(path, write)
    assert error.value.filename == str(path)
    assert error.value.errno == errno.ENOSPC
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_where_a_library_has_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_: Path) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file data/0")

    with pytest.raises(RuntimeError, match="PytorchStreamWriter"):
        write_whole(tmp_path / "a.pt", write)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 0}))
    with pytest.raises(OSError, match=r"No space left on device: .*a\.pt"):
        write_whole(tmp_path / "a.pt", write)


@given(text=st.text(st.characters(codec=None)))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    write_text(path, text)
    path.read_text(encoding="utf-8")


def test_a_name_that_is_not_utf_8_is_escaped_in_text(tmp_path: Path) -> None:
    write_text(tmp_path / "a.html", "a\udcffb")
    assert (tmp_path / "a.html").read_text() == r"a\udcffb"


def test_a_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    """Nor is /dev/null, for which it stands here."""
    os.mkfifo(tmp_path / "null")
    with pytest.raises(InputError, match=r"null: expected a file, this is no regular file \(a pipe or a device\)"):
        write_text(tmp_path / "null", "text")
    assert (tmp_path / "null").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["null"]
