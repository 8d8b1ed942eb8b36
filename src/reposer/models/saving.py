"""Networks on disk: weights in safetensors, what they are in the metadata; written whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from reposer import __version__
from reposer.checks import InputError
from reposer.digests import digest
from reposer.files import check_regular, parse_json, write_whole
from reposer.models.fitting import check_finite, mismatch

METADATA = "reposer"
GENERATOR = "generator-{:07d}.safetensors"
PRETRAINED = "model.safetensors"
"""The generator of a folder that ``save_pretrained`` wrote."""
_DIGEST = "sha256"


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
    give the same file, byte for byte. It also holds the digest of weights and metadata, by which a file that has
    changed is recognised.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    about = {"version": __version__, "recipe": recipe, "step": step, "config": json.loads(config), **(more or {})}
    metadata = {METADATA: json.dumps({**about, _DIGEST: _content_digest(about, tensors)})}
    write_whole(path, lambda temporary: temporary.write_bytes(save(tensors, metadata)))


def read_network(
    path: Path, network: Callable[[dict[str, Any]], nn.Module] | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what ``save_network`` wrote: the weights, and what they are (version, recipe, step, config, more).

    Files of earlier versions have no digest; their content is taken as it is.

    Args:
        path: the file.
        network: makes, from what the weights are, the network that they must fit; on the device "meta", and before
            they are read.

    Raises:
        InputError: if the file is not a whole safetensors file, was not written by this package, has changed since,
            does not fit the network, or holds weights that are not finite.
    """
    check_regular(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            about = _read_about(path, (file.metadata() or {}).get(METADATA))
            names = list(file.keys())
            if network is not None:
                _check_fits(path, {name: file.get_slice(name).get_shape() for name in names}, network, about)
            weights = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from None
    written = about.pop(_DIGEST, None)
    if written is not None and written != _content_digest(about, weights):
        raise InputError(f"{path}: damaged: its content has changed since it was written; copy or download it again")
    check_finite(weights, path)
    return weights, about


def _read_about(path: Path, text: str | None) -> dict[str, Any]:
    if text is None:
        raise InputError(f"{path}: holds no configuration; expected a generator written by 'reposer train'")
    about = parse_json(text, path)
    if not isinstance(about, dict) or "config" not in about:
        raise InputError(f"{path}: its metadata hold no configuration; expected a file written by 'reposer train'")
    return about


def _check_fits(
    path: Path, shapes: dict[str, list[int]], network: Callable[[dict[str, Any]], nn.Module], about: dict[str, Any]
) -> None:
    try:
        with torch.device("meta"):  # takes no memory, whatever the configuration asks for
            made = network(about)
    except InputError:
        raise
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its configuration makes no network ({str(error).splitlines()[0]})") from None
    if text := mismatch(made, shapes):
        raise InputError(f"{path}: weights do not fit their configuration, a {type(made).__name__}: {text}")


def _content_digest(about: Mapping[str, Any], weights: Mapping[str, Tensor]) -> str:
    return digest([json.dumps(about), dict(sorted(weights.items()))])
