"""Draw the photo of the first example, its pose, and what becomes of it: python docs/make_example.py

The person is a mannequin that is in no training image, drawn at 480x640 pixels, smaller and further to the left than
those of a data set.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from reposer.data.mannequin.figure import sample_stance
from reposer.data.mannequin.render import PICTURE, make_mannequin, photograph
from reposer.data.mannequin.scene import sample_view
from reposer.files import write_text
from reposer.generator import load_generator
from reposer.images import grid, resize, write_image
from reposer.photos.posing import Poser
from reposer.photos.transfer import transfer_anything
from reposer.poses import NAMED_POSES

PICTURES = Path(__file__).parent / "pictures"
PHOTO, KEYPOINTS = PICTURES / "person.jpg", PICTURES / "person.json"
SEED, IDENTITY, INDEX, SIZE = 7, 15, 3, (480, 640)
SHOWN, COLUMNS = "walking-1", 8


def draw() -> None:
    """The photo, and its pose as OpenPose writes it."""
    person = make_mannequin(SEED, IDENTITY, SIZE)
    person = replace(person, scene=replace(person.scene, fill=0.62))
    rng = np.random.default_rng([SEED, IDENTITY, INDEX, PICTURE])
    view = replace(sample_view(rng, person.scene), shift=(-0.15, 0.06))
    picture = photograph(person, sample_stance(rng), view)
    write_image(PHOTO, torch.from_numpy(picture.image).permute(2, 0, 1).contiguous(), quality=90)
    joints = np.where(picture.visible[:, None], picture.joints, 0).round(1)
    triples = np.concatenate([joints, picture.visible[:, None]], axis=1).flatten().tolist()
    write_text(KEYPOINTS, json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": triples}]}) + "\n")


def main() -> None:
    draw()
    generator = load_generator("mannequin")
    made = transfer_anything(PHOTO, SHOWN, generator, poser=Poser(), source_pose=KEYPOINTS)
    print(*made.notes, sep="\n")
    write_image(PICTURES / "transfer.jpg", made.side_by_side(paste=True), quality=88)
    cells = []
    for name in NAMED_POSES:
        made = transfer_anything(PHOTO, name, generator, poser=Poser(), source_pose=KEYPOINTS)
        cells.append(resize(made.pasted()[:, 60:480, 100:370].contiguous(), (210, 135), "pil-bicubic"))
    rows = [cells[i : i + COLUMNS] for i in range(0, len(cells), COLUMNS)]
    write_image(PICTURES / "transfer-poses.jpg", grid(rows), quality=88)


if __name__ == "__main__":
    main()
