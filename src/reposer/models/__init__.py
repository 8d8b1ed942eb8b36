"""Networks: generators, discriminators, and the loading of released weights."""

from reposer.models.catalogue import NETWORKS, GeneratorConfig, build_generator, switch_network
from reposer.models.discriminators import DISCRIMINATORS, DiscriminatorConfig, ResNetDiscriminator, build_discriminators
from reposer.models.flow import FlowConfig, FlowGenerator
from reposer.models.interface import GeneratorNetwork, NetworkConfig, NetworkEntry, generator_inputs, repose
from reposer.models.patn import PATNConfig, PATNGenerator
from reposer.models.released_weights import (
    ReleasedDiscriminator,
    ReleasedGenerator,
    detect_released,
    load_released_network,
    load_released_weights,
)
from reposer.models.saving import PRETRAINED, generator_files, generator_path, read_network, save_network
from reposer.models.warp import WarpConfig, WarpGenerator
from reposer.models.xing import XingConfig, XingGenerator

__all__ = [
    "DISCRIMINATORS",
    "NETWORKS",
    "PRETRAINED",
    "DiscriminatorConfig",
    "FlowConfig",
    "FlowGenerator",
    "GeneratorConfig",
    "GeneratorNetwork",
    "NetworkConfig",
    "NetworkEntry",
    "PATNConfig",
    "PATNGenerator",
    "ReleasedDiscriminator",
    "ReleasedGenerator",
    "ResNetDiscriminator",
    "WarpConfig",
    "WarpGenerator",
    "XingConfig",
    "XingGenerator",
    "build_discriminators",
    "build_generator",
    "detect_released",
    "generator_files",
    "generator_inputs",
    "generator_path",
    "load_released_network",
    "load_released_weights",
    "read_network",
    "repose",
    "save_network",
    "switch_network",
]
