"""YOLOX in an ONNX file: where the people of an image are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from reposer.checks import InputError
from reposer.poses.estimators.onnx_model import Array, OnnxModel

MOST_PEOPLE = 100
"""People that are found in an image, at most: the surest."""
_GREY = 114
"""Fills up the square."""
_OVERLAP = 0.45
"""Of two boxes that share more of their union, the surer one stays."""
_STRIDES = (8, 16, 32)
_PERSON = 0


class Detector:
    """Finds boxes of people by YOLOX, trained on people or on COCO.

    Takes both forms in which it is exported: boxes (N, M, 4 + 1) of left, top, right, bottom and score, perhaps with
    their classes (N, M), overlaps removed (MMDeploy); and what the network itself gives, (N, M, 5 + classes), for all
    places of its three grids.

    Args:
        model: the network; it gets BGR from 0 to 255.
        score_threshold: lowest score of a box.

    Reference: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430.
    """

    def __init__(self, model: OnnxModel, *, score_threshold: float) -> None:
        self.model, self.score_threshold = model, score_threshold
        self._boxes(np.zeros((*model.size, 3), np.uint8))  # is it such a network?

    def __call__(self, images: Sequence[Array]) -> list[Array]:
        """Find the people in uint8 RGB images (H, W, 3): boxes (P, 5) of each, pixels and score, the surest first."""
        return [self._boxes(image) for image in images]

    def _boxes(self, image: Array) -> Array:
        square, ratio = letterbox(image, self.model.size)
        outputs = self.model(square[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32))
        found = outputs[0][0]
        if found.ndim == 2 and found.shape[1] == 5:
            classes = outputs[1][0] if len(outputs) > 1 and outputs[1].shape[1:] == found.shape[:1] else None
            found = found if classes is None else found[classes == _PERSON]
        elif found.ndim == 2 and found.shape[1] > 5 and len(found) == len(_cells(self.model.size)):
            found = without_overlaps(decoded(found, self.model.size), self.score_threshold)
        else:
            raise InputError(f"{self.model.path}: not the outputs of YOLOX but {outputs[0].shape}; take another file")
        found = found[found[:, 4] >= self.score_threshold].astype(np.float64)
        found[:, :4] /= ratio
        height, width = image.shape[:2]
        inner = within(found, height, width, margin=0)
        shown = ((inner[:, 2:4] - inner[:, :2]) >= 1).all(axis=1) & (found[:, 4] <= 1)
        found = within(found, height, width, margin=1)[shown]
        return found[np.argsort(-found[:, 4], kind="stable")][:MOST_PEOPLE]


def letterbox(image: Array, size: tuple[int, int]) -> tuple[Array, float]:
    """Fit a uint8 image (H, W, 3) into the upper left of a grey one of ``size``; returns it and the scale."""
    import cv2

    height, width = image.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    inner = max(1, int(height * ratio)), max(1, int(width * ratio))
    filled = np.full((*size, 3), _GREY, np.uint8)
    filled[: inner[0], : inner[1]] = cv2.resize(image, (inner[1], inner[0]), interpolation=cv2.INTER_LINEAR)
    return filled, ratio


def within(boxes: Array, height: int, width: int, *, margin: float) -> Array:
    """Cut boxes (P, 5) to the image and so many times its size around it."""
    cut = boxes.copy()
    cut[:, 0:4:2] = cut[:, 0:4:2].clip(-margin * width, (1 + margin) * width)
    cut[:, 1:4:2] = cut[:, 1:4:2].clip(-margin * height, (1 + margin) * height)
    return cut


def decoded(raw: Array, size: tuple[int, int]) -> Array:
    """Turn what the network gives (M, 5 + classes) into boxes (M, 5): left, top, right, bottom, score of a person.

    Of cell (i, j) in the grid of stride s the middle is ((j + x) s, (i + y) s), the size (s exp(w), s exp(h)), the
    score that of a thing times that of a person.
    """
    cells = _cells(size)
    raw = raw.astype(np.float64)
    middle = (raw[:, :2] + cells[:, :2]) * cells[:, 2:]
    half = np.exp(raw[:, 2:4].clip(max=20)) * cells[:, 2:] / 2
    return np.concatenate([middle - half, middle + half, raw[:, 4:5] * raw[:, 5 + _PERSON, None]], axis=1)


def _cells(size: tuple[int, int]) -> Array:
    """Column, row and stride of each cell of the grids, in the order of the network's outputs."""
    grids = []
    for stride in _STRIDES:
        rows, columns = np.meshgrid(np.arange(size[0] // stride), np.arange(size[1] // stride), indexing="ij")
        grids.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], axis=1))
    return np.concatenate(grids).astype(np.float64)


def without_overlaps(boxes: Array, score_threshold: float) -> Array:
    """Keep the surest of boxes (M, 5) that overlap, of those above the threshold."""
    from torchvision.ops import nms

    sure = torch.from_numpy(boxes[boxes[:, 4] >= score_threshold])
    return sure[nms(sure[:, :4], sure[:, 4], _OVERLAP)].numpy()
