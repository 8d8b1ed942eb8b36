"""The published networks at their size, on a processor."""

import json
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from tests.losses.random_weights import vgg_state

from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.features import WeightsFile
from reposer.generator import load_generator
from reposer.recipes import recipe
from reposer.training import train


@pytest.mark.nightly
@pytest.mark.timeout(3 * 3600)
def test_50_steps_of_market_pssim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """41 million parameters, 32 pairs a step; random VGG19 weights. Its memory is stated in docs/training.md."""
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    make_mannequins(tmp_path / "data", MannequinConfig(identities=12, test_identities=2, test_pairs=8))
    published = recipe("market-pssim")
    config = replace(
        published,
        data=replace(published.data, workers=0),
        optimization=replace(published.optimization, pairs_per_epoch=1600, constant_epochs=1, decay_epochs=0),
        logging=replace(published.logging, log_every=1, validate_every=50, validation_pairs=8),
    )
    generator = load_generator(train(config, data=tmp_path / "data", out=tmp_path / "run"))
    assert sum(parameter.numel() for parameter in generator.parameters()) == 41_365_763
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, 51))
    first, last = (sum(row["loss/part_ssim"] for row in part) for part in (rows[:5], rows[-5:]))
    assert last < 0.8 * first
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 < 16  # GiB
