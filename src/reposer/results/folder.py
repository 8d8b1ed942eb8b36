"""Result folders: which file shows which pair."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reposer.checks import InputError, printable, some
from reposer.data.names import image_name, pair_id, split_suffix
from reposer.files import read_text
from reposer.images import SUFFIXES
from reposer.protocols import pair_key
from reposer.results.names import ambiguous, index_of, pair_of
from reposer.results.problems import Problems

LISTING = "pairs.csv"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One file of a result folder and what it shows."""

    pair: str
    """Id of the pair, ``SOURCE___TARGET``; the name of the target where the source is not known."""
    file: Path
    """Where the generated image is."""
    target: str
    """Name of the target image, under which its pose is annotated."""
    target_file: Path | None = None
    """Its file, if the folder tells."""
    named: bool = True
    """Whether it is known which images the pair is of; else ``pair`` and ``target`` are the number of the file."""


def find_results(
    folder: Path, problems: Problems | None = None, *, pairs: Pairs | None = None, targets: Path | None = None
) -> dict[str, Result]:
    """List the results of a folder: {pair id: result}, sorted by id.

    A CSV with the header ``generated,target`` or ``generated,target,source``, given itself or as ``pairs.csv`` in the
    folder, says which pair each file shows. Otherwise the file names do: the name of the pair, a number into ``pairs``,
    or the name of a file in ``targets``. Numbers without ``pairs`` tell no pairs: such results are not ``named``.

    Args:
        folder: of images, or the CSV.
        problems: where duplicates and files of other names are noted.
        pairs: names of source and target, in the order that numbers mean.
        targets: folder of the real images.

    Raises:
        InputError: if there is no such folder, no image in it, or no name tells a pair.
    """
    problems = Problems() if problems is None else problems
    listing = folder if folder.suffix.lower() == ".csv" else folder / LISTING
    if listing.is_file() and (listing == folder or _is_listing(listing)):
        return _sorted(_listed(listing, targets), problems)
    files = []
    for path in _images(folder):
        if printable(path.name) == path.name:
            files.append(path)
        else:
            problems.add("of a name that is no text", path.name, f"{path}: rename it")
    if not files:
        raise InputError(
            f"{folder}: no image here has a name that is text, with neither control characters nor bytes "
            "that are not UTF-8; rename them"
        )
    if targets is not None and targets.is_dir() and (same := _same_names(files, targets, problems)):
        return _sorted(same, problems)
    numbered = [(number, path) for path in files if (number := index_of(path.name)) is not None]
    if len(numbered) == len(files):
        return _sorted(_numbered(folder, numbered, pairs), problems)
    found = []
    unknown: dict[str, str] = {}
    for path in files:
        try:
            source, target = pair_of(path.name)
        except InputError as error:
            unknown[path.name] = str(error)
            continue
        found.append(Result(pair=pair_id(source, target), file=path, target=image_name(target)))
    if not found:
        raise InputError(f"{folder}: {next(iter(unknown.values()))}; move other images elsewhere")
    for name, what in unknown.items():
        problems.add("not named after a pair", name, f"{what}; move other images elsewhere")
    return _sorted(found, problems)


def check_complete(results: dict[str, Result], pairs: Pairs, where: object, problems: Problems) -> None:
    """Note pairs without a result as problems; raise InputError if there are results of other pairs.

    What files are called does not tell pairs apart, see ``pair_key``. ``where`` names the list of pairs in messages.
    """
    wanted = {pair_key(pair): pair for pair in (pair_id(source, target) for source, target in pairs)}
    found = {pair_key(pair): pair for pair in results}
    for key, pair in wanted.items():
        if key not in found:
            what = f"{pair} of {where} has no result; generate it, or give the list that was meant"
            problems.add("missing", pair, what)
    extra = sorted(found[key] for key in found.keys() - wanted.keys())
    if extra:
        raise InputError(
            f"{where}: {len(extra)} of {len(results)} results are not in this list of pairs, "
            f"e.g. {some(extra)}; move them elsewhere, or give the list of the pairs that were meant"
        )


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected a folder of result images")
    files = [path for path in sorted(folder.iterdir()) if _is_image(path) and not path.name.startswith(".")]
    if not files:
        folders = (path for path in sorted(folder.iterdir()) if path.is_dir())
        inside = next((path for path in folders if any(map(_is_image, path.iterdir()))), None)
        hint = f"; there are some in {inside}" if inside else ""
        raise InputError(f"{folder}: no result images ({', '.join(SUFFIXES)}) in this folder{hint}")
    return files


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _sorted(found: list[Result], problems: Problems) -> dict[str, Result]:
    """Sort by id; of a pair that is shown twice neither is kept, as nothing tells which was meant."""
    results: dict[str, list[Result]] = {}
    for result in found:
        results.setdefault(result.pair, []).append(result)
    for pair, same in results.items():
        if len(same) > 1:
            problems.add("shown twice", pair, ambiguous([result.file for result in same], "show one pair"))
    return {pair: results[pair][0] for pair in sorted(results) if pair not in problems}


