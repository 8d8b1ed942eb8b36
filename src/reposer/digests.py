"""Digests: SHA-256 of files, and of trees of values as they are in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reposer.files import check_regular


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits; InputError if it is no regular file."""
    check_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of a tree of dicts, sequences, tensors and plain values, in their order."""
    import torch

    total = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            total.update(f"{value.dtype}{tuple(value.shape)}".encode())
            total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                total.update(f"{key!r}:".encode())
                add(item)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for item in value:
                add(item)
        else:
            total.update(f"{value!r};".encode())

    add(value)
    return total.hexdigest()
