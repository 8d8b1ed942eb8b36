"""Measure how the training images of a data set look, for a generator that was trained before training did so.

The shipped one's: ``reposer mannequin data --identities 3064 --test-identities 64 --no-part-masks``, then
``python tools/measure_domain.py --data data --folder src/reposer/pretrained/mannequin``. It prints how many images of
the test split, of people that are in no training image, would be called far.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from reposer.checks import InputError
from reposer.data import PairDataset, collate, open_pairs
from reposer.photos.domain import FALSE_ALARMS, write_domain
from reposer.photos.look import look
from reposer.photos.measuring import measure_domain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--folder", type=Path, required=True, help="of the generator, where domain.json is written")
    options = parser.parse_args()
    domain = measure_domain(open_pairs(options.data, "train"))
    if domain is None:
        raise InputError(f"{options.data}: too few images")
    write_domain(options.folder, domain)
    unseen = open_pairs(options.data, "test")
    dataset = PairDataset(unseen)
    pairs = collate([dataset[i] for i in range(len(dataset))])
    distances = domain.distances(look(pairs.source, pairs.source_joints, pairs.source_visible))
    far = int((distances > domain.limit).sum())
    print(f"{domain.images:,} training images; {FALSE_ALARMS:.0%} of them are further than {domain.limit:.2f}")
    print(f"of {len(distances):,} images of unseen people {far} are; median {float(torch.median(distances)):.2f}")


if __name__ == "__main__":
    main()
