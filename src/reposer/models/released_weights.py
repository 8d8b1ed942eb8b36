"""Weights of the released code: ``latest_net_netG.pth`` and ``latest_net_netD_*.pth`` state dicts."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from reposer.checks import InputError, some
from reposer.files import check_regular
from reposer.models.blocks import Norm
from reposer.models.discriminators import ResNetDiscriminator, ResNetDiscriminatorConfig
from reposer.models.fitting import check_finite, mismatch
from reposer.models.patn import PATNConfig, PATNGenerator
from reposer.models.xing import XingConfig, XingGenerator

_PREFIXES = ("module.", "model.")
_NAMES = {
    "stream1_down": "image_encoder",
    "stream2_down": "pose_encoder",
    "stream1_up": "image_decoder",
    "stream2_up": "pose_decoder",
    "att": "blocks",
    "conv_block": "branch",
    "conv_block_stream1": "image_branch",
    "conv_block_stream2": "pose_branch",
    "query_conv": "query",
    "key_conv": "key",
    "value_conv": "value",
    "x2_con": "pose_narrowing.0",
    "x2_norm": "pose_narrowing.1",
    "atte_con": "mixing.0",
    "atte_norm": "mixing.1",
    "atte_con1": "mixing.3",
    "atte_norm1": "mixing.4",
    "atte_con2": "mixing.6",
}
_COUNTER = "num_batches_tracked"
_STATISTICS = ("running_mean", "running_var", _COUNTER)
_AFTER_DROPOUT = re.compile(r"branch\.([56])\.")  # second conv and norm of a branch without the dropout layer
_ENCODER_LAYERS = 10  # layers of a discriminator before its residual blocks

ReleasedGenerator = PATNConfig | XingConfig


@dataclass(frozen=True, kw_only=True)
class ReleasedDiscriminator(ResNetDiscriminatorConfig):
    """One released discriminator."""

    in_channels: int
    """Channels that it judges: 6 (image, source image) or 21 (image, target heatmaps) as published."""


def load_released_weights(network: nn.Module, weights: str | Path | Mapping[str, Tensor]) -> None:
    """Load a released state dict into a network of this package, strictly.

    Prefixes ``module.`` and ``model.`` are stripped, released names translated, layers of blocks without dropout
    renumbered, and the running statistics that old PyTorch saved for instance norm dropped. Batch counters, which
    older files lack, may be missing.

    Args:
        network: a generator or discriminator with the norm, channels and blocks of the weights.
        weights: a ``.pth`` file (read with ``weights_only=True``), or a state dict.

    Raises:
        InputError: if the file is not a plain state dict, or lists what is missing, unexpected or of another shape.
    """
    if isinstance(weights, str | Path):
        _fill(network, _read(Path(weights)), weights)
    else:
        _fill(network, weights, "state dict")


def load_released_network(path: str | Path) -> tuple[ReleasedGenerator | ReleasedDiscriminator, nn.Module]:
    """Read a released ``.pth`` file: the configuration of the network that it belongs to, and that network.

    Raises:
        InputError: if the file is not a plain state dict, or not one of a released network.
    """
    state = _read(Path(path))
    config = detect_released(state, path)
    kinds = {ReleasedDiscriminator: ResNetDiscriminator, PATNConfig: PATNGenerator, XingConfig: XingGenerator}
    make = partial(kinds[type(config)], **vars(config))
    with torch.device("meta"):  # checked before anything of the size that the shapes ask for is made
        _fitting(make(), state, path)
    network: nn.Module = make()
    _fill(network, state, path)
    return config, network


def detect_released(
    state: Mapping[str, Tensor], where: object = "state dict"
) -> ReleasedGenerator | ReleasedDiscriminator:
    """Tell from names and shapes which network a released state dict belongs to.

    Trained with ``--no_dropout``, its blocks lack a layer and the numbers of later ones are lower by one: dropout is
    0 then, else as published. An error calls the state dict ``where``.

    Raises:
        InputError: if it belongs to none.
    """
    dropout = 0.0 if _lacks_dropout(map(_translate, state)) else ResNetDiscriminatorConfig().dropout
    state = _own_names(state)
    encoder = next((name for name in ("image_encoder", "encoder") if f"{name}.1.weight" in state), None)
    if encoder is None or state[f"{encoder}.1.weight"].ndim != 4:
        raise InputError(
            f"{where}: not weights of a released PATN or XingGAN generator (they hold model.stream1_down.1.weight) or "
            f"discriminator (model.1.weight); got {some(state) or 'nothing'}"
        )
    channels, in_channels = state[f"{encoder}.1.weight"].shape[:2]
    blocks = len({name.split(".")[1] for name in state if name.startswith("blocks.")})
    norm: Norm = "instance" if f"{encoder}.1.bias" in state else "batch"
    sizes: dict[str, Any] = {"norm": norm, "channels": channels, "blocks": blocks, "dropout": dropout}
    try:
        if encoder == "encoder":
            return ReleasedDiscriminator(in_channels=in_channels, **sizes)
        return (XingConfig if "blocks.0.gamma" in state else PATNConfig)(**sizes)
    except InputError as error:
        raise InputError(f"{where}: of another shape than any released network ({error})") from None


def _read(path: Path) -> Mapping[str, Tensor]:
    if path.exists() and not path.is_dir():
        check_regular(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    with file, warnings.catch_warnings(action="ignore"):
        try:
            _check_stored(file, path.stat().st_size)
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # damaged files raise anything, from EOFError to UnicodeDecodeError
            unsafe = "Unsupported global" in str(error)
            why = "holds pickled code, which is never run" if unsafe else "damaged, cut short or of another format"
            raise InputError(f"{path}: not a plain state dict of tensors ({why})") from None
    if not isinstance(state, Mapping):
        raise InputError(f"{path}: expected a state dict (name to tensor), got {type(state).__name__}")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise InputError(f"{path}: expected a state dict (name to tensor), got {name!r} to {type(value).__name__}")
        if not _whole(value):
            raise InputError(f"{path}: {name!r} {tuple(value.shape)} is larger than what the file holds of it")
    return state


def _check_stored(file: BinaryIO, size: int) -> None:
    """Raise ValueError if a zip archive holds more than its own bytes: torch.save stores, a bomb is compressed."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > size:
                raise ValueError("compressed")
    file.seek(0)


