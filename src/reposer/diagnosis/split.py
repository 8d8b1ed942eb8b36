"""One split of a data set, looked at: its keypoints, pairs and images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from PIL.Image import Image

from reposer.checks import InputError, InputWarning, some
from reposer.data import Description, Layout, Lists, Split
from reposer.data.layouts import AnyLayout
from reposer.data.photos import OpenedPhotos, PhotoLayout
from reposer.decoding import decode, decode_photo
from reposer.diagnosis.finding import Finding, error, note, warning
from reposer.diagnosis.photos import own_photos
from reposer.plausibility import check_places
from reposer.poses import OPENPOSE_18
from reposer.preparing.lists import check_columns
from reposer.processes import spread

MANY, SOME = 0.3, 0.05
"""Shares of missing keypoints, or of images without any, that are an error and a warning."""
_OUTSIDE = 0.01
"""Share of joints outside their image that is an error."""
_TOLD = 10


@dataclass(frozen=True, eq=False)
class SplitFacts:
    """What the files of a split say, and which images are there."""

    layout: AnyLayout
    root: Path
    split: Split
    size: tuple[int, int]
    lists: Lists
    images: Path | None
    """Folder of the images; None: there is none."""
    files: frozenset[str]
    photos: OpenedPhotos | None = None
    """All about own photos, if these are some."""

    @property
    def identity_of(self) -> Callable[[str], str]:
        """Image name to identity."""
        if isinstance(self.layout, PhotoLayout):
            assert self.photos is not None
            return self.photos.people.__getitem__
        return self.layout.identity_of

    def path_of(self, name: str) -> Path:
        """The file of an image."""
        assert self.images is not None
        return self.images / (name if self.photos is None else self.photos.framed[name].file)

    @cached_property
    def paired(self) -> tuple[str, ...]:
        """Names in pairs, in their order; without pairs, all that are annotated."""
        names = dict.fromkeys(name for pair in self.lists.pairs for name in pair)
        return tuple(names or self.lists.poses)

    @cached_property
    def present(self) -> tuple[str, ...]:
        """Names in the lists whose files are there."""
        return tuple(name for name in dict.fromkeys((*self.lists.poses, *self.paired)) if name in self.files)

    @cached_property
    def people(self) -> frozenset[str]:
        """Identities in pairs."""
        return frozenset(map(self.identity_of, {name for pair in self.lists.pairs for name in pair}))

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths in pixels that the images may have, photos in their pictures."""
        full = self.layout.full_width if isinstance(self.layout, Layout) else None
        return (self.size[1],) if full is None or self.size != self.layout.size else (self.size[1], full)


def keypoints(facts: SplitFacts) -> Iterator[Finding]:
    """Missing keypoints, those outside their images, and those that cannot be what they should."""
    poses, split = facts.lists.poses, facts.split
    names = [name for name in facts.paired if name in poses]
    if not names:
        yield error(f"{split}: no image of a pair has keypoints in {facts.lists.annotations}")
        return
    visible = torch.stack([poses[name].visible for name in names])
    joints = torch.stack([poses[name].joints for name in names])
    told = Description.read(facts.root)
    if told is not None and told.exact_keypoints:
        yield note(f"{split}: {float(visible.float().mean()):.1%} of the keypoints are in their pictures, all exact")
    else:
        yield from _missing(facts, names, visible)
    height, width = facts.size
    outside = visible & ((joints < 0) | (joints >= torch.tensor([width, height]))).any(dim=-1)
    if outside.any():
        where = [name for name, one in zip(names, outside.any(dim=1).tolist(), strict=True) if one]
        yield (error if outside.sum() > _OUTSIDE * visible.sum() else warning)(
            f"{split}: {int(outside.sum()):,} keypoints lie outside the {height}x{width} images (height x width), in "
            f"{len(where):,} images: {some(where, _TOLD)}"
        )
    with warnings.catch_warnings(record=True) as odd:
        warnings.simplefilter("always", InputWarning)
        yield from _errors(split, lambda: check_places(joints, visible, facts.size))
    layout = facts.layout
    if isinstance(layout, Layout) and facts.size == layout.size:
        yield from _errors(split, lambda: check_columns(layout, split, facts.lists))
    yield from (warning(f"{split}: {each.message}") for each in odd)


