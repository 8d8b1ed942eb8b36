"""Do generated pictures of people help a re-identification network? Measured on drawn people.

Run it with:

    python examples/reid.py reid

A small residual network learns who is who from two pictures of each person, each by another camera, with softmax and
triplet loss. Then it has to find people whom it has never seen among pictures by other cameras. It is trained with
these two pictures alone; with eight more that `reposer augment` made of them, in the poses of others; and with eight
that were really drawn, which is what perfect generated pictures would bring. All see the same number of pictures in
training, and each seed has people, pictures and a network of its own. None of the people is known to the generator in
the box. `reid/scores.json` keeps what is printed.
"""

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reposer.augmentation import AugmentConfig, augment
from reposer.data.mannequin import make_mannequin, take_picture
from reposer.data.mannequin.figure import sample_body
from reposer.data.mannequin.scene import Scene, sample_scene
from reposer.files import write_text
from reposer.generation import checkpoint_provenance
from reposer.generator import generator_file, load_generator
from reposer.images import read_image, to_signed, write_image
from reposer.poses import Pose, write_annotations

SIZE = (128, 64)
CAMERAS = 6
TEST_SEED, FIRST_SEED = 5000, 6000  # of people; the generator in the box has seen those of seed 0
TEST_PICTURES = 4
ARMS = {"alone": "two pictures a person", "generated": "and generated ones", "drawn": "and drawn ones"}
Pictures = tuple[Tensor, Tensor, Tensor]
"""Images (N, 3, H, W) uint8, people (N,) and cameras (N,)."""


