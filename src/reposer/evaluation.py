"""Evaluation: a folder of results to scores, under a stated protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from torch import Tensor

from reposer import metrics
from reposer.checks import InputError, check_choice, suggestion
from reposer.files import write_text
from reposer.images import pad_width
from reposer.metrics import Score
from reposer.poses import Pose, body_mask, limb_masks, read_annotations, read_pairs
from reposer.protocols import Protocol, protocol_named, signature
from reposer.results import (
    Layout,
    check_complete,
    codec_of,
    detect_layout,
    find_results,
    find_targets,
    pair_id,
    pair_of,
    read_manifest,
    read_pair,
    some,
    target_of,
)

if TYPE_CHECKING:
    from rich.table import Table

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Batch:
    """Images of some pairs and the target poses; masks are made when a metric asks for them."""

    generated: Tensor
    target: Tensor
    poses: Sequence[Pose]

    @cached_property
    def _stacked(self) -> tuple[Tensor, Tensor]:
        return torch.stack([p.joints for p in self.poses]), torch.stack([p.visible for p in self.poses])

    @property
    def _size(self) -> tuple[int, int]:
        return self.target.shape[-2], self.target.shape[-1]

    def body_mask(self) -> Tensor:
        return body_mask(*self._stacked, self._size)

    def part_masks(self) -> Tensor:
        return limb_masks(*self._stacked, self._size)


class _Metric(NamedTuple):
    """How one metric of pairs is computed and shown."""

    label: str
    better: Literal["higher", "lower"]
    needs_pose: bool
    measure: Callable[[Tensor, Tensor, _Batch, Protocol], Tensor]
    """From generated and target, padded if the protocol says so, the batch and the protocol to (B,)."""


_METRICS: Mapping[str, _Metric] = {
    "ssim": _Metric("SSIM", "higher", False, lambda g, t, _, p: metrics.ssim(g, t, settings=p.ssim)),
    "l1": _Metric("L1", "lower", False, lambda g, t, _, p: metrics.l1(g, t)),
    "mask_ssim": _Metric(
        "mask-SSIM",
        "higher",
        True,
        lambda g, t, batch, p: metrics.mask_ssim(g, t, body_mask=batch.body_mask(), settings=p.ssim),
    ),
    "part_ssim": _Metric(
        "PSSIM",
        "higher",
        True,
        lambda g, t, batch, p: metrics.part_ssim(g, t, part_masks=batch.part_masks(), settings=p.part_ssim),
    ),
}
_LABELS = {name: (metric.label, metric.better) for name, metric in _METRICS.items()} | {"pckh": ("PCKh", "higher")}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a result folder, and the numbers of each image behind them."""

    protocol: Protocol
    layout: Layout
    """What was found: "strips" of 5 panels or single "images"."""
    codec: str
    """File format of the results: "png", "jpeg", "webp", or several joined by "+"."""
    signature: str
    """Of all the scores."""
    scores: tuple[Score, ...]
    per_image: Mapping[str, Mapping[str, float]]
    """{pair id: {metric: value}}, sorted by id; PCKh also as counts, ``pckh_correct`` of ``pckh_all``."""

    def score(self, name: str) -> Score:
        """Return the score of one metric; InputError if it was not computed."""
        found = {score.name: score for score in self.scores}
        check_choice("score", name, found)
        return found[name]

    def heading(self, name: str) -> str:
        """Return how a score is named to readers, with an arrow towards better: "SSIM ↑"."""
        label, better = _LABELS[name]
        return f"{label} {'↑' if better == 'higher' else '↓'}"

    def notes(self) -> list[str]:
        """Lines that a reader of the scores should see beside them."""
        lines = [f"{self.layout} of {self.codec} files, {len(self.per_image)} pairs"]
        if self.codec != self.protocol.published_codec:
            lines.append(
                f"published {self.protocol.name} numbers were measured on {self.protocol.published_codec} "
                "strips: compare with care"
            )
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return everything as a dict that ``json`` can write."""
        content: dict[str, Any] = {
            "protocol": self.protocol.name,
            "signature": self.signature,
            "layout": self.layout,
            "codec": self.codec,
            "scores": [score.to_json() for score in self.scores],
        }
        counted = [row for row in self.per_image.values() if "pckh" in row]
        if counted:
            content["pckh_counts"] = {
                "correct": sum(int(row["pckh_correct"]) for row in counted),
                "all": sum(int(row["pckh_all"]) for row in counted),
                "images": len(counted),
            }
        content["protocol_fields"] = asdict(self.protocol)
        content["per_image"] = {pair: dict(row) for pair, row in self.per_image.items()}
        return content

    def save(self, path: str | Path) -> None:
        """Write ``to_json()`` to a file; whole or not at all."""
        write_text(Path(path), json.dumps(self.to_json(), indent=1) + "\n")

    def table(self) -> Table:
        """Return the scores as a rich table: metric with its better direction, value, 95 % interval, n."""
        from rich.table import Table

        table = Table(title=self.protocol.name)
        table.add_column("metric")
        for column in ("value", "95 % interval", "n"):
            table.add_column(column, justify="right")
        for score in self.scores:
            interval = "{:.4f} to {:.4f}".format(*score.interval)
            table.add_row(self.heading(score.name), f"{score.value:.4f}", interval, str(score.n))
        return table

    def __str__(self) -> str:
        return "\n".join(map(str, self.scores))


def comparison_table(evaluations: Mapping[str, Evaluation]) -> Table:
    """Return the scores of several results as a rich table, a row each: value and 95 % interval of every metric.

    Raises:
        InputError: if two of them may not be compared.
    """
    from rich.table import Table

    first = next(iter(evaluations.values()))
    table = Table("", title=f"{first.protocol.name}, {len(first.per_image)} pairs, 95 % intervals")
    for score in first.scores:
        table.add_column(first.heading(score.name), justify="right")
    for name, evaluation in evaluations.items():
        cells = []
        for score in first.scores:
            own = evaluation.score(score.name)
            metrics.check_comparable(score, own)
            cells.append("{:.4f}\n{:.4f} to {:.4f}".format(own.value, *own.interval))
        table.add_row(name, *cells)
    return table


def evaluate(
    results_dir: str | Path,
    *,
    annotations: str | Path | None = None,
    protocol: str | Protocol = "patn-market",
    predicted_keypoints: str | Path | None = None,
    targets: str | Path | None = None,
    pairs: str | Path | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a folder of results against the real images, one number an image and metric.

    The folder holds one file a pair, named ``SOURCE___TARGET_vis.png`` (or .jpg, .webp; ``SOURCE_2_TARGET``
    works too): all of them either the published strips of 5 panels side by side, source | source pose |
    target | target pose | generated, or all of them single generated images. Which, is seen from the width.
    A ``manifest.json`` beside them, as ``reposer generate`` writes it, stands in for what is not given.

    Args:
        results_dir: the folder of results.
        annotations: annotation CSV with the poses of the target images, in pixels of the protocol's size;
            None: as the manifest says.
        protocol: name of a published protocol, or a Protocol.
        predicted_keypoints: annotation CSV of the joints that a pose estimator found in the generated images,
            in the same pixels, named like the results; with it PCKh is computed.
        targets: folder of the real images, for single images; None: as the manifest says.
        pairs: CSV of the pairs that there must be results of, no more and no fewer; None: as the manifest
            says, or any.
        batch_size: images measured at one time; decides memory, not results.
        progress: called as ``progress(done, total)`` after each batch.

    Raises:
        InputError: naming the file or the option, what was expected and how to mend it.
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    protocol = protocol_named(protocol) if isinstance(protocol, str) else protocol
    for name in protocol.metrics:
        check_choice("metric", name, _METRICS)
    folder = Path(results_dir)
    results, manifest = find_results(folder), read_manifest(folder)
    if pairs is not None:
        check_complete(results, read_pairs(pairs), pairs)
    elif manifest.pairs is not None:
        check_complete(results, manifest.pairs, manifest.path)

    first = next(iter(results.values()))
    layout, width = detect_layout(first, protocol)
    target_names = {pair: target_of(pair) for pair in results}
    real: dict[str, Path] = {}
    if layout == "images":
        real = find_targets(targets or manifest.images, set(target_names.values()))
    elif targets is not None:
        raise InputError(f"{folder}: these are strips, which hold their targets; leave out --targets")

    needs_pose = predicted_keypoints is not None or any(_METRICS[name].needs_pose for name in protocol.metrics)
    poses = _target_poses(annotations or manifest.annotations, target_names, protocol) if needs_pose else {}
    predicted = _predicted_poses(predicted_keypoints, results, protocol) if predicted_keypoints else {}

    rows: dict[str, dict[str, float]] = {}
    for batch_ids in _chunks(list(results), batch_size):
        files = [(results[pair], real.get(target_names[pair])) for pair in batch_ids]
        generated, target = zip(*(read_pair(*both, protocol, width) for both in files), strict=True)
        batch = _Batch(
            torch.stack(generated),
            torch.stack(target),
            [poses[pair] for pair in batch_ids] if needs_pose else [],
        )
        measured = {name: _measure(name, batch, protocol) for name in protocol.metrics}
        for index, pair in enumerate(batch_ids):
            rows[pair] = {name: values[index] for name, values in measured.items()}
        if progress:
            progress(len(rows), len(results))

    codec = codec_of(results.values())
    # The target panel of a lossy strip went through the codec too; a single image's target did not.
    lossy_single = layout == "images" and codec != "png"
    line = signature(protocol, results, codec=f"{codec}.generated" if lossy_single else codec)
    scores = [
        metrics.make_score(name, [row[name] for row in rows.values()], signature=line) for name in protocol.metrics
    ]
    if predicted:
        scores.append(_add_pckh(rows, predicted, poses, protocol, line))
    return Evaluation(
        protocol=protocol, layout=layout, codec=codec, signature=line, scores=tuple(scores), per_image=rows
    )


def _target_poses(path: str | Path | None, targets: Mapping[str, str], protocol: Protocol) -> dict[str, Pose]:
    """Read the target pose of each pair: {pair id: pose}."""
    if path is None:
        raise InputError(
            f"protocol {protocol.name} needs the poses of the target images: "
            "give their annotation CSV with --annotations"
        )
    known = read_annotations(path)
    missing = sorted({name for name in targets.values() if name not in known})
    if missing:
        raise InputError(
            f"{path}: no annotation of {len(missing)} target images, e.g. {some(missing)}"
            f"{suggestion(missing[0], known)}"
        )
    _check_inside({name: known[name] for name in targets.values()}, path, protocol)
    return {pair: known[name] for pair, name in targets.items()}


def _predicted_poses(path: str | Path, pairs: Mapping[str, Path], protocol: Protocol) -> dict[str, Pose]:
    """Read the pose found in each generated image: {pair id: pose}."""
    known: dict[str, Pose] = {}
    for name, pose in read_annotations(path).items():
        try:
            known[name if name in pairs else pair_id(*pair_of(name))] = pose
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    missing = [pair for pair in pairs if pair not in known]
    if missing:
        raise InputError(
            f"{path}: no predicted keypoints of {len(missing)} of {len(pairs)} results, "
            f"e.g. {some(missing)}; an image in which nobody was found needs a row of -1"
        )
    predicted = {pair: known[pair] for pair in pairs}
    _check_inside(predicted, path, protocol)
    return predicted


def _check_inside(poses: Mapping[str, Pose], path: str | Path, protocol: Protocol) -> None:
    """Raise InputError if joints lie outside the image: coordinates of another image size give wrong numbers.

    A few may: cutting an image leaves 1 joint in 5,000 beyond its border.
    """
    height, width = protocol.size
    limit = torch.tensor([width, height])
    outside = {name: int(((p.joints >= limit).any(-1) & p.visible).sum()) for name, p in poses.items()}
    count, total = sum(outside.values()), sum(int(p.visible.sum()) for p in poses.values())
    if count >= 3 and count > 0.01 * total:
        first = next(name for name, number in outside.items() if number)
        hint = ""
        if protocol.wide_columns is not None:
            hint = (
                f"; in coordinates of the uncut image of width {protocol.wide_width}, "
                f"subtract {protocol.wide_columns[0]} from x"
            )
        raise InputError(
            f"{path}: {count} of {total} joints lie outside the {height}x{width} image, e.g. of {first}{hint}"
        )


def _measure(name: str, batch: _Batch, protocol: Protocol) -> list[float]:
    generated, target = batch.generated, batch.target
    if protocol.pad_width is not None and name in protocol.padded_metrics:
        generated, target = (pad_width(image, protocol.pad_width, protocol.pad_value) for image in (generated, target))
    return _METRICS[name].measure(generated, target, batch, protocol).tolist()


def _add_pckh(
    rows: dict[str, dict[str, float]],
    predicted: Mapping[str, Pose],
    poses: Mapping[str, Pose],
    protocol: Protocol,
    line: str,
) -> Score:
    """Add PCKh to the rows of the images that have a head box, and return its score."""
    found, real = [predicted[pair] for pair in rows], [poses[pair] for pair in rows]
    correct, total = metrics.pckh_counts(
        torch.stack([p.joints for p in found]),
        torch.stack([p.visible for p in found]),
        torch.stack([p.joints for p in real]),
        torch.stack([p.visible for p in real]),
        fraction=protocol.pckh_fraction,
    )
    counted = total > 0
    if not counted.any():
        raise InputError(
            "PCKh: no target pose shows 2 head joints (nose, neck, eyes, ears); leave out --predicted-keypoints"
        )
    for pair, right, all_ in zip(rows, correct.tolist(), total.tolist(), strict=True):
        if all_:
            rows[pair] |= {"pckh": right / all_, "pckh_correct": right, "pckh_all": all_}
    return metrics.make_score("pckh", correct[counted], totals=total[counted], signature=line)


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
