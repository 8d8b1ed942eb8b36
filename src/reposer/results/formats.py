"""Formats of result files: what stands side by side in one file. A new format is one value in ``FORMATS``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from tyro.conf import arg

from reposer.checks import InputError, check_choice
from reposer.decoding import size_of
from reposer.protocols import PROTOCOLS, Protocol

_LOOKED_AT = 16
"""Files whose size tells the format: one of them may be damaged."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """Panels of equal width in one file, from left to right."""

    name: str
    """Its name in options and reports."""
    panels: int
    """How many there are."""
    generated: int
    """Which panel is the generated image, from 0."""
    target: int | None = None
    """Which panel is the real target; None: it is in a file of its own."""
    source: int | None = None
    """Which panel is the source image; None: likewise."""
    poses: tuple[int, ...] = ()
    """Which ones show the poses of source and target."""
    suffix: str = ".png"
    """Of the files that are written."""
    rounding: Literal["nearest", "truncate"] = "nearest"
    """How values become integers when files are written."""


STRIPS = Format(
    name="strips", panels=5, generated=4, target=2, source=0, poses=(1, 3), suffix=".jpg", rounding="truncate"
)
"""Source | source pose | target | target pose | generated: PATN, XingGAN, the PSSIM papers. Written as published."""

TRIPTYCHS = Format(name="triptychs", panels=3, generated=2, target=1, source=0)
"""Input | target | generated: Def-GAN, PG2, VUNet."""

IMAGES = Format(name="images", panels=1, generated=0)
"""The generated image alone: GFLA and later ones."""

FORMATS: Mapping[str, Format] = MappingProxyType({format.name: format for format in (STRIPS, TRIPTYCHS, IMAGES)})
"""All formats by name."""

FormatName = Annotated[str, arg(metavar=f"{{{','.join(FORMATS)}}}")]
"""A name in ``FORMATS``."""


def format_of(files: Sequence[Path], protocol: Protocol, name: str = "auto") -> tuple[Format, int]:
    """Tell the format by the size of most of the first files; also return the width of a panel.

    Args:
        files: of the results.
        protocol: determines the size of a panel.
        name: "auto", or the name of the format that it must be.

    Raises:
        InputError: if the size fits no format, saying which protocol it fits, or more than one.
    """
    check_choice("format", name, ("auto", *FORMATS))
    sizes = {path: size for path in files[:_LOOKED_AT] if (size := _size(path))}
    if not sizes:
        raise InputError(f"{files[0]}: not a readable image, nor are the next ones; replace or remove the files")
    shapes = _shapes(protocol, name)
    counts = Counter(sizes.values()).most_common()
    size = next((size for size, _ in counts if size in shapes), counts[0][0])
    found = shapes.get(size, [])
    if len(found) == 1:
        return found[0]
    height, width = size
    first = next(path for path, own in sizes.items() if own == size)
    if found:
        names = " or ".join(format.name for format, _ in found)
        raise InputError(f"{first}: {height}x{width} pixels can be {names}; say which with --format")
    expected = " or ".join(f"{h}x{w} ({fits[0][0].name})" for (h, w), fits in shapes.items())
    others = [p.name for p in PROTOCOLS.values() if size in _shapes(p, name)]
    hint = f"; that is the size of protocol {', '.join(others)}" if others else ""
    raise InputError(
        f"{first}: {height}x{width} pixels (height x width); protocol {protocol.name} expects {expected}{hint}"
    )


def _shapes(protocol: Protocol, name: str) -> dict[tuple[int, int], list[tuple[Format, int]]]:
    """Every size of file that fits the protocol, and as what."""
    shapes: dict[tuple[int, int], list[tuple[Format, int]]] = {}
    for format in FORMATS.values():
        for height, panel in protocol.panel_sizes:
            if name in ("auto", format.name):
                shapes.setdefault((height, format.panels * panel), []).append((format, panel))
    return shapes


def _size(path: Path) -> tuple[int, int] | None:
    try:
        return size_of(path)
    except InputError:
        return None
