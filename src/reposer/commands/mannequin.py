"""``reposer mannequin OUT``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.progress import Progress

DEFAULTS = MannequinConfig()


def run(
    out: tyro.conf.Positional[Path],
    /,
    *,
    config: Annotated[MannequinConfig, tyro.conf.arg(name="")] = DEFAULTS,
) -> None:
    """Make a data set of clothed 3-D figures, in the layout of Market-1501 or DeepFashion.

    Args:
        out: folder to make; must not exist yet, or be empty.
        config: what to make.
    """
    with Progress("mannequins") as progress:
        summary = make_mannequins(out, config, progress)
    print(f"{summary} in {out}")
