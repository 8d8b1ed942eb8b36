"""Result folders: which file shows which pair, in which layout, and what the manifest beside them says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from reposer.checks import InputError
from reposer.images import SUFFIXES, check_size, read_image
from reposer.protocols import PROTOCOLS, Protocol

MANIFEST = "manifest.json"
_BETWEEN = "___"
_SEPARATORS = (_BETWEEN, "_2_")

Layout = Literal["strips", "images"]

PANELS, TARGET_PANEL, GENERATED_PANEL = 5, 2, 4
"""Published strips: source | source pose | target | target pose | generated."""


def pair_of(name: str) -> tuple[str, str]:
    """Return the names of the source and the target image that a result is named after.

    Known forms: ``SOURCE___TARGET_vis.png``, ``SOURCE___TARGET.png``, and the same with ``_2_`` between the
    two. Where SOURCE or TARGET has no suffix, it gets .jpg, which all image names of the published data sets
    have.

    Raises:
        InputError: if the name has none of these forms.
    """
    stem = _split_suffix(name)[0].removesuffix("_vis")
    for separator in _SEPARATORS:
        names = stem.split(separator)
        if len(names) == 2 and all(names):
            return _image_name(names[0]), _image_name(names[1])
    raise InputError(
        f"{name}: not the name of a result; expected SOURCE___TARGET_vis.png or SOURCE_2_TARGET_vis.png, "
        "with the names of the two images of the pair"
    )


def pair_id(source: str, target: str) -> str:
    """Return the id of a pair, ``SOURCE___TARGET``, of the names of its images."""
    return f"{_image_name(source)}{_BETWEEN}{_image_name(target)}"


def target_of(pair: str) -> str:
    """Return the name of the target image of a pair id.

    Not ``pair_of``: that takes a suffix off, and some Market-1501 names end in .jpg.jpg.
    """
    return pair.split(_BETWEEN)[1]


def find_results(folder: Path) -> dict[str, Path]:
    """List the images of a result folder: {pair id: file}, sorted by id.

    Raises:
        InputError: if there is no such folder or no image in it, a name is not that of a pair, or two files
            show one pair.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected a folder of result images")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
            continue
        try:
            pair = pair_id(*pair_of(path.name))
        except InputError as error:
            raise InputError(f"{folder}: {error}; move other images elsewhere") from None
        if pair in found:
            raise InputError(f"{folder}: {found[pair].name} and {path.name} show one pair; remove one of them")
        found[pair] = path
    if not found:
        inside = next((p for p in sorted(folder.iterdir()) if p.is_dir() and _holds_images(p)), None)
        hint = f"; there are some in {inside}" if inside else ""
        raise InputError(f"{folder}: no result images ({', '.join(SUFFIXES)}) in this folder{hint}")
    return dict(sorted(found.items()))


def check_complete(results: Mapping[str, Path], pairs: Iterable[tuple[str, str]], where: object) -> None:
    """Raise InputError unless the results are those of exactly the pairs, naming the first few that are not.

    Args:
        results: {pair id: file}.
        pairs: names of source and target.
        where: where the pairs come from.
    """
    wanted = {pair_id(source, target) for source, target in pairs}
    missing = sorted(wanted - results.keys())
    if missing:
        raise InputError(
            f"{where}: {len(missing)} of {len(wanted)} pairs have no result, e.g. {some(missing)}; "
            "generate them, or give the list of the pairs that were meant"
        )
    extra = sorted(results.keys() - wanted)
    if extra:
        raise InputError(
            f"{where}: {len(extra)} of {len(results)} results are not in this list of pairs, "
            f"e.g. {some(extra)}; move them elsewhere, or give the list of the pairs that were meant"
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What ``manifest.json`` of a result folder says; None where it says nothing or there is no such file."""

    path: Path
    images: Path | None = None
    """Folder of the real images."""
    annotations: Path | None = None
    """Annotation CSV of the real images."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of source and target, in order of generation."""


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a result folder, if it has one.

    Raises:
        InputError: naming the file and what was expected in it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest(path=path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); generate again or remove it") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object with 'images', 'annotations' and 'pairs'")
    return Manifest(
        path=path,
        images=_path(path, content, "images"),
        annotations=_path(path, content, "annotations"),
        pairs=_pairs(path, content),
    )


