"""The truth of a data set on disk: of each person `IDENTITY.npz`, of each picture a file of its name."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.correspondence import MIRRORED_PARTS, PairTruth
from reposer.data.names import split_suffix
from reposer.data.people.flow import SurfaceBatch, stack_truth, true_flow
from reposer.data.people.truth import SurfaceTruth, read_picture, read_surface

_PICTURES, _PEOPLE = 16, 64
"""How many are kept in memory: pictures of one person are often asked for one after another."""
Kept = TypeVar("Kept")


class TruthFolder:
    """What is known about the pictures in a folder of truth, such as ``DATA/truth/train``.

    Args:
        folder: it.
        identity_of: from the name of a picture to what the file of its person is called.
        size: (height, width) of the pictures.

    Raises:
        InputError: if there is no such folder.
    """

    def __init__(self, folder: Path, identity_of: Callable[[str], str], size: tuple[int, int]) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; 'reposer people --truth surface' writes it")
        self.folder, self.size = folder, size
        self._identity_of = identity_of
        self._people: dict[str, SurfaceTruth] = {}
        self._pictures: dict[str, SurfaceBatch] = {}

    def pair(self, source: str, target: str, *, mirrored: bool = False) -> PairTruth:
        """Return flow, visibility and parts of a pair of pictures of one person, a batch of one.

        Args:
            source: name of a picture.
            target: name of another of the same person.
            mirrored: both are looked at in a mirror.

        Raises:
            InputError: naming the file that is missing, damaged or of another picture, or if two people are shown.
        """
        if self._identity_of(source) != self._identity_of(target):
            raise InputError(f"{self.folder}: {source} and {target} show two people: no flow leads from one to another")
        shown, wanted = self.picture(source), self.picture(target)
        truth = PairTruth(*true_flow(shown, wanted), wanted.image(wanted.parts))
        return _mirrored(truth) if mirrored else truth

    def parts(self, name: str, *, mirrored: bool = False) -> Tensor:
        """Return the parts (H, W) uint8 that a picture shows; errors as in ``pair``."""
        shown = self.picture(name)
        (parts,) = shown.image(shown.parts)
        return _parts_mirrored(parts.flip(-1)) if mirrored else parts

    def picture(self, name: str) -> SurfaceBatch:
        """Return what one picture shows; errors as in ``pair``."""
        return _kept(self._pictures, name, self._read, _PICTURES)

    def _read(self, name: str) -> SurfaceBatch:
        surface = _kept(self._people, self._identity_of(name), self._read_person, _PEOPLE)
        path = self.folder / f"{split_suffix(name)[0]}.npz"
        picture = read_picture(path, surface)
        if picture.faces.shape != self.size:
            height, width = picture.faces.shape
            raise InputError(
                f"{path}: truth of a picture of {height}x{width} pixels, the data set has {self.size[0]}x"
                f"{self.size[1]}; make the data set again"
            )
        return stack_truth([surface], [picture])

    def _read_person(self, identity: str) -> SurfaceTruth:
        return read_surface(self.folder / f"{identity}.npz")


def _kept(kept: dict[str, Kept], name: str, read: Callable[[str], Kept], most: int) -> Kept:
    """Look something up, or read it and forget what was read first."""
    if name not in kept:
        if len(kept) >= most:
            del kept[next(iter(kept))]
        kept[name] = read(name)
    return kept[name]


def _mirrored(truth: PairTruth) -> PairTruth:
    """Return the truth of a pair whose pictures are both mirrored."""
    flow, seen, parts = (values.flip(-1) for values in truth)
    shown = (parts > 0)[:, None]
    x = torch.where(shown, flow.shape[-1] - 1 - flow[:, :1], 0)
    return PairTruth(torch.cat([x, flow[:, 1:]], dim=1), seen, _parts_mirrored(parts))


def _parts_mirrored(parts: Tensor) -> Tensor:
    """Labels of parts whose left and right change places."""
    return torch.tensor(MIRRORED_PARTS, dtype=parts.dtype)[parts.long()]
