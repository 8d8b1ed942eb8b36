"""What tensors must be: their type, shape and, through ``reposer.plausibility``, values."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.plausibility import check_body_mask_values, check_mask_values, check_range


def check_tensor(name: str, value: object, shape: str) -> None:
    """Raise TypeError unless the value is a torch tensor; says how to make one of an array, list, picture or file."""
    if isinstance(value, Tensor):
        return
    kind, remedy = f"{type(value).__module__.split('.')[0]}.{type(value).__name__}", ""
    if isinstance(value, str | os.PathLike):
        remedy = "; reposer.images.read_image reads a file"
    elif isinstance(value, np.ndarray):
        remedy = "; torch.from_numpy makes one"
    elif isinstance(value, list | tuple):
        remedy = "; torch.stack makes one of tensors, torch.tensor of numbers"
    elif kind.startswith("PIL."):
        remedy = "; reposer.images.from_pil makes one"
    raise TypeError(f"{name} must be a torch tensor {shape}, got {kind.removeprefix('builtins.')}{remedy}")


def check_image(name: str, image: Tensor) -> None:
    """Raise unless the image is a float tensor (B, C, H, W) that is not empty."""
    check_tensor(name, image, "(B, C, H, W)")
    if not image.is_floating_point():
        raise TypeError(
            f"{name} must be a floating point tensor, got {image.dtype}; "
            "convert files with reposer.images.to_signed(image)"
        )
    check_batch(name, image, "(B, C, H, W)")


def check_batch(name: str, image: Tensor, shape: str) -> None:
    """Raise ValueError unless the image has four dimensions and is not empty; says how to make a batch of one."""
    if image.ndim != 4:
        batched = "image.permute(2, 0, 1)[None]" if _channels_last(image) else "image[None]"
        remedy = f"; make a batch of one image: {batched}" if image.ndim == 3 else ""
        raise ValueError(f"{name} must have shape {shape}, got {tuple(image.shape)}{remedy}")
    if not image.numel():
        raise ValueError(f"{name} must not be empty, got shape {tuple(image.shape)}: leave such batches out")


def check_images(generated: Tensor, target: Tensor, value_range: tuple[float, float] | None = None) -> None:
    """Raise unless both are float tensors (B, C, H, W) of one shape; with a value range, as ``check_range`` too."""
    check_image("generated", generated)
    check_image("target", target)
    if generated.shape != target.shape:
        raise ValueError(
            f"generated and target must have one shape, got {tuple(generated.shape)} and {tuple(target.shape)}"
        )
    if value_range is not None:
        check_channels(generated=generated, target=target)
        check_range(value_range, generated=generated, target=target)


def check_channels(**images: Tensor) -> None:
    """Raise ValueError if the channels of images (B, C, H, W) come last."""
    for name, image in images.items():
        if _channels_last(image):
            raise ValueError(
                f"{name} must have shape (B, C, H, W), got {tuple(image.shape)}: the channels come last; "
                "use image.permute(0, 3, 1, 2)"
            )


def _channels_last(image: Tensor) -> bool:
    return image.ndim > 2 and image.shape[-1] == 3 and image.shape[-3] > 4


def check_joints(joints: Tensor, visible: Tensor) -> None:
    """Raise unless joints is (B, J, 2) and visible (B, J) bool."""
    check_tensor("joints", joints, "(B, J, 2)")
    check_tensor("visible", visible, "(B, J)")
    if joints.ndim != 3 or joints.shape[-1] != 2:
        remedy = "; make a batch of one pose: joints[None], visible[None]" if joints.ndim == 2 else ""
        if joints.ndim == 3 and joints.shape[-1] == 3:  # as COCO and pose estimators give them
            remedy = "; pass joints[..., :2], and as visible joints[..., 2] > 0 or over a confidence"
        raise ValueError(f"joints must have shape (B, J, 2), x then y in pixels, got {tuple(joints.shape)}{remedy}")
    if visible.shape != joints.shape[:2]:
        raise ValueError(f"visible must have shape (B, J) = {tuple(joints.shape[:2])}, got {tuple(visible.shape)}")
    check_visible(visible)


def check_visible(visible: Tensor) -> None:
    """Raise TypeError unless visible is bool: of numbers, it is not known which mean that a joint is there."""
    if visible.dtype != torch.bool:
        raise TypeError(f"visible must be bool, got {visible.dtype}; use visible > 0, or confidence > threshold")


def check_masks(part_masks: Tensor, image: Tensor) -> None:
    """Raise ValueError unless part_masks is (B, P, H, W) in [0, 1] and fits the image batch (B, C, H, W)."""
    check_tensor("part_masks", part_masks, "(B, P, H, W)")
    batch, _, height, width = image.shape
    if part_masks.ndim != 4 or part_masks.shape[0] != batch or part_masks.shape[2:] != image.shape[2:]:
        labels = tuple(part_masks.shape) == (batch, height, width)
        remedy = "; make a mask of each label: torch.nn.functional.one_hot(labels).movedim(-1, 1)" if labels else ""
        raise ValueError(
            f"part_masks must have shape ({batch}, 'P', {height}, {width}), got {tuple(part_masks.shape)}{remedy}"
        )
    if part_masks.shape[1] == 0:
        raise ValueError("part_masks must have at least one part, got none")
    check_mask_values(part_masks)


def check_body_mask(body_mask: Tensor, images: Tensor) -> None:
    """Raise unless body_mask is (B, H, W), bool or 0 and 1, and fits the images (B, C, H, W)."""
    check_tensor("body_mask", body_mask, "(B, H, W)")
    expected = (images.shape[0], *images.shape[2:])
    if tuple(body_mask.shape) != expected:
        raise ValueError(f"body_mask must have shape (B, H, W) = {expected}, got {tuple(body_mask.shape)}")
    check_body_mask_values(body_mask)


def check_device(device: torch.device | str | int) -> torch.device:
    """Return a device on which this machine can compute; InputError names those that there are if it is none."""
    here = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    here += ["mps"] if torch.backends.mps.is_available() else []
    try:
        torch.zeros(1, device=device).cpu()  # "meta" holds no values
        return torch.device(device)
    except Exception:  # an assertion, a RuntimeError or a NotImplementedError, depending on the device
        raise InputError(f"device {str(device)!r} is not available (on this machine: {', '.join(here)})") from None
