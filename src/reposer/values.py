"""Frozen dataclasses from and to plain values, as JSON and YAML hold them: types checked, fields named in errors."""

from __future__ import annotations

import json
import math
import os
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from reposer.checks import InputError, check_choice

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def to_json(value: Any) -> str:
    """Write a dataclass as JSON text, which ``from_plain`` reads after ``json.loads``."""
    return json.dumps(asdict(value), indent=2, default=os.fspath)


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return a dataclass's values by their dotted names, such as ``optimization.batch_size``."""
    leaves: dict[str, Any] = {}
    for field in fields(value):
        name, inner = f"{prefix}{field.name}", getattr(value, field.name)
        leaves |= flat(inner, f"{name}.") if is_dataclass(inner) else {name: inner}
    return leaves


def from_plain(kind: Any, value: Any, name: str = "", *, base: Any = None) -> Any:
    """Turn a plain value into one of a type.

    Args:
        kind: dataclass, or the type of a field: int, float, str, bool, Path, Literal, a tuple or Mapping of such, a
            union with None, or a union of dataclasses that differ in a field of type Literal.
        value: what JSON or YAML gave.
        name: dotted name of the field, for errors.
        base: dataclass whose values stand for fields that are not given, in nested ones too.

    Raises:
        InputError: naming the field, if a value does not fit, or a field is missing or unknown; suggests the nearest.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and types.NoneType in inner:
            return None
        kind = _member([k for k in inner if k is not types.NoneType], value, name, base)
        return from_plain(kind, value, name, base=base)
    if is_dataclass(kind):
        return _dataclass(kind, value, name, base)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in inner):
            if isinstance(value, str):
                check_choice(name, value, [str(choice) for choice in inner])
            _refuse(name, " or ".join(map(str, inner)), value)
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            _refuse(name, "a list", value)
        kinds = [inner[0]] * len(value) if inner[-1] is ... else inner
        if len(kinds) != len(value):
            _refuse(name, f"a list of {len(kinds)}", value)
        return tuple(from_plain(k, v, name) for k, v in zip(kinds, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {key: from_plain(inner[1], v, f"{name}.{key}") for key, v in _mapping(value, name).items()}
    if kind is Path:
        return Path(from_plain(str, value, name))
    fits = isinstance(value, int | float if kind is float else kind) and isinstance(value, bool) == (kind is bool)
    if not fits or (kind is float and not math.isfinite(value)):
        _refuse(name, _WORDS[kind], value)
    return value


def _dataclass(kind: Any, value: Any, name: str, base: Any) -> Any:
    hints, dot = typing.get_type_hints(kind), f"{name}." if name else ""
    base = base if type(base) is kind else None
    for field in _mapping(value, name):
        check_choice("field", f"{dot}{field}", [f"{dot}{name}" for name in hints])
    given = {f: from_plain(hints[f], v, f"{dot}{f}", base=getattr(base, f, None)) for f, v in value.items()}
    if base is not None:
        return replace(base, **given)
    for known in fields(kind):
        if known.name not in given and known.default is MISSING and known.default_factory is MISSING:
            raise InputError(f"{dot}{known.name}: missing")
    return kind(**given)


def _member(kinds: Sequence[Any], value: Any, name: str, base: Any) -> Any:
    """Choose the member of a union that a value is of: the only one, or the one that its Literal field names."""
    if len(kinds) == 1:
        return kinds[0]
    hints = [typing.get_type_hints(kind) for kind in kinds]
    tag = next(f for f, hint in hints[0].items() if typing.get_origin(hint) is Literal and all(f in h for h in hints))
    members = {choice: k for k, h in zip(kinds, hints, strict=True) for choice in typing.get_args(h[tag])}
    choice = _mapping(value, name).get(tag, getattr(base, tag, None))
    return members[from_plain(Literal[tuple(members)], choice, f"{name}.{tag}")]


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(name, "fields with values", value)
    return value


def _refuse(name: str, expected: str, value: Any) -> NoReturn:
    raise InputError(f"{name + ': ' if name else ''}expected {expected}, got {value!r}")
