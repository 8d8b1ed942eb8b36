"""Generators by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from torch import nn

from reposer.checks import check_choice
from reposer.models.blocks import Norm
from reposer.models.patn import PATNGenerator
from reposer.models.warp import WarpGenerator
from reposer.models.xing import XingGenerator

GENERATORS: dict[str, type[nn.Module]] = {
    "patn": PATNGenerator,
    "xing": XingGenerator,
    "warp": WarpGenerator,
}


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """The generator network."""

    network: Literal["patn", "xing", "warp"] = "patn"
    """Architecture: PATN, XingGAN's generator, or body parts warped to the target pose and repaired by a U-Net."""
    norm: Norm = "batch"
    """Norm layers: batch, or instance."""
    channels: int = 64
    """Width of the first layer."""
    blocks: int = 9
    """Transfer blocks."""
    dropout: float = 0.5
    """Dropout probability inside the blocks."""


def build_generator(config: GeneratorConfig) -> nn.Module:
    """Build the generator with its published initialisation, drawn from torch's global random state."""
    check_choice("generator network", config.network, GENERATORS)
    options = asdict(config)
    return GENERATORS[options.pop("network")](**options)
