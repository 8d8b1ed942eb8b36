"""Draw the pictures of losses.md: python docs/make_pictures.py"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from people import ARMS, LEGS, People, blurred, noisy, one_person, recoloured, where
from reposer.images import to_pil, to_uint8
from reposer.losses import (
    L1Loss,
    L2Loss,
    MultiScaleSSIMLoss,
    PartSSIMLoss,
    SSIMLoss,
    total_variation_loss,
)
from reposer.poses import OPENPOSE_18, background_mask, body_mask, limb_masks

PICTURES = Path(__file__).parent / "pictures"
SMALL, LARGE = (128, 64), (256, 128)
INK, FAINT = (20, 20, 20), (110, 110, 110)
HEAT = torch.from_numpy(cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_INFERNO)[:, 0, ::-1].copy())
"""Colour (256, 3) of a value from 0 to 1, in steps of 1 / 255."""

Panel = tuple[str, Image.Image]


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def sheet(rows: Sequence[tuple[str, Sequence[Panel]]], *, gap: int = 14, text: int = 13) -> Image.Image:
    """Rows of panels on white: a heading above each row that has one, a label of one or two lines above each panel."""
    label = 2 * (text + 4)
    headings = [text + 20 if title else 0 for title, _ in rows]
    width = max(sum(panel.width + gap for _, panel in panels) for _, panels in rows) + gap
    height = sum(label + max(panel.height for _, panel in panels) + gap for _, panels in rows) + sum(headings)
    canvas = Image.new("RGB", (width, height), "white")
    pen, top = ImageDraw.Draw(canvas), 0
    for heading, (title, panels) in zip(headings, rows, strict=True):
        pen.text((gap, top + 8), title, INK, font(text + 3))
        top, left = top + heading, gap
        for name, panel in panels:
            pen.multiline_text((left, top), name, FAINT, font(text), spacing=2)
            canvas.paste(panel, (left, top + label))
            left += panel.width + gap
        top += label + max(panel.height for _, panel in panels) + gap
    return canvas


def stacked(*images: Image.Image) -> Image.Image:
    """The images one below the other."""
    canvas = Image.new("RGB", (max(i.width for i in images), sum(i.height for i in images)), "white")
    for index, image in enumerate(images):
        canvas.paste(image, (0, sum(i.height for i in images[:index])))
    return canvas


def side_by_side(*images: Image.Image) -> Image.Image:
    """The images side by side."""
    return stacked(*(i.transpose(Image.Transpose.TRANSPOSE) for i in images)).transpose(Image.Transpose.TRANSPOSE)


def enlarged(image: Image.Image, factor: int) -> Image.Image:
    """The image with every pixel drawn as a square."""
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def picture(image: Tensor) -> Image.Image:
    """One image (3, H, W) in [-1, 1]."""
    return to_pil(to_uint8(image))


def overlay(image: Tensor, mask: Tensor) -> Image.Image:
    """A mask (H, W) in [0, 1] as orange light on the darkened grey image (3, H, W) in [-1, 1]."""
    grey = image.mean(0, keepdim=True).expand(3, -1, -1) * 0.35 - 0.55
    light = torch.tensor([1.0, 0.6, -0.7])[:, None, None]
    lit = to_uint8(grey + (light - grey) * 0.75 * mask)
    return to_pil(lit // 3 * 3)  # fewer levels: half the file


def save(name: str, image: Image.Image) -> None:
    """Write a PNG and print its size."""
    path = PICTURES / name
    image.save(path, optimize=True)
    print(f"{path}: {image.width}x{image.height}, {path.stat().st_size // 1024} kB")


def masks_picture() -> Image.Image:
    """Every mask, on one person."""
    small, _ = one_person(SMALL)
    large, _ = one_person(LARGE)
    image = large.target[0]

    def masks(people: People, **options: object) -> Tensor:
        height, width = people.target.shape[-2:]
        return limb_masks(people.joints, people.visible, (height, width), **options)  # type: ignore[arg-type]

    wide = masks(large, reference_height=128)[0]
    pose = picture(image)
    draw_limbs(pose, large, [(255, 230, 60)] * len(OPENPOSE_18.limbs), OPENPOSE_18.limbs)
    names = [part.name.replace(" ", "\n", 1) for part in OPENPOSE_18.parts]
    parts = list(zip(names, (overlay(image, mask) for mask in wide), strict=True))
    background = background_mask(wide[None])[0, 0]
    body = body_mask(large.joints, large.visible, LARGE)[0].float()
    whole = {
        "small": masks(small)[0].amax(0),
        "large": masks(large)[0].amax(0),
        "scaled": wide.amax(0),
    }
    sets = masks(large, reference_height=128, multi_scale=True)[0].unflatten(0, (5, -1)).amax(1)
    scales = ("5 px", "7 px", "9 px", "11 px", "13 px")
    return stacked(
        sheet([
            ("Ten limb masks: a soft ellipse along each limb of the target's pose (as wide as at 128x64)",
             [("target and its joints", pose), *parts[:5]]),
            ("", [("", Image.new("RGB", (LARGE[1], 1), "white")), *parts[5:]]),
        ]),
        side_by_side(
            sheet([("What follows from them", [
                ("person: the largest\nof the ten masks", overlay(image, 1 - background)),
                ("background mask:\n1 - the largest", overlay(image, background)),
                ("body_mask of\nmask-SSIM (hard)", overlay(image, body)),
            ])]),
            sheet([("Sizes are pixels, unless reference_height is given", [
                ("128x64", enlarged(overlay(small.target[0], whole["small"]), 2)),
                ("256x128, as released:\nhalf as wide", overlay(image, whole["large"])),
                ("256x128 with\nreference_height=128", overlay(image, whole["scaled"])),
            ])]),
        ),
        sheet([("multi_scale=True: five sets of ten masks, PSSIM is the mean over all fifty", [
            (f"limbs of {scale}\n(largest of the ten)", overlay(image, mask))
            for scale, mask in zip(scales, sets, strict=True)
        ])]),
    )  # fmt: skip


def draw_limbs(
    canvas: Image.Image,
    people: People,
    colours: Sequence[tuple[int, int, int]],
    limbs: Sequence[tuple[int, int]],
    factor: int = 1,
) -> None:
    """Draw lines between joints of the first person."""
    pen = ImageDraw.Draw(canvas)
    joints = (people.joints[0] * factor).tolist()
    for (a, b), colour in zip(limbs, colours, strict=True):
        if people.visible[0, a] and people.visible[0, b]:
            pen.line((*joints[a], *joints[b]), colour, 1 + factor)


def faulty(size: tuple[int, int]) -> tuple[People, Tensor]:
    """One person, and a picture with a blurred head, a recoloured torso, a raised left arm and noise on the legs."""
    people, raised = one_person(size)
    zoom = size[0] / SMALL[0]
    left = ("left upper arm", "left lower arm", "left hand")
    arm = where(people, *left) | (raised - people.target).abs().amax(1, keepdim=True).gt(0.05)
    head = where(people, "head", "hair")
    image = torch.where(arm, raised, people.target)
    image = torch.where(head, blurred(image, 2 * zoom), image)
    image = recoloured(image, where(people, "torso"))
    return people, torch.where(where(people, *LEGS), noisy(image, 0.25), image)


REGIONS = {
    "head": ("head", "hair"),
    "torso": ("torso",),
    "arms": ("right upper arm", "left upper arm", *ARMS),
    "legs": LEGS,
    "background": ("background",),
}


def gradient_losses(people: People) -> dict[str, Callable[[Tensor], Tensor]]:
    """Losses of a picture of this person, by label."""
    target, joints, visible = people.target, people.joints, people.visible
    visible_only = {"missing_parts": "exclude", "background": "normalized"}

    def parts(**options: object) -> Callable[[Tensor], Tensor]:
        loss = PartSSIMLoss(**options)  # type: ignore[arg-type]
        return lambda image: loss(image, target, joints, visible)

    return {
        "L1": lambda image: L1Loss()(image, target),
        "L2": lambda image: L2Loss()(image, target),
        "total variation\n(no target)": total_variation_loss,
        "SSIM\n11 px, 1.5": lambda image: SSIMLoss()(image, target),
        "SSIM\n7 px, 0.8": lambda image: SSIMLoss(window_size=7, sigma=0.8)(image, target),
        "MS-SSIM": lambda image: MultiScaleSSIMLoss()(image, target),
        "PSSIM\nas released": parts(),
        "PSSIM exclude,\nnormalized": parts(**visible_only),
        "PSSIM exclude,\nnormalized, local": parts(**visible_only, statistics="local"),
    }


def gradient_map(loss: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Length (H, W) of the gradient of each pixel of one image (1, 3, H, W)."""
    image = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(image), image)
    return gradient[0].norm(dim=0)


