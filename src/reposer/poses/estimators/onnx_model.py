"""Networks in ONNX files, from images to arrays: how they are read, checked and run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from reposer.archives import check_unpacked, open_zip, read_member, safe_name
from reposer.checks import InputError
from reposer.features import WeightsFile
from reposer.files import read_bytes

Array = NDArray[Any]
MOST_BYTES = 2**30
"""Bytes of the largest network that is read: 1 GiB."""
MOST_SIDE = 2048
"""Pixels of the longest side of a network's input."""
_DIGITS = 8
_PUBLISHED = "end2end.onnx"
"""Name of the network in the zip files of OpenMMLab."""


class OnnxFile(WeightsFile):
    """A file with a network: ONNX, or a zip file that holds it. Its digest is not known here."""

    @property
    def names(self) -> tuple[str, ...]:
        """As it is published, and unpacked, as rtmlib names it in its cache."""
        return (self.name, f"{Path(self.name).stem}.onnx")

    @property
    def cached(self) -> Path:
        """Where torch keeps the file, packed or unpacked."""
        place = super().cached
        places = [place.with_name(name) for name in self.names]
        return next((place for place in places if place.exists()), places[0])

    def _download(self) -> None:
        try:
            self.cached.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(self.url, str(self.cached), progress=True)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"weights {self.name} (about {self.megabytes} MB) are not here and {self.url} cannot be reached "
                f"({error}); download it elsewhere and put it at {self.cached}; {self.without}"
            ) from None


class OnnxModel:
    """A network with one input, float images (N, 3, H, W), run by onnxruntime.

    Args:
        path: the ONNX file, or a zip file with it.
        size: (H, W) of its input, where the file leaves that open.
        outputs: how many arrays it gives, at least.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        InputError: if it is no such network, or onnxruntime is not installed.
    """

    def __init__(self, path: Path, *, size: tuple[int, int], outputs: int, device: str = "cpu") -> None:
        self.path = path
        content = _content(path)
        self.digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        """Beginning of the SHA-256 of the ONNX file, unpacked."""
        self._session, inputs, self._outputs = _opened(content, path, device)
        shape: list[Any] = list(inputs[0].shape) if len(inputs) == 1 else []
        many = len(shape) == 4 and isinstance(shape[0], int) and shape[0] != 1
        if len(shape) != 4 or shape[1] != 3 or inputs[0].type != "tensor(float)" or many:
            given = ", ".join(f"{each.type} {list(each.shape)}" for each in inputs)[:200]
            raise InputError(
                f"{path}: expected a network with one input, float images (N, 3, H, W), N open or 1; this one has "
                f"{given or 'none'}"
            )
        self._input = inputs[0].name
        self._together = not isinstance(shape[0], int)
        fixed = [given if isinstance(given, int) else side for given, side in zip(shape[2:], size, strict=True)]
        self.size = (fixed[0], fixed[1])
        """(H, W) of the images."""
        if not all(8 <= side <= MOST_SIDE for side in self.size):
            raise InputError(f"{path}: a network for images of {self.size[0]}x{self.size[1]}; take another file")
        if len(self._outputs) < outputs:
            raise InputError(f"{path}: expected a network with {outputs} outputs or more; take another file")

    def __call__(self, images: Array) -> list[Array]:
        """Run it on float images (N, 3, H, W), one by one where it takes no more; returns its outputs, each (N, ...).

        Raises:
            InputError: if it cannot be run, or gives what is no finite number for each image.
        """
        batches = [images] if self._together else [images[i : i + 1] for i in range(len(images))]
        found = [self._run(batch) for batch in batches]
        return [np.concatenate(arrays) for arrays in zip(*found, strict=True)]

    def _run(self, images: Array) -> Sequence[Array]:
        try:
            outputs = self._session.run(self._outputs, {self._input: np.ascontiguousarray(images, np.float32)})
        except Exception as error:  # whatever a network trips over
            raise InputError(f"{self.path}: cannot be run ({_short(error)}); take another file") from None
        arrays = [each for each in outputs if isinstance(each, np.ndarray) and each.dtype.kind in "fi"]
        if len(arrays) != len(outputs) or any(each.ndim < 1 or len(each) != len(images) for each in arrays):
            raise InputError(f"{self.path}: does not give arrays with a row for each image; take another file")
        if not all(np.isfinite(each).all() for each in arrays):
            raise InputError(f"{self.path}: gives numbers that are not finite; the file is damaged")
        return arrays


def _content(path: Path) -> bytes:
    """The ONNX file, also out of a zip file."""
    content = read_bytes(path, most=MOST_BYTES, what="file of weights")
    if content[:2] != b"PK":
        return content
    del content
    with open_zip(path) as archive:
        names = {safe_name(path, info): info for info in archive.infolist()}
        found = [name for name in names if name.lower().endswith(".onnx")]
        if len(found) > 1:
            found = [name for name in found if name.rpartition("/")[2] == _PUBLISHED]
        if len(found) != 1:
            raise InputError(f"{path}: expected one .onnx file in it; unpack it and name the folder of the right one")
        info = names[found[0]]
        check_unpacked(path, info, most=MOST_BYTES, what="network")
        return read_member(archive, info.filename, f"{path}: {found[0]}", "unpack it with its password")


class _Input(NamedTuple):
    """An input of a network, as its file tells."""

    name: str
    type: str
    shape: tuple[Any, ...]


def _opened(content: bytes, path: Path, device: str) -> tuple[Any, list[_Input], list[str]]:
    """A session of onnxruntime, the inputs of the network, and the names of its outputs."""
    try:
        import onnxruntime
    except ImportError:
        raise InputError("this estimator needs onnxruntime: pip install 'reposer[pose]'") from None
    kind, _, number = device.partition(":")
    provider = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}.get(kind)
    if provider is None or provider not in onnxruntime.get_available_providers():
        raise InputError(f"device {device!r}: not one that the installed onnxruntime has; for GPUs: onnxruntime-gpu")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # errors come as exceptions
    providers = [(provider, {"device_id": number} if number else {})]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=providers)
        inputs = [_Input(each.name, each.type, tuple(each.shape)) for each in session.get_inputs()]
        return session, inputs, [each.name for each in session.get_outputs()]
    except Exception as error:  # whatever its parser trips over
        raise InputError(f"{path}: not a network that onnxruntime reads ({_short(error)})") from None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
