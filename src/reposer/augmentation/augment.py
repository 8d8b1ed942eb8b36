"""New images of every person of a data set in poses of others, written as a data set of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from reposer import __version__
from reposer.augmentation.options import AugmentConfig
from reposer.augmentation.plan import NewImage, plan
from reposer.checks import InputError
from reposer.config import config_to_json
from reposer.data import DESCRIPTION, DataConfig, LayoutName, PairBatch, PairDataset, open_pairs
from reposer.data.layout import Framed
from reposer.data.layouts import RELEASED, identity_of
from reposer.data.names import target_of
from reposer.digests import digest
from reposer.files import write_text
from reposer.generation.batches import Shard, check_work, generate_batches
from reposer.generator import Generator
from reposer.images import to_uint8, write_image
from reposer.letterbox import Box
from reposer.locks import lock
from reposer.model_card import license_of, training_data
from reposer.poses import write_annotations
from reposer.progress import Progress
from reposer.results import MANIFEST, begin_manifest, check_replaceable, end_manifest

_MARKET = RELEASED["market"]
_WHAT = "reposer augment"
_MOMENT = 60
"""Seconds to wait for another shard that writes lists, which takes it a moment."""
_QUALITY = 95


@dataclass(frozen=True, kw_only=True)
class Augmented:
    """What there is after a shard has ended."""

    people: int
    images: int
    """Theirs, of all shards."""
    present: int
    """Those that are there; fewer where other shards are still to come."""
    missing: int
    """How many fewer they are than were asked for, as too few poses fit into people's pictures."""


def augment(
    generator: Generator,
    data: str | Path,
    out: str | Path,
    config: AugmentConfig = AugmentConfig(),
    *,
    layout: LayoutName = "auto",
    batch_size: int = 8,
    workers: int = 0,
    devices: int = 1,
    shard: Shard = Shard(),
    progress: Progress | None = None,
    provenance: dict[str, Any] | None = None,
) -> Augmented:
    """Generate new images of every person of a training split in poses of others, as a data set in Market's layout.

    ``OUT/train`` holds the images, JPEG of quality 95; ``market-annotation-train.csv`` their poses;
    ``dataset.json`` says that they are generated, and by what; ``manifest.json`` names source, pose and generator of
    each. A name is that of the source image with ``_gen01`` behind it, so that identity and camera are the source's:
    ``0002_c1s1_000451_03_gen01.jpg``; see :func:`reposer.augmentation.naming.stems` for names of other layouts.

    Called again after it was stopped, it goes on where it was; batches of which every image is there are not generated
    again. Images are the same, bit for bit, for any number of devices and shards, with the same ``batch_size``.

    Args:
        generator: from :func:`reposer.load_generator`.
        data: folder of the data set.
        out: folder to write, made if missing; or one where the same was begun.
        config: how many images, and in whose poses.
        layout: of the data set.
        batch_size: images at a time.
        workers: processes that read images.
        devices: processes that share the batches, on as many devices of the generator's kind.
        shard: which share is done here, where several machines write into one folder. The last to end writes the lists
            that make it a data set.
        progress: where to show how far it is.
        provenance: more entries for the manifest, such as the checkpoint's hash.

    Raises:
        InputError: if there is no such data set, the generator or an option does not fit; if the folder is in use, is
            in a data set, or holds images that were made from something else.
        RunError: if one of several processes dies, or the generator gives NaN.
    """
    data, out = Path(data), Path(out)
    index = open_pairs(data, "train", layout, size=generator.config.size)
    check_work(generator, index, batch_size=batch_size, workers=workers, devices=devices)
    planned = plan(index, identity_of(index), config)
    images = planned.images
    made = {each.name: each.pose for each in images}
    pairs = tuple((each.source, each.name) for each in images)
    # Of own photos; what is made fills the picture.
    whole = dict.fromkeys(made, Framed("", Box(0, 0, *index.size)))
    framed = None if index.framed is None else {**index.framed, **whole}
    dataset = PairDataset(replace(index, poses={**index.poses, **made}, pairs=pairs, framed=framed), targets=False)
    described = _description(DataConfig(layout=layout).of_folder(data), index.size, generator, provenance or {})
    manifest = {
        **described,
        "data": {"folder": str(data.resolve()), "digest": PairDataset(index).digest()},
        "poses": {
            "folder": str((config.poses or data).resolve()),
            "digest": digest({name: [pose.joints, pose.visible] for name, pose in planned.poses.items()}),
        },
        "options": {"poses_per_person": config.poses_per_person, "retarget": config.retarget, "seed": config.seed},
        "config": json.loads(config_to_json(generator.config)),
        "images": {each.name: {"source": each.source, "pose": each.pose_of} for each in images},
    }
    folder = out / _MARKET.folder_names("train")[0]
    check_replaceable(out, manifest, images=folder)
    _check_place(out, data)
    with _held(out / f".shard-{shard.number}-of-{shard.of}"):
        with lock(out, _WHAT, wait=_MOMENT):
            begin_manifest(out, manifest, images=folder)
            folder.mkdir(exist_ok=True)
        generate_batches(
            generator,
            dataset,
            partial(_save, folder),
            batch_size=batch_size,
            workers=workers,
            devices=devices,
            shard=shard,
            done=_present(folder, images),
            progress=progress,
        )
        with lock(out, _WHAT, wait=_MOMENT):
            present = len(_present(folder, images))
            if present == len(images):
                write_annotations(out / _MARKET.annotation_names("train")[0], made)
                write_text(out / DESCRIPTION, json.dumps(described, indent=2) + "\n")
                end_manifest(out, manifest)
    return Augmented(people=planned.people, images=len(images), present=present, missing=planned.missing)


def _check_place(out: Path, data: Path) -> None:
    """Raise InputError if the folder to write is that of a data set that is not to change."""
    lists = [*_MARKET.annotation_names("train"), *_MARKET.annotation_names("test"), DESCRIPTION]
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(data)):
        raise InputError(f"{out}: in the data set {data}, which would no longer be what it was; choose another folder")
    if not (out / MANIFEST).exists() and (there := [name for name in lists if (out / name).exists()]):
        raise InputError(f"{out}: holds another data set ({there[0]}); choose another folder")


@contextmanager
def _held(share: Path) -> Iterator[None]:
    """Hold a folder that stands for a share, and leave none."""
    with lock(share, _WHAT):
        yield
    with suppress(OSError):  # a killed process had made it
        share.rmdir()


def _present(folder: Path, images: Sequence[NewImage]) -> frozenset[int]:
    """Numbers of the images that are there."""
    there = set(os.listdir(folder))
    return frozenset(number for number, image in enumerate(images) if image.name in there)


def _save(folder: Path, batch: PairBatch, images: Tensor) -> None:
    for pair, image in zip(batch.pair_ids, to_uint8(images).cpu(), strict=True):
        write_image(folder / target_of(pair), image, quality=_QUALITY)


def _description(
    told: DataConfig, size: tuple[int, int], generator: Generator, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """What the new data set says about itself."""
    config, about = generator.config, generator.about
    license = license_of(config, about)
    return {
        "name": f"{told.name}, generated in other poses",
        "license": told.license if told.license == license else "other",
        "size": list(size),
        "generated": True,
        "made_by": f"{_WHAT} {__version__}",
        "generator": {
            "recipe": config.recipe,
            "training_data": training_data(config, about),
            "license": license,
        },
        **provenance,
    }
