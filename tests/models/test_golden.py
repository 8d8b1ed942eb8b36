"""Networks with seeded weights give the outputs of the released reference code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.released import golden_entries, seeded_weights

from reposer.models import NETWORKS, ResNetDiscriminator, build_generator, load_released_weights


@pytest.fixture(scope="module")
def entries(golden: Path) -> dict[str, Any]:
    return golden_entries(golden)


@pytest.fixture(scope="module")
def outputs(golden: Path) -> dict[str, np.ndarray]:
    with np.load(golden / "networks.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize(
    ("tag", "norm", "tolerance"),
    [
        ("patn_market", "batch", 1e-4),
        ("patn_fashion", "instance", 1e-4),
        ("xing_market", "batch", 1e-3),  # rounding to float32 alone moves it by 2e-4
        ("xing_fashion", "instance", 1e-4),
    ],
)
def test_generator(
    entries: dict[str, Any], outputs: dict[str, np.ndarray], tag: str, norm: Any, tolerance: float
) -> None:
    entry = entries[tag]
    network: Any = tag.split("_")[0]
    generator = build_generator(NETWORKS[network].config(norm=norm))
    load_released_weights(generator, seeded_weights(entry))
    rng = np.random.default_rng(entry["input_seed"])
    source = torch.from_numpy(rng.uniform(-1, 1, (1, 3, *entry["size"])).astype(np.float32))
    poses = torch.from_numpy(rng.uniform(0, 1, (1, 36, *entry["size"])).astype(np.float32))
    with torch.no_grad():
        output = generator.eval()(source, poses[:, :18], poses[:, 18:])
    np.testing.assert_allclose(output, outputs[tag], rtol=0, atol=tolerance)


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
