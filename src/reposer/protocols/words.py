"""Protocols in words: every switch, and how two protocols differ."""

from __future__ import annotations

from typing import Any

from reposer.protocols.protocol import Protocol
from reposer.values import flat

_SSIM = {
    "window": "window",
    "window_size": "window width in pixels",
    "sigma": "sigma of a Gaussian window in pixels",
    "data_range": "dynamic range",
    "sample_covariance": "sample covariance",
}
_BATCH = {"size": "images in a batch", "remainder": "images that do not fill the last batch"}

WORDS = {
    "data": "data set",
    "split": "split",
    "published_pairs": "number of published pairs",
    "expected_pairs": "hash that the pair list must have",
    "size": "size of compared images (height x width)",
    "wide_width": "width of uncut images",
    "wide_columns": "columns kept of uncut images (first, end)",
    "other_sizes": "other sizes that are resized",
    "resize.generated": "resizing of generated images",
    "resize.target": "resizing of real images",
    "metrics": "metrics",
    "network_metrics": "metrics on demand",
    "padded_metrics": "metrics on padded images",
    "pad_width": "width after padding",
    "pad_value": "8-bit value of the padding",
    "resized_metrics": "metrics on resized images",
    "resized_size": "size that these are resized to (height x width)",
    **{f"ssim.{name}": f"SSIM: {what}" for name, what in _SSIM.items()},
    "second_ssim": "second SSIM",
    **{f"second_ssim.{name}": f"second SSIM: {what}" for name, what in _SSIM.items()},
    "psnr_range": "PSNR: range",
    "mask": "mask of masked metrics",
    "part_ssim.window_size": "PSSIM: window width in pixels",
    "part_ssim.sigma": "PSSIM: sigma of the window in pixels",
    "part_ssim.missing_parts": "PSSIM: missing parts",
    "part_ssim.background": "PSSIM: background",
    "part_ssim.statistics": "PSSIM: statistics",
    "part_ssim.multi_scale": "PSSIM: five sets of masks",
    "part_ssim.reference_height": "PSSIM: image height that the masks' widths are meant for",
    "lpips.backbone": "LPIPS: network",
    "lpips.version": "LPIPS: version",
    "lpips.input_range": "LPIPS: input range",
    **{f"lpips.batch.{name}": f"LPIPS: {what}" for name, what in _BATCH.items()},
    "fid.network": "FID, KID: network and its resizing",
    "fid.reference": "FID, KID: real images",
    **{f"fid.batch.{name}": f"FID, KID: {what}" for name, what in _BATCH.items()},
    "fid.kid_subsets": "KID: random subsets",
    "fid.kid_seed": "KID: seed of the subsets",
    "inception_score.network": "IS: network",
    "inception_score.splits": "IS: consecutive parts",
    "detector": "DS: person detector",
    "pckh": "PCKh: rule",
    "pckh_fraction": "PCKh: fraction of the head box",
    "published_codec": "file format of the published numbers",
}
"""{switch: what it is}; nested ones with a dot."""

_VALUES = {None: "none", True: "on", False: "off"}


def switches(protocol: Protocol) -> dict[str, str]:
    """Return every switch of a protocol in words: {what it is: value}."""
    return {WORDS[name]: _in_words(value, by=name) for name, value in flat(protocol).items() if name != "name"}


def differences(a: Protocol, b: Protocol) -> list[tuple[str, str, str]]:
    """Return the switches in which two protocols differ: (what it is, value in a, value in b).

    A switch that one of them does not have, such as the window of a second SSIM, is "none" there.
    """
    of_a, of_b = switches(a), switches(b)
    names = [name for name in WORDS.values() if of_a.get(name) != of_b.get(name)]
    return [(name, of_a.get(name, "none"), of_b.get(name, "none")) for name in names if name != "second SSIM"]


def _in_words(value: Any, *, by: str) -> str:
    if value is None or isinstance(value, bool):
        return _VALUES[value]
    if isinstance(value, tuple):
        separator = "x" if "size" in by and value and isinstance(value[0], int) else ", "
        return separator.join(_in_words(item, by=by) for item in value) or "none"
    return str(value)
