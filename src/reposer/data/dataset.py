"""The pairs of a data set, read from disk one by one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from reposer.checks import InputError
from reposer.data.batch import PairItem
from reposer.data.layout import PairIndex
from reposer.data.names import pair_id
from reposer.digests import digest
from reposer.images import check_size, crop_columns, read_image, read_photo
from reposer.letterbox import content_box, flip_box, letterbox
from reposer.plausibility import check_places
from reposer.poses import Pose, flip_joints

if TYPE_CHECKING:
    from reposer.data.people.folder import TruthFolder


class PairDataset(Dataset[PairItem]):
    """The pairs of a ``PairIndex``, read from disk one by one.

    With ``flip``, the data set is twice as long and its second half holds the mirrored pairs: a uniform draw
    is a mirrored pair with probability 1/2. Without ``targets``, only sources and poses are read, for generating what
    no image shows: the target is the source again. With ``truth``, items have flow, seen and parts. ``given`` are poses
    that stand in for those of the targets, one for each pair: what a generator is asked for, where that is not exactly
    what the target shows.

    Raises:
        InputError: if the joints cannot be pixels of the images, or there is no truth.
    """

    def __init__(
        self,
        index: PairIndex,
        *,
        flip: bool = False,
        targets: bool = True,
        truth: bool = False,
        given: Sequence[Pose] | None = None,
    ) -> None:
        # Arrays, not hundreds of thousands of small objects: worker processes start at once.
        self._names = sorted({name for pair in index.pairs for name in pair})
        position = {name: i for i, name in enumerate(self._names)}
        self._pairs = np.array([(position[a], position[b]) for a, b in index.pairs], np.int32).reshape(-1, 2)
        self._joints = torch.stack([index.poses[name].joints for name in self._names])
        self._visible = torch.stack([index.poses[name].visible for name in self._names])
        self._images = index.images
        framed = None if index.framed is None else [index.framed[name] for name in self._names]
        self._files = self._names if framed is None else [each.file for each in framed]
        self._boxes = None if framed is None else torch.tensor([each.box for each in framed])
        self._full_width = index.full_width
        self._flip, self._targets = flip, targets
        self._truth = _truth_of(index) if truth else None
        self._given = given
        self.size = index.size
        """(height, width) of the images in pixels."""
        self.left_out = index.left_out
        """Which pairs are left out because of missing images, in words; "": none are."""
        try:
            check_places(self._joints, self._visible, self.size)
        except InputError as error:
            raise InputError(f"annotations of {index.images}: {error}") from None

    def __len__(self) -> int:
        return len(self._pairs) * (2 if self._flip else 1)

    def digest(self) -> str:
        """SHA-256 of the pair list and the poses in it: what of a data set decides a run, but for the images."""
        framed = [] if self._boxes is None else [self._files, self._boxes]
        return digest([self._names, torch.from_numpy(self._pairs), self._joints, self._visible, *framed])

    @property
    def has_truth(self) -> bool:
        """Whether items have flow, seen and parts."""
        return self._truth is not None

    @property
    def images(self) -> int:
        """How many images the pairs show, numbered from 0."""
        return len(self._names)

    def image(self, number: int) -> Tensor:
        """Read an image (3, H, W) uint8; errors as of an item."""
        return self._read(number)

    def poses(self) -> tuple[Tensor, Tensor]:
        """Joints (N, J, 2) and visible (N, J) of all images, and then those of the images mirrored, if they are too."""
        if not self._flip:
            return self._joints, self._visible
        mirrored = flip_joints(self._joints, self._visible, self.size[1])
        joints, visible = (torch.cat(both) for both in zip((self._joints, self._visible), mirrored, strict=True))
        return joints, visible

    def boxes(self) -> Tensor | None:
        """The content (N, 4) of all images, and then that of the images mirrored, if they are too; None: no padding."""
        if self._boxes is None or not self._flip:
            return self._boxes
        return torch.cat((self._boxes, flip_box(self._boxes, self.size[1])))

    def numbers(self, items: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_], tuple[str, ...]]:
        """The numbers (B, 2) of the source and target images of items, which are mirrored (B,), and their pair ids."""
        mirrored, pair = np.divmod(np.asarray(items, np.int64), len(self._pairs))
        numbers = self._pairs[pair].astype(np.int64)
        ids = tuple(pair_id(self._names[source], self._names[target]) for source, target in numbers.tolist())
        return numbers, mirrored.astype(bool), ids

    def first(self, pairs: int) -> Self:
        """The data set of its first pairs alone, and of the images that they show."""
        part = copy(self)
        known, places = np.unique(self._pairs[:pairs], return_inverse=True)
        part._names = [self._names[number] for number in known.tolist()]
        part._pairs = places.reshape(-1, 2).astype(np.int32)
        part._joints, part._visible = self._joints[known], self._visible[known]
        part._files = [self._files[number] for number in known.tolist()]
        part._boxes = None if self._boxes is None else self._boxes[known]
        part._given = None if self._given is None else self._given[:pairs]
        return part

    def __getitem__(self, item: int) -> PairItem:
        """Read one pair.

        Raises:
            InputError: if an image is missing, unreadable or not of the expected size.
        """
        if not 0 <= item < len(self):
            raise IndexError(f"item {item} of a data set of {len(self)} pairs")
        pair = self._pairs[item % len(self._pairs)].tolist()
        source, target = (self._names[i] for i in pair)
        image = self._read(pair[0])
        images = torch.stack([image, self._read(pair[1]) if self._targets else image])
        joints, visible = self._joints[pair], self._visible[pair]
        if self._given is not None:
            wanted = self._given[item % len(self._pairs)]
            joints, visible = torch.stack([joints[0], wanted.joints]), torch.stack([visible[0], wanted.visible])
        box = None if self._boxes is None else self._boxes[pair[1]]
        known = self._known(source, target, mirrored=item >= len(self._pairs))
        if item >= len(self._pairs):
            images = images.flip(-1)
            joints, visible = flip_joints(joints, visible, self.size[1])
            box = None if box is None else flip_box(box, self.size[1])
        a, b = images
        return PairItem(a, b, joints[0], visible[0], joints[1], visible[1], pair_id(source, target), box, *known)

    def _known(self, source: str, target: str, *, mirrored: bool) -> tuple[Tensor, ...]:
        """Flow, seen, parts and the source's parts of a pair, if they are wanted."""
        if self._truth is None:
            return ()
        flow, seen, parts = self._truth.pair(source, target, mirrored=mirrored)
        return flow[0], seen[0], parts[0], self._truth.parts(source, mirrored=mirrored)

    def _read(self, i: int) -> Tensor:
        """Read the image of a name, (3, H, W) uint8; a photo in its picture."""
        path = self._images / self._files[i]
        if self._boxes is not None:
            image = read_photo(path)
            box = content_box((image.shape[-2], image.shape[-1]), self.size)
            if self._boxes[i].tolist() != list(box):
                raise InputError(f"{path}: has changed its size since the data set was opened; start again")
            return letterbox(image, self.size)
        image = read_image(path)
        if tuple(image.shape[-2:]) == (self.size[0], self._full_width):
            image = crop_columns(image, self.size[1])
        check_size(image, self.size, path)
        return image


def _truth_of(index: PairIndex) -> TruthFolder:
    """The truth about the images of an opened data set; InputError if there is none."""
    if index.truth is None:
        raise InputError(
            f"{index.images.parent}: no truth of the {index.split} split; make the data with 'reposer people --truth "
            "surface', or leave out what needs it (--data.truth, terms of the objective)"
        )
    from reposer.data.layouts import RELEASED
    from reposer.data.people.folder import TruthFolder

    return TruthFolder(index.truth, RELEASED[index.layout].identity_of, index.size)
