"""Evaluation protocols: every switch that decides the numbers, by name.

A score without its protocol is not a result: white padding alone moves the SSIM of one set of DeepFashion
images from .66 to .76.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from reposer import __version__
from reposer.checks import check_choice
from reposer.metrics.paired import PartSSIMSettings, SSIMSettings


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How results are evaluated. A new protocol is a value of this class, not code."""

    name: str
    """What it is called on the command line and in signatures."""
    size: tuple[int, int]
    """(H, W) in pixels of the images that are compared."""
    wide_width: int | None = None
    """Width in pixels of uncut images that are accepted too; None: only ``size`` is."""
    wide_columns: tuple[int, int] | None = None
    """First and one past the last column that are kept of an image of ``wide_width``."""
    metrics: tuple[str, ...]
    """Names of the metrics that are computed on pairs of images, in the order of the report."""
    padded_metrics: tuple[str, ...] = ()
    """Those of them that see both images padded to ``pad_width``."""
    pad_width: int | None = None
    """Width in pixels that images are padded to, half on either side; None: no padding."""
    pad_value: int = 255
    """8-bit value of the padding; 255 is white."""
    ssim: SSIMSettings = field(default_factory=SSIMSettings)
    """Window, dynamic range and covariance of SSIM and mask-SSIM."""
    mask: Literal["target_body"] = "target_body"
    """What mask-SSIM keeps: "target_body" is ``reposer.poses.body_mask`` of the target's pose."""
    part_ssim: PartSSIMSettings = field(default_factory=PartSSIMSettings)
    """Window and treatment of missing parts of PSSIM."""
    pckh: Literal["head_box"] = "head_box"
    """When a joint is right: "head_box" is the rule of ``reposer.metrics.pckh_counts``."""
    pckh_fraction: float = 0.5
    """Part of the head box that a joint may be off, along x and along y."""
    published_codec: str = "jpeg"
    """File format that the published numbers were measured on; other files are evaluated, and it is said."""

    def __post_init__(self) -> None:
        if (self.wide_width is None) != (self.wide_columns is None):
            raise ValueError("wide_width and wide_columns go together: give both or neither")
        if self.wide_columns is not None and self.wide_columns[1] - self.wide_columns[0] != self.size[1]:
            raise ValueError(f"wide_columns {self.wide_columns} must keep {self.size[1]} columns, the width of size")
        if self.pad_width is not None and self.pad_width < self.size[1]:
            raise ValueError(f"pad_width {self.pad_width} is less than the image width {self.size[1]}")
        if self.padded_metrics and self.pad_width is None:
            raise ValueError("padded_metrics need a pad_width")


PATN_MARKET = Protocol(name="patn-market", size=(128, 64), metrics=("ssim", "l1", "mask_ssim", "part_ssim"))
"""Market-1501 as Def-GAN, PATN, XingGAN and the PSSIM papers measure it."""

PATN_FASHION = Protocol(
    name="patn-fashion",
    size=(256, 176),
    wide_width=256,
    wide_columns=(40, 216),
    metrics=("ssim", "l1", "part_ssim"),
    padded_metrics=("ssim", "l1"),
    pad_width=256,
)
"""DeepFashion as PATN measures it: SSIM and L1 on images padded white to 256x256."""

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({p.name: p for p in (PATN_MARKET, PATN_FASHION)})
"""The published protocols by name."""


def protocol_named(name: str) -> Protocol:
    """Return the published protocol of that name.

    Raises:
        InputError: if there is none; names the nearest.
    """
    check_choice("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def protocol_from_json(fields: Mapping[str, Any]) -> Protocol:
    """Return the protocol whose ``dataclasses.asdict`` went through JSON."""
    settings: dict[str, type] = {"ssim": SSIMSettings, "part_ssim": PartSSIMSettings}
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name in settings:
            value = settings[name](**value)
        values[name] = tuple(value) if isinstance(value, list) else value
    return Protocol(**values)


def signature(protocol: Protocol, pair_ids: Iterable[str], *, codec: str, skipped: int = 0) -> str:
    """Return the line that says how a score was made: two scores are comparable iff theirs are equal.

    The readable part names the switches that are most often different; ``fields`` is a hash over all fields
    of the protocol, ``pairs`` one over the set of pairs.

    Args:
        protocol: under which the numbers were computed.
        pair_ids: one id a pair, in any order.
        codec: file format of the images that were read, such as "png".
        skipped: bad results that were left out.
    """
    ids = sorted(pair_ids)
    padding = "none"
    if protocol.pad_width is not None:
        padding = f"{protocol.pad_width}.{protocol.pad_value}.{'+'.join(protocol.padded_metrics)}"
    parts = {
        "n": len(ids),
        "pairs": _digest("\n".join(ids)),
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
    if skipped:
        parts["skipped"] = skipped
    return "|".join([protocol.name, *(f"{key}:{value}" for key, value in parts.items())])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
