"""The line that says how a score was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from reposer import __version__
from reposer.protocols.protocol import Protocol


def signature(
    protocol: Protocol, pair_ids: Iterable[str], *, codec: str, skipped: int = 0, resized_from: str | None = None
) -> str:
    """Return the line that says how a score was made: two scores are comparable iff theirs are equal.

    The readable part names the switches that are most often different; ``fields`` is a hash over all fields
    of the protocol, ``pairs`` one over the set of pairs.

    Args:
        protocol: under which the numbers were computed.
        pair_ids: one id a pair, in any order.
        codec: file format of the images that were read, such as "png".
        skipped: bad results that were left out.
        resized_from: sizes of the files, if they were resized to that of the protocol, such as "256x256".
    """
    ids = sorted(pair_ids)
    padding = "none"
    if protocol.pad_width is not None:
        padding = f"{protocol.pad_width}.{protocol.pad_value}.{'+'.join(protocol.padded_metrics)}"
    parts = {
        "n": len(ids),
        "pairs": pairs_digest(ids),
        "size": "x".join(map(str, protocol.size)),
        "pad": padding,
        "ssim": protocol.ssim,
        "mask": protocol.mask,
        "pssim": protocol.part_ssim,
        "pckh": f"{protocol.pckh}-{protocol.pckh_fraction:g}",
        "codec": codec,
        "fields": _digest(json.dumps(asdict(protocol), sort_keys=True)),
        "version": __version__,
    }
    if resized_from is not None:
        parts["from"] = resized_from
    if skipped:
        parts["skipped"] = skipped
    return "|".join([protocol.name, *(f"{key}:{value}" for key, value in parts.items())])


def pairs_digest(pair_ids: Iterable[str]) -> str:
    """Hash of a set of pairs, in any order."""
    return _digest("\n".join(sorted(pair_ids)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