def _missing(facts: SplitFacts, names: Sequence[str], visible: torch.Tensor) -> Iterator[Finding]:
    """Keypoints that were not found, in the images in pairs, and images without any."""
    poses, split = facts.lists.poses, facts.split
    counts = (~visible).sum(dim=1).tolist()
    worst = sorted(zip(counts, names, strict=True), key=lambda pair: -pair[0])
    listed = [f"{name} ({count} of {len(OPENPOSE_18.joints)})" for count, name in worst]
    yield from _share(
        f"{split}: {{:.1%}} of the keypoints of the {len(names):,} images in pairs are missing",
        1 - float(visible.float().mean()),
        f"in the published lists 22 %; the worst: {some(listed, 3)}",
        f"the worst: {some(listed, _TOLD)}; detect these poses again, or leave the images out",
    )
    empty = [name for name, pose in poses.items() if not pose.visible.any()]
    yield from _share(
        f"{split}: {{:.1%}} of the {len(poses):,} annotated images have no keypoint at all",
        len(empty) / len(poses),
        f"they are in no pair that the published rule makes: {some(empty)}",
        f"detect these poses again, or leave the images out: {some(empty, _TOLD)}",
    )


def pairs(facts: SplitFacts) -> Iterator[Finding]:
    """Pairs without images or poses, and of two people."""
    lists, identity_of = facts.lists, facts.identity_of
    if facts.images is not None:
        yield from _errors("", lambda: facts.layout.open(facts.root, facts.split))
    else:
        unknown = dict.fromkeys(name for pair in lists.pairs for name in pair if name not in lists.poses)
        if unknown:
            yield error(
                f"{lists.pairs_file}: {len(unknown):,} images have no keypoints in "
                f"{lists.annotations}: {some(list(unknown), _TOLD)}"
            )
    mixed = [pair for pair in lists.pairs if identity_of(pair[0]) != identity_of(pair[1])]
    if mixed:
        yield error(f"{facts.split}: {len(mixed):,} pairs are of two people, such as {' and '.join(mixed[0])}")
    if facts.photos is not None:
        yield from own_photos(facts.photos)
    elif lists.pairs_file is None and lists.pairs:
        yield note(f"{facts.split}: no pairs CSV; {len(lists.pairs):,} pairs are derived by the published rule")


def images(facts: SplitFacts, *, workers: int, progress: Callable[[int], None]) -> Iterator[Finding]:
    """Images that cannot be decoded, or are of another size; all that a list names are opened."""
    if facts.images is None:
        return
    unreadable: list[str] = []
    others: list[str] = []
    paths = [facts.path_of(name) for name in facts.present]
    look = _size_of if facts.photos is None else _size_of_photo
    sizes = spread(look, paths, workers=workers, progress=progress)
    for path, found in zip(paths, sizes, strict=True):
        if isinstance(found, str):
            unreadable.append(found)
        elif facts.photos is None and (found[0] != facts.size[0] or found[1] not in facts.widths):
            others.append(f"{path.name} ({found[0]}x{found[1]})")
    if unreadable:
        yield error(
            f"{facts.split}: {len(unreadable):,} of {len(paths):,} images cannot be read: "
            f"{'; '.join(unreadable[:_TOLD])}"
        )
    height, width = facts.size
    if others:
        yield error(
            f"{facts.split}: {len(others):,} images are not {height}x{width} (height x width): {some(others, _TOLD)}"
        )
    unused = len(facts.files) - len(facts.present)
    if unused:
        yield note(f"{facts.split}: {unused:,} files in {facts.images} are in no list, and not used")


def _size_of(path: Path) -> tuple[int, int] | str:
    """Height and width of a decoded image, or why it is none."""
    return _decoded(decode, path)


def _size_of_photo(path: Path) -> tuple[int, int] | str:
    return _decoded(decode_photo, path)


def _decoded(decoder: Callable[[Path], Image], path: Path) -> tuple[int, int] | str:
    try:
        image = decoder(path)
    except InputError as refused:
        return str(refused)
    return image.height, image.width


def _share(text: str, share: float, less: str, more: str) -> Iterator[Finding]:
    """A share that is too high: what is said of a warning, and of an error."""
    if share > MANY:
        yield error(f"{text.format(share)}; {more}")
    elif share > SOME:
        yield warning(f"{text.format(share)}; {less}")


def _errors(split: str, check: Callable[[], object]) -> Iterator[Finding]:
    """What a check refuses."""
    try:
        check()
    except InputError as refused:
        yield error(f"{split}: {refused}" if split else str(refused))


def spread_evenly(names: Sequence[str], count: int) -> list[str]:
    """Some of the names, from the first to the last."""
    count = min(count, len(names))
    return [names[i * len(names) // count] for i in range(count)]