def _whole(tensor: Tensor) -> bool:
    """Whether all values of a tensor were in the file: one that was expanded repeats a few, one on "meta" has none."""
    plain = tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_meta
    return plain and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _fill(network: nn.Module, state: Mapping[str, Tensor], where: object) -> None:
    network.load_state_dict(_fitting(network, state, where))


def _fitting(network: nn.Module, state: Mapping[str, Tensor], where: object) -> dict[str, Tensor]:
    """What of a released state dict a network takes, under its own names; InputError unless it fits."""
    own = network.state_dict()
    given = _own_names(state)
    given = {name: tensor for name, tensor in given.items() if name in own or not name.endswith(_STATISTICS)}
    given = {name: tensor for name, tensor in own.items() if name.endswith(_COUNTER)} | given
    if text := mismatch(network, {name: tensor.shape for name, tensor in given.items()}):
        raise InputError(f"{where}: does not fit {type(network).__name__}: {text}")
    check_finite({name: tensor for name, tensor in given.items() if not tensor.is_meta}, where)
    return given


def _own_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict under the names of this package, whose branches always have a dropout layer."""
    given = {_translate(name): tensor for name, tensor in state.items()}
    shift = int(_lacks_dropout(given))
    return {_AFTER_DROPOUT.sub(lambda m: f"branch.{int(m[1]) + shift}.", name): t for name, t in given.items()}


def _lacks_dropout(names: Iterable[str]) -> bool:
    """Where there is a dropout layer, layer 5 of a branch is padding, which has no weights."""
    return any("branch.5." in name for name in names)


def _translate(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.split(".", 1)[1]
    name = ".".join(_NAMES.get(part, part) for part in name.split("."))
    index, _, rest = name.partition(".")
    if index.isdecimal():  # a discriminator is one sequence of layers
        layer = int(index)
        name = f"encoder.{layer}.{rest}" if layer < _ENCODER_LAYERS else f"blocks.{layer - _ENCODER_LAYERS}.{rest}"
    return name
