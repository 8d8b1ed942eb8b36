"""Networks: generators, discriminators, and the loading of released weights."""

from reposer.models.discriminators import DiscriminatorConfig, ResNetDiscriminator, build_discriminators
from reposer.models.generators import GeneratorConfig, build_generator
from reposer.models.patn import PATNGenerator
from reposer.models.released_weights import (
    ReleasedDiscriminator,
    detect_released,
    load_released_network,
    load_released_weights,
)
from reposer.models.saving import PRETRAINED, generator_files, generator_path, read_network, save_network
from reposer.models.warp import WarpGenerator
from reposer.models.xing import XingGenerator

__all__ = [
    "PRETRAINED",
    "DiscriminatorConfig",
    "GeneratorConfig",
    "PATNGenerator",
    "ReleasedDiscriminator",
    "ResNetDiscriminator",
    "WarpGenerator",
    "XingGenerator",
    "build_discriminators",
    "build_generator",
    "detect_released",
    "generator_files",
    "generator_path",
    "load_released_network",
    "load_released_weights",
    "read_network",
    "save_network",
]
