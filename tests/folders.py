"""Small data set folders for tests."""

from collections.abc import Callable
from pathlib import Path

import torch

from reposer.images import write_image
from reposer.poses import Pose

MARKET_NAMES = [f"{identity}_c{i}s1_00000{i}_00.jpg" for identity in ("-1", "0000", "0002", "0007") for i in (1, 2, 3)]


def pose(seed: int, size: tuple[int, int], missing: tuple[int, ...] = ()) -> Pose:
    """Random whole-pixel pose."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randint(0, side, (18,), generator=generator) for side in reversed(size))
    visible = torch.ones(18, dtype=torch.bool)
    visible[list(missing)] = False
    return Pose(torch.stack([x, y], dim=1).float() * visible[:, None], visible)


def write_images(folder: Path, names: list[str], size: tuple[int, int]) -> None:
    """Write one image a name, each of one colour that no other has."""
    folder.mkdir(parents=True)
    for i, name in enumerate(names):
        write_image(folder / name, torch.full((3, *size), 15 * i, dtype=torch.uint8))


MakeMarket = Callable[..., Path]
