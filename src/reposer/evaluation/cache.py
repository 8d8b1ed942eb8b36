"""Rows that were measured before: an interrupted evaluation resumes where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

from reposer.checks import InputError
from reposer.files import written


class RowCache:
    """Rows by the hash of their files, in ``KEY.RANK.jsonl`` of a folder; each process writes its own file.

    The key stands for everything else that decides the numbers: rows of other keys are ignored. InputError if the
    folder, which is made if missing, cannot be written to.
    """

    def __init__(self, folder: Path, key: str, rank: int) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        """{hash: row}."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(folder.glob(f"{key}.*.jsonl")):
                self._read(path)
            self._seen = set(self.rows)
            # A killed process may have left half a line: start on a new one.
            self._file = (folder / f"{key}.{rank}.jsonl").open("a", encoding="utf-8")
            self._file.write("\n")
        except OSError as error:
            raise InputError(f"{folder}: cannot keep rows here ({error}); give another --cache") from None

    def _read(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                digest, row = json.loads(line)
            except ValueError:
                continue  # an empty or damaged line: measured again
            if isinstance(digest, str) and isinstance(row, dict):
                self.rows[digest] = row

    def add(self, digest: str, row: dict[str, float]) -> None:
        """Append a row unless it is known."""
        if digest not in self._seen:
            self._seen.add(digest)
            with written(Path(self._file.name)):
                self._file.write(json.dumps([digest, row]) + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
