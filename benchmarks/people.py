"""Pictures of synthetic people a second on one core: python -m benchmarks.people

Each person is made once and photographed eight times, with the truth of every picture; the time of writing files is not
in it. Run it on an idle machine with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

from time import process_time

import cv2
import numpy as np

from reposer.data.people.person import make_person, sample_looks
from reposer.data.people.picture import photograph
from reposer.data.people.scenes.framing import sample_framing
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.stances import sample_stance
from reposer.data.people.truth import picture_truth

PICTURES, PEOPLE = 8, 8
SIZES = {"street": (128, 64), "studio": (256, 176)}


def measure(kind: str, size: tuple[int, int]) -> tuple[float, float]:
    """Milliseconds for a person and for a picture: medians, the first person left out."""
    making, taking = [], []
    for identity in range(PEOPLE + 1):
        rng = np.random.default_rng(identity)
        start = process_time()
        person = make_person(sample_looks(rng), size[0])
        making.append(process_time() - start)
        for picture in range(PICTURES):
            scene = sample_street(rng) if kind == "street" else sample_studio(rng)
            start = process_time()
            frame = photograph(
                person,
                sample_stance(rng),
                heading=float(rng.uniform(-np.pi, np.pi)),
                framing="street" if kind == "street" else sample_framing(rng),
                scene=scene,
                size=size,
                seed=picture,
            )
            picture_truth(frame)
            taking.append(process_time() - start)
    return 1000 * float(np.median(making[1:])), 1000 * float(np.median(taking[PICTURES:]))


def main() -> None:
    cv2.setNumThreads(1)
    for kind, size in SIZES.items():
        person, picture = measure(kind, size)
        rate = 1000 / (person / PICTURES + picture)
        print(f"{kind} {size[0]}x{size[1]}: person {person:.0f} ms, picture {picture:.1f} ms, {rate:.1f} images/s")


if __name__ == "__main__":
    main()
