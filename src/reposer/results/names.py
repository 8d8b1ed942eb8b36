"""Names of result files."""

import re
from pathlib import Path

from reposer.checks import InputError
from reposer.data.names import BETWEEN, image_name, split_suffix
from reposer.images import SUFFIXES

_AFTER_SUFFIX = "|".join(f"(?<={re.escape(suffix)})_" for suffix in SUFFIXES)
_SEPARATORS = tuple(re.compile(text, re.IGNORECASE) for text in (BETWEEN, "_2_", _AFTER_SUFFIX))
"""What stands between the names of the two images, in the order in which they are tried; the last one is the "_" in
``A.jpg_B.jpg.png``."""
_ENDING = "_vis"


def result_name(pair: str, suffix: str) -> str:
    """Return the name of the file that shows the pair of an id, ``SOURCE___TARGET_vis.png``."""
    return f"{pair}{_ENDING}{suffix}"


def pair_of(name: str) -> tuple[str, str]:
    """Return the names of the source and the target image that a result is named after.

    Known forms: ``SOURCE___TARGET_vis.png`` (PATN, VUNet, PIDM), ``SOURCE_2_TARGET_vis.png`` (GFLA),
    ``SOURCE.jpg_TARGET.jpg.png`` (Def-GAN); "_vis" may be missing. Where SOURCE or TARGET has no suffix, it gets
    .jpg, which all image names of the published data sets have.

    Raises:
        InputError: if the name has none of these forms.
    """
    stem = split_suffix(name)[0].removesuffix(_ENDING)
    for separator in _SEPARATORS:
        names = separator.split(stem)
        if len(names) == 2 and all(names):
            return image_name(names[0]), image_name(names[1])
    raise InputError(
        f"{name}: not the name of a result; expected SOURCE___TARGET_vis.png, SOURCE_2_TARGET_vis.png or "
        "SOURCE.jpg_TARGET.jpg.png, with the names of the two images of the pair; files named like their targets need "
        "--targets, others a pairs.csv in the folder with the header generated,target,source"
    )


def index_of(name: str) -> int | None:
    """Return the number that a file is named after, as in ``00012.png`` or ``12_vis.jpg``; None if it has none."""
    stem = split_suffix(name)[0].removesuffix(_ENDING)
    return int(stem) if stem.isascii() and stem.isdigit() else None


def ambiguous(files: list[Path], why: str) -> str:
    """Say that several files are one thing, in words."""
    names = [path.name for path in files]
    remedy = "remove one of them" if len(files) == 2 else "keep one of them"
    return f"{', '.join(names[:-1])} and {names[-1]} {why}; {remedy}"
