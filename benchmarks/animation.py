"""How fast a photo is animated, and how much the pictures flicker, with truth from drawn people.

    python -m benchmarks.animation        # two minutes; writes results/animation-cpu.json

Speed is that of 100 pictures at 128x64, all different: of the whole command with the start of Python, and of its parts
in a process that runs already. Flicker is that of people who walk before a camera that stands still: of their true
pictures, and of pictures generated from another one in the true poses, in poses as an estimator gives them (joints off
by 1 % of the height, 5 % of them missing, sides exchanged in 5 % of the pictures), and in these poses cleaned.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import radians
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.measure import save, side_by_side
from rich.console import Console
from rich.table import Table
from tools.make_motions import walking
from torch import Tensor

from reposer import load_generator
from reposer.data.mannequin import Picture, make_mannequin, photograph, surface_flow
from reposer.data.mannequin.scene import View
from reposer.images import read_photo
from reposer.photos import estimated_flicker, flicker, write_video
from reposer.photos.animation import AnimationOptions, Motion, animate, wanted_motion
from reposer.photos.posing import read_pose
from reposer.photos.subject import frame_subject
from reposer.poses import OPENPOSE_18, Pose
from reposer.poses.keypoints import KeypointOptions
from reposer.poses.motion import cleaned

PICTURES = Path(__file__).parents[1] / "docs/pictures"
PHOTO, POSE = PICTURES / "person.jpg", PICTURES / "person.json"
COUNT, FPS, RUNS = 100, 25.0, 5
BATCHES = (1, 4, 8, 16, 32)
PEOPLE, MOMENTS = 12, 28
NOISE, MISSING, EXCHANGED = 0.01, 0.05, 0.05
_CAMERA = {"elevation": 0, "zoom": 1, "shift": (0, 0), "pan": (0, 0), "gain": (1, 1, 1), "camera": 1}


# --- speed ---


def whole_command(folder: Path) -> float:
    """Seconds of ``reposer animate`` in a process of its own."""
    start = time.perf_counter()
    words = ["animate", PHOTO, "--source-pose", POSE, "--poses", "turn", "--fps", FPS, "-o", folder / "x.mp4"]
    subprocess.run([sys.executable, "-m", "reposer", *map(str, words)], check=True, capture_output=True)
    return time.perf_counter() - start


def stages(folder: Path) -> dict[str, float]:
    """Median seconds of each part, one after the other as in the command."""
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = work()
        times.setdefault(name, []).append(time.perf_counter() - start)
        return result

    def animated() -> None:
        options = AnimationOptions(fps=FPS)
        generator = timed("load the generator", lambda: load_generator("mannequin"))
        photo, pose = timed("read photo and pose", lambda: (read_photo(PHOTO), read_pose(POSE)))
        subject = timed("frame", lambda: frame_subject(photo, pose, generator))
        motion = timed("make the motion", lambda: wanted_motion("turn", subject.frame.size, options, KeypointOptions()))
        made = timed("generate", lambda: animate(subject, motion, generator, options))
        timed("write", lambda: write_video(folder / "x.mp4", made.pictures(), fps=FPS, scale=2))
        timed("score flicker", lambda: made.flicker)

    for _ in range(1 + RUNS):
        animated()
    return {name: round(statistics.median(of[1:]), 3) for name, of in times.items()}


def batches() -> dict[str, float]:
    """Pictures a second by the number of them that are generated at a time."""
    generator = load_generator("mannequin")
    subject = frame_subject(read_photo(PHOTO), read_pose(POSE), generator)
    motion = wanted_motion("turn", subject.frame.size, AnimationOptions(fps=8.0), KeypointOptions())
    count = len(motion.joints)
    times = side_by_side(
        {
            str(batch): lambda batch=batch: animate(subject, motion, generator, AnimationOptions(batch_size=batch))
            for batch in BATCHES
        },
        seconds=2.0,
    )
    return {batch: round(1000 * count / milliseconds, 1) for batch, milliseconds in times.items()}


# --- flicker ---


def poses_of(pictures: list[Picture]) -> tuple[Tensor, Tensor]:
    joints, visible = (np.stack([getattr(each, name) for each in pictures]) for name in ("joints", "visible"))
    return torch.from_numpy(joints), torch.from_numpy(visible)


def images_of(pictures: list[Picture]) -> Tensor:
    return torch.from_numpy(np.stack([each.image for each in pictures])).permute(0, 3, 1, 2)


def estimated(joints: Tensor, visible: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Poses with the faults of an estimator that looks at single pictures."""
    random = torch.Generator().manual_seed(seed)
    height = float(joints[..., 1].max() - joints[..., 1].min())
    joints = joints + NOISE * height * torch.randn(joints.shape, generator=random)
    visible = visible & (torch.rand(visible.shape, generator=random) >= MISSING)
    exchanged = torch.rand(len(joints), generator=random) < EXCHANGED
    order = list(OPENPOSE_18.flip_order)
    return (
        torch.where(exchanged[:, None, None], joints[:, order], joints),
        torch.where(exchanged[:, None], visible[:, order], visible),
    )


