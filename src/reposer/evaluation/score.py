"""Third step: turn the numbers into scores, each with the signature of what decided it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from reposer.evaluation.collect import Collected
from reposer.evaluation.measure import Measurements
from reposer.evaluation.networks import Networks
from reposer.evaluation.reading import Item
from reposer.evaluation.sizes import Sides, cut_only, resized_from, sides_of, sizes
from reposer.metrics import Metric, Score, Signature, make_score
from reposer.protocols import Scored, pair_key, pairs_digest, signature_of
from reposer.results import codec_of


def score(found: Collected, measured: Measurements, networks: Networks) -> tuple[Score, ...]:
    """Return the scores of all metrics, in order; a metric without any number has none."""
    sides = sides_of(found.reader, measured.items, found.train)
    scored = _scored(found, measured, sides)
    scores = []
    for metric in found.metrics:
        real = _real_name(metric, found, sides)
        signature = signature_of(metric, found.protocol, scored, network=networks.identity(metric), real=real)
        if metric.kind == "set":
            value, n = measured.sets[metric.name]
            scores.append(Score(metric.name, value, (math.nan, math.nan), n, signature))  # no interval is known
        elif made := _of_rows(metric, found, measured, signature):
            scores.append(made)
    return tuple(scores)


def _scored(found: Collected, measured: Measurements, sides: Sides) -> Scored:
    codec = codec_of([item.generated for item in measured.items])
    # The target panel of a lossy strip was compressed too; the target of a single image was not.
    lossy_single = codec != "png" and any(item.target is not None for item in measured.items)
    digest = pairs_digest(measured.rows)
    return Scored(
        pairs=len(measured.rows),
        digest=digest if found.named else f"unnamed-{digest}",
        codec=f"{codec}.generated" if lossy_single else codec,
        poses=_poses_digest(measured.items) if any(metric.needs_pose for metric in found.metrics) else None,
        skipped=len(found.problems),
        resized_from=resized_from(sides, found.protocol),
        cut_only=cut_only(sides, found.protocol),
        given=found.given,
        letterboxed=found.reader.letterboxed,
    )


def _poses_digest(items: Sequence[Item]) -> str:
    """Hash the targets' poses, in an order that does not depend on what the files are called."""
    total = hashlib.sha256()
    for item in sorted(items, key=lambda item: pair_key(item.pair)):
        joints = item.joints.float().where(item.visible[:, None], -1)  # where a missing joint would be says nothing
        total.update(joints.numpy().tobytes())
    return total.hexdigest()[:8]


def _of_rows(metric: Metric, found: Collected, measured: Measurements, signature: Signature) -> Score | None:
    above, below = metric.columns
    rows = list(measured.rows.values())
    if metric.batch is not None:
        rows = rows[: found.protocol.setting(metric.batch).kept(len(rows))]
    rows = [row for row in rows if above in row]  # a part may be missing, or the head
    if not rows:
        return None
    totals = None if below is None else [row[below] for row in rows]
    return make_score(metric.name, [row[above] for row in rows], totals=totals, signature=signature)


def _real_name(metric: Metric, found: Collected, sides: Sides) -> str | None:
    """Name the training images, if a set was compared with them."""
    if metric.reference is None or found.protocol.setting(metric.reference) != "train":
        return None
    names = hashlib.sha256("\n".join(sorted(path.name for path in found.train)).encode()).hexdigest()
    train = sizes(found.train, found.protocol) if not found.reader.letterboxed else sides["targets"]
    resized = resized_from({"": train}, found.protocol)
    cut = cut_only({"generated": sides["generated"], "train": train}, found.protocol)
    return ".".join(filter(None, (f"train.{len(found.train)}.{names[:8]}", resized, cut and f"cut-{cut}")))
