"""NumPy's files, .npy and .npz, of which nothing is believed: no pickle, no size that a file has not."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reposer.archives import check_unpacked, open_zip
from reposer.checks import InputError
from reposer.files import check_regular

Form = tuple[str, tuple[str | int, ...]]
"""What an array must be: its type as NumPy writes it, such as "<u2" or "U" for texts, and its shape, with letters for
lengths that are free but the same in all arrays of a file."""


def parse_npy(content: bytes, where: object) -> NDArray[Any]:
    """Read the content of a .npy file, without a copy; InputError says where, if it is none or cut."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except Exception as error:  # a header is a Python expression: what is wrong with it may be of any kind
        raise InputError(f"{where}: not readable as .npy ({(str(error).splitlines() or ['no header'])[0]})") from None
    if dtype.hasobject:
        raise InputError(f"{where}: expected an array of numbers, got one of Python objects, which may hold code")
    size, there = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if size != there or min(shape, default=0) < 0:
        raise InputError(f"{where}: an array of shape {shape} has {size:,} bytes, but {there:,} are there; is it cut?")
    try:
        flat = np.frombuffer(content, dtype, offset=file.tell()) if size else np.empty(0, dtype)
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError) as error:  # elements of no bytes, lengths beyond any memory
        raise InputError(f"{where}: an array of {dtype} and shape {shape} cannot be ({error})") from None


def read_npz(path: Path, forms: Mapping[str, Form], *, most: int, remedy: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of a .npz file.

    Args:
        path: the file.
        forms: type and shape of each array that must be in it; others may not be.
        most: bytes of the file and of each array, at most.
        remedy: what to do about a file that is not right.

    Raises:
        InputError: one line that names file, array, what was expected and the remedy.
    """
    check_regular(path, most=most)
    lengths: dict[str, int] = {}
    with open_zip(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if members.keys() != forms.keys() or len(archive.infolist()) != len(forms):
            found = ", ".join(sorted(members)[:10])
            raise InputError(f"{path}: expected the arrays {', '.join(forms)}, found {found or 'none'}; {remedy}")
        arrays = {}
        for name, form in forms.items():
            check_unpacked(path, members[name], most=most, what="array of this size")
            array = parse_npy(_read(archive, members[name], f"{path}, {name}", remedy), f"{path}, {name}")
            if not _fits(array, form, lengths):
                shape = ", ".join(map(str, form[1]))
                raise InputError(
                    f"{path}: {name} is {array.dtype.str} of shape {array.shape}, expected {form[0]} of ({shape})"
                    f"{_told(lengths)}; {remedy}"
                )
            arrays[name] = array.copy()  # torch wants arrays that it could write into
    return arrays


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, remedy: str) -> bytes:
    try:
        return archive.read(member)
    except Exception as error:  # the decompressors raise whatever they like
        raise InputError(f"{where}: cannot be read ({error}); {remedy}") from None


def _fits(array: NDArray[Any], form: Form, lengths: dict[str, int]) -> bool:
    """Whether an array is of this form; its free lengths are noted."""
    kind, shape = form
    if (array.dtype.kind if kind == "U" else array.dtype.str) != kind or array.ndim != len(shape):
        return False
    return all(
        there == (lengths.setdefault(length, there) if isinstance(length, str) else length)
        for there, length in zip(array.shape, shape, strict=True)
    )


def _told(lengths: Mapping[str, int]) -> str:
    return f" with {', '.join(f'{name} = {length}' for name, length in lengths.items())}" if lengths else ""