def flickers(identity: int) -> dict[str, tuple[float, float, float]]:
    """True flicker, and the estimates on the person and around, of each kind of pictures of one person."""
    mannequin = make_mannequin(0, identity, (128, 64), clothing="easy")
    view = View(yaw=radians(70), **_CAMERA)  # type: ignore[arg-type]
    moments = [(walking(k / MOMENTS), view) for k in range(MOMENTS)]
    pictures = [photograph(mannequin, *moment) for moment in moments]
    ways = [surface_flow(mannequin, *pair) for pair in pairwise(moments)]
    flow, seen = (torch.from_numpy(np.stack(of)) for of in zip(*ways, strict=True))
    true = poses_of(pictures)

    source = photograph(mannequin, walking(0.3), replace(view, yaw=radians(15)))
    generator = load_generator("mannequin")
    (joints,), (visible,) = poses_of([source])
    subject = frame_subject(images_of([source])[0], Pose(joints, visible), generator)
    noisy = estimated(*true, identity)

    def generated(poses: tuple[Tensor, Tensor]) -> Tensor:
        return animate(subject, Motion(*poses), generator, AnimationOptions(retarget=False)).generated

    kinds = {
        "true pictures": images_of(pictures),
        "generated in the true poses": generated(true),
        "generated in estimated poses": generated(noisy),
        "generated in estimated poses, cleaned": generated(cleaned(*noisy, FPS)),
    }
    found = {}
    for name, images in kinds.items():
        estimate = estimated_flicker(images, *true)
        found[name] = (flicker(images, flow, seen), estimate.person, estimate.surroundings)
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = statistics.median([whole_command(folder) for _ in range(1 + RUNS)][1:])
        parts = stages(folder)
    table = Table("part", "seconds", title=f"{COUNT} pictures of 128x64")
    for part, seconds in parts.items():
        table.add_row(part, f"{seconds:.3f}")
    table.add_row(
        "all, in a process that runs", f"{sum(parts.values()):.3f}: {COUNT / sum(parts.values()):.1f} a second"
    )
    table.add_row("the command, with its start", f"{command:.3f}: {COUNT / command:.1f} a second")
    console.print(table)
    speeds = batches()
    console.print("pictures a second by the number at a time:", speeds)

    found = [flickers(identity) for identity in range(1, 1 + PEOPLE)]
    table = Table("pictures", "true flicker", "estimated: person", "around", title=f"{PEOPLE} people who walk, of 255")
    rows = {}
    for kind in found[0]:
        rows[kind] = [round(statistics.mean(each[kind][place] for each in found), 2) for place in range(3)]
        table.add_row(kind, *(f"{value:.2f}" for value in rows[kind]))
    console.print(table)
    path = save(
        "animation-cpu", "python -m benchmarks.animation", ("av", "numpy", "pillow", "scipy"),
        pictures=COUNT, seconds=parts, seconds_of_the_command=round(command, 3),
        pictures_per_second=round(COUNT / sum(parts.values()), 1),
        pictures_per_second_of_the_command=round(COUNT / command, 1),
        pictures_per_second_by_batch=speeds, people=PEOPLE, flicker_true_person_around=rows,
    )  # fmt: skip
    print(f"written: {path}")


if __name__ == "__main__":
    main()
