"""Argument checks: one clear line that names the argument, what was expected and what came."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Settings = TypeVar("Settings")
"""A dataclass."""


class InputError(ValueError):
    """Bad input from outside (a file, a row, an option): the command line prints it as one line, exit code 2."""


class RunError(RuntimeError):
    """Work that cannot continue (a loss that is not finite): the command line prints it as one line, exit code 1."""


def printable(text: str, *, but: str = "") -> str:
    r"""Escape every character of a text that is none to print, other than those of ``but``.

    Line ends, commands to a terminal, text direction and bytes that are not UTF-8 become ``\n``, ``\x1b``, ``\u202e``
    and ``\xff``: a name may hold any of them, and a message is one line.
    """
    return "".join(c if c.isprintable() or c in but else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    byte = ord(character) - 0xDC00  # how Python holds a byte of a file's name that is not UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("unicode_escape").decode()


def some(names: Sequence[str], count: int = 3) -> str:
    """Write the first few names of a list."""
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Return '; did you mean ...?' for the nearest of the choices, or '' where none is near."""
    near = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_choice(what: str, name: str, choices: Iterable[str]) -> None:
    """Raise InputError unless ``name`` is one of the choices; suggests the nearest."""
    choices = list(choices)
    if name not in choices:
        raise InputError(f"unknown {what} {name!r}{suggestion(name, choices)} (known: {', '.join(choices)})")


def changed(settings: Settings, fields: Mapping[str, Any]) -> Settings:
    """Return the settings with some fields, given as keywords, changed; TypeError names a keyword that is none."""
    known = [field.name for field in dataclasses.fields(settings)]  # type: ignore[arg-type]
    for name in fields:
        if name not in known:
            raise TypeError(f"unexpected keyword {name!r}{suggestion(name, known)} (known: {', '.join(known)})")
    return dataclasses.replace(settings, **fields) if fields else settings  # type: ignore[type-var]


def check_image(name: str, image: Tensor) -> None:
    """Raise unless the image is a float tensor (B, C, H, W)."""
    if not hasattr(image, "is_floating_point"):
        raise TypeError(f"{name} must be a torch tensor (B, C, H, W), got {type(image).__name__}")
    if not image.is_floating_point():
        raise TypeError(
            f"{name} must be a floating point tensor, got {image.dtype}; "
            "convert files with reposer.images.to_signed(image)"
        )
    if image.ndim != 4:
        raise ValueError(f"{name} must have shape (B, C, H, W), got {tuple(image.shape)}")


def check_images(generated: Tensor, target: Tensor, value_range: tuple[float, float] | None = None) -> None:
    """Raise unless both are float tensors (B, C, H, W) of one shape; with a value range, as ``check_range`` too."""
    check_image("generated", generated)
    check_image("target", target)
    if generated.shape != target.shape:
        raise ValueError(
            f"generated and target must have one shape, got {tuple(generated.shape)} and {tuple(target.shape)}"
        )
    if value_range is not None:
        check_range(value_range, generated=generated, target=target)


def check_range(value_range: tuple[float, float], **images: Tensor) -> None:
    """Raise ValueError if a value lies outside the range by more than a tenth of its length.

    That is how images of another range look; a network without a last tanh may overshoot a little. Values are read
    in eager mode only: not when compiled, nor inside the transforms of ``torch.func``, where they cannot be.
    """
    import torch

    low, high = value_range
    if not low < high:
        raise ValueError(f"value_range must be (lowest, highest), got {tuple(value_range)}")
    if torch.compiler.is_compiling() or any(torch.func.debug_unwrap(image) is not image for image in images.values()):
        return
    if any(image.numel() == 0 for image in images.values()):
        return
    # One pass over each image, one wait for the device.
    extremes = torch.stack([torch.stack(torch.aminmax(image.detach())).float() for image in images.values()]).tolist()
    for name, (lowest, highest) in zip(images, extremes, strict=True):
        if _far_outside(lowest, highest, value_range):
            fitting = [r for r in _USUAL_RANGES if not _far_outside(lowest, highest, r) and highest > 0.1 * r[1]]
            remedy = f"pass value_range={fitting[0]}" if fitting else "pass their value_range"
            raise ValueError(
                f"{name} has values from {lowest:g} to {highest:g}, expected [{low:g}, {high:g}]; "
                f"{remedy} or scale the images"
            )


_USUAL_RANGES = ((0, 1), (-1, 1), (0, 255))


def _far_outside(lowest: float, highest: float, value_range: tuple[float, float]) -> bool:
    low, high = value_range
    slack = 0.1 * (high - low)
    return lowest < low - slack or highest > high + slack


def check_window(size: tuple[int, int], window_size: int) -> None:
    """Raise ValueError unless the window fits the image."""
    if min(size) < window_size:
        raise ValueError(f"window_size {window_size} does not fit an image of {size[0]}x{size[1]} pixels")


def check_gaussian(window_size: int, sigma: float) -> None:
    """Raise ValueError unless a window's size is odd and positive and its standard deviation positive."""
    if window_size < 1 or window_size % 2 == 0:
        raise ValueError(f"window_size must be a positive odd number of pixels, got {window_size}")
    if not sigma > 0:
        raise ValueError(f"sigma must be a positive number of pixels, got {sigma}")


def check_joints(joints: Tensor, visible: Tensor) -> None:
    """Raise ValueError unless joints is (B, J, 2) and visible (B, J)."""
    if joints.ndim != 3 or joints.shape[-1] != 2:
        raise ValueError(f"joints must have shape (B, J, 2), x then y in pixels, got {tuple(joints.shape)}")
    if visible.shape != joints.shape[:2]:
        raise ValueError(f"visible must have shape (B, J) = {tuple(joints.shape[:2])}, got {tuple(visible.shape)}")


def check_masks(part_masks: Tensor, image: Tensor) -> None:
    """Raise ValueError unless part_masks is (B, P, H, W) and fits the image batch (B, C, H, W)."""
    expected = (image.shape[0], "P", *image.shape[2:])
    if part_masks.ndim != 4 or part_masks.shape[0] != expected[0] or part_masks.shape[2:] != image.shape[2:]:
        raise ValueError(f"part_masks must have shape {expected}, got {tuple(part_masks.shape)}")
    if part_masks.shape[1] == 0:
        raise ValueError("part_masks must have at least one part, got none")


def check_device(device: torch.device | str | int) -> torch.device:
    """Return a device on which this machine can compute; InputError names those that there are if it is none."""
    import torch

    here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    here += ["mps"] if torch.backends.mps.is_available() else []
    try:
        torch.zeros(1, device=device).cpu()  # "meta" holds no values
        return torch.device(device)
    except Exception:  # an assertion, a RuntimeError or a NotImplementedError, depending on the device
        raise InputError(f"device {str(device)!r} is not available (on this machine: {', '.join(here)})") from None
