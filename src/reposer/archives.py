"""Zip files: looked into and read, never unpacked; nothing in them leads outside."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path, PurePosixPath

from reposer.checks import InputError
from reposer.files import check_regular

_MOST_SQUEEZED = 100
"""How many times smaller a zip file may make a member of more than a MiB; of photos and weights it saves little."""


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file; InputError if it is no regular file or no zip file."""
    check_regular(path, what="file or folder")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: not a readable zip file ({error}); name a folder or a whole zip file") from None


def safe_name(path: Path, info: zipfile.ZipInfo) -> str:
    """Return the name of a member, with slashes; InputError if it leads outside, or is a link or a device."""
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or re.match(r"[A-Za-z]:", name):
        raise InputError(f"{path}: holds {info.filename!r}, a name that leads outside of it; nothing was written")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(f"{path}: holds {info.filename!r}, a link or a device; nothing was written")
    return name


def check_unpacked(path: Path, info: zipfile.ZipInfo, *, most: int, what: str) -> None:
    """Raise InputError if a member, which should be ``what``, would have more bytes than that or than can be true."""
    squeezed = info.file_size > 2**20 and info.file_size > _MOST_SQUEEZED * info.compress_size
    if info.file_size > most or squeezed:
        raise InputError(
            f"{path}: {info.filename!r} would be {info.file_size:,} bytes, packed into {info.compress_size:,}: no "
            f"{what}; nothing was written"
        )


def read_member(archive: zipfile.ZipFile, name: str, where: object, remedy: str) -> bytes:
    """Read a member; InputError, of where it stands, if it is encrypted or damaged. ``remedy`` is for the former."""
    try:
        return archive.read(name)
    except RuntimeError:  # zipfile's word for it
        raise InputError(f"{where}: encrypted; {remedy}") from None
    except Exception as error:  # the decompressors raise whatever they like
        raise InputError(f"{where}: cannot be read ({error}); download the zip file again") from None
