"""Other people in streets: cut out of pictures by the renderer itself, under an overcast sky."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light
from reposer.data.people.scenes.canvas import Sprite
from reposer.data.people.scenes.framing import Viewpoint
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.shadows import Shadows
from reposer.data.people.scenes.tones import softened

CROWD = 12
_SIZE = (160, 112)
_DRAWN_FOR = 128
"""Height of the pictures that they are dressed for: the smallest, so that they share what is kept of cloth."""


def _grey(camera: Camera, size: tuple[int, int]) -> Floats:
    return np.full((3, *size), 0.12, np.float32)


_GREY_SKY = Scene(
    light=Light(
        towards=(0.2, 0.95, 0.25), key=(0.25, 0.25, 0.25), sky=(0.95, 0.95, 0.95), ground=(0.42, 0.42, 0.42), shadow=0.5
    ),
    backdrop=_grey, viewpoint=Viewpoint(distance=9.0, height=2.6), shadows=Shadows(floor=0.0, contact=0.0),
)  # fmt: skip


@lru_cache(maxsize=CROWD)
def passer(identity: int) -> Sprite:
    """One of `CROWD` people who stand or walk, seen from anywhere; made when they are first met."""
    from reposer.data.people.person import make_person, sample_looks
    from reposer.data.people.picture import photograph
    from reposer.data.people.stances import sample_stance

    rng = np.random.default_rng([0, identity])
    frame = photograph(
        make_person(sample_looks(rng), _DRAWN_FOR), sample_stance(rng), heading=float(rng.uniform(-np.pi, np.pi)),
        framing="full", scene=_GREY_SKY, size=_SIZE, seed=0,
    )  # fmt: skip
    there = (frame.faces >= 0).astype(np.uint8) * np.uint8(255)
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    image = np.concatenate([frame.image, softened(there, 0.8)[..., None]], -1)
    image = np.ascontiguousarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return Sprite(image, len(image) / frame.camera.scale)
