"""Names of generated images: those of Market-1501, so that code for re-identification reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from reposer.data.names import split_suffix

_MARKET = re.compile(r"(\d+)_c\d[^/\\]*")
MARK = "gen"
"""What tells a generated image's name from all others."""


def stems(sources: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What the new images of each source image are called: ``0002_c1s1_000451_03_gen``, and a number to follow.

    Identity and camera are the two numbers that code for Market-1501 reads. The identity is the person's. The camera is
    that of the source image, as the generator keeps its background and light. Where not all names tell both, or their
    first number is not that of one person each, people are numbered in the order of their names, and the camera is 1.

    Args:
        sources: names of the images of each person.
    """
    told = [[_MARKET.fullmatch(name) for name in group] for group in sources.values()]
    numbers = [{int(each[1]) if each else None for each in group} for group in told]
    if None not in set().union(*numbers) and sum(map(len, numbers)) == len(sources) == len(set().union(*numbers)):
        return {name: f"{split_suffix(name)[0]}_{MARK}" for group in sources.values() for name in group}
    return {
        name: f"{person:04d}_c1s1_{number:06d}_00_{MARK}"
        for person, group in enumerate(sources.values(), start=1)
        for number, name in enumerate(sorted(group), start=1)
    }


def new_names(stem: str, taken: frozenset[str]) -> Iterator[str]:
    """Names ``STEM01.jpg``, ``STEM02.jpg``, ..., but for those whose part before the suffix is taken."""
    return (f"{stem}{number:02d}.jpg" for number in count(1) if f"{stem}{number:02d}" not in taken)
