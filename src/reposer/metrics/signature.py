"""Signatures: the line that says how a score was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any


@dataclass(frozen=True)
class Signature:
    """How a score was made: two scores of one metric are comparable iff their signatures are equal.

    As text it is ``PROTOCOL|key:value|key:value``, which ``parse`` reads back.

    Raises:
        ValueError: if a key is empty or comes twice, or a text contains a character that separates others.
    """

    protocol: str
    """Name of the protocol."""
    parts: tuple[tuple[str, str], ...] = ()
    """(key, value) of everything that decided the value, in a fixed order."""

    def __post_init__(self) -> None:
        keys = [key for key, _ in self.parts]
        separated = any("|" in text for text in (self.protocol, *keys, *dict(self.parts).values()))
        if separated or any(not key or ":" in key for key in keys) or len(set(keys)) < len(keys):
            raise ValueError(f"'|' separates parts, ':' follows each key, and no key comes twice; got {self!r}")

    @classmethod
    def of(cls, protocol: str, parts: Mapping[str, Any]) -> Signature:
        """Build one from values: settings become the values of their fields, and parts that are None are left out."""
        return cls(protocol, tuple((key, _text(value)) for key, value in parts.items() if value is not None))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read what ``str`` printed; ValueError if it is no signature."""
        protocol, *parts = text.split("|")
        return cls(protocol, tuple((key, value) for key, _, value in (part.partition(":") for part in parts)))

    def __str__(self) -> str:
        return "|".join([self.protocol, *(f"{key}:{value}" for key, value in self.parts)])

    def get(self, key: str) -> str | None:
        """Return the value of a key; None if there is none."""
        return dict(self.parts).get(key)

    def differences(self, other: Signature) -> list[str]:
        """Say in words where two differ, such as "codec (png and jpeg)"."""
        mine, theirs = ({"protocol": s.protocol, **dict(s.parts)} for s in (self, other))
        return [
            f"{key} ({mine.get(key, 'none')} and {theirs.get(key, 'none')})"
            for key in dict.fromkeys([*mine, *theirs])
            if mine.get(key) != theirs.get(key)
        ]

    def beyond(self, other: Signature) -> Signature:
        """Return the parts that the other one does not share."""
        return Signature(self.protocol, tuple(part for part in self.parts if part not in other.parts))


def common(signatures: Iterable[Signature]) -> Signature:
    """Return what all of them share: one or more signatures of one protocol."""
    first, *others = signatures
    return Signature(first.protocol, tuple(p for p in first.parts if all(p in other.parts for other in others)))


def grouped(signatures: Mapping[str, Signature]) -> list[str]:
    """Return the signatures of several metrics as short lines: what all share, then ``METRIC, METRIC: |what is added``.

    The signature of a metric is the first line followed by what its own line adds.
    """
    if not signatures:
        return []
    shared = common(signatures.values())
    owners: dict[Signature, list[str]] = {}
    for name, signature in signatures.items():
        owners.setdefault(signature.beyond(shared), []).append(name)
    lines = [f"{', '.join(names)}: {str(own).removeprefix(own.protocol)}" for own, names in owners.items() if own.parts]
    return [str(shared), *lines]


def _text(value: Any) -> str:
    """Write a setting so that different values give different texts: all fields of settings, switches by name."""
    if is_dataclass(value):
        leaves = ((field.name, getattr(value, field.name)) for field in fields(value))
        shown = ((name, leaf) for name, leaf in leaves if leaf is not None and leaf is not False)
        return "-".join(name if leaf is True else _text(leaf) for name, leaf in shown)
    return str(value)