def market_scores(
    distances: Tensor, people: tuple[Tensor, Tensor], cameras: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Rank-1 (Q,) and average precision (Q,) of each query, by the protocol of Market-1501.

    Of the gallery, pictures of the query's person by the query's camera do not count. Average precision is the mean of
    the precisions at the places of all right pictures (Zheng et al., "Scalable Person Re-identification", ICCV 2015).

    Args:
        distances: (Q, G) from each query to each picture of the gallery.
        people: who is in the queries (Q,) and in the gallery (G,).
        cameras: which took the queries (Q,) and the gallery (G,).

    Raises:
        ValueError: if a query has no right picture that counts.
    """
    same_person, same_camera = (a[:, None] == b[None] for a, b in (people, cameras))
    order = distances.argsort(dim=1, stable=True)
    counts = ~(same_person & same_camera).gather(1, order)
    right = same_person.gather(1, order) & counts
    if not right.any(dim=1).all():
        raise ValueError("a query has no picture by another camera in the gallery")
    place = counts.cumsum(dim=1)  # of the pictures that count, from 1
    precision = right.cumsum(dim=1) / place.clamp(min=1)
    average = (precision * right).sum(dim=1) / right.sum(dim=1)
    return (right & (place == 1)).any(dim=1).double(), average.double()


def scenes(seed: int) -> list[tuple[Scene, np.ndarray]]:
    """What each camera sees behind people, and its colours."""
    rng = np.random.default_rng(seed)
    return [
        (sample_scene(rng, sample_body(rng), SIZE, studio=False), rng.uniform(0.75, 1.2) * rng.uniform(0.9, 1.1, 3))
        for _ in range(CAMERAS)
    ]


def draw(folder: Path, seed: int, people: int, pictures: range) -> None:
    """Draw some of the pictures of people, each by the cameras that are theirs in turn, as a training split."""
    cameras, poses = scenes(TEST_SEED), {}
    (folder / "train").mkdir(parents=True, exist_ok=True)
    for person in range(1, people + 1):
        mannequin = make_mannequin(seed, person, SIZE)
        theirs = np.random.default_rng([seed, person]).permutation(CAMERAS)[:TEST_PICTURES]
        for index in pictures:
            camera = int(theirs[index % (TEST_PICTURES if seed == TEST_SEED else 2)])
            scene, gain = cameras[camera]
            before = replace(mannequin, scene=replace(scene, fill=mannequin.scene.fill))
            picture = take_picture(before, seed, person, index)
            name = f"{person:04d}_c{camera + 1}s1_{index:06d}_00.jpg"
            pixels = torch.from_numpy((picture.image * gain).clip(0, 255).astype(np.uint8)).permute(2, 0, 1)
            write_image(folder / "train" / name, pixels, quality=95)
            joints = torch.from_numpy(picture.joints).clamp(min=0)
            poses[name] = Pose(joints, torch.from_numpy(picture.visible))
    write_annotations(folder / "market-annotation-train.csv", poses)


def load(folder: Path) -> Pictures:
    """All pictures of a folder, who is in them, and which camera took them, as code for Market-1501 tells it."""
    files = sorted((folder / "train").glob("*.jpg"))
    told = [re.match(r"([-\d]+)_c(\d)", file.name) for file in files]
    people, cameras = (torch.tensor([int(each[i]) for each in told if each]) for i in (1, 2))
    return torch.stack([read_image(file) for file in files]), people, cameras


class Block(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False), nn.BatchNorm2d(channels_out),
        )  # fmt: skip
        self.keep = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.keep(x) + self.change(x))


class Network(nn.Module):
    """A small ResNet; what it found in a picture, before and after the last norm, and who it takes it for.

    Triplets see the first, softmax and search the second, as in Luo et al., "Bag of Tricks and a Strong Baseline for
    Deep Person Re-identification", 2019.
    """

    def __init__(self, width: int, people: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2),
            Block(4 * width, 8 * width, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.norm = nn.BatchNorm1d(8 * width)
        self.who = nn.Linear(8 * width, people, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = self.body(F.avg_pool2d(images, 2))  # 64x32 pixels: a processor is enough
        normed = self.norm(found)
        return found, normed, self.who(normed)


def triplet_loss(found: Tensor, people: Tensor, margin: float = 0.3) -> Tensor:
    """Hermans et al. 2017: the farthest of the same person must be nearer than the nearest of another."""
    distances = torch.cdist(found, found)
    same = people[:, None] == people[None]
    farthest = torch.where(same, distances, -torch.inf).amax(dim=1)
    nearest = torch.where(same, torch.inf, distances).amin(dim=1)
    return F.relu(farthest - nearest + margin).mean()


def varied(images: Tensor, random: torch.Generator) -> Tensor:
    """What every network is trained with: pictures mirrored, shifted, and often with a patch erased."""
    images = to_signed(images)
    varied = []
    for image in F.pad(images, (4, 4, 4, 4), mode="replicate"):
        top, left, erased_top, erased_left, flip, erase = (
            int(torch.randint(high, (), generator=random)) for high in (9, 9, SIZE[0] - 32, SIZE[1] - 24, 2, 2)
        )
        crop = image[:, top : top + SIZE[0], left : left + SIZE[1]].clone()
        if erase:
            crop[:, erased_top : erased_top + 32, erased_left : erased_left + 24] = 0
        varied.append(crop.flip(-1) if flip else crop)
    return torch.stack(varied)


def batches(sets: list[Pictures], people: int, steps: int, random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and people: 12 people a batch, 4 pictures of each, as many of every set."""
    each = 4 // len(sets)
    of_person = [[(who == person + 1).nonzero().flatten() for person in range(people)] for _, who, _ in sets]
    for _ in range(steps):
        chosen = torch.randperm(people, generator=random)[:12].tolist()
        images = []
        for person in chosen:
            for (pictures, _, _), theirs in zip(sets, of_person, strict=True):
                order = torch.cat([torch.randperm(len(theirs[person]), generator=random) for _ in range(each)])
                images.append(pictures[theirs[person][order[:each]]])
        yield varied(torch.cat(images), random), torch.tensor(chosen).repeat_interleave(4)


def train(sets: list[Pictures], people: int, seed: int, steps: int, width: int) -> Network:
    torch.manual_seed(seed)
    network = Network(width, people)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.2)
    for step, (images, who) in enumerate(batches(sets, people, steps, torch.Generator().manual_seed(seed)), start=1):
        found, _, guess = network(images)
        loss = F.cross_entropy(guess, who, label_smoothing=0.1) + triplet_loss(found, who)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step == 1 or step % max(steps // 4, 1) == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}", flush=True)
    return network.eval()


@torch.no_grad()
def score(network: Network, test: Pictures) -> tuple[Tensor, Tensor]:
    """Rank-1 and average precision, a query for each person: their first picture."""
    images, people, cameras = test
    found = torch.cat([network(to_signed(some))[1] for some in images.split(64)])
    found = F.normalize(found, dim=1)
    query = torch.cat([torch.ones(1, dtype=torch.bool), people[1:] != people[:-1]])
    both = (query, ~query)
    distances = 1 - found[query] @ found[~query].T
    return market_scores(distances, tuple(people[of] for of in both), tuple(cameras[of] for of in both))


def interval(values: Tensor) -> tuple[float, float, float]:
    """Mean over seeds and people of (seeds, people), and its 95 % interval: a bootstrap of people."""
    of_people = values.mean(dim=0)
    drawn = torch.randint(len(of_people), (2000, len(of_people)), generator=torch.Generator().manual_seed(0))
    low, high = of_people[drawn].mean(dim=1).quantile(torch.tensor([0.025, 0.975], dtype=values.dtype)).tolist()
    return float(of_people.mean()), low, high


def verdict(more: Tensor, alone: Tensor) -> str:
    """In words, whether one is better; (seeds, people) each."""
    difference, low, high = interval(more - alone)
    by_seed = (more - alone).mean(dim=1).tolist()
    text = f"{100 * difference:+.1f} points of mAP (95 % interval {100 * low:+.1f} to {100 * high:+.1f}; by seed "
    text += ", ".join(f"{100 * value:+.1f}" for value in by_seed) + "): "
    if low > 0 and min(by_seed) > 0:
        return text + "they help"
    return text + ("they harm" if high < 0 and max(by_seed) < 0 else "no difference is shown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where pictures and scores go")
    parser.add_argument("--people", type=int, default=150, help="to train with")
    parser.add_argument("--test-people", type=int, default=300)
    parser.add_argument("--poses-per-person", type=int, default=8, help="generated pictures of each person")
    parser.add_argument("--generator", default="mannequin", help="run folder, file, or name of one that ships")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=16)
    options = parser.parse_args()
    checkpoint = generator_file(options.generator)
    generator = load_generator(checkpoint)

    draw(options.folder / "test", TEST_SEED, options.test_people, range(TEST_PICTURES))
    test = load(options.folder / "test")
    found: dict[str, list[tuple[Tensor, Tensor]]] = {arm: [] for arm in ARMS}
    for seed in range(options.seeds):
        people, made, more = (options.folder / f"{what}-{seed}" for what in ("people", "generated", "drawn"))
        draw(people, FIRST_SEED + seed, options.people, range(2))
        draw(more, FIRST_SEED + seed, options.people, range(2, 2 + options.poses_per_person))
        config = AugmentConfig(poses_per_person=options.poses_per_person, seed=seed)
        augment(generator, people, made, config, provenance=checkpoint_provenance(checkpoint))
        sets = {"alone": [people], "generated": [people, made], "drawn": [people, more]}
        for arm, folders in sets.items():
            network = train([load(each) for each in folders], options.people, seed, options.steps, options.width)
            found[arm].append(score(network, test))
            rank_1, average = (mean(values.tolist()) for values in found[arm][-1])
            print(f"seed {seed}, {ARMS[arm]}: rank-1 {rank_1:.1%}, mAP {average:.1%}", flush=True)

    table = {arm: [torch.stack(values) for values in zip(*scores, strict=True)] for arm, scores in found.items()}
    for arm, values in table.items():
        (rank_1, *between), (average, *around) = map(interval, values)
        print(
            f"{ARMS[arm]:25s} rank-1 {rank_1:.1%} ({between[0]:.1%} to {between[1]:.1%})  "
            f"mAP {average:.1%} ({around[0]:.1%} to {around[1]:.1%})"
        )
    verdicts = {arm: verdict(table[arm][1], table["alone"][1]) for arm in ("generated", "drawn")}
    for arm, text in verdicts.items():
        print(f"{arm} pictures: {text}")
    values = {arm: {"rank-1": r.mean(1).tolist(), "mAP": a.mean(1).tolist()} for arm, (r, a) in table.items()}
    write_text(options.folder / "scores.json", json.dumps({"by_seed": values, "verdicts": verdicts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
