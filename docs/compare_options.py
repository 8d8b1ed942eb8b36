"""Write the tables of losses.md that compare the options of PSSIM: python docs/compare_options.py"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from people import ARMS, People, blurred, moved, noisy, painted_over, pairs_of_people, recoloured, where
from reposer.losses import L1Loss, MultiScaleSSIMLoss, PartSSIMLoss, SSIMLoss, part_ssim_loss
from reposer.memory import keep_freed_memory
from reposer.poses import limb_masks

PAGE = Path(__file__).with_name("losses.md")
COUNT = 32
SMALL, LARGE = (128, 64), (256, 128)

Loss = Callable[[Tensor], Tensor]


def faults(people: People) -> dict[str, Tensor]:
    """Pictures with one fault each; faults measured in pixels grow with the picture."""
    target, zoom = people.target, people.target.shape[-2] / SMALL[0]
    body = where(people, "background").logical_not()
    return {
        "moved 1 px": moved(target, round(zoom)),
        "moved 4 px": moved(target, round(4 * zoom)),
        "blurred, sigma 1 px": blurred(target, zoom),
        "blurred, sigma 3 px": blurred(target, 3 * zoom),
        "noise, sigma .1": noisy(target, 0.1),
        "torso in another colour": recoloured(target, where(people, "torso")),
        "lower arms missing": painted_over(target, where(people, *ARMS)),
        "background in another colour": recoloured(target, ~body),
        "the whole person missing": painted_over(target, body),
        "the source image, copied": people.source,
    }


def table(title: str, columns: Iterable[str], rows: dict[str, list[float]], digits: int = 3) -> str:
    """One Markdown table."""

    def cell(value: float) -> str:
        return f"{value:.{digits}f}".replace("0.", ".", 1)

    columns = list(columns)
    lines = [f"| {title} | {' | '.join(columns)} |", f"|---{'|---' * len(columns)}|"]
    lines += [f"| {name} | {' | '.join(cell(value) for value in values)} |" for name, values in rows.items()]
    return "\n".join(lines)


def loss_table(people: People, losses: dict[str, Loss]) -> str:
    """Loss of each fault, averaged over the people."""
    return table(
        "fault",
        losses,
        {fault: [float(loss(image)) for loss in losses.values()] for fault, image in faults(people).items()},
    )


def part_loss(people: People, **options: Any) -> Loss:
    """PSSIM loss for pictures of these people."""
    loss = PartSSIMLoss(**options)
    return lambda image: loss(image, people.target, people.joints, people.visible)


def statistics_table(people: People) -> str:
    """PSSIM as released, corrected and local, and three losses that know nothing about parts."""
    corrected = {"missing_parts": "exclude", "background": "normalized"}
    ssim, multi_scale, l1 = SSIMLoss(window_size=7, sigma=0.8), MultiScaleSSIMLoss(), L1Loss()
    return loss_table(
        people,
        {
            "as released": part_loss(people),
            "exclude": part_loss(people, missing_parts="exclude"),
            "normalized": part_loss(people, background="normalized"),
            "exclude, normalized": part_loss(people, **corrected),
            "local": part_loss(people, statistics="local"),
            "exclude, normalized, local": part_loss(people, **corrected, statistics="local"),
            "SSIM": lambda image: ssim(image, people.target),
            "MS-SSIM": lambda image: multi_scale(image, people.target),
            "L1": lambda image: l1(image, people.target),
        },
    )


def masks_table(small: People, large: People) -> str:
    """The same people at two sizes, with the masks of each."""
    choices: dict[str, tuple[People, dict[str, Any]]] = {
        "128x64": (small, {}),
        "128x64, multi_scale": (small, {"multi_scale": True}),
        "256x128": (large, {}),
        "256x128, reference_height=128": (large, {"reference_height": 128}),
        "256x128, multi_scale": (large, {"multi_scale": True}),
    }
    values = {name: faults(people) for name, (people, _) in choices.items()}
    losses = {name: part_loss(people, **options) for name, (people, options) in choices.items()}
    rows = {fault: [float(losses[name](values[name][fault])) for name in choices] for fault in faults(small)}
    return table("fault", choices, rows)


def missing_table(people: People, shown: Iterable[int] = (10, 8, 6, 4, 2, 0)) -> str:
    """The copied source again, with fewer and fewer parts in the picture, removed at random."""
    masks = limb_masks(people.joints, people.visible, SMALL)
    whole = masks.flatten(2).amax(-1).gt(0).all(1)
    source, target, masks = people.source[whole], people.target[whole], masks[whole]
    order = torch.rand(masks.shape[:2], generator=torch.Generator().manual_seed(0)).argsort(1).argsort(1)
    rows = {}
    for count in shown:
        some = masks * (order < count)[..., None, None]
        options: tuple[Any, ...] = ("as_released", "exclude")
        rows[str(count)] = [float(part_ssim_loss(source, target, some, missing_parts=option)) for option in options]
    return table("parts in the picture, of 10", ("as released", "exclude"), rows)


def tables(count: int = COUNT) -> dict[str, str]:
    """All tables, named by what they compare."""
    small, large = pairs_of_people(count, SMALL), pairs_of_people(count, LARGE)
    return {
        "statistics": statistics_table(small),
        "masks": masks_table(small, large),
        "missing": missing_table(small),
    }


def with_tables(page: str, made: dict[str, str]) -> str:
    """The page with each table placed between its two marks."""
    for name, text in made.items():
        mark = f"<!-- table: {name} -->"
        before, after = page.split(mark)
        page = f"{before}{mark}\n\n{text}\n\n<!-- end -->{after.split('<!-- end -->', 1)[1]}"
    return page


if __name__ == "__main__":
    keep_freed_memory()  # as every command of reposer does
    made = tables()
    print("\n\n".join(made.values()))
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
