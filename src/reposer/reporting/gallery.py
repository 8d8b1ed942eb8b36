"""The gallery of a comparison: one HTML file with the images where two results differ most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.evaluation import Evaluation
from reposer.evaluation.photos import photos_of
from reposer.files import write_text
from reposer.images import encode_image, read_image, read_photo
from reposer.letterbox import letterbox
from reposer.protocols import with_ids
from reposer.reporting.comparison import HOW, Comparison, Difference
from reposer.reporting.page import page, picture
from reposer.results import (
    Format,
    Panels,
    Photos,
    Result,
    cut,
    find_results,
    format_of,
    image_in,
    read_manifest,
    source_of,
)

_EACH = 3
"""Pairs shown per metric and result: those on which it is better by most."""
_HEIGHT = 256
"""Pixels; taller images are shrunk, which keeps a gallery below a few MB."""
_SUFFIX, _QUALITY = ".webp", 80
_STYLE = """
h3 { margin: 1.4rem 0 .2rem } .caveat { background: #fff3d6; border-left: 4px solid #d99a00; padding: .6rem .9rem }
.pair { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .4rem; max-width: 46rem; margin: .6rem 0 }
.pair figure { margin: 0 } .pair img { width: 100%; display: block; background: #f2f3f7 }
.pair .none { background: #f2f3f7; color: #667; font-size: 13px; padding: .4rem }
.pair figcaption { font-size: 13px; line-height: 1.35; overflow-wrap: anywhere } .pair .better { font-weight: 600 }
.name { font-size: 12px; color: #667; overflow-wrap: anywhere; margin: 0 }
"""


@dataclass(frozen=True)
class Pictures:
    """The images of one result, found and read on demand."""

    evaluation: Evaluation
    results: Mapping[str, Result]
    format: Format
    width: int
    real: Path | None
    """Folder of the real images, if it is known."""
    photos: Photos | None = None
    """Files of the real images that are own photos."""

    def generated(self, pair: str) -> Tensor | None:
        """What was scored, (3, H, W) uint8; None if it is not there."""
        if self.evaluation.baseline is not None:
            return self.source(pair) if self.evaluation.baseline == "copy-source" else None
        return self._cut(pair).generated if pair in self.results else None

    def target(self, pair: str) -> Tensor | None:
        """The real image, out of the file of the result or one of its own; None if it is not there."""
        if pair not in self.results:
            return None
        inside = self._cut(pair).target
        return inside if inside is not None else self._real(self.results[pair].target_file, self.results[pair].target)

    def source(self, pair: str) -> Tensor | None:
        """The source image, likewise."""
        name = source_of(self.results[pair].pair) if pair in self.results else None
        if name is None:
            return None
        inside = self._cut(pair).source
        return inside if inside is not None else self._real(None, name)

    def _cut(self, pair: str) -> Panels:
        file = self.results[pair].file
        return cut(read_image(file), self.format, self.width, self.evaluation.protocol, file)

    def _real(self, file: Path | None, name: str) -> Tensor | None:
        if self.photos is not None:
            photo = self.photos.get(name)
            return letterbox(read_photo(photo), self.evaluation.protocol.size) if photo and photo.is_file() else None
        found = file if file and file.is_file() else self.real and image_in(self.real, name)
        return read_image(found) if found else None


def open_pictures(folder: Path, evaluation: Evaluation, *, targets: Path | None = None) -> Pictures:
    """Find the images behind an evaluation.

    For results that are single images, ``targets`` is the folder of the real images; None: as the evaluation or the
    manifest says.

    Raises:
        InputError: if the folder does not hold results of this evaluation.
    """
    manifest = read_manifest(folder)
    remembered = evaluation.targets if evaluation.targets is not None and evaluation.targets.is_dir() else None
    real = targets or remembered or manifest.images
    try:
        results = find_results(folder, pairs=manifest.pairs, targets=real)
    except InputError as error:
        raise InputError(
            f"{error}; for a gallery, files whose names do not tell the pair must be listed in a pairs.csv beside them"
        ) from None
    if not results.keys() & evaluation.per_image.keys():
        raise InputError(f"{folder}: none of the {len(evaluation.per_image)} pairs of the evaluation is in this folder")
    format, width = format_of([result.file for result in results.values()], evaluation.protocol, evaluation.format)
    return Pictures(evaluation, results, format, width, real, photos_of(targets, manifest))


def write_gallery(path: Path, comparison: Comparison, first: Pictures, second: Pictures) -> None:
    """Write an HTML page with the pairs on which either result is better by most, metric by metric.

    Each shows source, target and both generated images, as far as they exist, with their numbers.
    """
    ids = first.evaluation.per_image
    rows = with_ids(second.evaluation.per_image, ids)
    second = replace(
        second, results=with_ids(second.results, ids), evaluation=replace(second.evaluation, per_image=rows)
    )
    signatures = dict.fromkeys(line for shown in (first, second) for line in shown.evaluation.signature_lines())
    body = [
        f"<h1>{escape(comparison.first)} and {escape(comparison.second)}</h1>",
        *(f"<p class=caveat>Not comparable: {escape(caveat)}.</p>" for caveat in comparison.caveats),
        f"<p><b>Conclusion:</b> {escape(comparison.conclusion)}</p>",
        "<h2>In short</h2><ul>",
        *(f"<li>{escape(sentence)}</li>" for sentence in comparison.sentences()),
        f"</ul><p class=muted>{escape(HOW)}</p>",
        *(f"<p class=muted>Signature: <code>{escape(line)}</code></p>" for line in signatures),
    ]
    for difference in comparison.differences:
        body += _section(difference, comparison, first, second)
    write_text(path, page(f"{comparison.first} and {comparison.second}", body, style=_STYLE))


def most_different(difference: Difference) -> tuple[list[str], list[str]]:
    """Return the pairs on which the first result is better by most, and those on which the second is."""
    sign = 1 if difference.better == "higher" else -1
    lead = {pair: sign * value for pair, value in difference.by_image.items()}
    ahead = sorted((pair for pair in lead if lead[pair] > 0), key=lead.__getitem__, reverse=True)
    behind = sorted((pair for pair in lead if lead[pair] < 0), key=lead.__getitem__)
    return ahead[:_EACH], behind[:_EACH]


def _section(difference: Difference, comparison: Comparison, first: Pictures, second: Pictures) -> list[str]:
    lines = [f"<h2>{escape(difference.heading)}</h2>"]
    names = (comparison.first, comparison.second)
    for name, pairs in zip(names, most_different(difference), strict=True):
        if pairs:
            lines.append(f"<h3>{escape(name)} is better by most</h3>")
        lines += [_pair(pair, difference, names, (first, second)) for pair in pairs]
    return lines if len(lines) > 1 else [*lines, f"<p>Equal on all {difference.n} images.</p>"]


def _pair(pair: str, difference: Difference, names: tuple[str, str], both: Sequence[Pictures]) -> str:
    best = int((difference.by_image[pair] > 0) != (difference.better == "higher"))
    cells = []
    for name, find in (("source", Pictures.source), ("target", Pictures.target)):
        found = (find(pictures, pair) for pictures in both)
        cells.append(_figure(next((image for image in found if image is not None), None), name))
    for i, (name, pictures) in enumerate(zip(names, both, strict=True)):
        value = pictures.evaluation.per_image[pair][difference.metric]
        cells.append(_figure(pictures.generated(pair), name, value=value, better=i == best))
    return f"<div class=pair>{''.join(cells)}</div><p class=name>{escape(pair)}</p>"


def _figure(image: Tensor | None, name: str, *, value: float | None = None, better: bool = False) -> str:
    shown = "<div class=none>not found</div>"
    if image is not None:
        shown = picture(encode_image(_small(image), _SUFFIX, quality=_QUALITY), _SUFFIX, alternative=name)
    number = "" if value is None else f"<br>{value:.4f}"
    return f"<figure{' class=better' if better else ''}>{shown}<figcaption>{escape(name)}{number}</figcaption></figure>"


def _small(image: Tensor) -> Tensor:
    if image.shape[-2] <= _HEIGHT:
        return image
    size = (_HEIGHT, round(image.shape[-1] * _HEIGHT / image.shape[-2]))
    shrunk = torch.nn.functional.interpolate(image[None].float(), size=size, mode="area")[0]
    return shrunk.round().to(torch.uint8)
