"""Networks on disk: weights in safetensors, what they are in the metadata; written whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from reposer import __version__
from reposer.checks import InputError
from reposer.files import write_whole

METADATA = "reposer"
GENERATOR = "generator-{:07d}.safetensors"
PRETRAINED = "model.safetensors"
"""The generator of a folder that ``save_pretrained`` wrote."""


def generator_path(folder: Path, step: int) -> Path:
    """File of the generator after a step."""
    return folder / GENERATOR.format(step)


def generator_files(folder: Path) -> list[Path]:
    """Generators of a folder by their step, the newest last."""
    return list(files_by_step(folder, GENERATOR).values())


def files_by_step(folder: Path, name: str) -> dict[int, Path]:
    """Files of a folder whose names are ``name.format(step)``, and no others, by their step, the newest last."""
    found = {}
    for path in folder.glob(name.replace("{:07d}", "*")):
        match = re.fullmatch(re.escape(name).replace(re.escape("{:07d}"), r"(\d{7,})"), path.name, re.ASCII)
        if match and name.format(int(match[1])) == path.name:
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def save_network(
    path: Path, network: nn.Module, *, config: str, recipe: str, step: int, more: Mapping[str, Any] | None = None
) -> None:
    """Write a network's weights, with its configuration (JSON text), recipe, training step and more as metadata.

    The metadata is one entry, ``reposer``: safetensors writes several in random order, and the same weights are to
    give the same file, byte for byte.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    about = {"version": __version__, "recipe": recipe, "step": step, "config": json.loads(config), **(more or {})}
    metadata = {METADATA: json.dumps(about)}
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata))


def read_network(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what ``save_network`` wrote: the weights, and what they are (version, recipe, step, config, more).

    InputError if the file is not a whole safetensors file, or was not written by this package.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            about = (file.metadata() or {}).get(METADATA)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from None
    if about is None:
        raise InputError(f"{path}: holds no configuration; expected a generator written by 'reposer train'")
    return weights, json.loads(about)
