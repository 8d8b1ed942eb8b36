"""The layout of own photos: of any size and shape, letterboxed to the size that is asked for when they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reposer.checks import InputError, check_choice, some
from reposer.data.description import Description
from reposer.data.layout import SPLITS, Framed, PairIndex, Split, derive_pairs
from reposer.data.photos.keypoints import PhotoFinder, read_poses
from reposer.data.photos.listing import KEYPOINTS, LIST, Listing, Photo, is_listed, list_photos
from reposer.data.photos.split import splits_of
from reposer.decoding import photo_size_of
from reposer.letterbox import content_box, letterbox_pose
from reposer.poses import Pose

LEAST_SIDE = 16
"""Pixels that the content of a picture must have either way."""
_TOLD = 10


@dataclass(frozen=True)
class PhotoLayout:
    """Own photos with keypoints, a folder for each person or a list; see ``docs/own-data.md``."""

    name: str = "photos"
    title: str = "own photos"
    """Name of the data set, where its folder does not give one."""
    size: tuple[int, int] = (256, 176)
    """(height, width) in pixels of the pictures that photos are letterboxed to, where nobody gives another."""
    license: str = "other"

    def is_there(self, root: Path, split: Split) -> bool:
        """Whether a folder holds photos of people of this split, with keypoints."""
        return self.is_in(root) and split in splits_of(list_photos(root).photos).values()

    def is_in(self, root: Path) -> bool:
        """Whether a folder holds photos of people, with keypoints; a list may still be wrong."""
        return is_listed(root)

    def looked_for(self, split: Split) -> str:
        """What tells that a folder is of this layout, in words."""
        return f"{LIST} or folders of people with {KEYPOINTS[0]}, .json, .npy or a folder {KEYPOINTS[-1]}"

    def open(
        self, root: str | Path, split: Split, *, skip_missing: int = 0, size: tuple[int, int] | None = None
    ) -> PairIndex:
        """Open one split of own photos: pairs by the published rule, poses moved into the letterboxed pictures.

        Args:
            root: folder of the photos.
            split: "train" or "test".
            skip_missing: up to so many photos without keypoints, keypoints without photos and photos that cannot be
                read are left out.
            size: (height, width) of the pictures in pixels; None: that of ``dataset.json``, else ``self.size``.

        Raises:
            InputError: one line with all that is missing or not readable; if there is nobody in the split, or no
                pair; for photos that are too narrow for pictures of this size.
        """
        check_choice("split", split, SPLITS)
        read = OpenedPhotos.read(self, Path(root), split, size)
        missing = sum(map(len, read.problems.values()))
        if missing > skip_missing:
            raise InputError(
                f"{root}: {read.problems_in_words()}; mend this, or leave it out with --skip-missing {missing} "
                f"(--data.skip-missing {missing} of train)"
            )
        if not read.pairs:
            raise InputError(
                f"{root}: no pairs in the {split} split: {read.lonely_in_words()}; a pair needs two photos of one "
                "person, each with both shoulders and both hips"
            )
        told = [f"{read.problems_in_words()}; left out"] if missing else []
        told += [read.lonely_in_words()] if read.lonely else []
        return PairIndex(
            images=read.root,
            poses=read.poses,
            pairs=read.pairs,
            size=read.size,
            annotations=read.sources[0],
            pairs_file=None,
            layout=self.name,
            split=split,
            left_out=f"{root}: {'; '.join(told)}" if told else "",
            framed=read.framed,
            people=read.people,
        )


@dataclass(frozen=True, eq=False)
class OpenedPhotos:
    """All that the files of a split say, the good and the bad."""

    root: Path
    split: Split
    size: tuple[int, int]
    photos: tuple[Photo, ...]
    """Those of the split."""
    poses: Mapping[str, Pose]
    """Of those that can be read, in pixels of the letterboxed picture."""
    framed: Mapping[str, Framed]
    sources: tuple[Path, ...]
    """Files and folders of keypoints."""
    problems: Mapping[str, list[str]]
    """{what is wrong: names}; "" is no problem."""
    unread: tuple[str, ...]
    """Pictures of kinds that are not opened."""
    pairs: tuple[tuple[str, str], ...] = field(init=False)
    people: Mapping[str, str] = field(init=False)
    """{name: person}."""

    def __post_init__(self) -> None:
        people = {photo.name: photo.person for photo in self.photos}
        object.__setattr__(self, "people", people)
        # "person": a folder may be called 0000, which in Market-1501 is nobody.
        pairs = derive_pairs(self.poses, self.poses, lambda name: f"person {people[name]}")
        object.__setattr__(self, "pairs", tuple(pairs))

    @classmethod
    def read(cls, layout: PhotoLayout, root: Path, split: Split, size: tuple[int, int] | None = None) -> OpenedPhotos:
        """Read the list, the heads of all photos and the keypoints; errors as in ``PhotoLayout.open``."""
        listing = list_photos(root)
        size = size or _described_size(root) or layout.size
        splits = splits_of(listing.photos)
        own = tuple(photo for photo in listing.photos if splits[photo.person] == split)
        if not own:
            count = len(splits)
            raise InputError(
                f"{root}: nobody is in the {split} split, of {count} {'person' if count == 1 else 'people'}: at least "
                "two people with two photos each are needed for both splits"
            )
        sizes, bad = _sizes(root, listing)
        finder = PhotoFinder(root, listing.photos, sizes)
        poses, sources = read_poses(finder)
        readable = [photo for photo in own if photo.file in sizes]
        _check_shapes(root, readable, sizes, size)
        problems = {
            "that cannot be read": [bad[photo.file] for photo in own if photo.file in bad],
            f"without keypoints in {sources[0].relative_to(root)}{' and others' if len(sources) > 1 else ''}": [
                photo.file for photo in readable if photo.name not in poses
            ],
            "of keypoints that are not there": finder.unknown,
        }
        with_pose = [photo for photo in readable if photo.name in poses]
        return cls(
            root=root,
            split=split,
            size=size,
            photos=own,
            poses={p.name: letterbox_pose(poses[p.name], sizes[p.file], size) for p in with_pose},
            framed={p.name: Framed(p.file, content_box(sizes[p.file], size)) for p in readable},
            sources=tuple(sources),
            problems={what: names for what, names in problems.items() if names},
            unread=listing.unread,
        )

    @property
    def lonely(self) -> dict[str, int]:
        """{person: number of photos} of those who are in no pair."""
        paired = {self.people[name] for pair in self.pairs for name in pair}
        counts = Counter(self.people.values())
        return {person: count for person, count in sorted(counts.items()) if person not in paired}

    def problems_in_words(self) -> str:
        """What is missing or not readable, in one line."""
        return "; ".join(
            f"{len(names):,} photo{'s' * (len(names) > 1)} {what}: {some(names, _TOLD)}"
            for what, names in self.problems.items()
        )

    def lonely_in_words(self) -> str:
        """Who is in no pair, in one line."""
        listed = [f"{person} ({count} photo{'s' * (count > 1)})" for person, count in self.lonely.items()]
        return f"{len(listed):,} {'person is' if len(listed) == 1 else 'people are'} in no pair: {some(listed, _TOLD)}"


def _described_size(root: Path) -> tuple[int, int] | None:
    described = Description.read(root)
    return None if described is None else described.size


def _sizes(root: Path, listing: Listing) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """(H, W) of each photo as it is shown, and why others cannot be read."""
    sizes, bad = {}, {}
    for photo in listing.photos:
        try:
            sizes[photo.file] = photo_size_of(root / photo.file)
        except InputError as error:
            bad[photo.file] = str(error)
    return sizes, bad


def _check_shapes(root: Path, photos: list[Photo], sizes: Mapping[str, tuple[int, int]], size: tuple[int, int]) -> None:
    """Raise InputError for photos of which almost nothing would be left: a panorama is no picture of a person."""
    boxes = {photo.file: content_box(sizes[photo.file], size) for photo in photos}
    thin = [f"{file} ({sizes[file][0]}x{sizes[file][1]})" for file, box in boxes.items() if min(box[2:]) < LEAST_SIDE]
    if thin:
        raise InputError(
            f"{root}: {len(thin):,} photo{'s' * (len(thin) > 1)} would be less than {LEAST_SIDE} pixels high or wide "
            f"in {size[0]}x{size[1]}: {some(thin, _TOLD)}; cut them to the person"
        )


PHOTOS = PhotoLayout()
