"""Rows that were measured before: an interrupted evaluation resumes where it stopped."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from PIL import features

from reposer.checks import InputError
from reposer.files import MOST_TEXT, check_regular, parse_json, written

_COMPUTE = (
    "torch", "torchvision", "numpy", "scipy", "pillow", "scikit-image",
    "opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless",
)  # fmt: skip
_DECODERS = ("jpg", "libjpeg_turbo", "webp")


def versions() -> dict[str, Any]:
    """Versions of everything that computes a number or decodes an image: another one may give other last bits."""
    found: dict[str, Any] = {}
    for name in _COMPUTE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    decoders = {name: features.version(name) for name in _DECODERS}
    return found | decoders | {"cpu": torch.backends.cpu.get_cpu_capability()}


class RowCache:
    """Rows by the hash of their files, in ``KEY.RANK.jsonl`` of a folder; each process writes its own file.

    The key stands for everything else that decides the numbers: rows of other keys are ignored. A row carries a digest
    of itself and the key: one that was edited, cut off or taken from another file is ignored too, and measured again.
    InputError if the folder, which is made if missing, cannot be written to.
    """

    def __init__(self, folder: Path, key: str, rank: int) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        """{hash: row}."""
        self._key = key
        own = folder / f"{key}.{rank}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.glob(f"{key}.*.jsonl")):
                self._read(path)
            if own.is_symlink():
                raise InputError(f"{own}: expected a file, this is a link: nothing is written through it")
            self._seen = set(self.rows)
            # A killed process may have left half a line: start on a new one.
            self._file = own.open("a", encoding="utf-8")
            self._file.write("\n")
        except (OSError, InputError) as error:
            raise InputError(f"{folder}: cannot keep rows here ({error}); give another --cache") from None

    def _read(self, path: Path) -> None:
        check_regular(path, most=MOST_TEXT)
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                digest, row, check = parse_json(line, path)
            except (ValueError, TypeError):
                continue  # an empty or damaged line: measured again
            if check == self._check(digest, row):
                self.rows[digest] = row

    def _check(self, digest: Any, row: Any) -> str:
        return hashlib.blake2b(json.dumps([self._key, digest, row]).encode(), digest_size=8).hexdigest()

    def add(self, digest: str, row: dict[str, float]) -> None:
        """Append a row unless it is known."""
        if digest not in self._seen:
            self._seen.add(digest)
            with written(Path(self._file.name)):
                self._file.write(json.dumps([digest, row, self._check(digest, row)]) + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
