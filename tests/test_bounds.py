"""Every number of every configuration has bounds, and whoever gives it hears the same: its dotted name, on one line."""

import math
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any

import pytest

from reposer.bounds import Bound
from reposer.checks import InputError
from reposer.cli import main
from reposer.config import RunConfig, config_from_json
from reposer.losses import LOSSES
from reposer.models import NETWORKS
from reposer.protocols import PATN_FASHION, Protocol, read_protocol
from reposer.similarity import SSIMSettings
from reposer.values import Checked, flat, from_plain

WRONG = (0, -1, math.nan, math.inf, -math.inf, 10**12, 10**400, 1e300, True, "8", None, [], {})
BASES: list[tuple[str, Any]] = [
    ("run", RunConfig()),
    *((name, replace(RunConfig(), generator=entry.config())) for name, entry in NETWORKS.items()),  # type: ignore[call-arg]
    ("protocol", replace(PATN_FASHION, second_ssim=SSIMSettings(), other_sizes=((300, 300),))),
]


def numbers(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and types of all fields of a configuration that hold numbers, alone or in tuples."""
    hints = typing.get_type_hints(type(value), include_extras=True)
    for field in fields(value):
        name, inner = f"{prefix}{field.name}", getattr(value, field.name)
        if is_dataclass(inner):
            yield from numbers(inner, f"{name}.")
        elif any(kind in (int, float) for kind, _ in leaves(hints[field.name])):
            yield name, hints[field.name]


def leaves(hint: Any) -> Iterator[tuple[Any, list[Bound]]]:
    """The plain types inside a type, each with its bounds."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        yield inner[0], [bound for bound in inner[1:] if isinstance(bound, Bound)]
    elif origin in (tuple, typing.Union, UnionType):
        for part in inner:
            yield from leaves(part)
    else:
        yield hint, []


def nest(name: str, value: Any) -> dict[str, Any]:
    first, _, rest = name.partition(".")
    return {first: nest(rest, value) if rest else value}


FIELDS = [(f"{title}:{name}", base, name, hint) for title, base in BASES for name, hint in numbers(base)]


@pytest.mark.parametrize(("base", "name", "hint"), [field[1:] for field in FIELDS], ids=[field[0] for field in FIELDS])
def test_every_number_has_bounds_and_is_refused_beyond_them(base: Any, name: str, hint: Any) -> None:
    bounded = [bounds for kind, bounds in leaves(hint) if kind in (int, float)]
    is_weight = name.removeprefix("objective.").removesuffix(".weight") in LOSSES  # whose sum has a rule of its own
    assert is_weight or all(any(bound.most <= 2**63 for bound in bounds) for bounds in bounded)
    optional = NoneType in typing.get_args(hint)
    listed = isinstance(getattr_dotted(base, name), tuple)
    for wrong in WRONG:
        if (wrong is None and optional) or (wrong == [] and listed):
            continue
        kept = [wrong, *getattr_dotted(base, name)[1:]] if listed and not isinstance(wrong, list | dict) else wrong
        told = refusal(base, name, kept)
        if told:
            assert "\n" not in told
            assert len(told) < 300
            assert name.split(".")[-1] in told or is_weight or "go together" in told
        else:
            assert isinstance(wrong, int | float)
            assert not isinstance(wrong, bool)
            assert abs(wrong) <= 1e12


def refusal(base: Any, name: str, value: Any) -> str:
    """What is said of a value; "" if it is accepted."""
    try:
        from_plain(type(base), nest(name, value), base=base)
    except InputError as error:
        return str(error)
    return ""


def getattr_dotted(value: Any, name: str) -> Any:
    return flat(value)[name]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("seed", "-1", "seed must be at least 0, got -1"),
        (
            "objective.ssim.window-size",
            "4",
            "objective.ssim.window_size must be a positive odd number of pixels, got 4",
        ),
        ("generator.channels", "0", "generator.channels must be at least 1, got 0"),
        ("generator.blocks", "1000000000", "generator.blocks must be at most 256, got 1000000000"),
        ("heatmaps.sigma", "0", "heatmaps.sigma must be a positive number of pixels, got 0.0"),
        ("heatmaps.sigma", "nan", "heatmaps.sigma: expected a number, got nan"),
        ("optimization.betas", "2 2", "optimization.betas must be less than 1, got 2.0"),
        ("optimization.learning-rate", "nan", "optimization.learning_rate: expected a number, got nan"),
        ("optimization.learning-rate", "inf", "optimization.learning_rate: expected a number, got inf"),
        ("objective.l1.weight", "nan", "objective.l1.weight: expected a number, got nan"),
        ("objective.adversarial.pool-size", "-1", "objective.adversarial.pool_size must be at least 0, got -1"),
        ("hardware.devices", "0", "hardware.devices must be at least 1, or -1 for all, got 0"),
    ],
)
def test_options_are_refused_in_one_line(
    option: str, value: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "run"), f"--{option}", *value.split()]
    with pytest.raises(SystemExit) as ended:
        main(["train", "mannequin-tiny", *arguments])
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    if len(value.split()) == 1 and not message.startswith("heatmaps"):  # a file would hold a whole number
        number = float(value) if value in ("nan", "inf") else int(value)
        assert refusal(RunConfig(), option.replace("-", "_"), number) == message


