"""Networks with seeded weights give the outputs of the released reference code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reposer.models import PATNGenerator, ResNetDiscriminator, load_released_weights


def seeded_weights(entry: dict[str, Any]) -> dict[str, torch.Tensor]:
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


@pytest.fixture(scope="module")
def entries(golden: Path) -> dict[str, Any]:
    return json.loads((golden / "networks.json").read_text())


@pytest.fixture(scope="module")
def outputs(golden: Path) -> dict[str, np.ndarray]:
    with np.load(golden / "networks.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize(("tag", "norm"), [("patn_market", "batch"), ("patn_fashion", "instance")])
def test_patn(entries: dict[str, Any], outputs: dict[str, np.ndarray], tag: str, norm: Any) -> None:
    entry = entries[tag]
    network = PATNGenerator(norm=norm)
    load_released_weights(network, seeded_weights(entry))
    rng = np.random.default_rng(entry["input_seed"])
    source = torch.from_numpy(rng.uniform(-1, 1, (1, 3, *entry["size"])).astype(np.float32))
    poses = torch.from_numpy(rng.uniform(0, 1, (1, 36, *entry["size"])).astype(np.float32))
    with torch.no_grad():
        output = network.eval()(source, poses[:, :18], poses[:, 18:])
    np.testing.assert_allclose(output, outputs[tag], atol=1e-4)


@pytest.mark.parametrize("tag", ["disc_pp_market", "disc_pb_market", "disc_pp_fashion", "disc_pb_fashion"])
def test_discriminator(entries: dict[str, Any], outputs: dict[str, np.ndarray], tag: str) -> None:
    entry = entries[tag]
    market = tag.endswith("market")
    network = ResNetDiscriminator(entry["input_channels"], norm="batch" if market else "instance", sigmoid=market)
    load_released_weights(network, seeded_weights(entry))
    rng = np.random.default_rng(entry["input_seed"])
    shape = (1, entry["input_channels"], *entry["size"])
    images = torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32))
    with torch.no_grad():
        output = network.eval()(images)[:, ::16]
    # Least-squares outputs are unbounded; the tolerance is relative to their scale.
    np.testing.assert_allclose(output, outputs[tag], atol=1e-4, rtol=1e-4)
