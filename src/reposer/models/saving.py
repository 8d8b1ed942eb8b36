"""Networks on disk: weights in safetensors, what they are in the metadata; written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from reposer import __version__
from reposer.files import write_whole

GENERATOR = "generator-{:07d}.safetensors"


def generator_path(folder: Path, step: int) -> Path:
    """File of the generator after a step."""
    return folder / GENERATOR.format(step)


def save_network(path: Path, network: nn.Module, *, config: str, recipe: str, step: int) -> None:
    """Write a network's weights, with its configuration (JSON text), recipe and training step as metadata."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    metadata = {"format": "pt", "reposer": __version__, "recipe": recipe, "step": str(step), "config": config}
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata))
