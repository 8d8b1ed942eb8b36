"""``reposer people OUT``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from reposer.data.people import PeopleConfig, make_people
from reposer.progress import Progress

DEFAULTS = PeopleConfig()


def run(
    out: tyro.conf.Positional[Path],
    /,
    *,
    config: Annotated[PeopleConfig, tyro.conf.arg(name="")] = DEFAULTS,
) -> None:
    """Make a data set of photo-like people with exact keypoints, body parts and surfaces.

    The folder has the layout of Market-1501 or DeepFashion, and a contact sheet. Stopped, the same command continues.

    Args:
        out: folder to make; must not exist yet, or be empty.
        config: what to make.
    """
    with Progress("people") as progress:
        summary = make_people(out, config, progress)
    print(f"{summary} in {out}")
