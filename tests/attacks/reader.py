"""A reader under attack: what it reads, and what must hold for whatever it does not refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.attacks.mutations import mutate_bytes, replace_file

Mutation = Callable[[Random, bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Something that reads a file which may come from anywhere."""

    name: str
    """Of the file; tests are called by it."""
    make: Callable[[Path], Path]
    """Fills a folder with what is needed, all of it right, and returns the file to attack."""
    read: Callable[[Path], Any]
    """Reads the file as the package does."""
    mutations: tuple[Mutation, ...] = ()
    """Of its contents, beside those of bytes."""
    seconds: int = 0
    """That 200 attacks take, if they are more than two."""
    check: Callable[[Any, Any, bytes], None] = lambda value, valid, content: check_sane(value)
    """Raises AssertionError unless the value read from an attacked file, of this content, can be right; ``valid`` is
    what was read before the attack."""

    def attack(self, random: Random, file: Path, content: bytes) -> str:
        """Attack the file, and say how."""
        chance = random.random()
        if chance < 0.06:
            return replace_file(random, file)
        if chance < 0.3 or not self.mutations:
            changed = mutate_bytes(random, content)
        else:
            changed = random.choice(self.mutations)(random, content)
        file.write_bytes(changed)
        return difference(content, changed)


def difference(before: bytes, after: bytes) -> str:
    """Where two contents differ first, and how the second goes on."""
    at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    shown = after[at : at + 60]
    return f"{len(before)} bytes became {len(after)}; at {at}: {before[at : at + 30]!r} -> {shown!r}"


def check_sane(value: Any, where: str = "") -> None:
    """Raise AssertionError if there is a number in it that is not finite."""
    if isinstance(value, float):
        assert math.isfinite(value), f"accepted{where}: {value}"
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            check_sane(getattr(value, field.name), f"{where}.{field.name}")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check_sane(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple | set):
        for inner in value:
            check_sane(inner, where)
    elif hasattr(value, "is_floating_point"):
        assert value.isfinite().all(), f"accepted{where}: a tensor with a value that is not finite"


def check_kept(given: Any, kept: Any, where: str = "") -> None:
    """Raise AssertionError if a value of JSON became another one, or one of another kind, than it was."""
    if isinstance(given, Mapping) and isinstance(kept, Mapping):
        for key, inner in given.items():
            assert key in kept, f"dropped{where}.{key}"
            check_kept(inner, kept[key], f"{where}.{key}")
    elif isinstance(given, list) and isinstance(kept, list):
        assert len(given) == len(kept), f"{where}: {given} became {kept}"
        for a, b in zip(given, kept, strict=True):
            check_kept(a, b, where)
    else:
        assert isinstance(given, bool) == isinstance(kept, bool), f"{where}: {given!r} became {kept!r}"
        assert given == kept, f"{where}: {given!r} became {kept!r}"
