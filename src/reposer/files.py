"""Files: read only where they are what they should be, written whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from reposer.checks import InputError, RunError

MOST_TEXT = 256 * 2**20
"""Bytes of the largest text file that is read: the published pair lists have 20 MiB."""

_FULL = 2**20
"""Bytes that are left on a full disk, at most."""


def check_regular(path: Path, *, most: int | None = None, what: str = "file") -> None:
    """Raise InputError unless ``path`` is a regular file of at most ``most`` bytes; links are followed.

    ``what`` is what it is called where it is missing.

    Opening a FIFO would wait forever, reading a device may never end.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such {what}") from None
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a null byte
        raise InputError(f"{path}: cannot be read ({error})") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file (a pipe or a device)"
        raise InputError(f"{path}: expected a file, this is {kind}")
    if most is not None and found.st_size > most:
        raise InputError(f"{path}: {found.st_size:,} bytes, expected at most {most:,}; is this the right file?")


def read_bytes(path: Path, *, most: int, what: str = "file") -> bytes:
    """Read a file of at most ``most`` bytes; errors as in ``check_regular``."""
    check_regular(path, most=most, what=what)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_text(path: Path, *, most: int = MOST_TEXT, otherwise: str = "not UTF-8 text") -> str:
    """Read a UTF-8 text file; InputError names the file if it is missing, no regular file, too large or not UTF-8.

    A byte order mark is left out, every kind of line end is read as a newline. ``otherwise`` is said of other bytes.
    """
    content = read_bytes(path, most=most)
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read()
    except UnicodeDecodeError as error:
        where = f" (byte {error.start})" if error.start else ""
        raise InputError(f"{path}: {otherwise}{where}") from None


def read_json(path: Path, *, most: int = MOST_TEXT) -> Any:
    """Read a JSON file; errors as in ``read_text`` and ``parse_json``."""
    return parse_json(read_text(path, most=most), path)


def parse_json(text: str, where: object) -> Any:
    """Parse JSON; InputError says where, if it is none, nested too deeply, or holds NaN or a number of 4,300 digits."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON number")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise InputError(f"{where}: nested too deeply for JSON that this package wrote") from None
    except ValueError as error:
        raise InputError(f"{where}: not readable as JSON ({error})") from None


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Let an error while a file is written name it: as an OSError, also where a library has its own for a full disk."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror or str(error), str(path)) from error
    except (InputError, RunError):
        raise
    except Exception as error:
        if path.parent.is_dir() and shutil.disk_usage(path.parent).free < _FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


def check_place(path: Path, option: str) -> None:
    """Raise InputError, naming the option, unless a file can be written there: before the work, not after it."""
    if not path.parent.is_dir() or (path.exists() and not path.is_file()):
        raise InputError(f"{path}: {option} needs the name of a file in a folder that exists")


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it to ``path``; an OSError names ``path``.

    Raises:
        InputError: if a folder, a pipe or a device is there, such as /dev/null, which a file would replace.
    """
    if path.exists():
        check_regular(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with written(path):
            write(temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all; what UTF-8 has not, as bytes of a file's name, is escaped."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace"))
