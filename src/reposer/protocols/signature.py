"""What a protocol and the results contribute to the signature of a score."""

from __future__ import annotations

from dataclasses import dataclass

from reposer import __version__
from reposer.metrics import Metric, Signature
from reposer.protocols.protocol import Protocol


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What was scored: what all signatures of an evaluation share, besides the protocol."""

    pairs: int
    """Number of pairs."""
    digest: str
    """Hash of the pairs; "unnamed-HASH", of the file names, where these do not tell the pairs."""
    codec: str
    """File format of the images that were read, such as "png"."""
    poses: str | None = None
    """Hash of the targets' poses, where they were needed."""
    skipped: int = 0
    """Bad results that were left out."""
    resized_from: str | None = None
    """Sizes of the files, if they were resized to that of the protocol, such as "256x256"."""
    cut_only: str | None = None
    """Which files were cut to the protocol's columns, if not all or none: "generated", "targets", "3-targets"."""
    given: str | None = None
    """Poses that were asked for, where they are not those of the targets: "other" or "other-retargeted"."""
    letterboxed: bool = False
    """Whether the real images are photos in pictures of the protocol's size, and only their content was scored."""


def signature_of(
    metric: Metric, protocol: Protocol, scored: Scored, *, network: str | None = None, real: str | None = None
) -> Signature:
    """Say how a score was made: what was scored, the images as the metric sees them, and the settings that it reads.

    ``network`` is the identity of the network behind it, ``real`` names the images that a set was compared with, if the
    pairs do not tell.
    """
    height, width = protocol.size
    cut = protocol.wide_columns and "{}.{}-{}".format(protocol.wide_width, *protocol.wide_columns)
    if cut and scored.cut_only:
        cut += f".{scored.cut_only}"
    resized = protocol.resized_size if protocol.resizes(metric.name) else None
    parts = {
        "n": scored.pairs,
        "pairs": scored.digest,
        "size": f"{height}x{width}",
        "cut": cut,
        "given": scored.given,
        "content": "letterbox" if scored.letterboxed else None,
        "codec": scored.codec,
        "from": scored.resized_from,
        "skipped": scored.skipped or None,
        "version": __version__,
        "pad": f"{protocol.pad_width}.{protocol.pad_value}" if protocol.pads(metric.name) else None,
        "resized": resized and "x".join(map(str, resized)),
        "resize": protocol.resize if resized or scored.resized_from else None,
        **{name: protocol.setting(name) for name in metric.reads},
        "poses": scored.poses if metric.needs_pose else None,
        "net": network,
        "real": real,
    }
    return Signature.of(protocol.name, parts)