def test_a_configuration_in_python_is_checked_like_one_from_a_file() -> None:
    with pytest.raises(InputError, match=r"^window_size must be a positive odd number of pixels, got 4$"):
        SSIMSettings(window_size=4)
    with pytest.raises(InputError, match=r"^window_size: expected a whole number, got 7.0$"):
        SSIMSettings(window_size=7.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^unknown data_range 'ful'; did you mean 'full'"):
        SSIMSettings(data_range="ful")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^pad_value must be from 0 to 255, got 999$|at most 255, got 999$"):
        replace(PATN_FASHION, pad_value=999)
    assert issubclass(RunConfig, Checked)
    assert issubclass(Protocol, Checked)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ssim: {window_size: 4}", "ssim.window_size must be a positive odd number of pixels, got 4"),
        ("ssim: {sigma: .nan}", "ssim.sigma: expected a number, got nan"),
        ("pad_value: 999", "pad_value must be at most 255, got 999"),
        ("resized_size: [0, 0]", "resized_size must be from 1 to 8,192, got 0"),
        ("resized_size: [100000, 100000]", "resized_size must be at most 8,192, got 100000"),
        (f"pad_width: {'9' * 400}", "pad_width must be at most 8,192, got 9999"),
        (f"size: [1, {'9' * 5000}]", "not a readable YAML file"),
        ("metrics: [simm]", "unknown metric 'simm'; did you mean 'ssim'?"),
        ("size: " + "[" * 5000, "not a readable YAML file"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nsize: *b", "aliases (*name) are not read in a protocol"),
        ("#" + "x" * 100_000, "bytes, expected at most"),
    ],
)
def test_a_protocol_file_is_refused_when_it_is_read(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"based_on: patn-fashion\n{line}\n")
    with pytest.raises(InputError) as caught:
        read_protocol(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_bomb_of_aliases_does_not_explode(tmp_path: Path) -> None:
    levels = "\n".join(f"l{i + 1}: &l{i + 1} [{', '.join([f'*l{i}'] * 9)}]" for i in range(30))
    (tmp_path / "bomb.yaml").write_text(f"based_on: patn-market\nl0: &l0 [1]\n{levels}\nsize: *l30\n")
    with pytest.raises(InputError, match="aliases"):
        read_protocol(tmp_path / "bomb.yaml")
    nested: Any = [1]
    for _ in range(60):
        nested = [nested] * 9
    with pytest.raises(InputError, match=r"^size: expected a list of 2, got") as caught:
        from_plain(RunConfig, {"size": nested})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected fields with values"),
        ('{"seed": NaN}', "NaN is no JSON number"),
        ('{"seed": ' + "9" * 400 + "}", "seed must be at most"),
        ('{"optimization": {"learning_rate": ' + "9" * 400 + "}}", "optimization.learning_rate: expected a number"),
        ('{"seed": ' + "9" * 5000 + "}", "not readable as JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"size": [128, 64, 1]}', "size: expected a list of 2"),
    ],
)
def test_a_config_file_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        config_from_json(text, "run/config.json")
    assert str(caught.value).startswith("run/config.json: not a configuration")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
