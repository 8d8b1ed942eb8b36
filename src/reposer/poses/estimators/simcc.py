"""Crops of people for RTMPose, and joints from its outputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reposer.poses.estimators.onnx_model import Array

PADDING = 1.25
"""Side of a crop, in those of the box in it."""
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
"""Of RGB from 0 to 255, as RTMPose is trained."""


class Crop(NamedTuple):
    """A person cut out."""

    pixels: Array
    """(h, w, 3) uint8 RGB, black beyond the image."""
    corner: Array
    """(2,) its upper left corner in the image: x, y."""
    extent: Array
    """(2,) its width and height in pixels of the image."""


def cropped(image: Array, box: Array, size: tuple[int, int]) -> Crop:
    """Cut the box (left, top, right, bottom), 1.25 times as large and in the shape of ``size`` (h, w), out of an image.

    Pixel u of the crop is at corner + u extent / (w, h), as in MMPose.
    """
    import cv2

    height, width = size
    across, down = (box[2:4] - box[:2]) * PADDING
    extent = np.array([max(across, down * width / height), max(down, across * height / width)])
    corner = (box[:2] + box[2:4]) / 2 - extent / 2
    scale = width / extent[0]
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    return Crop(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR), corner, extent)


def network_input(crops: list[Crop]) -> Array:
    """Float32 (N, 3, h, w) of crops, normalised."""
    pixels = np.stack([crop.pixels for crop in crops]).astype(np.float32)
    return np.ascontiguousarray(((pixels - MEAN) / STD).transpose(0, 3, 1, 2))


def joints_of(across: Array, down: Array, crops: list[Crop]) -> tuple[Array, Array]:
    """Decode SimCC: the joint is where the curves of each axis are highest.

    x = corner + extent argmax(across) / X, y likewise; the score is the lower one of both maxima, about 0 to 1.

    Args:
        across: (N, J, X), a curve over x, in bins of equal width.
        down: (N, J, Y), over y.
        crops: N.

    Returns:
        Joints (N, J, 2) in pixels of the image, and scores (N, J).

    Reference: Li et al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation", ECCV 2022.
    """
    corner = np.stack([crop.corner for crop in crops])[:, None]
    extent = np.stack([crop.extent for crop in crops])[:, None]
    shares = np.stack([across.argmax(axis=2) / across.shape[2], down.argmax(axis=2) / down.shape[2]], axis=2)
    return corner + extent * shares, np.minimum(across.max(axis=2), down.max(axis=2))
