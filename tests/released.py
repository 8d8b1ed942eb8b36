"""Released state dicts with seeded weights: those behind the golden outputs, and small ones of the same names."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


def golden_entries(golden: Path) -> dict[str, Any]:
    return json.loads((golden / "networks.json").read_text())


def seeded_weights(entry: dict[str, Any]) -> dict[str, Tensor]:
    """Weights of a golden network."""
    rng = np.random.default_rng(entry["weight_seed"])
    weights = {}
    for name, shape in entry["shapes"]:
        z = rng.standard_normal(shape)
        if name.endswith("num_batches_tracked"):
            value = np.zeros(shape, dtype=np.int64)
            weights[name] = torch.from_numpy(value)
            continue
        if name.endswith("running_var"):
            z = 0.5 + np.abs(z)
        elif name.endswith("running_mean"):
            z = 0.1 * z
        elif name.endswith("gamma"):
            z = 0.5 + 0.1 * z
        elif "query_conv" in name or "key_conv" in name:
            z = 0.002 * z
        elif len(shape) >= 2:
            z = z * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith("weight"):
            z = 1 + 0.1 * z
        else:
            z = 0.05 * z
        weights[name] = torch.from_numpy(np.asarray(z, dtype=np.float32))
    return weights


def small_weights(golden: Path, tag: str) -> dict[str, Tensor]:
    """The same names with 4 channels instead of 64, and the first 2 blocks."""
    entry = golden_entries(golden)[tag]
    shapes = [
        (name, [size // 16 if size % 32 == 0 else size for size in shape])
        for name, shape in entry["shapes"]
        if not re.match(r"model\.(att\.[2-8]|12)\.", name)
    ]
    return seeded_weights({**entry, "shapes": shapes})
