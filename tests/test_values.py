"""The reader of dataclasses: what was written is read back equal; what does not fit is one line with its field."""

import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reposer.checks import InputError
from reposer.config import RunConfig, config_differences, config_from_json, config_to_json
from reposer.protocols import PATN_FASHION, Protocol
from reposer.values import flat, from_plain, to_json


@dataclass(frozen=True, kw_only=True)
class Round:
    shape: Literal["round"] = "round"
    radius: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Square:
    shape: Literal["square"] = "square"
    side: int
    turned: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    form: Round | Square = field(default_factory=Round)
    frame: Square | None = None
    places: tuple[tuple[int, int], ...] = ()
    betas: tuple[float, float] = (0.5, 0.9)
    file: Path | None = None
    colours: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.frame is not None and self.frame.side < 1:
            raise ValueError(f"frame: side must be at least 1, got {self.frame.side}")


def strategy(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        return st.fixed_dictionaries({n: strategy(hint) for n, hint in typing.get_type_hints(kind).items()}).map(
            lambda values: kind(**values)  # type: ignore[operator]
        )
    if origin in (typing.Union, UnionType):
        return st.one_of(st.none() if k is NoneType else strategy(k) for k in inner)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        return st.lists(strategy(inner[0])).map(tuple) if inner[-1] is ... else st.tuples(*map(strategy, inner))
    if origin is Mapping:
        return st.dictionaries(st.text(), strategy(inner[1]))
    whole = st.integers(0, 1000)
    numbers: dict[Any, st.SearchStrategy[Any]] = {int: whole, float: st.floats(0, 100) | whole, bool: st.booleans()}
    return (
        numbers[kind] if kind in numbers else st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(kind)
    )


@given(st.data())
def test_any_dataclass_is_read_back(data: st.DataObject) -> None:
    try:
        drawing = data.draw(strategy(Drawing))
    except ValueError:
        assume(False)
    assert from_plain(Drawing, json.loads(to_json(drawing))) == drawing


def variants(value: Any) -> st.SearchStrategy[Any]:
    """A dataclass with any of its fields replaced by any value of their types that fits its rules."""
    hints = typing.get_type_hints(type(value))

    def changed(name: str) -> st.SearchStrategy[Any]:
        inner = getattr(value, name)
        return variants(inner) if is_dataclass(inner) else strategy(hints[name])

    names = [field.name for field in fields(value)]
    return st.sampled_from(names).flatmap(lambda name: changed(name).map(lambda new: replace(value, **{name: new})))


@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_any_configuration_and_protocol_is_read_back(data: st.DataObject) -> None:
    for value in (RunConfig(), PATN_FASHION):
        try:
            changed = data.draw(variants(value))
        except ValueError:  # against the rules
            continue
        assert from_plain(type(value), json.loads(to_json(changed))) == changed
        if isinstance(changed, RunConfig):
            assert config_from_json(config_to_json(changed)) == changed
            assert all(line.split()[0] in flat(changed) for line in config_differences(value, changed))


SQUARE = {"shape": "square", "side": 3}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"from": {}}, "unknown field 'from'; did you mean 'form'?"),
    ({"form": {"shape": "rund"}}, "unknown form.shape 'rund'; did you mean 'round'?"),
    ({"form": {"radius": 1.0}}, "form.shape: expected round or square, got None"),
    ({"form": {"shape": "round", "side": 3}}, "unknown field 'form.side'"),
    ({"form": {"shape": "square"}}, "form.side: missing"),
    ({"form": []}, "form: expected fields with values, got []"),
    ({"form": {"shape": "round", "radius": "1"}}, "form.radius: expected a number, got '1'"),
    ({"form": {"shape": "round", "radius": True}}, "form.radius: expected a number, got True"),
    ({"form": {"shape": "round", "radius": float("nan")}}, "form.radius: expected a number, got nan"),
    ({"frame": SQUARE | {"side": 3.0}}, "frame.side: expected a whole number, got 3.0"),
    ({"frame": SQUARE | {"side": True}}, "frame.side: expected a whole number, got True"),
    ({"frame": SQUARE | {"side": None}}, "frame.side: expected a whole number, got None"),
    ({"frame": SQUARE | {"turned": 1}}, "frame.turned: expected true or false, got 1"),
    ({"frame": SQUARE | {"side": 0}}, "frame: side must be at least 1, got 0"),
    ({"frame": SQUARE | {"shape": 3}}, "frame.shape: expected square, got 3"),
    ({"places": [[1, 2], [3]]}, "places: expected a list of 2, got [3]"),
    ({"places": "12"}, "places: expected a list, got '12'"),
    ({"betas": [0.5]}, "betas: expected a list of 2, got [0.5]"),
    ({"betas": [0.5, "x"]}, "betas: expected a number, got 'x'"),
    ({"file": 3}, "file: expected a text, got 3"),
    ({"colours": {"red": "dark"}}, "colours.red: expected a number, got 'dark'"),
    ({"colours": [1]}, "colours: expected fields with values, got [1]"),
]


@pytest.mark.parametrize(("plain", "message"), WRONG)
def test_what_does_not_fit_is_one_line(plain: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared below
        from_plain(Drawing, plain)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", "abc", "seed: expected a whole number, got 'abc'"),
        ("generator.network", "nope", "unknown generator.network 'nope'"),
        ("generator.chanels", 3, "unknown field 'generator.chanels'; did you mean 'generator.channels'?"),
        ("size", [128], "size: expected a list of 2, got [128]"),
        ("logging.loggers", ["paper"], "unknown logging.loggers 'paper'"),
        ("optimization.batch_size", 0, "batch_size must be at least 1, got 0"),
        ("data", None, "data: expected fields with values, got None"),
    ],
)
def test_a_wrong_configuration_names_file_and_field(name: str, value: Any, message: str) -> None:
    saved = json.loads(config_to_json(RunConfig()))
    *groups, last = name.split(".")
    place = saved
    for group in groups:
        place = place[group]
    place[last] = value
    with pytest.raises(InputError) as caught:
        config_from_json(json.dumps(saved), "run/config.json")
    assert str(caught.value).startswith("run/config.json: not a configuration of this version (")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="expected fields with values"):
        config_from_json("[]")


def test_given_fields_are_put_over_a_base() -> None:
    base = Drawing(form=Square(side=3), places=((1, 2),))
    changed = from_plain(Drawing, {"form": {"turned": True}}, base=base)
    assert changed == replace(base, form=Square(side=3, turned=True))
    assert from_plain(Drawing, {"form": {"shape": "round"}}, base=base).form == Round()
    protocol: Protocol = from_plain(Protocol, {"ssim": {"sigma": 2}}, base=PATN_FASHION)
    assert protocol == replace(PATN_FASHION, ssim=replace(PATN_FASHION.ssim, sigma=2))
