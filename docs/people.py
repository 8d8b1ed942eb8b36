"""The people in the pictures and tables of this documentation, and what can go wrong in a generated picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.data.mannequin import PART_NAMES, Picture, make_mannequin, photograph, take_picture
from reposer.data.mannequin.figure import sample_stance
from reposer.data.mannequin.scene import sample_view
from reposer.images import to_signed

SEED = 0
ARMS = ("right lower arm", "right hand", "left lower arm", "left hand")
LEGS = tuple(f"{side} {part}" for side in ("right", "left") for part in ("upper leg", "lower leg", "foot"))


@dataclass(frozen=True, kw_only=True)
class People:
    """A batch of sources and targets, with the joints and parts of the targets."""

    source: Tensor
    """(B, 3, H, W) in [-1, 1]"""
    target: Tensor
    """(B, 3, H, W) in [-1, 1]"""
    joints: Tensor
    """(B, 18, 2) of the target"""
    visible: Tensor
    """(B, 18)"""
    labels: NDArray[np.uint8]
    """(B, H, W) exact part labels of the target, indices of PART_NAMES"""


def pairs_of_people(count: int, size: tuple[int, int]) -> People:
    """Two pictures of each of ``count`` people, clothing tier "full"."""
    made = [make_mannequin(SEED, identity, size) for identity in range(1, count + 1)]
    source, target = (
        [take_picture(mannequin, SEED, identity, index) for identity, mannequin in enumerate(made, start=1)]
        for index in (0, 1)
    )
    return _people(source, target)


def one_person(size: tuple[int, int]) -> tuple[People, Tensor]:
    """One person seen from the front with the joints of both arms apart, and the same with the left arm raised.

    Returns:
        The person as source and target, and the picture (1, 3, H, W) with the other arm.
    """
    mannequin = make_mannequin(7, 3, size)
    rng = np.random.default_rng(4)
    view = replace(sample_view(rng, mannequin.scene), yaw=-0.25)
    stance = replace(
        sample_stance(rng),
        wrists=np.array([[0.45, -0.72, 0.1], [0.45, -0.72, 0.1]], np.float32),
        elbows=np.array([[0.6, 0.0, -1.0], [0.6, 0.0, -1.0]], np.float32),
    )
    other = replace(stance, wrists=np.array([[0.45, -0.72, 0.1], [0.62, -0.2, 0.1]], np.float32))
    picture, moved = photograph(mannequin, stance, view), photograph(mannequin, other, view)
    return _people([picture], [picture]), _images([moved])


def where(people: People, *names: str) -> Tensor:
    """Mask (B, 1, H, W) of the target's pixels of these parts."""
    return torch.from_numpy(np.isin(people.labels, [PART_NAMES.index(name) for name in names]))[:, None]


def blurred(images: Tensor, sigma: float) -> Tensor:
    """The images blurred by a Gaussian with a standard deviation in pixels."""
    return _each(images, lambda image: cv2.GaussianBlur(image, (0, 0), sigma))


def recoloured(images: Tensor, mask: Tensor) -> Tensor:
    """Under the mask, red becomes green, green blue and blue red; shading and texture stay."""
    return torch.where(mask, images.roll(1, dims=1), images)


def painted_over(images: Tensor, mask: Tensor) -> Tensor:
    """The area under the mask filled from its surroundings."""
    holes = cv2.dilate(mask[:, 0].to(torch.uint8).numpy().transpose(1, 2, 0), np.ones((3, 3), np.uint8))
    holes = holes.reshape(*mask.shape[-2:], -1)
    levels = ((images.permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8)
    filled = [cv2.inpaint(image, holes[..., i].copy(), 3, cv2.INPAINT_TELEA) for i, image in enumerate(levels)]
    return to_signed(torch.from_numpy(np.stack(filled)).permute(0, 3, 1, 2))


def moved(images: Tensor, pixels: int) -> Tensor:
    """Everything moved to the right; the first column is repeated."""
    return torch.cat((images[..., :1].expand(*images.shape[:3], pixels), images[..., :-pixels]), dim=-1)


def noisy(images: Tensor, deviation: float) -> Tensor:
    """The images with Gaussian noise of a standard deviation."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(SEED))
    return (images + deviation * noise).clamp(-1, 1)


def _each(images: Tensor, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Tensor:
    changed = [change(image) for image in images.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2)


def _images(pictures: list[Picture]) -> Tensor:
    return to_signed(torch.from_numpy(np.stack([picture.image for picture in pictures])).permute(0, 3, 1, 2))


def _people(source: list[Picture], target: list[Picture]) -> People:
    return People(
        source=_images(source),
        target=_images(target),
        joints=torch.from_numpy(np.stack([picture.joints for picture in target])).float(),
        visible=torch.from_numpy(np.stack([picture.visible for picture in target])),
        labels=np.stack([picture.parts for picture in target]),
    )
