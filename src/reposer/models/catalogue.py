"""The catalogue of generators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, TypeAlias

from reposer.checks import check_choice
from reposer.models.flow import FlowConfig, FlowGenerator
from reposer.models.interface import GeneratorNetwork, NetworkConfig, NetworkEntry
from reposer.models.patn import PATNConfig, PATNGenerator
from reposer.models.warp import WarpConfig, WarpGenerator
from reposer.models.xing import XingConfig, XingGenerator

NETWORKS: Mapping[str, NetworkEntry] = {
    entry.name: entry
    for entry in (
        NetworkEntry(FlowGenerator, FlowConfig, "the source carried along a dense flow, the rest painted"),
        NetworkEntry(PATNGenerator, PATNConfig, "pose-attentional transfer (Zhu et al., CVPR 2019)"),
        NetworkEntry(WarpGenerator, WarpConfig, "body parts warped to the target pose, repaired by a U-Net"),
        NetworkEntry(XingGenerator, XingConfig, "image and pose attend to each other (Tang et al., ECCV 2020)"),
    )
}
"""Every generator by its name; ``--generator.network NAME`` chooses one."""

if TYPE_CHECKING:
    GeneratorConfig: TypeAlias = NetworkConfig
else:
    GeneratorConfig = reduce(or_, (entry.config for entry in NETWORKS.values()))
    """The configuration of any of them; its field ``network`` says of which."""


def build_generator(config: GeneratorConfig) -> GeneratorNetwork:
    """Build the generator with its published initialisation, drawn from torch's global random state."""
    check_choice("generator network", config.network, NETWORKS)
    return NETWORKS[config.network].module(**vars(config))


def switch_network(config: GeneratorConfig, name: str) -> GeneratorConfig:
    """Return the configuration of another network, with the values of all options that both have."""
    check_choice("generator network", name, NETWORKS)
    kind = NETWORKS[name].config
    if kind is type(config):
        return config
    kept = {field.name: getattr(config, field.name) for field in fields(kind) if hasattr(config, field.name)}
    return kind(**kept | {"network": name})
