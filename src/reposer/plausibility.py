"""Whether the values of tensors can be right, where reading them costs nothing.

What cannot be right is an error; what hardly ever is gets an ``InputWarning``, said once. Values are read in eager mode
only: not when compiled or traced, nor inside the transforms of ``torch.func``, where they cannot be. On a GPU reading
makes the processor wait, so there it happens once for each kind of call.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reposer.checks import InputError, InputWarning

_LIBRARIES = tuple(str(Path(file).parent) for file in (__file__, torch.__file__))
_DONE: set[Hashable] = set()
"""Kinds of calls on a GPU whose values were read, and warnings that were said, in this process."""
_PHOTOS = ("target", "source")
"""Arguments that are pictures of the world; others may come from a network."""
_USUAL_RANGES = ((0, 1), (-1, 1), (0, 255))
_ROUNDING = 1e-3
_TRUSTED = ContextVar("trusted", default=False)


def check_value_range(value_range: tuple[float, float]) -> None:
    """Raise InputError unless it is the lowest and the highest value."""
    try:
        low, high = value_range
        if low < high:
            return
    except (TypeError, ValueError):
        raise InputError(f"value_range must be (lowest, highest), got {value_range!r}") from None
    raise InputError(f"value_range must be (lowest, highest), got {tuple(value_range)}")


def check_range(value_range: tuple[float, float], **images: Tensor) -> None:
    """Raise InputError if images (B, C, H, W) are not of that range.

    A value outside by more than a tenth of the range's length is how images of another range look; a network without a
    last tanh may overshoot a little. A NaN in a photo is an error, in what a network made a warning: there it tells of
    itself. A photo that looks like [0, 1] where [-1, 1] is expected is a warning: a bright one may look so.
    """
    check_value_range(value_range)
    _look(_look_at_images, (tuple(value_range), tuple(images)), *images.values())


def _look_at_images(value_range: tuple[float, float], names: tuple[str, ...], *images: Tensor) -> None:
    low, high = value_range
    # One pass over each image, one wait for the device.
    extremes = torch.stack([torch.stack(torch.aminmax(image.detach())).float() for image in images]).tolist()
    for name, (lowest, highest) in zip(names, extremes, strict=True):
        if lowest != lowest:
            if name in _PHOTOS:
                raise InputError(f"{name} has NaN values; look for them where it is read or augmented")
            warn_once(f"{name} has NaN values, and so has what is computed of it")
        if _far_outside(lowest, highest, value_range):
            fitting = [r for r in _USUAL_RANGES if not _far_outside(lowest, highest, r) and highest > 0.1 * r[1]]
            remedy = f"pass value_range={fitting[0]}" if fitting else "pass their value_range"
            raise InputError(
                f"{name} has values from {lowest:g} to {highest:g}, expected [{low:g}, {high:g}]; "
                f"{remedy} or scale the images"
            )
        # Hardly a batch of photos has nothing darker than middle grey; a very bright one is brighter throughout.
        if name in _PHOTOS and (low, high) == (-1, 1) and 0 <= lowest < 0.25 and 0.5 < highest <= 1:
            warn_once(
                f"{name} has no value below 0, as images in [0, 1] have none, but [-1, 1] is expected; "
                "pass value_range=(0, 1), or scale the images: image * 2 - 1"
            )


def _far_outside(lowest: float, highest: float, value_range: tuple[float, float]) -> bool:
    low, high = value_range
    slack = 0.1 * (high - low)
    return lowest < low - slack or highest > high + slack


def check_places(joints: Tensor, visible: Tensor, size: tuple[int, int]) -> None:
    """Raise InputError if visible joints cannot be pixels of images of that size (H, W); warn if they hardly can."""
    _look(_look_at_joints, (size,), joints, visible)


def _look_at_joints(size: tuple[int, int], joints: Tensor, visible: Tensor) -> None:
    # In numpy, whose calls on a few numbers take a tenth of the time.
    places = joints.detach().cpu().double().numpy()[visible.cpu().numpy()]  # (N, 2)
    if not len(places):
        return
    (height, width), low, high = size, places.min(axis=0), places.max(axis=0)
    if low.min() > 0 and high.max() > 1 and high[0] < width and high[1] < height:
        return  # nothing is odd
    if not np.isfinite(places).all():
        raise InputError(f"joints marked visible must be finite; {_first_not_finite(joints, visible)}")
    if len(places) > 2 and any((places == missing).all() for missing in (0, -1)):
        raise InputError(
            "all joints marked visible are at (0, 0) or (-1, -1), which is how files write missing ones; set visible "
            "to False there"
        )
    if len(places) > 2 and np.abs(places).max() <= 1 and min(size) > 4:
        raise InputError(
            "joints must be pixels, x then y, but all visible ones lie within one pixel of (0, 0); of normalised "
            f"coordinates make pixels: joints * torch.tensor([{width}, {height}])"
        )
    # Of 33,000 real poses three have a joint that is really at (0, 0), none has one at (-1, -1).
    corner, marked = ((places == missing).all(axis=1).sum() for missing in (0, -1))
    if marked or corner > max(1, 0.01 * len(places)):
        warn_once(
            "joints at (0, 0) or (-1, -1), which is how files write missing ones, are marked visible; "
            "set visible to False there"
        )
    outside, if_swapped = (_outside(xy, size) for xy in (places, places[:, ::-1]))
    if len(places) > 9 and outside > 0.1 and if_swapped < 0.25 * outside:  # a few joints may lie so by chance
        warn_once(
            f"joints lie outside the {height}x{width} images (height x width), but as (y, x) they would lie inside; "
            "x comes first: joints.flip(-1)"
        )
    elif outside > 0.5:
        warn_once(
            f"most visible joints lie outside the {height}x{width} images (height x width); "
            "are they pixels of images of this size?"
        )


def _outside(places: np.ndarray[Any, Any], size: tuple[int, int]) -> float:
    """Share of the places (N, 2), x then y, that lie more than a pixel outside."""
    height, width = size
    return float(((places < -1) | (places > (width, height))).any(axis=1).mean())


def _first_not_finite(joints: Tensor, visible: Tensor) -> str:
    image, joint = (~joints.isfinite().all(-1) & visible).nonzero()[0].tolist()
    found = tuple(joints[image, joint].tolist())
    return f"joint {joint} of image {image} is at {found}: set visible to False where a joint is missing"


def check_flow(flow: Tensor, seen: Tensor) -> None:
    """Raise InputError if a flow (B, 2, H, W) cannot be pixels of the source where a point is seen; warn if hardly."""
    _look(_look_at_flow, (), flow, seen)


def _look_at_flow(flow: Tensor, seen: Tensor) -> None:
    height, width = flow.shape[-2:]
    places = flow.detach().double().movedim(1, -1)[seen]  # (N, 2)
    if len(places) < 3:
        return
    lowest, highest = places.min(dim=0).values.tolist(), places.max(dim=0).values.tolist()
    if not all(map(math.isfinite, lowest + highest)):
        raise InputError("true_flow must be finite where seen; set seen to False where the source shows no point")
    if max(map(abs, lowest + highest)) <= 1 and min(height, width) > 4:
        raise InputError(
            "true_flow must be pixels of the source, but all of it lies in [-1, 1]; of the normalised places that "
            "grid_sample takes make pixels: ((place + 1) * size - 1) / 2, with size = (width, height)"
        )
    if min(lowest) < -1 or highest[0] > width or highest[1] > height:
        warn_once(
            f"true_flow leaves the source of {height}x{width} pixels (height x width) where a point is seen: it must "
            "be places, x before y, not steps from the target's pixels; to steps add the places of the pixels"
        )


def check_mask_values(part_masks: Tensor) -> None:
    """Raise InputError unless masks lie in [0, 1]."""
    if part_masks.dtype != torch.bool:
        _look(_look_at_masks, (), part_masks)


def _look_at_masks(masks: Tensor) -> None:
    lowest, highest = (extreme.item() for extreme in torch.aminmax(masks.detach()))
    if not (lowest >= -_ROUNDING and highest <= 1 + _ROUNDING):
        remedy = "divide them by 255" if lowest >= 0 and 2 < highest <= 255 else "clamp or scale them"
        raise InputError(f"part_masks must lie in [0, 1], got values from {lowest:g} to {highest:g}; {remedy}")


def check_body_mask_values(body_mask: Tensor) -> None:
    """Raise InputError unless a mask is bool, or 0 and 1."""
    if body_mask.dtype != torch.bool:
        _look(_look_at_body_mask, (), body_mask)


def _look_at_body_mask(mask: Tensor) -> None:
    if not ((mask == 0) | (mask == 1)).all():
        raise InputError("body_mask must be bool, or 0 and 1; use body_mask > 0")


def _look(look: Callable[..., None], about: tuple[Any, ...], *tensors: Tensor) -> None:
    """Call ``look`` with what is known about tensors, and them: if they can be read now, on a GPU once of a kind."""
    if torch.compiler.is_compiling() or _TRUSTED.get() or torch.jit.is_tracing():  # type: ignore[attr-defined]
        return
    if any(torch.func.debug_unwrap(tensor) is not tensor for tensor in tensors):
        return
    devices = {tensor.device.type for tensor in tensors}
    if devices == {"cpu"}:
        look(*about, *tensors)
    elif "meta" not in devices:
        kind = (look, *about, *((tensor.shape[1:], tensor.dtype) for tensor in tensors))
        if kind not in _DONE:
            look(*about, *tensors)
            _DONE.add(kind)


@contextmanager
def trusted() -> Iterator[None]:
    """No value is looked at in here: for a training, whose images come from files and whose poses were looked at."""
    token = _TRUSTED.set(True)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def warn_once(message: str) -> None:
    """Warn with ``InputWarning`` at the line of the caller outside this package, once a process."""
    if message in _DONE:
        return
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, InputWarning, stacklevel=level)
    _DONE.add(message)  # not reached where a filter makes it an error: then it stays one
