"""Who is trained with and who is kept for tests, where nothing says it: decided by the names alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from reposer.data.layout import Split
from reposer.data.photos.listing import Photo

TEST_SHARE = 0.2
"""Of the people, on average."""


def splits_of(photos: Iterable[Photo]) -> dict[str, Split]:
    """The split of each person: as the photos say, else by a hash of the name.

    A person whose hash lies below ``TEST_SHARE`` is kept for tests: who it is does not change when others are added.
    Of at least two people with two photos or more, one is in either split: where the hash would have them all in one,
    the one with the least hash is kept for tests, or the one with the greatest is trained with.
    """
    photos = list(photos)
    told = {photo.person: photo.split for photo in photos if photo.split is not None}
    if told:
        return told
    counts = Counter(photo.person for photo in photos)
    test = {person for person in counts if place_of(person) < TEST_SHARE}
    pairable = sorted((person for person, count in counts.items() if count > 1), key=place_of)
    if len(pairable) > 1 and not test & set(pairable):
        test.add(pairable[0])
    elif len(pairable) > 1 and test >= set(pairable):
        test.remove(pairable[-1])
    return {person: "test" if person in test else "train" for person in counts}


def place_of(person: str) -> float:
    """The hash of a name, from 0 to 1."""
    return int.from_bytes(sha256(person.encode(errors="surrogateescape")).digest()[:8]) / 2**64
