"""Files of generators: what has changed since it was written, does not fit or is not finite is refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tests.small_run import SMALL

from reposer.checks import InputError
from reposer.config import config_to_json
from reposer.generator import load_generator, shipped_generators
from reposer.models import build_generator, read_network, save_network


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "generator-0000012.safetensors"
    save_network(path, build_generator(SMALL.generator), config=config_to_json(SMALL), recipe="small", step=12)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_generator(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert len(message) < 600
    return message


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any] = lambda about: about, digest: bool = False) -> Path:
    """The same weights with other metadata, as a text where ``change`` returns one."""
    with safe_open(path, framework="pt") as opened:
        about = json.loads(opened.metadata()["reposer"])
        weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    if not digest:
        del about["sha256"]
    changed = change(about)
    save_file(weights, path, {"reposer": changed if isinstance(changed, str) else json.dumps(changed)})
    return path


@pytest.mark.parametrize("place", [-1, -1000, -20_000])
def test_one_flipped_bit_in_the_weights_is_seen(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert "its content has changed since it was written" in refused(file)


def test_a_changed_setting_is_seen(file: Path) -> None:
    def other_sigma(about: dict[str, Any]) -> dict[str, Any]:
        about["config"]["heatmaps"]["sigma"] = 7.0
        return about

    assert "its content has changed" in refused(rewritten(file, other_sigma, digest=True))


def test_files_of_earlier_versions_have_no_digest_and_load(file: Path) -> None:
    weights, about = read_network(file)
    older, same = read_network(rewritten(file))
    assert about == same
    assert all(tensor.equal(older[name]) for name, tensor in weights.items())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    network = build_generator(SMALL.generator)
    name, weight = next(iter(network.named_parameters()))
    with torch.no_grad():
        weight.view(-1)[0] = value
    path = tmp_path / "generator-0000012.safetensors"
    save_network(path, network, config=config_to_json(SMALL), recipe="small", step=12)
    assert f"1 of {len(network.state_dict())} weights hold NaN or infinity: {name}" in refused(path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("no JSON", "not readable as JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "no configuration"),
        ("{}", "no configuration"),
        ('{"config": 5}', "not a configuration"),
    ],
)
def test_metadata_that_are_none(file: Path, text: str, part: str) -> None:
    assert part in refused(rewritten(file, lambda _: text))


@pytest.mark.parametrize(
    ("name", "value"), [("step", "many"), ("step", -1), ("data", 5), ("license", ["mit"]), ("scores", [{}])]
)
def test_facts_of_the_wrong_kind_are_named(file: Path, name: str, value: object) -> None:
    assert name in refused(rewritten(file, lambda about: {**about, name: value}))


def test_shapes_are_checked_before_the_network_is_made(file: Path) -> None:
    """28 TB, if it were made."""

    def huge(about: dict[str, Any]) -> dict[str, Any]:
        about["config"]["generator"]["channels"] = 500_000
        return about

    message = refused(rewritten(file, huge))
    assert "PATNGenerator" in message or "channels" in message


def test_weights_of_another_network_are_told_in_one_line(tmp_path: Path, file: Path) -> None:
    torch.manual_seed(0)
    other = build_generator(SMALL.generator.__class__(channels=6, blocks=3))
    save_network(file, other, config=config_to_json(SMALL), recipe="small", step=12)
    assert "of another shape" in refused(file)


def test_the_shipped_generator_carries_a_digest() -> None:
    with safe_open(shipped_generators()["mannequin"], framework="pt") as opened:
        assert len(json.loads(opened.metadata()["reposer"])["sha256"]) == 64


@pytest.mark.parametrize(("name", "value"), [("blocks", 1_000_000_000), ("channels", 10**400), ("dropout", "half")])
def test_a_network_that_nobody_could_make_is_refused_at_once(file: Path, name: str, value: object) -> None:
    def huge(about: dict[str, Any]) -> dict[str, Any]:
        about["config"]["generator"][name] = value
        return about

    assert f"generator.{name}" in refused(rewritten(file, huge))