def heat(values: Tensor) -> Image.Image:
    """Map values (H, W) to colours: black at 0, yellow at the 99th percentile and above."""
    scaled = (values / values.quantile(0.99).clamp(min=1e-12)).clamp(0, 1)
    return to_pil(HEAT[(scaled * 255).long()].permute(2, 0, 1))


def gradients_picture() -> Image.Image:
    """Where each loss pulls, for one picture with four faults."""
    people, image = faulty(SMALL)
    maps = [(name, enlarged(heat(gradient_map(loss, image)), 2)) for name, loss in gradient_losses(people).items()]
    pair: list[Panel] = [
        ("target", enlarged(picture(people.target[0]), 2)),
        ("generated", enlarged(picture(image[0]), 2)),
        ("difference", enlarged(heat((image - people.target)[0].norm(dim=0)), 2)),
    ]
    legend = Image.new("RGB", (330, 256), "white")
    ImageDraw.Draw(legend).multiline_text(
        (0, 8),
        "The generated picture has four faults:\n\n"
        "head: blurred\ntorso: another colour\nleft arm (on the right): raised\nlegs: noise\n\n"
        "Below: length of the gradient of each loss\nat each pixel, black = 0, yellow = the\n"
        "largest 1 % of that map. A bright place is\nwhere a training step changes most.",
        INK,
        font(14),
        spacing=6,
    )
    return sheet(
        [("One pair, 128x64 pixels", [*pair, ("", legend)]), ("Where each loss pulls", maps[:5]), ("", maps[5:])]
    )


