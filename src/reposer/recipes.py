"""Recipes: one function per published or built-in run. A recipe is a RunConfig; options change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from reposer.checks import check_choice
from reposer.config import HardwareConfig, LoggingConfig, OptimizationConfig, RunConfig
from reposer.data import DataConfig
from reposer.data.augmentation import AugmentationConfig
from reposer.losses import ObjectiveConfig, objective_of
from reposer.models import DiscriminatorConfig, FlowConfig, PATNConfig, ReleasedGenerator, WarpConfig
from reposer.poses import HeatmapConfig
from reposer.similarity import PUBLISHED_SSIM

_FASHION_GAN = {"weight": 5, "kind": "least_squares", "pool_size": 0}

RECIPES: dict[str, Callable[[], RunConfig]] = {}


def recipe(name: str) -> RunConfig:
    """Return the configuration of a recipe.

    Raises:
        InputError: if there is no such recipe; suggests the nearest name.
    """
    check_choice("recipe", name, RECIPES)
    return RECIPES[name]()


def released(generator: ReleasedGenerator) -> RunConfig:
    """Configuration for released weights: their norm reveals the data set, and with it size and heatmaps.

    The weights do not reveal the objective that they were trained with.
    """
    published = _fashion if generator.norm == "instance" else _market
    return replace(published("released", objective_of(adversarial=5)), generator=generator)


def _add(function: Callable[[], RunConfig]) -> Callable[[], RunConfig]:
    RECIPES[function.__name__.replace("_", "-")] = function
    return function


def _market(name: str, objective: ObjectiveConfig) -> RunConfig:
    return RunConfig(recipe=name, size=(128, 64), objective=objective)


def _fashion(name: str, objective: ObjectiveConfig) -> RunConfig:
    return RunConfig(
        recipe=name,
        size=(256, 176),
        heatmaps=HeatmapConfig(kind="pixel"),
        generator=PATNConfig(norm="instance"),
        discriminators=DiscriminatorConfig(norm="instance"),
        objective=objective,
        optimization=OptimizationConfig(batch_size=7),
    )


@_add
def market_pssim() -> RunConfig:
    """Market-1501 with adversarial + perceptual + PSSIM (Shi et al., Pattern Recognition 2022)."""
    return _market("market-pssim", objective_of(adversarial=5, perceptual=10, part_ssim=10))


@_add
def market_patn() -> RunConfig:
    """Market-1501 as PATN was published: adversarial + L1 + perceptual (Zhu et al., CVPR 2019)."""
    return _market("market-patn", objective_of(adversarial=5, l1=10, perceptual=10))


@_add
def fashion_pssim() -> RunConfig:
    """DeepFashion with adversarial + perceptual + PSSIM (Shi et al., Pattern Recognition 2022)."""
    return _fashion("fashion-pssim", objective_of(adversarial=_FASHION_GAN, perceptual=1, part_ssim=1))


@_add
def fashion_patn() -> RunConfig:
    """DeepFashion as PATN was published: adversarial + L1 + perceptual (Zhu et al., CVPR 2019)."""
    return _fashion("fashion-patn", objective_of(adversarial=_FASHION_GAN, l1=1, perceptual=1))


@_add
def mannequin_tiny() -> RunConfig:
    """Mannequins on two CPU cores in a few minutes: a small `warp` with L1 + SSIM + PSSIM; needs no download."""
    return RunConfig(
        recipe="mannequin-tiny",
        data=DataConfig(workers=0),  # a worker would take a core from the training
        generator=WarpConfig(channels=16, blocks=4, dropout=0.0),
        objective=objective_of(l1=40, ssim={"weight": 10, **asdict(PUBLISHED_SSIM)}, part_ssim=10),
        optimization=OptimizationConfig(
            batch_size=8,
            learning_rate=1.5e-3,
            pairs_per_epoch=160,
            constant_epochs=15,
            decay_epochs=10,
            warmup_steps=50,
            ema_decay=0.98,
        ),
        logging=LoggingConfig(log_every=10, sample_every=200, checkpoint_every=200),
    )


@_add
def mannequin_small() -> RunConfig:
    """Mannequins at 128x64 in about an hour on two CPU cores; made the generator in the package.

    Body parts are moved to the target pose; L1 + SSIM + PSSIM teach what to mix and to paint, and two small
    discriminators join in for the last steps to sharpen it.
    """
    return RunConfig(
        recipe="mannequin-small",
        data=DataConfig(workers=0),  # a worker would take a core from the training
        generator=WarpConfig(channels=16, blocks=4, dropout=0.0),
        discriminators=DiscriminatorConfig(channels=8, blocks=2, dropout=0.0),
        objective=_mannequin_objective(),
        optimization=OptimizationConfig(
            batch_size=8,
            learning_rate=1e-3,
            pairs_per_epoch=800,
            constant_epochs=52,
            decay_epochs=23,
            warmup_steps=100,
            adversarial_start_step=6_300,
            ema_decay=0.997,
        ),
        logging=LoggingConfig(log_every=50, validate_every=500, sample_every=1000, checkpoint_every=500),
    )


@_add
def mannequin_large() -> RunConfig:
    """Mannequins at 256x176, for a GPU: mannequin-small, wider and deeper."""
    return RunConfig(
        recipe="mannequin-large",
        size=(256, 176),
        generator=WarpConfig(channels=32, blocks=6, dropout=0.0),
        discriminators=DiscriminatorConfig(channels=32, dropout=0.0),
        objective=_mannequin_objective(),
        optimization=OptimizationConfig(
            batch_size=16,
            learning_rate=5e-4,
            pairs_per_epoch=16_000,
            constant_epochs=20,
            decay_epochs=20,
            warmup_steps=500,
            adversarial_start_step=30_000,
            ema_decay=0.999,
        ),
        hardware=HardwareConfig(precision="bf16-mixed"),
    )


@_add
def people_tiny() -> RunConfig:
    """Photo-like people on two CPU cores in ten minutes or so: a small `flow`, taught by true flow; no download."""
    return RunConfig(
        recipe="people-tiny",
        data=DataConfig(workers=0, truth=True),  # a worker would take a core from the training
        augmentation=_people_augmentation(),
        generator=FlowConfig(channels=8, blocks=2),
        objective=_people_objective(adversarial=0),
        optimization=OptimizationConfig(
            batch_size=8,
            learning_rate=1.5e-3,
            pairs_per_epoch=400,
            constant_epochs=15,
            decay_epochs=15,
            warmup_steps=50,
            ema_decay=0.99,
        ),
        logging=LoggingConfig(log_every=25, validate_every=250, sample_every=250, checkpoint_every=250),
    )


@_add
def people_small() -> RunConfig:
    """Photo-like people at 128x64, on two CPU cores in a day or on a GPU in hours.

    True flow and visibility teach what to carry, L1 + SSIM + PSSIM on exact parts what to mix and to paint; two small
    discriminators join in at the end.
    """
    return RunConfig(
        recipe="people-small",
        data=DataConfig(truth=True),
        augmentation=_people_augmentation(),
        generator=FlowConfig(channels=16, blocks=3),
        discriminators=DiscriminatorConfig(channels=16, blocks=2, dropout=0.0),
        objective=_people_objective(),
        optimization=OptimizationConfig(
            batch_size=8,
            learning_rate=1e-3,
            pairs_per_epoch=8_000,
            constant_epochs=50,
            decay_epochs=30,
            warmup_steps=200,
            adversarial_start_step=64_000,
            ema_decay=0.999,
        ),
    )


@_add
def people_large() -> RunConfig:
    """Photo-like people at 256x176, for a GPU: people-small, wider, with larger batches."""
    return RunConfig(
        recipe="people-large",
        size=(256, 176),
        data=DataConfig(workers=8, truth=True),
        augmentation=_people_augmentation(),
        generator=FlowConfig(channels=20, blocks=4),
        discriminators=DiscriminatorConfig(channels=32, blocks=3, dropout=0.0),
        objective=_people_objective(),
        optimization=OptimizationConfig(
            batch_size=16,
            learning_rate=7e-4,
            pairs_per_epoch=16_000,
            constant_epochs=50,
            decay_epochs=30,
            warmup_steps=500,
            adversarial_start_step=64_000,
            ema_decay=0.999,
        ),
        hardware=HardwareConfig(precision="bf16-mixed"),
    )


def _people_augmentation() -> AugmentationConfig:
    """What makes synthetic people more like photographs of strangers, as far as a network sees them."""
    return AugmentationConfig(
        framing=0.3,
        mirror=0.5,
        plain=0.2,
        colour=0.5,
        gamma=0.3,
        occluders=0.1,
        noise=4.0,
        blur=0.5,
        jpeg=0.3,
        joint_noise=0.7,
        joint_drops=0.02,
    )


def _people_objective(adversarial: float = 10) -> ObjectiveConfig:
    """Half a hundredth of the height off the true flow weighs about as much as the picture's L1."""
    return objective_of(
        adversarial={"weight": adversarial, "pool_size": 0},
        l1=20,
        ssim=10,
        part_ssim={"weight": 10, "window_size": 11, "sigma": 1.5, "missing_parts": "exclude", "masks": "exact"},
        face=2,
        flow={"weight": 2, "hidden": 0.2},
        visibility=2,
    )


def _mannequin_objective() -> ObjectiveConfig:
    return objective_of(
        adversarial={"weight": 15, "pool_size": 0},
        l1=20,
        ssim=10,
        part_ssim={
            "weight": 10,
            "window_size": 11,
            "sigma": 1.5,
            "missing_parts": "exclude",
            "background": "normalized",
            "reference_height": 256,  # masks as narrow as limbs: half as wide as published at 128x64
        },
    )