def _same_names(files: list[Path], targets: Path, problems: Problems) -> list[Result]:
    """Results named like their targets; none unless all but a few are."""
    by_stem: dict[str, list[Path]] = {}
    for path in sorted(filter(_is_image, targets.iterdir())):
        by_stem.setdefault(split_suffix(path.name)[0], []).append(path)
    if 2 * sum(split_suffix(path.name)[0] in by_stem for path in files) <= len(files):
        return []
    results = []
    for path in files:
        fitting = by_stem.get(split_suffix(path.name)[0], [])
        try:
            source, target = pair_of(path.name)
            pair = pair_id(source, target)
        except InputError:
            pair = target = image_name(split_suffix(path.name)[0])
        if len(fitting) > 1:
            problems.add("with several targets", pair, ambiguous(fitting, f"in {targets} fit {path.name}"))
        results.append(Result(pair=pair, file=path, target=target, target_file=fitting[0] if fitting else None))
    return results


def _numbered(folder: Path, files: list[tuple[int, Path]], pairs: Pairs | None) -> list[Result]:
    if pairs is None:
        width = len(str(max(number for number, _ in files)))
        return [Result(pair=f"{n:0{width}}", file=path, target=f"{n:0{width}}", named=False) for n, path in files]
    start = 0 if any(number == 0 for number, _ in files) else 1
    beyond = [path.name for number, path in files if not start <= number < start + len(pairs)]
    if beyond:
        raise InputError(f"{folder}: {len(beyond)} numbers are beyond the {len(pairs)} pairs, e.g. {some(beyond)}")
    named = [(pairs[number - start], path) for number, path in files]
    return [Result(pair=pair_id(*pair), file=path, target=image_name(pair[1])) for pair, path in named]


def _is_listing(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(codecs.BOM_UTF8).lower().startswith(b"generated,target")


def _listed(path: Path, targets: Path | None) -> list[Result]:
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
    except csv.Error as error:  # a field of more than 128 KiB
        raise InputError(f"{path}: not readable as CSV ({error})") from None
    if not rows or not {"generated", "target"} <= rows[0].keys():
        raise InputError(
            f"{path}: expected the header 'generated,target' or 'generated,target,source' and a row for each"
        )
    results = []
    for number, row in enumerate(rows, start=2):
        generated, target, source = ((row.get(key) or "").strip() for key in ("generated", "target", "source"))
        if not generated or not target:
            raise InputError(f"{path}, row {number}: expected GENERATED,TARGET")
        if bad := next((name for name in (generated, target, source) if printable(name) != name), None):
            raise InputError(f"{path}, row {number}: {bad!r} cannot name an image; rename the image")
        name = image_name(Path(target).name)
        pair = pair_id(Path(source).name, name) if source else name
        target_file = (targets or path.parent) / target
        results.append(Result(pair=pair, file=path.parent / generated, target=name, target_file=target_file))
    return results


def codec_of(paths: Sequence[Path]) -> str:
    """Return the file format of images, by their suffixes; several are joined by "+"."""
    names = {path.suffix.lower().removeprefix(".").replace("jpg", "jpeg") for path in paths}
    return "+".join(sorted(names))
