"""Pairs of images, whatever their files are called: by extension, and in the conventions of DeepFashion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from reposer.data.names import BETWEEN, image_name, split_suffix

Value = TypeVar("Value")

_IN_SHOP = re.compile(
    r"(?:fashion)?[-_]?(?P<gender>WO)?MEN[-_]?(?P<category>[A-Z]\w*?)[-_]?id_?(?P<id>\d{8})[-_]?"
    r"(?P<item>\d\d)_(?P<shot>\d)_?(?P<view>[a-z]+)"
)
"""A DeepFashion in-shop image: ``fashionWOMENDressesid0000337203_3back`` of the released pair lists, or the path
``WOMEN/Dresses/id_00003372/03_3_back`` joined by "-", "_" or nothing."""


def pair_key(pair: str) -> str:
    """Return what all ids of one pair have in common: both names as the released lists write them, with .jpg."""
    return BETWEEN.join(map(_as_released, pair.split(BETWEEN)))


def with_ids(values: Mapping[str, Value], ids: Collection[str]) -> dict[str, Value]:
    """Give the values of pairs those of ``ids`` that mean the same pairs; where none does, they keep their own."""
    known = {pair_key(pair): pair for pair in ids}
    found = {pair if pair in ids else known.get(pair_key(pair), pair): value for pair, value in values.items()}
    return found if len(found) == len(values) else dict(values)


def pairs_digest(pair_ids: Iterable[str]) -> str:
    """Hash a set of pairs, in any order and whatever their files are called."""
    return hashlib.sha256("\n".join(sorted(map(pair_key, pair_ids))).encode()).hexdigest()[:8]


def _as_released(name: str) -> str:
    stem, suffix = split_suffix(name)
    if found := _IN_SHOP.fullmatch(stem):
        gender = f"{found['gender'] or ''}MEN"
        return f"fashion{gender}{found['category']}id{found['id']}{found['item']}_{found['shot']}{found['view']}.jpg"
    return name if suffix == ".jpg" else image_name(stem)
