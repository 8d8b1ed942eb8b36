"""LPIPS against the package lpips: both versions, all networks, ranges, odd sizes, one-colour images, masks."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from reposer.checks import InputError
from reposer.features import LPIPSNetwork
from reposer.metrics import lpips, mask_lpips

package = pytest.importorskip("lpips")
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:UserWarning")


@cache
def state(backbone: str) -> dict[str, Tensor]:
    build = {"alex": models.alexnet, "vgg": models.vgg16, "squeeze": models.squeezenet1_1}[backbone]
    with torch.device("meta"):
        shapes = {name: t.shape for name, t in build(weights=None).features.state_dict().items()}
    generator = torch.Generator().manual_seed(5)
    return {
        f"features.{name}": torch.randn(shape, generator=generator) * (2 / max(shape[1:].numel(), 100)) ** 0.5
        for name, shape in shapes.items()
    }


@cache
def networks(backbone: str, version: str) -> tuple[nn.Module, LPIPSNetwork]:
    outside = package.LPIPS(net=backbone, version=version, pnet_rand=True, verbose=False)
    outside.net.load_state_dict(
        {name: state(backbone)[f"features.{name.partition('.')[2]}"] for name in outside.net.state_dict()}
    )
    return outside, LPIPSNetwork(backbone, version=version, weights=state(backbone))  # type: ignore[arg-type]


def images(*size: int, low: int = 0, high: int = 256) -> tuple[Tensor, Tensor]:
    x, y = torch.randint(low, high, (2, 2, 3, *size), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    y[1] = 77  # one colour
    return x, y


@pytest.mark.parametrize(
    ("backbone", "version"),
    [
        *(("alex", "0.1"), ("alex", "0.0"), ("squeeze", "0.1"), ("squeeze", "0.0")),
        pytest.param("vgg", "0.1", marks=pytest.mark.slow),
    ],
)
def test_equals_the_package(backbone: str, version: str) -> None:
    outside, network = networks(backbone, version)
    for x, y in (images(34, 41), images(39, 33, low=100, high=110)):
        for input_range, normalize in (("signed", True), ("unit", False)):
            with torch.no_grad():
                expected = outside(x / 255, y / 255, normalize=normalize).flatten()
            found = lpips(x, y, network=network, input_range=input_range)  # type: ignore[arg-type]
            assert found.dtype == torch.float64
            torch.testing.assert_close(found, expected.double(), rtol=1e-5, atol=1e-7)


def test_version_and_range_matter() -> None:
    x, y = images(40, 40)
    found = {
        lpips(x, y, network=networks("squeeze", version)[1], input_range=input_range)[0].item()  # type: ignore[arg-type]
        for version in ("0.1", "0.0")
        for input_range in ("signed", "unit")
    }
    assert len(found) == 4
    identities = {networks("squeeze", version)[1].identity for version in ("0.1", "0.0")}
    assert {name.rpartition("-")[0] for name in identities} == {"lpips0.1-squeeze", "lpips0.0-squeeze"}


def test_identical_images_and_masks() -> None:
    network = networks("squeeze", "0.1")[1]
    x, y = images(40, 36)
    assert lpips(x, x, network=network).eq(0).all()
    mask = torch.zeros(2, 40, 36, dtype=torch.bool)
    mask[0, 4:30, 6:18] = True
    found = mask_lpips(x, y, body_mask=mask, network=network)
    black = [image.clone() for image in (x, y)]
    for image in black:
        image[~mask[:, None].expand_as(image)] = 0
    torch.testing.assert_close(found, lpips(*black, network=network))
    assert found[1] == 0  # an empty mask leaves two black images


def test_bad_input() -> None:
    network = networks("squeeze", "0.1")[1]
    x, y = images(40, 36)
    with pytest.raises(InputError, match="unknown LPIPS range 'signd'; did you mean 'signed'"):
        lpips(x, y, network=network, input_range="signd")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="target must be uint8"):
        lpips(x, y.float(), network=network)
    with pytest.raises(ValueError, match="body_mask must have shape"):
        mask_lpips(x, y, body_mask=torch.ones(2, 36, 40), network=network)
