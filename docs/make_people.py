"""Draw the pictures of docs/people.md: python docs/make_people.py (about two minutes on one core)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reposer.correspondence import carried
from reposer.data.people import PeopleConfig, stack_truth, true_flow
from reposer.data.people.person import make_person
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.setups import looks_of, pose_of, setup_of
from reposer.data.people.truth import picture_truth, surface_truth
from reposer.images import write_image

PICTURES = Path(__file__).parent / "pictures"
SEED, GAP, QUALITY = 1, 4, 88
STREET = PeopleConfig(identities=300, test_identities=100, seed=SEED)
STUDIO = PeopleConfig(identities=300, test_identities=100, seed=SEED, layout="deepfashion")
CROSS = PeopleConfig(identities=300, test_identities=100, seed=SEED, layout="deepfashion", pairs="cross")
Image = NDArray[np.uint8]


def main() -> None:
    save("people-street.jpg", rows(portraits(STREET, 24), 12))
    save("people-studio.jpg", rows(portraits(STUDIO, 24), 8))
    save("people-pairs.jpg", rows([image for who in (1, 4, 7) for image in pair(who)], 7))
    save("people-cross.jpg", rows([image for who in (2, 3, 5, 8) for image in cross(who)], 6))
    save("people-faces.jpg", rows([face(who) for who in range(1, 25)], 8))


def portraits(config: PeopleConfig, count: int) -> Iterator[Image]:
    """The first picture of the first people, whoever they are."""
    for identity in range(1, count + 1):
        yield taken(config, identity, [0])[0].image


def taken(config: PeopleConfig, identity: int, indices: Sequence[int]) -> list[Frame]:
    person = make_person(looks_of(config, identity), config.picture_size[0])
    return [setup_of(config, "test", identity, i).photograph(person, config.picture_size) for i in indices]


def pair(identity: int) -> list[Image]:
    """Source, target, source warped by the flow where it is seen, flow, visibility, parts, keypoints."""
    person = make_person(looks_of(STUDIO, identity), STUDIO.picture_size[0])
    setups = [setup_of(STUDIO, "test", identity, index) for index in (0, 1)]
    frames = [photograph(
        person, setup.stance, heading=turned, framing="full", scene=setup.scene, size=STUDIO.picture_size, seed=3
    ) for setup, turned in zip(setups, (0.2, -0.5), strict=True)]  # fmt: skip
    source, target = (stack_truth([surface_truth(person)], [picture_truth(frame)]) for frame in frames)
    flow, seen = true_flow(source, target)
    image = torch.from_numpy(frames[0].image).permute(2, 0, 1)[None].float()
    warped = torch.where(seen[:, None], carried(image, flow), 255)[0].byte().permute(1, 2, 0).numpy()
    grid = np.stack(np.meshgrid(np.arange(flow.shape[3]), np.arange(flow.shape[2])))
    moved, shown = flow[0].numpy() - grid, frames[1].parts > 0
    return [
        *(frame.image for frame in frames), warped, arrows(moved, shown), coloured(seen[0].numpy() + 2 * ~shown, 3),
        coloured(frames[1].parts, 18), skeleton(frames[1]),
    ]  # fmt: skip


def arrows(moved: NDArray[np.float32], shown: NDArray[np.bool_]) -> Image:
    """Direction as hue, length as strength, white where nobody is."""
    angle, length = np.arctan2(moved[1], moved[0]), np.hypot(*moved)
    hsv = np.stack([(angle + np.pi) * 90 / np.pi, np.minimum(length * 5, 255), np.full_like(length, 235)], axis=-1)
    image = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    return np.where(shown[..., None], image, 255).astype(np.uint8)


def coloured(labels: NDArray[np.integer], count: int) -> Image:
    """Labels in colours that differ; the last of three and the background of parts are white."""
    hue = (np.arange(count) * 67 % 180).astype(np.uint8)
    table = cv2.cvtColor(
        np.stack([hue, np.full(count, 150), np.full(count, 220)], -1)[None].astype(np.uint8), cv2.COLOR_HSV2RGB
    )[0]
    table[2 if count == 3 else 0] = 255
    return table[labels]


def skeleton(frame: Frame) -> Image:
    """Keypoints: filled where they are seen, rings where something covers them."""
    image = (frame.image // 2 + 120).astype(np.uint8)
    for (x, y), seen, hidden in zip(frame.joints.tolist(), frame.visible, frame.hidden, strict=True):
        if seen or hidden:
            cv2.circle(image, (round(x), round(y)), 3, (200, 30, 30), -1 if seen else 1, cv2.LINE_AA)
    return image


def cross(identity: int) -> list[Image]:
    """A person, another one's picture, and the person in that pose."""
    index = CROSS.own_pictures
    own, truth = taken(CROSS, identity, [0, index])
    other, number = pose_of(CROSS, "test", identity, index)
    return [own.image, taken(CROSS, other, [number])[0].image, truth.image]


def face(identity: int) -> Image:
    """The head at 512x352."""
    person = make_person(looks_of(STUDIO, identity), 512)
    setup = setup_of(STUDIO, "test", identity, 0)
    frame = photograph(
        person,
        setup.stance,
        heading=0.5 * np.sin(identity),
        framing="upper",
        scene=setup.scene,
        size=(512, 352),
        seed=1,
    )
    x, y = (int(value) for value in frame.joints[[0, 14, 15]].mean(0))
    left, top = min(max(x - 112, 0), 352 - 224), min(max(y - 112, 0), 512 - 224)
    head = frame.image[top : top + 224, left : left + 224]
    return np.asarray(cv2.resize(head, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)


def rows(images: Iterator[Image] | list[Image], columns: int) -> Image:
    """Images of one size in rows on white."""
    padded = [np.pad(image, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for image in images]
    lines = [np.concatenate(padded[i : i + columns], axis=1) for i in range(0, len(padded), columns)]
    return np.concatenate(lines)[:-GAP, :-GAP]


def save(name: str, image: Image) -> None:
    path = PICTURES / name
    write_image(path, torch.from_numpy(image).permute(2, 0, 1).contiguous(), quality=QUALITY)
    print(f"{path}: {image.shape[1]}x{image.shape[0]}, {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
