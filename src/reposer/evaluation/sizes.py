"""What the sizes of the files say about how they were brought to the size of the protocol, for signatures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reposer.decoding import size_of
from reposer.evaluation.reading import Item, Reader
from reposer.protocols import Protocol

Size = tuple[int, int]
Sides = Mapping[str, Counter[Size]]
"""{"generated" or "targets": number of files of each (H, W)}; no targets where the generated files show them."""


def sides_of(reader: Reader, items: Sequence[Item], train: Sequence[Path]) -> Sides:
    """Count the sizes of what is scored; a baseline in place of the generated images is made of other files."""
    protocol, targets = reader.protocol, [item.target for item in items if item.target is not None]
    if reader.letterboxed:
        return {side: Counter({protocol.size: len(items)}) for side in ("generated", "targets")}
    panels = Counter({(protocol.height_of(reader.panel_width), reader.panel_width): len(items)})
    if not targets:
        return {"generated": panels}
    real = sizes(targets, protocol)
    if reader.baseline == "mean-image":
        return {"generated": sizes(train, protocol) if train else real, "targets": real}
    sources = [item.source for item in items if item.source is not None]
    shown = sizes(sources, protocol) if reader.baseline == "copy-source" and sources else panels
    return {"generated": shown, "targets": real}


def sizes(files: Iterable[Path], protocol: Protocol) -> Counter[Size]:
    """Count the sizes of image files that a protocol accepts; it accepts one size only: nothing is read."""
    files, known = list(files), protocol.panel_sizes
    if len(known) == 1:
        return Counter({protocol.size: len(files)})
    found = map(size_of, files)
    return Counter((h, w) if (h, w) in known else (w, h) for h, w in found)  # turned on its side by EXIF


def resized_from(sides: Sides, protocol: Protocol) -> str | None:
    """Name the sizes of files that are resized: "256x256", "targets.1101x750", "3-targets.1101x750" of more targets."""
    names = []
    for side, found in sides.items():
        for (height, width), count in sorted(found.items()):
            if (height, width) in protocol.other_sizes:
                side_name = _counted("" if side == "generated" else side, count, found)
                names.append(".".join(filter(None, (side_name, f"{height}x{width}"))))
    return "+".join(names) or None


def cut_only(sides: Sides, protocol: Protocol) -> str | None:
    """Name the sides whose files are cut to the protocol's columns, where not all are: "generated", "3-targets".

    The same numbers come from cut files and from uncut ones that are cut here. But targets that are narrow because
    they were resized show something else than the columns of the generated images: these scores are different ones.
    """
    if protocol.wide_width is None:
        return None
    wide = (protocol.size[0], protocol.wide_width)
    counts = {side: (found[wide], found) for side, found in sides.items()}
    if all(count == found.total() for count, found in counts.values()) or not any(c for c, _ in counts.values()):
        return None
    return "+".join(_counted(side, count, found) for side, (count, found) in counts.items() if count)


def _counted(side: str, count: int, found: Counter[Size]) -> str:
    """The name of a side, with the number of files where not all are meant."""
    return side if count == found.total() else f"{count}-{side}".removesuffix("-")
