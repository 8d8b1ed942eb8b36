"""``reposer generate RUN_OR_CHECKPOINT``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro

from reposer.data import LayoutName, open_pairs
from reposer.generation import PoseOf, checkpoint_provenance, generate
from reposer.generator import generator_file, load_generator
from reposer.progress import Progress
from reposer.results import FormatName


def run(
    run_or_checkpoint: tyro.conf.Positional[Path],
    /,
    *,
    data: Path,
    out: Path,
    layout: LayoutName = "auto",
    format: FormatName = "images",
    split: Literal["train", "test"] = "test",
    device: str = "cpu",
    pose_of: PoseOf = "auto",
    retarget: bool = False,
    skip_missing: int = 0,
    batch_size: int = 8,
    devices: int = 1,
) -> None:
    """Generate every pair of a data set, with a manifest that names the checkpoint, its hash and its configuration.

    Args:
        run_or_checkpoint: run folder of 'reposer train' (its newest generator is taken), a
            generator-*.safetensors file, a folder of 'save_pretrained', or the name of a generator that ships.
        data: folder of the data set.
        out: folder for the results.
        layout: kind of data set; auto recognises it by the names of its files.
        format: images: one PNG per pair; strips: the five published panels side by side, as JPEG; triptychs: source,
            target and generated image.
        split: which pairs.
        pose_of: of cross-identity pairs ('reposer people --pairs cross'), whose pose is asked for: that of the other
            person which the target shows, or the target's own; auto: the other's, where there is one.
        retarget: fit poses of others to the person of the source.
        skip_missing: leave out the pairs of up to so many images that have no file or no pose; more are an error.
        device: where to compute: cpu, cuda, cuda:1, mps.
        batch_size: pairs at a time.
        devices: processes that share the work, each on a device of that kind.
    """
    checkpoint = generator_file(run_or_checkpoint)
    generator = load_generator(checkpoint, device)
    index = open_pairs(data, split, layout, skip_missing=skip_missing, size=generator.config.size)
    with Progress("generate") as progress:
        if index.left_out:
            progress.say(index.left_out)
        written = generate(
            generator,
            index,
            out,
            format=format,
            pose_of=pose_of,
            retarget=retarget,
            batch_size=batch_size,
            devices=devices,
            progress=progress,
            provenance=checkpoint_provenance(checkpoint),
        )
    print(f"{len(written)} {format} in {out}")
