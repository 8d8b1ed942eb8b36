"""Names of result files and ids of pairs."""

from __future__ import annotations

import re

from reposer.checks import InputError
from reposer.images import SUFFIXES

_BETWEEN = "___"
_AFTER_SUFFIX = "|".join(f"(?<={re.escape(suffix)})_" for suffix in SUFFIXES)
_SEPARATORS = tuple(re.compile(text, re.IGNORECASE) for text in (_BETWEEN, "_2_", _AFTER_SUFFIX))
"""What stands between the names of the two images, in the order in which they are tried; the last one is the "_" in
``A.jpg_B.jpg.png``."""


def pair_of(name: str) -> tuple[str, str]:
    """Return the names of the source and the target image that a result is named after.

    Known forms: ``SOURCE___TARGET_vis.png`` (PATN, VUNet, PIDM), ``SOURCE_2_TARGET_vis.png`` (GFLA),
    ``SOURCE.jpg_TARGET.jpg.png`` (Def-GAN); "_vis" may be missing. Where SOURCE or TARGET has no suffix, it gets
    .jpg, which all image names of the published data sets have.

    Raises:
        InputError: if the name has none of these forms.
    """
    stem = split_suffix(name)[0].removesuffix("_vis")
    for separator in _SEPARATORS:
        names = separator.split(stem)
        if len(names) == 2 and all(names):
            return image_name(names[0]), image_name(names[1])
    raise InputError(
        f"{name}: not the name of a result; expected SOURCE___TARGET_vis.png, SOURCE_2_TARGET_vis.png or "
        "SOURCE.jpg_TARGET.jpg.png, with the names of the two images of the pair"
    )


def index_of(name: str) -> int | None:
    """Return the number that a file is named by, as in ``00012.png`` or ``12_vis.jpg``; None if it is not."""
    stem = split_suffix(name)[0].removesuffix("_vis")
    return int(stem) if stem.isascii() and stem.isdigit() else None


def pair_id(source: str, target: str) -> str:
    """Return the id of a pair, ``SOURCE___TARGET``, of the names of its images."""
    return f"{image_name(source)}{_BETWEEN}{image_name(target)}"


def target_of(pair: str) -> str:
    """Return the name of the target image of a pair id.

    Not ``pair_of``: that takes a suffix off, and some Market-1501 names end in .jpg.jpg.
    """
    return pair.split(_BETWEEN)[-1]


def source_of(pair: str) -> str | None:
    """Return the name of the source image of a pair id; None if the id does not tell."""
    names = pair.split(_BETWEEN)
    return names[0] if len(names) == 2 else None


def split_suffix(name: str) -> tuple[str, str]:
    """Split off an image suffix; other dots belong to the name."""
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
    return name[: len(name) - len(suffix)], name[len(name) - len(suffix) :]


def image_name(name: str) -> str:
    """Return the name with .jpg, if it has no image suffix."""
    return name if split_suffix(name)[1] else f"{name}.jpg"


def some(names: list[str], count: int = 3) -> str:
    """Write the first few names of a list."""
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
