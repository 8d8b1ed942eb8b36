"""A generator that reads joints trains like any other: its line in the catalogue is all that it takes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.tiny_network import TinyConfig

import reposer
from reposer.config import RunConfig
from reposer.export import example_inputs
from reposer.models import build_generator
from reposer.training import train
from reposer.training.run_folder import read_log


@pytest.mark.slow
def test_trains_is_validated_resumed_and_loaded(
    tiny_network: str, small: RunConfig, market: Path, tmp_path: Path
) -> None:
    config = replace(small, generator=TinyConfig(width=3))
    run = tmp_path / "run"
    train(config, data=market, out=run)
    last = run / "checkpoints" / "generator-0000012.safetensors"
    whole = last.read_bytes()
    for path in (last, last.with_name("state-0000012.pt")):
        path.unlink()
    train(config, data=market, out=run, resume=True)
    assert last.read_bytes() == whole
    assert (run / "checkpoints" / "generator-best.safetensors").exists()
    generator = reposer.load_generator(run)
    assert generator.config.generator == config.generator
    torch.manual_seed(config.seed)
    start = build_generator(config.generator).state_dict()
    assert not any(value.equal(start[name]) for name, value in generator.network.state_dict().items())
    assert generator.repose(*example_inputs(generator, 2, config.size)).shape == (2, 3, *config.size)
    assert read_log(run)[-1]["step"] == config.optimization.steps