def gradient_shares() -> dict[str, dict[str, float]]:
    """Share of the summed gradient length that falls on each region, by loss."""
    people, image = faulty(SMALL)
    regions = {name: where(people, *parts)[0, 0] for name, parts in REGIONS.items()}
    shares = {}
    for name, loss in gradient_losses(people).items():
        values = gradient_map(loss, image)
        total = values.sum()
        shares[name.replace("\n", " ")] = {
            region: float(values[mask].sum() / total) for region, mask in regions.items()
        }
    return shares


def parts_picture(factor: int = 2) -> Image.Image:
    """Values of the ten parts, drawn on the person."""
    people, image = faulty(SMALL)
    panels: list[Panel] = [
        ("target", enlarged(picture(people.target[0]), factor)),
        ("generated", enlarged(picture(image[0]), factor)),
    ]
    for title, options in (("global statistics, the default", {}), ('statistics="local"', {"statistics": "local"})):
        loss = PartSSIMLoss(**options)  # type: ignore[arg-type]
        values = loss.part_values(image, people.target, people.joints, people.visible)
        panels.append((title, part_values_panel(people, image, {k: float(v) for k, v in values.items()}, factor)))
    return sheet([("PartSSIMLoss().part_values(generated, target, joints, visible)", panels)])


def part_values_panel(people: People, image: Tensor, values: dict[str, float], factor: int) -> Image.Image:
    """The person in grey, each part a line coloured by its value, and the list of values."""
    grey = picture(image[0].mean(0, keepdim=True).expand(3, -1, -1) * 0.5 + 0.4)
    figure = enlarged(grey, factor)
    canvas = Image.new("RGB", (figure.width + 190, figure.height), "white")
    canvas.paste(figure, (0, 0))
    pen = ImageDraw.Draw(canvas)
    joints = people.joints[0] * factor
    ranked = sorted(values.items(), key=lambda item: item[1])
    for part in OPENPOSE_18.parts:
        start, end = joints[list(part.start)].mean(0), joints[list(part.end)].mean(0)
        pen.line((*start.tolist(), *end.tolist()), traffic_light(values[part.name]), 3 * factor)
    for row, (name, value) in enumerate(ranked):
        top = 4 + row * 25
        pen.rectangle((figure.width + 14, top, figure.width + 32, top + 18), traffic_light(value))
        pen.text((figure.width + 40, top), f"{value:5.2f}  {name}", INK, font(15))
    return canvas


def traffic_light(value: float) -> tuple[int, int, int]:
    """Red at 0.5 and below, yellow at 0.75, green at 1."""
    value = min(max(2 * value - 1, 0.0), 1.0)
    return round(220 * min(1.0, 2 - 2 * value)), round(190 * min(1.0, 2 * value)), 40


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    save("masks.png", masks_picture())
    save("gradients.png", gradients_picture())
    save("parts.png", parts_picture())
    for name, shares in gradient_shares().items():
        print(f"| {name} | " + " | ".join(f"{share:.0%}" for share in shares.values()) + " |")
