"""Print the cost of one call of each loss, forward and backward, for losses.md: python docs/loss_costs.py"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from torch import Tensor, nn
from torchvision.models import vgg19

from people import People, pairs_of_people
from reposer.losses import (
    CharbonnierLoss,
    L1Loss,
    L2Loss,
    MultiScaleSSIMLoss,
    PartSSIMLoss,
    PerceptualLoss,
    PerceptualSSIMLoss,
    SSIMLoss,
    StyleLoss,
    TotalVariationLoss,
)
from reposer.memory import keep_freed_memory

CALLS = 7
SIZES = {(128, 64): 32, (256, 176): 7}
"""Batch of the published runs at each size."""


def losses(people: People) -> dict[str, Callable[[Tensor], Tensor]]:
    """Losses of a batch of pictures of these people; VGG19 has random weights, which do not affect its time."""
    random = {"weights": {f"features.{name}": t for name, t in vgg19(weights=None).features.state_dict().items()}}
    paired: dict[str, nn.Module] = {
        "L1": L1Loss(),
        "L2": L2Loss(),
        "Charbonnier": CharbonnierLoss(),
        "SSIM": SSIMLoss(window_size=7, sigma=0.8),
        "MS-SSIM": MultiScaleSSIMLoss(),
        "perceptual": PerceptualLoss(**random),
        "style": StyleLoss(**random),
        "perceptual SSIM": PerceptualSSIMLoss(**random),
    }
    parts = {
        "PSSIM": PartSSIMLoss(),
        "PSSIM, normalized": PartSSIMLoss(background="normalized"),
        "PSSIM, multi_scale": PartSSIMLoss(multi_scale=True),
        "PSSIM, local": PartSSIMLoss(statistics="local"),
    }
    calls: dict[str, Callable[[Tensor], Tensor]] = {"total variation": TotalVariationLoss()}
    for name, loss in paired.items():
        calls[name] = lambda image, loss=loss: loss(image, people.target)  # type: ignore[misc]
    for name, part_loss in parts.items():
        calls[name] = lambda image, loss=part_loss: loss(image, people.target, people.joints, people.visible)  # type: ignore[misc]
    return calls


def milliseconds(loss: Callable[[Tensor], Tensor], image: Tensor) -> float:
    """Median time of one call including its gradient."""
    times = []
    for _ in range(CALLS + 2):
        started = time.perf_counter()
        image.grad = None
        loss(image).backward()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[2:])


if __name__ == "__main__":
    keep_freed_memory()  # as every command of reposer does
    columns = {}
    for size, batch in SIZES.items():
        people = pairs_of_people(batch, size)
        image = people.source.clone().requires_grad_()
        columns[size] = {name: milliseconds(loss, image) for name, loss in losses(people).items()}
    for name in columns[128, 64]:
        print(f"| {name} | " + " | ".join(f"{column[name]:.0f} ms" for column in columns.values()) + " |")
