"""``reposer augment DATA``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from reposer.augmentation import AugmentConfig, augment
from reposer.data import LayoutName
from reposer.generation import Shard, checkpoint_provenance
from reposer.generator import generator_file, load_generator
from reposer.photos.transfer import DEFAULT_GENERATOR
from reposer.progress import Progress

DEFAULTS = AugmentConfig()


def run(
    data: tyro.conf.Positional[Path],
    /,
    *,
    out: Path,
    config: Annotated[AugmentConfig, tyro.conf.arg(name="")] = DEFAULTS,
    generator: Path = Path(DEFAULT_GENERATOR),
    layout: LayoutName = "auto",
    device: str = "cpu",
    batch_size: int = 8,
    devices: int = 1,
    shard: str = "1/1",
) -> None:
    """Make new images of every person of a training split in poses of others, for training a re-identification network.

    The new folder is a data set in the layout of Market-1501. Names are those of the source images with _gen01 behind
    them: identity and camera are the source's. Stopped, the same command continues.

    Args:
        data: folder of the data set.
        out: folder to make.
        config: how many images, and in whose poses.
        generator: run folder of 'reposer train', a generator-*.safetensors file, a folder of 'save_pretrained', or the
            name of a generator that ships.
        layout: kind of data set; auto recognises it by the names of its CSVs.
        device: where to compute: cpu, cuda, cuda:1, mps.
        batch_size: images at a time.
        devices: processes that share the work, each on a device of that kind.
        shard: I/N: which of N shares this machine does, in a folder that all of them reach; 2/4 is the second of four.
    """
    share = Shard.parse(shard)
    checkpoint = generator_file(generator)
    with Progress("augment") as progress:
        made = augment(
            load_generator(checkpoint, device),
            data,
            out,
            config,
            layout=layout,
            batch_size=batch_size,
            devices=devices,
            shard=share,
            progress=progress,
            provenance=checkpoint_provenance(checkpoint),
        )
    if made.missing:
        print(f"{made.missing:,} images fewer than asked for: too few poses fit into people's pictures")
    if made.present < made.images:
        print(
            f"share {share} is done: {made.present:,} of {made.images:,} images in {out}, which is a data set as soon "
            "as the other shares are done"
        )
    else:
        print(f"{made.images:,} images of {made.people:,} people in {out}")
