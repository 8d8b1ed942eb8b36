"""Which pictures are taken of whom: stances, cameras and places, all drawn from the seed of the data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reposer.data.people.config import PeopleConfig, SceneKind
from reposer.data.people.person import Looks, Person, sample_looks
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.scenes.cameras import street_cameras
from reposer.data.people.scenes.framing import Framing, sample_framing
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.stances import Stance, sample_heading, sample_stance

_LOOKS, _PLACE, _PICTURE, _OTHER, ESTIMATOR = range(5)  # purposes of random numbers
DISTRICT = 100
"""How many people live before the same cameras."""


@dataclass(frozen=True)
class Setup:
    """Everything about a picture but who is on it."""

    stance: Stance
    heading: float
    framing: Framing
    scene: Scene
    camera: int
    """1 to 6, the number in a name of Market-1501."""
    seed: int

    def photograph(self, person: Person, size: tuple[int, int]) -> Frame:
        """Take the picture of a person: framed for them as it is for everybody."""
        return photograph(
            person, self.stance, heading=self.heading, framing=self.framing, scene=self.scene, size=size, seed=self.seed
        )


def looks_of(config: PeopleConfig, identity: int) -> Looks:
    """Who an identity is."""
    return sample_looks(np.random.default_rng([config.seed, identity, _LOOKS]))


def kind_of_place(config: PeopleConfig, identity: int) -> SceneKind:
    """Where an identity is photographed: a person is met in one kind of place."""
    kinds = config.scene_kinds()
    return kinds[int(np.random.default_rng([config.seed, identity, _PLACE]).integers(len(kinds)))]


def pose_of(config: PeopleConfig, split: str, identity: int, index: int) -> tuple[int, int]:
    """Whose picture, and which of theirs, a picture takes its pose from: the own one, or that of somebody else.

    Others are of the same split, and of the same kind of place if there is anybody.
    """
    if index < config.own_pictures:
        return identity, index
    rng = np.random.default_rng([config.seed, identity, index, _OTHER])
    people, place = config.people[split], kind_of_place(config, identity)
    for _ in range(64):
        other = int(rng.choice(len(people) - 1)) + people.start
        other += other >= identity
        if kind_of_place(config, other) == place:
            break
    return other, int(rng.integers(config.own_pictures))


def setup_of(config: PeopleConfig, split: str, identity: int, index: int) -> Setup:
    """How a picture is taken. A studio is the person's own in all their pictures; outdoors there are six cameras for
    every DISTRICT people, each of which stays where it is.
    """
    owner, number = pose_of(config, split, identity, index)
    rng = np.random.default_rng([config.seed, owner, number, _PICTURE])
    kind = kind_of_place(config, owner)
    heading = sample_heading(rng, kind)
    stance = sample_stance(rng, world=kind, heading=heading)
    framing: Framing = sample_framing(rng) if kind == "studio" else "street"
    cameras = street_cameras(config.seed % 2**31 + 7919 * (owner // DISTRICT))
    camera, seed = int(rng.integers(len(cameras))), int(rng.integers(2**31))
    if kind_of_place(config, identity) == "studio":
        scene = _studio(config.seed, identity)
    else:
        scene = sample_street(rng, cameras[camera])
    return Setup(stance, heading, framing, scene, camera + 1, seed)


@lru_cache(maxsize=8)
def _studio(seed: int, identity: int) -> Scene:
    return sample_studio(np.random.default_rng([seed, identity, _PLACE, 1]))
