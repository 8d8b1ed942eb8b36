"""What the truth of a training pair costs: python -m benchmarks.truth

Pairs of people are read from disk in random order, with and without flow, visibility and parts, in turns; milliseconds
of one core a pair, medians. Run it with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import torch

from reposer.data import PairDataset, open_pairs
from reposer.data.people import PeopleConfig, make_people

PEOPLE, ROUNDS = 24, 60


def measure(folder: Path) -> tuple[float, float]:
    """Milliseconds a pair without and with truth."""
    index = open_pairs(folder, "train")
    datasets = [PairDataset(index, truth=truth) for truth in (False, True)]
    times: list[list[float]] = [[], []]
    for item in np.random.default_rng(0).integers(len(index.pairs), size=ROUNDS).tolist():
        for dataset, found in zip(datasets, times, strict=True):
            start = process_time()
            dataset[item]
            found.append(process_time() - start)
    plain, known = (1000 * float(np.median(found[5:])) for found in times)
    return plain, known


def main() -> None:
    torch.set_num_threads(1)
    for layout in ("market", "deepfashion"):
        config = PeopleConfig(identities=PEOPLE, images_per_identity=4, test_identities=1, layout=layout)
        with TemporaryDirectory() as folder:
            make_people(Path(folder) / "data", config)
            plain, known = measure(Path(folder) / "data")
        height, width = config.picture_size
        print(f"{height}x{width}: {plain:.1f} ms a pair, {known:.1f} ms with flow, visibility and parts")


if __name__ == "__main__":
    main()
