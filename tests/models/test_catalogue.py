"""The catalogue of generators: each entry is whole, and a new one goes through every path by its line alone."""

import typing
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from tests.small_run import SMALL
from tests.tiny_network import TinyConfig

import reposer
from reposer.checks import InputError
from reposer.config import config_differences, config_from_json, config_to_json
from reposer.export import example_inputs, export_generator
from reposer.models import (
    NETWORKS,
    GeneratorConfig,
    GeneratorNetwork,
    PATNConfig,
    WarpConfig,
    build_generator,
    generator_inputs,
    save_network,
    switch_network,
)
from reposer.poses import HeatmapConfig, joint_heatmaps


def test_every_entry_is_whole() -> None:
    configs = [entry.config for entry in NETWORKS.values()]
    assert typing.get_args(GeneratorConfig) == tuple(configs)
    for name, entry in NETWORKS.items():
        config = entry.config()
        assert config.network == entry.name == name
        assert entry.reads == entry.module.reads in ("heatmaps", "joints")
        assert typing.get_args(typing.get_type_hints(entry.config)["network"]) == (name,)
        assert issubclass(entry.module, GeneratorNetwork)
        assert entry.title
        replaced = {
            f.name: 4 if f.name == "channels" else 1 for f in fields(config) if f.name in ("channels", "blocks")
        }
        network = build_generator(replace(config, **replaced))
        assert type(network) is entry.module
        assert network.joints == 18


def test_another_network_keeps_what_both_have() -> None:
    config = WarpConfig(norm="instance", channels=16, blocks=4)
    assert switch_network(config, "warp") is config
    assert switch_network(config, "patn") == PATNConfig(norm="instance", channels=16, blocks=4)
    with pytest.raises(InputError, match="unknown generator network 'wrap'; did you mean 'warp'"):
        switch_network(config, "wrap")


def test_options_of_a_network_are_unknown_to_others(tiny_network: str) -> None:
    assert switch_network(PATNConfig(), tiny_network) == TinyConfig()
    text = config_to_json(replace(SMALL, generator=TinyConfig(width=7)))
    assert config_from_json(text).generator == TinyConfig(width=7)
    with pytest.raises(
        InputError, match=r"unknown field 'generator.blocks'.* \(known: generator.network, generator.width"
    ):
        config_from_json(text.replace('"width": 7', '"blocks": 2'))
    with pytest.raises(InputError, match=r"unknown field 'generator.width'"):
        config_from_json(text.replace('"tiny"', '"patn"'))
    differences = config_differences(SMALL, config_from_json(text))
    assert {"generator.network patn -> tiny", "generator.width none -> 7", "generator.blocks 2 -> none"} < {
        *differences
    }


def test_inputs_are_what_the_network_reads(tiny_network: str) -> None:
    tiny, patn = build_generator(TinyConfig()), build_generator(SMALL.generator)
    source = torch.zeros(2, 3, 16, 8, dtype=torch.float64)
    joints, visible = torch.rand(2, 2, 18, 2) * 8, torch.rand(2, 2, 18) > 0.3
    poses = (joints[0], visible[0], joints[1], visible[1])
    read = generator_inputs(tiny, source, *poses, heatmaps=HeatmapConfig())
    assert [tensor.dtype for tensor in read] == [torch.float64, torch.float64, torch.bool, torch.float64, torch.bool]
    assert all(a.equal(b.to(a)) for a, b in zip(read, (source, *poses), strict=True))
    read = generator_inputs(patn, source, *poses, heatmaps=HeatmapConfig(sigma=2))
    maps = [joint_heatmaps(joints[i], visible[i], (16, 8), sigma=2).double() for i in (0, 1)]
    assert all(a.equal(b) for a, b in zip(read, (source, *maps), strict=True))


def test_a_network_that_reads_joints_is_loaded_used_and_exported(tiny_network: str, tmp_path: Path) -> None:
    config = replace(SMALL, generator=TinyConfig(width=3))
    torch.manual_seed(0)
    path = tmp_path / "generator-0000003.safetensors"
    save_network(path, build_generator(config.generator), config=config_to_json(config), recipe="small", step=3)
    generator = reposer.load_generator(tmp_path)
    assert generator.config == config
    inputs = example_inputs(generator, 2, (46, 34))
    picture = generator.repose(*inputs)
    assert picture.shape == (2, 3, 46, 34)
    moved = inputs[3].clone()
    moved[:, :, 0] += 5
    assert not generator.repose(*inputs[:3], moved, inputs[4]).equal(picture)
    generator.save_pretrained(tmp_path / "saved")
    assert reposer.load_generator(tmp_path / "saved").repose(*inputs).equal(picture)
    export_generator(generator, tmp_path / "tiny.pt2", "torch-export", checkpoint=path)
    module = torch.export.load(tmp_path / "tiny.pt2").module()
    torch.testing.assert_close(module(*inputs), picture, atol=1e-5, rtol=0)
