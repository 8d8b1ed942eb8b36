"""Weights of the released code: ``latest_net_netG.pth`` and ``latest_net_netD_*.pth`` state dicts."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.checks import InputError

_PREFIXES = ("module.", "model.")
_NAMES = {
    "stream1_down.": "image_encoder.",
    "stream2_down.": "pose_encoder.",
    "stream1_up.": "image_decoder.",
    "att.": "blocks.",
    "conv_block_stream1.": "image_branch.",
    "conv_block_stream2.": "pose_branch.",
}
_STALE = ("running_mean", "running_var", "num_batches_tracked")
_ENCODER_LAYERS = 10  # layers of a discriminator before its residual blocks


def load_released_weights(network: nn.Module, weights: str | Path | Mapping[str, Tensor]) -> None:
    """Load a released state dict into a network of this package, strictly.

    Prefixes ``module.`` and ``model.`` are stripped, released names translated, and the running statistics that
    old PyTorch saved for instance norm dropped.

    Args:
        network: a generator or discriminator with the norm, channels and blocks of the weights.
        weights: a ``.pth`` file (read with ``weights_only=True``), or a state dict.

    Raises:
        InputError: if the file is not a plain state dict, or lists what is missing, unexpected or of another shape.
    """
    where = str(weights) if isinstance(weights, str | Path) else "state dict"
    state = _read(Path(weights)) if isinstance(weights, str | Path) else weights
    own = network.state_dict()
    translated = {_translate(name): tensor for name, tensor in state.items()}
    translated = {n: t for n, t in translated.items() if n in own or not n.endswith(_STALE)}
    problems = [
        *(f"missing {name} {tuple(own[name].shape)}" for name in own if name not in translated),
        *(f"unexpected {name} {tuple(translated[name].shape)}" for name in translated if name not in own),
        *(
            f"{name} has shape {tuple(translated[name].shape)}, expected {tuple(own[name].shape)}"
            for name in own
            if name in translated and translated[name].shape != own[name].shape
        ),
    ]
    if problems:
        more = f"; and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise InputError(f"{where} does not fit {type(network).__name__}: {'; '.join(problems[:8])}{more}")
    network.load_state_dict(translated)


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such weights file") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise InputError(f"{path}: not a plain state dict of tensors ({str(error).splitlines()[0]})") from None
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise InputError(f"{path}: expected a state dict (name to tensor), got {type(state).__name__}")
    return state


def _translate(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.split(".", 1)[1]
    for released, own in _NAMES.items():
        name = name.replace(released, own)
    index, _, rest = name.partition(".")
    if index.isdecimal():  # a discriminator is one sequence of layers
        layer, rest = int(index), rest.replace("conv_block.", "branch.")
        name = f"encoder.{layer}.{rest}" if layer < _ENCODER_LAYERS else f"blocks.{layer - _ENCODER_LAYERS}.{rest}"
    return name
