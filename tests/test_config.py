"""Configurations and recipes: the published numbers, and JSON there and back."""

import pytest

from reposer.checks import InputError
from reposer.config import OptimizationConfig, config_differences, config_from_json, config_to_json
from reposer.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", list(RECIPES))
def test_json_there_and_back(name: str) -> None:
    config = recipe(name)
    assert config.recipe == name
    assert config_from_json(config_to_json(config)) == config


PUBLISHED = {
    "market-pssim": (128, 64, 5, 0, 10, 10, 32, "batch", "cross_entropy", 50, "gaussian"),
    "market-patn": (128, 64, 5, 10, 10, 0, 32, "batch", "cross_entropy", 50, "gaussian"),
    "fashion-pssim": (256, 176, 5, 0, 1, 1, 7, "instance", "least_squares", 0, "pixel"),
    "fashion-patn": (256, 176, 5, 1, 1, 0, 7, "instance", "least_squares", 0, "pixel"),
}


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_published_runs(name: str) -> None:
    config = recipe(name)
    objective, optimization = config.objective, config.optimization
    assert PUBLISHED[name] == (
        *config.size,
        objective.adversarial.weight,
        objective.l1.weight,
        objective.perceptual.weight,
        objective.part_ssim.weight,
        optimization.batch_size,
        config.generator.norm,
        objective.adversarial.kind,
        objective.adversarial.pool_size,
        config.heatmaps.kind,
    )
    assert config.discriminators.norm == config.generator.norm
    assert (config.generator.channels, config.generator.blocks, config.generator.dropout) == (64, 9, 0.5)
    assert (config.discriminators.channels, config.discriminators.blocks, config.discriminators.dropout) == (64, 3, 0.5)
    assert (optimization.learning_rate, optimization.betas) == (2e-4, (0.5, 0.999))
    assert (optimization.constant_epochs, optimization.decay_epochs, optimization.pairs_per_epoch) == (500, 200, 4000)
    assert (objective.part_ssim.window_size, objective.part_ssim.sigma, objective.ssim.weight) == (7, 0.8, 0)
    assert (optimization.ema_decay, optimization.warmup_steps, config.data.flip) == (0, 0, False)


def test_differences_are_named() -> None:
    a, b = recipe("market-pssim"), recipe("market-patn")
    assert config_differences(a, a) == []
    assert "objective.l1.weight 0.0 -> 10" in config_differences(a, b)


def test_bad_values_are_named() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        OptimizationConfig(batch_size=0)
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        OptimizationConfig(learning_rate=0)
    with pytest.raises(InputError, match="not a configuration"):
        config_from_json("{")
    with pytest.raises(InputError, match="did you mean 'mannequin-tiny'"):
        recipe("manequin-tiny")
