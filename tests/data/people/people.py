"""People and pictures for tests."""

from functools import lru_cache

import numpy as np

from reposer.data.people.light import Light
from reposer.data.people.person import Person, make_person, sample_looks
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.scenes.framing import Framing
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.stances import Stance, sample_stance

MARKET = (128, 64)
PLAIN = Scene(
    light=Light(towards=(0.2, 0.5, 1.0), key=(0.5, 0.5, 0.5), sky=(0.5, 0.5, 0.5), ground=(0.4, 0.4, 0.4)),
    backdrop=lambda camera, size: np.full((3, *size), 0.5, np.float32),
)
"""Grey paper, soft light from the front, a perfect camera."""


@lru_cache(maxsize=32)
def somebody(seed: int, height: int = 128) -> Person:
    return make_person(sample_looks(np.random.default_rng(seed)), height)


def snap(
    seed: int,
    picture: int = 0,
    *,
    size: tuple[int, int] = MARKET,
    framing: Framing = "full",
    heading: float | None = None,
    studio: bool = True,
    stance: Stance | None = None,
) -> Frame:
    """A picture of somebody, in some pose if none is given."""
    rng = np.random.default_rng([seed, picture])
    scene = sample_studio(rng) if studio else sample_street(rng)
    drawn = sample_stance(rng)
    turned = float(rng.uniform(-3, 3)) if heading is None else heading
    return photograph(
        somebody(seed, size[0]), stance or drawn, heading=turned, framing=framing, scene=scene, size=size, seed=picture
    )
