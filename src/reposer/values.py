"""Frozen dataclasses from and to plain values, as JSON and YAML hold them: types and bounds checked, fields named."""

from __future__ import annotations

import json
import os
import reprlib
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from reposer.bounds import Bound
from reposer.checks import InputError, check_choice

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
_short = reprlib.Repr()  # what is nested a thousand times takes hours to write out
_short.maxlevel, _short.maxother, _short.maxstring = 1, 80, 80


class FieldError(InputError):
    """A value does not fit its field, with which the message begins."""


class Checked:
    """Base of a frozen dataclass whose fields are checked, by their types and bounds, however it is made."""

    def __post_init__(self) -> None:
        _check(type(self), *[getattr(self, name) for name in self.__dataclass_fields__])  # type: ignore[attr-defined]


def _check(kind: type, *values: Any) -> None:
    for (name, hint), value in zip(_own_hints(kind).items(), values, strict=True):
        if hint is not None:
            from_plain(hint, value, name)


_check._dynamo_marked_constant = True  # type: ignore[attr-defined]  # torch.compile does not look into it


@cache
def _own_hints(kind: type) -> dict[str, Any]:
    """Types of a dataclass's fields in their order; None for dataclasses, which were checked when they were made."""
    hints = _hints(kind)
    nested = {
        name
        for name, hint in hints.items()
        if any(isinstance(part, type) and is_dataclass(part) for part in (hint, *typing.get_args(hint)))
    }
    return {field.name: None if field.name in nested else hints[field.name] for field in fields(kind)}


def _hints(kind: type) -> dict[str, Any]:
    """Types of a dataclass's fields, with what is declared beside them."""
    return typing.get_type_hints(kind, include_extras=True)


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
            union with None, or a union of dataclasses that differ in a field of type Literal; of a number
            ``Annotated`` with its bounds (``reposer.bounds``).
        value: what JSON or YAML gave.
        name: dotted name of the field, for errors.
        base: dataclass whose values stand for fields that are not given, in nested ones too.

    Raises:
        InputError: naming the field, if a value does not fit, or a field is missing or unknown; suggests the nearest.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        value = from_plain(inner[0], value, name, base=base)
        for fault in (bound.fault(value) for bound in inner[1:] if isinstance(bound, Bound)):
            if fault is not None:
                raise FieldError(f"{name} must be {fault}, got {_short.repr(value)}")
        return value
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
        return value if isinstance(value, Path) else Path(from_plain(str, value, name))
    fits = isinstance(value, int | float if kind is float else kind) and isinstance(value, bool) == (kind is bool)
    if not fits or (kind is float and not -sys.float_info.max <= value <= sys.float_info.max):
        _refuse(name, _WORDS[kind], value)
    return value


def _dataclass(kind: Any, value: Any, name: str, base: Any) -> Any:
    hints, dot = _hints(kind), f"{name}." if name else ""
    base = base if type(base) is kind else None
    for field in _mapping(value, name):
        check_choice("field", f"{dot}{field}", [f"{dot}{name}" for name in hints])
    given = {f: from_plain(hints[f], v, f"{dot}{f}", base=getattr(base, f, None)) for f, v in value.items()}
    for known in fields(kind):
        if base is None and known.name not in given and known.default is known.default_factory is MISSING:
            raise FieldError(f"{dot}{known.name}: missing")
    try:
        return kind(**given) if base is None else replace(base, **given)
    except FieldError as error:
        raise FieldError(f"{dot}{error}") from None
    except ValueError as error:  # a rule between fields
        raise InputError(f"{name}: {error}" if name else str(error)) from None


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
    raise FieldError(f"{name + ': ' if name else ''}expected {expected}, got {_short.repr(value)}")
