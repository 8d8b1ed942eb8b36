"""Protocols in files: JSON that came from a value, and YAML that a user writes."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Literal

from reposer.checks import InputError, check_choice
from reposer.protocols.protocol import Protocol
from reposer.protocols.published import FAMILIES, PROTOCOLS, protocol_named

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def protocol_from_json(fields: Mapping[str, Any]) -> Protocol:
    """Return the protocol whose ``dataclasses.asdict`` went through JSON; InputError if a field does not fit."""
    return typing.cast(Protocol, _value(Protocol, dict(fields), ""))


def read_protocol(path: str | Path) -> Protocol:
    """Read a protocol from a YAML file: ``based_on: NAME`` and the fields that are different.

    Fields of nested settings are changed one by one. Its ``name`` is that of the file unless it is given.

    Raises:
        InputError: if the file is not readable or a field is unknown or does not fit; names the nearest.
    """
    import yaml

    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such protocol file") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a readable YAML file ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or "based_on" not in content:
        raise InputError(f"{path}: expected 'based_on: NAME' and the fields that are different")
    try:
        base = asdict(protocol_named(str(content.pop("based_on"))))
        protocol = protocol_from_json(_merged(base | {"name": path.stem}, content, Protocol, ""))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None
    if protocol.name in (*PROTOCOLS, *FAMILIES):
        raise InputError(f"{path}: {protocol.name!r} is the name of a built-in protocol; give it another with 'name:'")
    return protocol


def protocols_of(name: str) -> tuple[Protocol, ...]:
    """Return the protocols that a name or the path of a YAML file stands for: one, or one a size.

    Raises:
        InputError: if there is none of that name, or the file does not fit.
    """
    if name.endswith((".yaml", ".yml")):
        return (read_protocol(name),)
    check_choice("protocol", name, (*PROTOCOLS, *FAMILIES))
    return FAMILIES.get(name) or (PROTOCOLS[name],)


def _merged(base: Any, change: Any, kind: Any, where: str) -> Any:
    """Put changed fields over those of a dataclass, into nested ones."""
    kind = _without_none(kind)
    if not is_dataclass(kind) or not isinstance(change, dict):
        return change
    hints = typing.get_type_hints(kind)
    base = dict(base or {})
    for name, value in change.items():
        check_choice("field", f"{where}{name}", [f"{where}{known}" for known in hints])
        base[name] = _merged(base.get(name), value, hints[name], f"{where}{name}.")
    return base


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return next(k for k in typing.get_args(kind) if k is not type(None))
    return kind


def _value(kind: Any, value: Any, where: str) -> Any:
    """Turn plain JSON or YAML into a value of a type; InputError if it does not fit."""
    inner = _without_none(kind)
    name = where.removesuffix(".")
    if inner is not kind and value is None:
        return None
    origin, choices = typing.get_origin(inner), typing.get_args(inner)
    if is_dataclass(inner):
        if not isinstance(value, dict):
            raise InputError(f"{name}: expected fields with values, got {value!r}")
        hints = typing.get_type_hints(inner)
        for field in value:
            check_choice("field", f"{where}{field}", [f"{where}{known}" for known in hints])
        return inner(**{f: _value(hints[f], v, f"{where}{f}.") for f, v in value.items()})  # type: ignore[operator]
    if origin is Literal:
        check_choice(name, value, choices) if isinstance(value, str) else _refuse(name, " or ".join(choices), value)
        return value
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            _refuse(name, "a list", value)
        kinds = [choices[0]] * len(value) if choices[-1] is ... else choices
        if len(kinds) != len(value):
            _refuse(name, f"a list of {len(kinds)}", value)
        return tuple(_value(k, v, where) for k, v in zip(kinds, value, strict=True))
    fits = isinstance(value, (int, float) if inner is float else inner)
    if not fits or (isinstance(value, bool) and inner is not bool):
        _refuse(name, _WORDS[inner], value)
    return value


def _refuse(name: str, expected: str, value: Any) -> None:
    raise InputError(f"{name}: expected {expected}, got {value!r}")
