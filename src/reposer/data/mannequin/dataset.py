"""Whole data sets of mannequins, written in the layout of Market-1501 or DeepFashion."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sized
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reposer import __version__
from reposer.bounds import Seed, at_least
from reposer.checks import InputError
from reposer.data.config import MANNEQUINS
from reposer.data.description import DESCRIPTION
from reposer.data.layout import pair_up
from reposer.data.layouts import RELEASED
from reposer.data.mannequin.clothes import Tier
from reposer.data.mannequin.mesh import PART_NAMES
from reposer.data.mannequin.render import Mannequin, OccludedJoints, Picture, make_mannequin, take_picture
from reposer.data.synthetic import (
    MOST_IDENTITIES,
    SyntheticLayout,
    SyntheticSummary,
    deepfashion_name,
    market_name,
    unfinished_folder,
)
from reposer.files import write_text, written
from reposer.locks import is_lock, lock
from reposer.poses import Pose, write_annotations, write_pairs
from reposer.processes import spread
from reposer.values import Checked

_TEST_PAIRS = 2  # purpose of random numbers


@dataclass(frozen=True, kw_only=True)
class MannequinConfig(Checked):
    """What to make: how many people and pictures, how they look, and the layout of the folder."""

    identities: Annotated[int, at_least(2)] = 200
    """People, train and test together."""
    images_per_identity: Annotated[int, at_least(2, 9999)] = 8
    """Pictures of each person."""
    test_identities: int | None = None
    """People of the test split, none of whom is in train; None: an eighth of all, at least 1."""
    test_pairs: Annotated[int, at_least(1)] = 256
    """Test pairs drawn from all ordered pairs of two pictures of one test person; at most all of them."""
    layout: SyntheticLayout = "market"
    """Names and image size: 128x64 as in Market-1501, or 256x176 as in DeepFashion."""
    clothing: Tier = "full"
    """easy: strong colours in large areas, learned quickly; full: all fabrics, prints and accessories."""
    occluded_joints: OccludedJoints = "report"
    """Joints behind another limb: report them, as pose estimators mostly do, or drop them as missing."""
    part_masks: bool = True
    """Also write an exact label map of the body parts for each image."""
    seed: Seed = 0
    """Determines everything."""
    workers: Annotated[int, at_least(0)] = 0
    """Processes; 0: one per core. At most four per core are started. The result does not depend on it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        most = MOST_IDENTITIES[self.layout]
        if self.identities > most:
            raise InputError(f"identities must be at most {most} for layout {self.layout!r}, got {self.identities}")
        if self.test_identities is not None and not 1 <= self.test_identities < self.identities:
            raise InputError(
                f"test_identities must be from 1 to identities - 1 = {self.identities - 1}, got {self.test_identities}"
            )

    @property
    def people(self) -> dict[str, range]:
        """Identities of each split; those of test come first, so that train can grow without changing it."""
        tested = self.test_identities if self.test_identities is not None else max(1, self.identities // 8)
        return {"train": range(tested + 1, self.identities + 1), "test": range(1, tested + 1)}


class MannequinSummary(SyntheticSummary):
    """What was made."""


_OWN = re.compile(rf"train|test|part-masks|{re.escape(DESCRIPTION)}|[\w-]+\.(csv|lst)|\.[\w.-]+\.part")
"""Names in a data set of mannequins, finished or not."""


class _Record(NamedTuple):
    """An image that was written."""

    name: str
    joints: NDArray[np.float32]
    visible: NDArray[np.bool_]


def _name(layout: SyntheticLayout, mannequin: Mannequin, picture: Picture, identity: int, index: int) -> str:
    if layout == "market":
        return market_name(identity, index, camera=picture.view.camera)
    sex, category = mannequin.body.sex.upper(), mannequin.outfit.category
    return deepfashion_name(identity, index, turned=picture.view.yaw, sex=sex, category=category)


def _write_identity(task: tuple[str, int], config: MannequinConfig, folder: Path) -> list[_Record]:
    """Make and write all images of one person."""
    split, identity = task
    studio, size = config.layout == "deepfashion", RELEASED[config.layout].size
    mannequin = make_mannequin(config.seed, identity, size, clothing=config.clothing, studio=studio)
    records = []
    for index in range(config.images_per_identity):
        picture = take_picture(mannequin, config.seed, identity, index)
        name = _name(config.layout, mannequin, picture, identity, index)
        bgr = cv2.cvtColor(picture.image, cv2.COLOR_RGB2BGR)
        _write(folder / split / name, cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
        if config.part_masks:
            mask = folder / "part-masks" / split / f"{name[:-4]}.png"
            _write(mask, cv2.imencode(".png", picture.parts)[1].tobytes())
        visible = picture.visible & ~picture.hidden if config.occluded_joints == "drop" else picture.visible
        height, width = mannequin.size
        joints = np.clip(picture.joints, 0, (width - 1, height - 1)).astype(np.float32)
        records.append(_Record(name, joints, visible))
    return records


def _write(path: Path, content: bytes) -> None:
    with written(path):  # not file by file: the folder is whole or not there
        path.write_bytes(content)


def _write_images(
    config: MannequinConfig, folder: Path, progress: Callable[[int, int], None] | None
) -> dict[str, list[_Record]]:
    tasks = [(split, identity) for split, people in config.people.items() for identity in people]
    each = config.images_per_identity
    made = spread(
        partial(_write_identity, config=config, folder=folder),
        tasks,
        workers=config.workers,
        least=-(-64 // each),
        doing="draws people",
        progress=None if progress is None else lambda done: progress(done * each, len(tasks) * each),
    )
    records: dict[str, list[_Record]] = {"train": [], "test": []}
    for (split, _), found in zip(tasks, made, strict=True):
        records[split] += found
    return records


def _write_lists(config: MannequinConfig, folder: Path, records: dict[str, list[_Record]]) -> MannequinSummary:
    layout = RELEASED[config.layout]
    pairs = {
        split: pair_up({record.name: record.visible.tolist() for record in made}, layout.identity_of)
        for split, made in records.items()
    }
    if len(pairs["test"]) > config.test_pairs:
        rng = np.random.default_rng([config.seed, 0, 0, _TEST_PAIRS])
        drawn = np.sort(rng.choice(len(pairs["test"]), config.test_pairs, replace=False))
        pairs["test"] = [pairs["test"][index] for index in drawn]
    for split, made in records.items():
        poses = {
            record.name: Pose(torch.from_numpy(record.joints), torch.from_numpy(record.visible)) for record in made
        }
        write_annotations(folder / layout.annotations[0].format(split=split), poses)
        write_pairs(folder / layout.pairs[0].format(split=split), pairs[split])
        if config.layout == "deepfashion":
            write_text(folder / f"{split}.lst", "".join(f"{name}\n" for name in poses))
    counted: dict[str, Mapping[str, Sized]] = {"identities": config.people, "images": records, "pairs": pairs}
    summary = MannequinSummary(**{f"{split}_{what}": len(of[split]) for what, of in counted.items() for split in of})
    facts = {
        **MANNEQUINS,
        "source": "rendered, clothed 3-D figures: reposer mannequin",
        "version": __version__,
        "config": asdict(config),
        "part_names": PART_NAMES,
        "counts": asdict(summary),
    }
    write_text(folder / DESCRIPTION, json.dumps(facts, indent=2) + "\n")
    return summary


def make_mannequins(
    out: Path, config: MannequinConfig, progress: Callable[[int, int], None] | None = None
) -> MannequinSummary:
    """Make a data set of mannequins: images, annotations, pair lists, part masks and `dataset.json`.

    The folder appears whole or not at all. The same config gives the same files, bit for bit, on any number
    of workers.

    Args:
        out: folder to make; must not exist yet, or be empty.
        config: what to make.
        progress: called with the number of images done and of all images.

    Raises:
        InputError: if `out` exists and is not an empty folder, or another process is making it.
        RunError: if a process that draws dies.
        OSError: naming the file, if the disk is full.
    """
    out = Path(out).resolve()
    unfinished = unfinished_folder(out, "a killed 'reposer mannequin'")
    with lock(unfinished, "reposer mannequin"):
        _clear(unfinished)
        try:
            for split in ("train", "test"):
                (unfinished / split).mkdir()
                if config.part_masks:
                    (unfinished / "part-masks" / split).mkdir(parents=True)
            records = _write_images(config, unfinished, progress)
            summary = _write_lists(config, unfinished, records)
            if out.exists():
                out.rmdir()
            unfinished.rename(out)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        for path in filter(is_lock, out.iterdir()):
            path.unlink()
    return summary


def _clear(unfinished: Path) -> None:
    """Remove what a killed process left; whoever comes here holds the folder, so that none is at work in it."""
    leftovers = [path for path in unfinished.iterdir() if not is_lock(path)]
    foreign = [path.name for path in leftovers if not _OWN.fullmatch(path.name)]
    if foreign:
        raise InputError(
            f"{unfinished}: expected what a killed 'reposer mannequin' left, found {foreign[0]!r}; remove this folder"
        )
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
