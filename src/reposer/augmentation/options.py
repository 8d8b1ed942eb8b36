"""What new images are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from reposer.bounds import Seed, at_least
from reposer.values import Checked


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Checked):
    """What new images are made: how many, and in whose poses."""

    poses_per_person: Annotated[int, at_least(1, 10_000)] = 4
    """New images of each person, each in another pose."""
    poses: Path | None = None
    """Keypoints of the poses, in any format that 'reposer poses' reads; None: those of the other people of the data."""
    retarget: bool = True
    """Fit each pose to the person: limbs, size and place. Without it, poses are in pixels of the data's images."""
    seed: Seed = 0
    """Determines which image of a person is taken, and in whose poses."""
