"""What rtmlib (0.0.16, its own code, on numbers drawn here) gives: the values of ``tests/golden/rtmlib.json``.

``python -m tests.poses.rtmlib_values`` writes them again where rtmlib is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parents[1] / "golden" / "rtmlib.json"
POSE_SIZE, SQUARE = (256, 192), (64, 96)
STEP = 17
"""Of the pixels of a picture, every 17th is kept, down and across."""


def image() -> Any:
    """A picture of smooth colours, (150, 210, 3) uint8."""
    rows, columns = np.mgrid[:150, :210] / 23.0
    waves = [np.sin(rows + i) * np.cos(columns * (1 + i / 3)) for i in range(3)]
    return (127.5 + 127 * np.stack(waves, axis=2)).astype(np.uint8)


def boxes() -> Any:
    """Wide, tall, and beyond the border."""
    return np.array([[20.3, 30.9, 170.2, 90.4], [100.0, 10.0, 140.0, 140.0], [-20.5, -7.0, 60.1, 120.8]])


def curves() -> tuple[Any, Any]:
    """Outputs of RTMPose for them."""
    random = np.random.RandomState(0)
    return tuple(random.uniform(0, 1, (3, 17, 2 * side)).astype(np.float32) for side in POSE_SIZE[::-1])  # type: ignore[return-value]


def grids() -> Any:
    """The output of YOLOX for ``SQUARE``, before overlaps are removed, with two classes."""
    random = np.random.RandomState(1)
    cells = sum((SQUARE[0] // stride) * (SQUARE[1] // stride) for stride in (8, 16, 32))
    raw = random.uniform(0, 1, (1, cells, 7)).astype(np.float32)
    raw[..., 2:4] *= 2.5
    raw[..., 6] = 0  # rtmlib takes other classes for people, too
    return raw


def of_rtmlib() -> dict[str, Any]:
    """Compute them; ImportError without rtmlib."""
    from rtmlib import YOLOX, RTMPose

    pose, detector = object.__new__(RTMPose), object.__new__(YOLOX)
    pose.model_input_size, pose.mean, pose.std = POSE_SIZE[::-1], (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    detector.model_input_size, detector.nms_thr, detector.score_thr, detector.det_mode = SQUARE, 0.45, 0.3, "human"
    crops = [pose.preprocess(image(), box) for box in boxes()]
    joints = [
        pose.postprocess([each[i : i + 1] for each in curves()], center, scale)[0][0]
        for i, (_, center, scale) in enumerate(crops)
    ]
    square, ratio = detector.preprocess(image())
    return {
        "crops": [pixels[::STEP, ::STEP].round(4).tolist() for pixels, _, _ in crops],
        "joints": np.stack(joints).round(4).tolist(),
        "square": square[::STEP, ::STEP].tolist(),
        "ratio": float(ratio),
        "people": detector.postprocess(grids(), 1.0).round(3).tolist(),
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(of_rtmlib()) + "\n")
