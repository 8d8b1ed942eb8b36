"""Networks: generators, discriminators, and the loading of released weights."""

from reposer.models.discriminators import DiscriminatorConfig, ResNetDiscriminator, build_discriminators
from reposer.models.generators import GeneratorConfig, build_generator
from reposer.models.patn import PATNGenerator
from reposer.models.released_weights import load_released_weights

__all__ = [
    "DiscriminatorConfig",
    "GeneratorConfig",
    "PATNGenerator",
    "ResNetDiscriminator",
    "build_discriminators",
    "build_generator",
    "load_released_weights",
]
