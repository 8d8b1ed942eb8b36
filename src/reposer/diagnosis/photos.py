"""Own photos, looked at: what only they can have."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from reposer.checks import InputError, some
from reposer.data.photos import OpenedPhotos
from reposer.decoding import MOST_BYTES
from reposer.diagnosis.finding import Finding, error, note, warning
from reposer.files import read_bytes

_TOLD = 10


def own_photos(found: OpenedPhotos) -> Iterator[Finding]:
    """People in no pair, files that are one photo twice, how much of the pictures is padding, kinds not opened."""
    if found.pairs:
        yield note(f"{found.split}: {len(found.pairs):,} pairs are derived by the published rule")
    if found.lonely:
        yield warning(f"{found.split}: {found.lonely_in_words()}: fewer than two photos with shoulders and hips")
    if found.framed:
        boxes = [framed.box for framed in found.framed.values()]
        share = 1 - sum(box.height * box.width for box in boxes) / (len(boxes) * found.size[0] * found.size[1])
        yield note(f"{found.split}: {share:.0%} of the pictures is padding, which counts in no loss and no score")
    yield from _same_files(found)
    if found.unread:
        yield warning(
            f"{len(found.unread):,} pictures are of kinds that are not opened, and not used: "
            f"{some(found.unread, _TOLD)}; convert them to JPEG"
        )


def _same_files(found: OpenedPhotos) -> Iterator[Finding]:
    """Photos that are there twice: a pair of them teaches nothing, and one of two people is wrong."""
    by_size: dict[int, list[str]] = {}
    files = {framed.file: name for name, framed in found.framed.items()}
    for file in files:
        by_size.setdefault((found.root / file).stat().st_size, []).append(file)
    same: dict[bytes, list[str]] = {}
    for alike in by_size.values():
        for file in alike if len(alike) > 1 else ():
            if (content := _content(found.root / file)) is not None:
                same.setdefault(content, []).append(file)
    for copies in same.values():
        if len(copies) > 1:
            several = len({found.people[files[file]] for file in copies}) > 1
            what = "and so one photo of two people" if several else "whose pair teaches nothing"
            yield (error if several else warning)(f"{found.split}: {some(copies)} are one file, {what}; remove copies")


def _content(path: Path) -> bytes | None:
    try:
        return blake2b(read_bytes(path, most=MOST_BYTES, what="image file")).digest()
    except InputError:
        return None  # told elsewhere
