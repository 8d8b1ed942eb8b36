"""Protocols and signatures."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

import reposer
from reposer import protocols
from reposer.checks import InputError
from reposer.protocols import PATN_FASHION, PATN_MARKET, PROTOCOLS, Protocol, protocol_named, signature

PAIRS = ["a.jpg___b.jpg", "c.jpg___d.jpg"]


def another(value: Any) -> Any:
    """A value that differs."""
    match value:
        case bool():
            return not value
        case str():
            return value + "x"
        case None:
            return 7
        case int() | float():
            return value + 2
        case tuple() if value and isinstance(value[0], int):
            return tuple(v + 2 for v in value)
        case tuple():
            return (*value, "x")
    raise TypeError(value)


def flipped(node: Any) -> list[tuple[str, Any]]:
    """Every way to change one field of a dataclass, into nested ones."""
    found = []
    for field in fields(node):
        value = getattr(node, field.name)
        if is_dataclass(value):
            found += [(f"{field.name}.{name}", with_field(node, field.name, new)) for name, new in flipped(value)]
        else:
            found.append((field.name, with_field(node, field.name, another(value))))
    return found


def with_field(node: Any, name: str, value: Any) -> Any:
    """Like ``replace``, past the checks: some single changes make no sense."""
    new = replace(node)
    object.__setattr__(new, name, value)
    return new


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=str)
def test_signature_changes_with_every_field(protocol: Protocol) -> None:
    changed = {name: signature(new, PAIRS, codec="png") for name, new in flipped(protocol)}
    assert len(changed) >= len(fields(Protocol)) + 6
    assert len({signature(protocol, PAIRS, codec="png"), *changed.values()}) == len(changed) + 1


def test_signature_changes_with_pairs_codec_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    base = signature(PATN_MARKET, PAIRS, codec="png")
    assert signature(PATN_MARKET, PAIRS[::-1], codec="png") == base
    others = {
        signature(PATN_MARKET, PAIRS[:1], codec="png"),
        signature(PATN_MARKET, ["a.jpg___b.jpg", "c.jpg___e.jpg"], codec="png"),
        signature(PATN_MARKET, PAIRS, codec="jpeg"),
    }
    monkeypatch.setattr(protocols, "__version__", "99")
    assert len({base, signature(PATN_MARKET, PAIRS, codec="png"), *others}) == 5


def test_signature_is_readable() -> None:
    line = signature(PATN_FASHION, PAIRS, codec="jpeg")
    for part in (
        "patn-fashion|n:2|",
        "|size:256x176|pad:256.255.ssim+l1|ssim:gaussian11-1.5-range.generated|",
        "|pssim:gaussian7-0.8-as_released|",
        "|codec:jpeg|",
        f"|version:{reposer.__version__}",
    ):
        assert part in line
    assert len(line) < 300


def test_by_name() -> None:
    assert protocol_named("patn-fashion") is PATN_FASHION
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())
    with pytest.raises(InputError, match="unknown protocol 'patn-markt'; did you mean 'patn-market'"):
        protocol_named("patn-markt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wide_columns": None}, "go together"),
        ({"wide_columns": (0, 200)}, "must keep 176 columns"),
        ({"pad_width": 100}, "less than the image width 176"),
        ({"pad_width": None}, "need a pad_width"),
    ],
)
def test_contradictions_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PATN_FASHION, **change)
