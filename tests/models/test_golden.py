"""Networks with seeded weights give the outputs of the released reference code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.released import golden_entries, seeded_weights
from tests.rounding import assert_rounds_like
from torch import Tensor, nn

from reposer.models import NETWORKS, ResNetDiscriminator, build_generator, load_released_weights


@pytest.fixture(scope="module")
def entries(golden: Path) -> dict[str, Any]:
    return golden_entries(golden)


@pytest.fixture(scope="module")
def outputs(golden: Path) -> dict[str, np.ndarray]:
    with np.load(golden / "networks.npz") as arrays:
        return dict(arrays)


@torch.no_grad()
def assert_golden(network: nn.Module, images: tuple[Tensor, ...], expected: np.ndarray, channels: slice) -> None:
    """In float64 the golden output; in float32 as near to it as torch's plain convolutions are."""
    network.eval()
    output = network(*images)[:, channels]
    with torch.backends.mkldnn.flags(enabled=False):
        plain = network(*images)[:, channels]
    exact = network.double()(*(image.double() for image in images))[:, channels]
    np.testing.assert_allclose(exact, expected, atol=1e-7, rtol=1e-7)
    assert_rounds_like(output, plain, exact)


@pytest.mark.parametrize(
    ("tag", "norm"),
    [
        ("patn_market", "batch"),
        pytest.param("patn_fashion", "instance", marks=pytest.mark.slow),
        pytest.param("xing_market", "batch", marks=pytest.mark.slow),
        ("xing_fashion", "instance"),
    ],
)
def test_generator(entries: dict[str, Any], outputs: dict[str, np.ndarray], tag: str, norm: Any) -> None:
    entry = entries[tag]
    network: Any = tag.split("_")[0]
    generator = build_generator(NETWORKS[network].config(norm=norm))
    load_released_weights(generator, seeded_weights(entry))
    rng = np.random.default_rng(entry["input_seed"])
    source = torch.from_numpy(rng.uniform(-1, 1, (1, 3, *entry["size"])).astype(np.float32))
    poses = torch.from_numpy(rng.uniform(0, 1, (1, 36, *entry["size"])).astype(np.float32))
    assert_golden(generator, (source, poses[:, :18], poses[:, 18:]), outputs[tag], slice(None))


@pytest.mark.parametrize("tag", ["disc_pp_market", "disc_pb_market", "disc_pp_fashion", "disc_pb_fashion"])
def test_discriminator(entries: dict[str, Any], outputs: dict[str, np.ndarray], tag: str) -> None:
    entry = entries[tag]
    market = tag.endswith("market")
    network = ResNetDiscriminator(entry["input_channels"], norm="batch" if market else "instance", sigmoid=market)
    load_released_weights(network, seeded_weights(entry))
    rng = np.random.default_rng(entry["input_seed"])
    shape = (1, entry["input_channels"], *entry["size"])
    images = torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32))
    assert_golden(network, (images,), outputs[tag], slice(None, None, 16))
