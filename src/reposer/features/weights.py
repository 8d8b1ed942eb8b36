"""Files of pretrained weights: where they come from, and checks that they are the right ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from reposer.checks import InputError
from reposer.digests import digest, file_digest

_DIGITS = 8


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that is downloaded into the torch hub cache, or put there by hand."""

    name: str
    url: str
    sha256_prefix: str
    """Beginning of the SHA-256 of the file; empty: not known, and not checked."""
    megabytes: int
    without: str
    """What can be used instead, without the file."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the file may have in a folder, the first that is there counts."""
        return (self.name,)

    @property
    def cached(self) -> Path:
        """Where torch keeps the file."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.name

    def load(self, path: str | Path | None = None) -> dict[str, Tensor]:
        """Load the state dict from ``path``, else from the cache, else download it into the cache.

        Raises:
            InputError: if the file is missing and cannot be downloaded, or is not the right file.
        """
        return torch.load(self.fetch(path), map_location="cpu", weights_only=True)

    def fetch(self, path: str | Path | None = None) -> Path:
        """Find the file at ``path``, else in the cache, else download it into the cache; errors as of ``load``."""
        if path is None and not self.cached.exists():
            self._download()
        return self.find(path)

    def find(self, path: str | Path | None = None) -> Path:
        """Find the file at ``path``, else in the cache; downloads nothing.

        Raises:
            InputError: if the file is missing, or is not the right file.
        """
        if path is None and not self.cached.exists():
            raise InputError(
                f"weights {self.name} ({self.megabytes} MB) are not here: download {self.url} to {self.cached}; "
                f"{self.without}"
            )
        path = Path(path or self.cached)
        if not path.exists():
            raise InputError(f"{path}: no such file; expected the weights {self.name} ({self.megabytes} MB)")
        found = file_digest(path)
        if not found.startswith(self.sha256_prefix):
            raise InputError(
                f"{path}: not the weights {self.name}: SHA-256 starts with {found[:_DIGITS]}, expected "
                f"{self.sha256_prefix}; delete it and download {self.url} again"
            )
        return path

    def _download(self) -> None:
        try:
            torch.hub.load_state_dict_from_url(self.url, check_hash=True, progress=True, map_location="cpu")
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"weights {self.name} ({self.megabytes} MB) are not here and {self.url} cannot be reached "
                f"({error}); download it elsewhere and put it at {self.cached}; {self.without}"
            ) from None


Weights = str | Path | dict[str, Tensor] | None
"""Where a network's weights come from: a local file or a state dict; None: the torch hub cache, else a download."""


def state_and_identity(name: str, file: WeightsFile, weights: Weights) -> tuple[dict[str, Tensor], str]:
    """Load the weights of a network; return its identity for signatures too, ``NAME-HASH``.

    The hash is the beginning of the file's SHA-256, or of that of the names and values of a given state dict.
    """
    if isinstance(weights, dict):
        return weights, f"{name}-{digest(dict(sorted(weights.items())))[:_DIGITS]}"
    return file.load(weights), f"{name}-{file.sha256_prefix[:_DIGITS]}"


class Frozen(nn.Module):
    """A network whose weights are given and never change."""

    def freeze(self) -> None:
        """Exclude the weights from training."""
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Stay frozen, whatever the parent module does."""
        return super().train(False)


def fill(network: nn.Module, names: dict[str, str], state: dict[str, Tensor], what: str) -> None:
    """Give a network the tensors of a state dict; ``names`` maps its names to those of the state dict."""
    check_names(names.values(), state, what)
    network.load_state_dict({own: state[name] for own, name in names.items()}, assign=True)


def check_names(names: Iterable[str], state: dict[str, Tensor], what: str) -> None:
    """Raise InputError unless the state dict has a tensor of each name."""
    missing = next((name for name in names if name not in state), None)
    if missing is not None:
        raise InputError(f"not the weights of {what}: {missing} is missing")


def check_photos(image: Tensor, smallest: int, what: str) -> None:
    """Raise ValueError unless the images are (B, 3, H, W) of at least ``smallest`` pixels each way."""
    if image.ndim != 4 or image.shape[1] != 3 or min(image.shape[-2:]) < smallest:
        raise ValueError(
            f"{what} needs images of shape (B, 3, H, W) and at least {smallest}x{smallest} pixels, "
            f"got {tuple(image.shape)}"
        )
