"""What a file of keypoints holds, and which format that is: told by content, never by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.files import check_regular, parse_json, read_text
from reposer.poses.keypoints import arrays
from reposer.poses.keypoints.catalogue import KEYPOINT_FORMATS, KeypointFormat


def load(path: Path) -> Any:
    """Load what a file holds: an array, parsed JSON, or else its text."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(arrays.MAGIC))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if start == arrays.MAGIC:
        return arrays.load_array(path)
    text = read_text(path, otherwise="neither text nor a .npy file")
    return parse_json(text, path) if text.lstrip()[:1] in ("{", "[") else text


def format_of(value: Any, path: Path, chosen: str = "auto") -> KeypointFormat:
    """Tell the format of content, or check that it is the ``chosen`` one.

    Raises:
        InputError: if it is none, or may be several: then they are named.
    """
    found = [each for each in KEYPOINT_FORMATS.values() if each.detect(value)]
    fitting = [each for each in found if chosen in ("auto", each.name)]
    if len(fitting) == 1:
        return fitting[0]
    names = " or ".join(each.name for each in found)
    if fitting:
        raise InputError(f"{path}: may be {names}; name its format (--format)")
    if chosen != "auto":
        is_what = f"; it looks like {names}" if found else ""
        raise InputError(f"{path}: not {chosen}, which is {KEYPOINT_FORMATS[chosen].what}{is_what}")
    raise InputError(f"{path}: no keypoints in a format known here ({', '.join(KEYPOINT_FORMATS)})")
