"""Networks: any image size, memory layout, compilation, names of the weights, and what is refused."""

import copy
from typing import Any

import pytest
import torch
from tests.rounding import assert_rounds_like
from torch import Tensor, nn

from reposer.checks import InputError
from reposer.models import NETWORKS, NetworkConfig, PATNConfig, ResNetDiscriminator, build_generator
from reposer.models.xing import CrossingBlock

NORMS = ("batch", "instance")


def small(network: Any, norm: Any = "batch", blocks: int = 2) -> nn.Module:
    """A generator in eval mode whose attention counts."""
    torch.manual_seed(0)
    generator = build_generator(NETWORKS[network].config(norm=norm, channels=4, blocks=blocks))
    for name, parameter in generator.named_parameters():
        if name.endswith("gamma"):
            nn.init.constant_(parameter, 0.5)
    return generator.eval()


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    source = torch.rand(batch, 3, height, width) * 2 - 1
    return source, torch.rand(batch, 18, height, width), torch.rand(batch, 18, height, width)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("size", [(128, 64), (33, 21), (8, 8), (10, 19)])
@pytest.mark.parametrize("network", list(NETWORKS))
@torch.no_grad()
def test_generators_take_any_size(network: str, size: tuple[int, int], norm: str) -> None:
    output = small(network, norm)(*inputs(*size))
    assert output.shape == (2, 3, *size)
    assert output.abs().max() <= 1
    assert output.std() > 0


@pytest.mark.parametrize("network", list(NETWORKS))
@torch.no_grad()
def test_generators_treat_every_image_by_itself(network: str) -> None:
    generator, images = small(network).double(), [image.double() for image in inputs(20, 12)]
    both, one = generator(*images), generator(*(image[1:] for image in images))
    torch.testing.assert_close(both[1:], one, atol=1e-12, rtol=0)


def in_double(generator: nn.Module, images: tuple[Tensor, ...]) -> Tensor:
    return copy.deepcopy(generator).double()(*(image.double() for image in images))


@pytest.mark.parametrize("network", list(NETWORKS))
@torch.no_grad()
def test_generators_in_channels_last(network: str) -> None:
    generator, images = small(network), inputs(24, 16)
    expected, exact = generator(*images), in_double(generator, images)
    generator.to(memory_format=torch.channels_last)
    output = generator(*(image.contiguous(memory_format=torch.channels_last) for image in images))
    assert_rounds_like(output, expected, exact)


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [pytest.param(name, marks=[pytest.mark.nightly] if name == "flow" else []) for name in NETWORKS],  # takes minutes
)
@torch.no_grad()
def test_generators_compile(network: str) -> None:
    generator, images = small(network, blocks=1), inputs(24, 16)
    expected, exact = generator(*images), in_double(generator, images)
    assert_rounds_like(torch.compile(generator, fullgraph=True)(*images), expected, exact)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_parameter_of_a_generator_learns(network: str, norm: str) -> None:
    generator = small(network, norm).train()
    generator(*inputs(16, 12)).square().mean().backward()
    without = [name for name, parameter in generator.named_parameters() if parameter.grad is None]
    assert not without


def test_crossing_block_is_its_formula() -> None:
    torch.manual_seed(0)
    block = CrossingBlock(16, "batch", 0.0, first=True).eval().double()
    nn.init.constant_(block.gamma, 0.5)
    image, pose = torch.randn(2, 2, 16, 5, 3, dtype=torch.float64)
    with torch.no_grad():
        new_image, new_pose = block(image, pose)
        x, p = block.image_branch(image), block.pose_branch(pose)
        for features, others, found in ((x, p, new_image), (p, x, new_pose[:, 16:])):
            query, key, value = (
                maps.flatten(2) for maps in (block.query(features), block.key(others), block.value(features))
            )
            weights = torch.einsum("bci,bcj->bij", query, key).softmax(dim=-1)
            attended = torch.einsum("bcj,bij->bci", value, weights).view_as(features)
            torch.testing.assert_close(found, features + 0.5 * attended, atol=1e-12, rtol=1e-12)
        torch.testing.assert_close(new_pose[:, :16], new_image)


