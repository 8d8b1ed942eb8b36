"""Protocols in files: JSON written from a protocol, and YAML written by a user."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reposer.checks import InputError, check_choice
from reposer.files import read_text
from reposer.protocols.protocol import Protocol
from reposer.protocols.published import FAMILIES, PROTOCOLS
from reposer.values import from_plain

_MOST_YAML = 64 * 1024
"""Bytes of the largest protocol file: all fields take a few thousand."""


def protocol_from_json(fields: Mapping[str, Any]) -> Protocol:
    """Return the protocol whose ``dataclasses.asdict`` went through JSON; InputError if a field does not fit."""
    return typing.cast(Protocol, from_plain(Protocol, fields))


def read_protocol(path: str | Path) -> Protocol:
    """Read a protocol from a YAML file: ``based_on: NAME`` and the fields that differ, also single nested ones.

    Its ``name`` is that of the file unless it is given.

    Raises:
        InputError: if the file is not readable, or a field is unknown or does not fit; suggests the nearest.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such protocol file")
    content = _read_yaml(path)
    if not isinstance(content, dict) or "based_on" not in content:
        raise InputError(f"{path}: expected 'based_on: NAME' and the fields that are different")
    try:
        based_on = str(content.pop("based_on"))
        check_choice("protocol", based_on, PROTOCOLS)
        protocol: Protocol = from_plain(Protocol, content, base=replace(PROTOCOLS[based_on], name=path.stem))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if protocol.name in (*PROTOCOLS, *FAMILIES):
        raise InputError(f"{path}: {protocol.name!r} is the name of a built-in protocol; give it another with 'name:'")
    return protocol


def _read_yaml(path: Path) -> Any:
    """Read plain values from a YAML file; without aliases, by which a few lines stand for more than memory holds."""
    import yaml

    text = read_text(path, most=_MOST_YAML)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise InputError(f"{path}: aliases (*name) are not read in a protocol; write the values out")
        return yaml.safe_load(text)
    except RecursionError:
        raise InputError(f"{path}: not a readable YAML file (nested too deeply)") from None
    except InputError:
        raise
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not a readable YAML file ({' '.join(str(error).split())})") from None


def protocols_of(name: str) -> tuple[Protocol, ...]:
    """Return the protocols that a name or the path of a YAML file stands for: one, or one per size."""
    if name.endswith((".yaml", ".yml")):
        return (read_protocol(name),)
    check_choice("protocol", name, (*PROTOCOLS, *FAMILIES))
    return FAMILIES.get(name) or (PROTOCOLS[name],)