def detect_layout(first: Path, protocol: Protocol) -> tuple[Layout, int]:
    """Tell strips from single images by the size of the first file; return the width of a panel too.

    Raises:
        InputError: if the size is neither; says which protocol it fits.
    """
    height, width = read_image(first).shape[-2:]
    found = _known_shapes(protocol).get((height, width))
    if found:
        return found
    expected = " or ".join(f"{h}x{w} ({layout})" for (h, w), (layout, _) in _known_shapes(protocol).items())
    others = [p.name for p in PROTOCOLS.values() if (height, width) in _known_shapes(p)]
    hint = f"; that is the size of protocol {' and '.join(others)}" if others else ""
    raise InputError(
        f"{first}: {height}x{width} pixels (height x width); protocol {protocol.name} expects {expected}{hint}"
    )


def _known_shapes(protocol: Protocol) -> dict[tuple[int, int], tuple[Layout, int]]:
    height, width = protocol.size
    widths = [width] if protocol.wide_width is None else [width, protocol.wide_width]
    strips: dict[tuple[int, int], tuple[Layout, int]] = {(height, PANELS * w): ("strips", w) for w in widths}
    return strips | {(height, w): ("images", w) for w in widths}


def read_pair(result: Path, real: Path | None, protocol: Protocol, width: int) -> tuple[Tensor, Tensor]:
    """Read the generated and the real image of one pair.

    Args:
        result: file of the result.
        real: file of the real target image; None: the result is a strip that holds it.
        protocol: tells the size, and the columns that are kept of wider images.
        width: of a panel or a single image in pixels, from ``detect_layout``.

    Returns:
        Generated and real image, (3, H, W) uint8 of the protocol's size.

    Raises:
        InputError: naming the file, if it is unreadable or of another size.
    """
    image = read_image(result)
    if real is not None:
        check_size(image, (protocol.size[0], width), result)
        target = read_image(real)
        if target.shape[-1] != protocol.wide_width:
            check_size(target, protocol.size, real)
        return _cut(image, protocol), _cut(target, protocol)
    check_size(image, (protocol.size[0], PANELS * width), result)
    panels = image.split(width, dim=-1)
    return _cut(panels[GENERATED_PANEL], protocol), _cut(panels[TARGET_PANEL], protocol)


def _cut(image: Tensor, protocol: Protocol) -> Tensor:
    """Keep the columns of the protocol of an uncut image."""
    if protocol.wide_columns is None or image.shape[-1] != protocol.wide_width:
        return image
    first, last = protocol.wide_columns
    return image[..., first:last]


def find_targets(folder: str | Path | None, names: set[str]) -> dict[str, Path]:
    """Find the real images of the targets: {name: file}; the suffix may be another than the name's.

    Raises:
        InputError: if there is no folder, or images are missing from it.
    """
    if folder is None:
        raise InputError(
            "these results are single images: give the folder of the real images with --targets "
            "(or generate with a manifest.json, or as strips)"
        )
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of real images; give it with --targets")
    files: dict[str, Path] = {}
    for name in names:
        candidates = [folder / name, *((folder / name).with_suffix(suffix) for suffix in SUFFIXES)]
        path = next((path for path in candidates if path.is_file()), None)
        if path is not None:
            files[name] = path
    missing = sorted(names - files.keys())
    if missing:
        raise InputError(f"{folder}: {len(missing)} of {len(names)} target images are missing, e.g. {some(missing)}")
    return files


def codec_of(paths: Iterable[Path]) -> str:
    """Return the file format of images, by their suffixes; several are joined by "+"."""
    names = {path.suffix.lower().removeprefix(".").replace("jpg", "jpeg") for path in paths}
    return "+".join(sorted(names))


def some(names: list[str], count: int = 3) -> str:
    """Write the first few names of a list."""
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def _path(manifest: Path, content: dict[str, Any], key: str) -> Path | None:
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{manifest}: expected a path for {key!r}, got {value!r}")
    return manifest.parent / value  # an absolute value stays as it is


def _pairs(manifest: Path, content: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    value = content.get("pairs")
    if value is None:
        return None
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(name, str) for name in row)):
            raise InputError(f"{manifest}: expected a list of [source, target] for 'pairs', got {str(row)[:80]}")
    return tuple((source, target) for source, target in rows)


def _split_suffix(name: str) -> tuple[str, str]:
    """Split off an image suffix; other dots belong to the name."""
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
    return name[: len(name) - len(suffix)], name[len(name) - len(suffix) :]


def _image_name(name: str) -> str:
    return name if _split_suffix(name)[1] else f"{name}.jpg"


def _holds_images(folder: Path) -> bool:
    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
