"""The real images of results: which file is the target, which the source."""

from collections.abc import Mapping
from pathlib import Path

from reposer.checks import InputError
from reposer.data.names import image_name, source_of
from reposer.images import SUFFIXES
from reposer.results.folder import Result
from reposer.results.names import ambiguous
from reposer.results.problems import Problems

Photos = Mapping[str, Path]
"""Files of own photos by the names that results have for them."""


def find_photos(photos: Photos, names: Mapping[str, str | None], what: str, problems: Problems) -> dict[str, Path]:
    """Find the photo of each result that is a source or target, by its name: {pair id: file}."""
    known = {image_name(name): file for name, file in photos.items()}
    found = {}
    for pair, name in names.items():
        if name is not None and image_name(name) in known:
            found[pair] = known[image_name(name)]
        else:
            problems.add(f"without a {what}", pair, f"{pair}: no photo {name} in the data set")
    return found


def find_targets(folder: Path | None, results: dict[str, Result], problems: Problems) -> dict[str, Path]:
    """Find the file of the real image of each result: {pair id: file}; the suffix may be another than the name's.

    Raises:
        InputError: if there is no folder.
    """
    found = {pair: result.target_file for pair, result in results.items() if result.target_file is not None}
    if len(found) < len(results) and folder is None:
        raise InputError(
            "these results are single images: give the folder of the real images with --targets "
            "(or generate with a manifest.json, or as strips)"
        )
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder}: no such folder of real images; give it with --targets")
    for pair, result in results.items():
        if folder is not None and pair not in found:
            found |= _found(folder, result.target, "target", pair, problems)
    return found


def find_sources(results: dict[str, Result], targets: dict[str, Path], problems: Problems) -> dict[str, Path]:
    """Find the source image of each result beside its target: {pair id: file}."""
    found: dict[str, Path] = {}
    for pair, target in targets.items():
        if source := source_of(pair):
            found |= _found(target.parent, source, "source", pair, problems)
        else:
            problems.add("without a source", pair, f"{results[pair].file}: its name does not tell the source")
    return found


def _found(folder: Path, name: str, what: str, pair: str, problems: Problems) -> dict[str, Path]:
    """The source or target image of a pair: {pair id: file}; empty, and a problem, unless there is just one."""
    fitting = _fitting(folder, name)
    if len(fitting) == 1:
        return {pair: fitting[0]}
    if fitting:
        problems.add(f"with several {what}s", pair, ambiguous(fitting, f"in {folder} fit {name}"))
    else:
        problems.add(f"without a {what}", pair, f"{folder / name}: no such {what} image")
    return {}


def image_in(folder: Path, name: str) -> Path | None:
    """Return the image of that name in a folder, whatever its suffix; None if there is none, or several could be it."""
    fitting = _fitting(folder, name)
    return fitting[0] if len(fitting) == 1 else None


def _fitting(folder: Path, name: str) -> list[Path]:
    """The image of that name in a folder; without it, all those whose name differs in the suffix alone."""
    path = folder / name
    if path.is_file():
        return [path]
    return [other for suffix in SUFFIXES if (other := path.with_suffix(suffix)).is_file()]