def test_a_new_crossing_block_does_not_attend() -> None:
    block = CrossingBlock(16, "instance", 0.0, first=True).double()
    image = torch.randn(1, 16, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(block(image, image)[0], block.image_branch(image))


PATN_NAMES = [
    *(f"{stream}_encoder.{layer}.weight" for stream in ("image", "pose") for layer in (1, 4, 7)),
    *(f"blocks.{i}.{stream}_branch.{layer}.weight" for i in (0, 1) for stream in ("image", "pose") for layer in (1, 6)),
    *(f"image_decoder.{layer}.weight" for layer in (0, 3, 7)),
]
XING_NAMES = [
    *PATN_NAMES,
    *(f"blocks.{i}.gamma" for i in (0, 1)),
    *(f"blocks.{i}.{conv}.weight" for i in (0, 1) for conv in ("query", "key", "value")),
    "pose_narrowing.0.weight",
    *(f"pose_decoder.{layer}.weight" for layer in (0, 3, 7)),
    *(f"mixing.{layer}.weight" for layer in (0, 3, 6)),
]
WARP_NAMES = [
    "first.0.weight",
    *(f"down.{i}.{layer}.0.weight" for i in range(3) for layer in (0, 1)),
    *(f"blocks.{i}.branch.{layer}.weight" for i in (0, 1) for layer in (1, 6)),
    *(f"frames.layers.{layer}.weight" for layer in (0, 2, 4)),
    "radii",
    *(f"up.{i}.{layer}.0.weight" for i, layer in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))),
    "poses.0.weight",
    "last.weight",
]
FLOW_NAMES = [
    "radii",
    *(f"frames.layers.{layer}.weight" for layer in (0, 2, 4)),
    *(f"first.{layer}.0.weight" for layer in (0, 1)),
    *(f"{of}.levels.{level}.{layer}.0.weight" for of in ("source", "pose") for level in (0, 1, 2) for layer in (0, 1)),
    *(
        f"{level}.{layer}.weight"
        for level in ("bottom", "middle", "top")
        for layer in ("corrections", "first.0", "last.0")
    ),
    "bottom.turns.weight",
    *(f"bottom.attention.{layer}.weight" for layer in ("query", "key", "value", "last")),
    *(
        f"{block}.branch.{layer}.weight"
        for block in ("bottom.blocks.0", "bottom.blocks.1", "middle.block", "top.block", "face.block")
        for layer in ("0.0", "1")
    ),
    *(f"{level}.up.0.weight" for level in ("middle", "top", "painting")),
    *(f"painting.{layer}.weight" for layer in ("layers.0.0", "layers.1.0", "last")),
    *(f"face.{layer}.weight" for layer in ("first.0", "facing", "up.0.0", "up.1.0", "last")),
    *(f"face.down.{i}.{layer}.0.weight" for i in (0, 1) for layer in (0, 1)),
]
NAMES = {"patn": PATN_NAMES, "xing": XING_NAMES, "warp": WARP_NAMES, "flow": FLOW_NAMES}


@pytest.mark.parametrize(("network", "names"), NAMES.items())
def test_names_of_the_weights_stay(network: str, names: list[str]) -> None:
    """Checkpoints hold these names."""
    own = [name for name in small(network, "instance").state_dict() if not name.endswith("bias")]
    assert sorted(own) == sorted(names)


@pytest.mark.parametrize("network", list(NETWORKS))
def test_generators_name_the_wrong_input(network: str) -> None:
    generator, (source, source_maps, target_maps) = small(network), inputs(16, 12)
    with pytest.raises(ValueError, match=r"source must have shape \(B, 3, H, W\), got \(2, 1, 16, 12\)"):
        generator(source[:, :1], source_maps, target_maps)
    with pytest.raises(ValueError, match=r"source_heatmaps must have shape \(2, 18, 16, 12\), got \(2, 17, 16, 12\)"):
        generator(source, source_maps[:, :17], target_maps)
    with pytest.raises(ValueError, match=r"target_heatmaps must have shape \(2, 18, 16, 12\), got \(2, 18, 16, 11\)"):
        generator(source, source_maps, target_maps[..., :11])


def test_discriminator_names_the_wrong_input() -> None:
    with pytest.raises(ValueError, match=r"images must have shape \(B, 6, H, W\), got \(1, 3, 16, 16\)"):
        ResNetDiscriminator(6, channels=4, blocks=1)(torch.zeros(1, 3, 16, 16))


def test_unknown_network_and_norm() -> None:
    wrong: Any = "xin"
    with pytest.raises(InputError, match="unknown generator network 'xin'; did you mean 'xing'"):
        build_generator(NetworkConfig(network=wrong))
    with pytest.raises(InputError, match="unknown norm 'xin'"):
        PATNConfig(norm=wrong)
