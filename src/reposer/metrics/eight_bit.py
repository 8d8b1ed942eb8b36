"""The input of all metrics: batches of 8-bit images."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.tensors import check_batch, check_channels, check_tensor


def check_eight_bit(**images: Tensor) -> None:
    """Raise unless all of the named batches are uint8 (B, 3, H, W), of one shape and not empty."""
    for name, image in images.items():
        check_tensor(name, image, "(B, 3, H, W)")
        if image.dtype != torch.uint8:
            raise TypeError(
                f"{name} must be uint8 (B, 3, H, W), got {image.dtype}; "
                "convert [-1, 1] with reposer.images.to_uint8(image)"
            )
        check_batch(name, image, "(B, 3, H, W)")
    check_channels(**images)
    shapes = [tuple(image.shape) for image in images.values()]
    if len(set(shapes)) > 1:
        raise ValueError(f"{' and '.join(images)} must have one shape, got {' and '.join(map(str, shapes))}")
