"""LPIPS through the package lpips: its own call, value ranges, missing package and weights."""

import sys
from pathlib import Path

import pytest
import torch
from tests.losses.random_weights import squeeze_state
from torch import Tensor
from torchvision.models import alexnet, vgg16

from reposer.checks import InputError
from reposer.features import LPIPS_BACKBONES, LPIPSNetwork
from reposer.losses import LPIPSLoss, lpips_loss

lpips = pytest.importorskip("lpips")


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 2, 3, 40, 36, generator=torch.Generator().manual_seed(5)) * 2 - 1
    return x, y


@pytest.mark.parametrize("version", ["0.1", "0.0"])
@pytest.mark.filterwarnings("ignore:.*deprecated:UserWarning")
def test_equals_the_package(images: tuple[Tensor, Tensor], version: str) -> None:
    x, y = images
    outside = lpips.LPIPS(net="squeeze", version=version, pnet_rand=True, verbose=False)
    weights = {f"features.{name.partition('.')[2]}": t for name, t in outside.net.state_dict().items()}
    loss = LPIPSLoss(backbone="squeeze", version=version, weights=weights).train()
    torch.testing.assert_close(loss(x, y), outside(x, y).mean())
    torch.testing.assert_close(loss.network(x, y), outside(x, y).flatten())


def test_value_range_and_gradient(images: tuple[Tensor, Tensor]) -> None:
    x, y = (image.requires_grad_() for image in images)
    network = LPIPSNetwork("squeeze", weights=squeeze_state())
    loss = lpips_loss(x, y, network=network)
    torch.testing.assert_close(lpips_loss((x + 1) / 2, (y + 1) / 2, network=network, value_range=(0, 1)), loss)
    loss.backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 0
    assert y.grad is None
    assert not any(p.requires_grad for p in network.parameters())


def test_smallest_image_is_named() -> None:
    network = LPIPSNetwork("squeeze", weights=squeeze_state())
    image = torch.zeros(1, 3, 17, 17)
    assert network(image, image).item() == 0
    with pytest.raises(ValueError, match=r"at least 17x17 pixels, got \(1, 3, 17, 16\)"):
        network(image[..., :16], image[..., :16])


@pytest.mark.parametrize(("backbone", "smallest"), [("alex", 31), ("vgg", 16)])
def test_smallest_image_of_the_other_backbones(backbone: str, smallest: int) -> None:
    build = {"alex": alexnet, "vgg": vgg16}[backbone]
    with torch.device("meta"):
        layers = build(weights=None).features[: {"alex": 12, "vgg": 30}[backbone]]
    image = torch.zeros(1, 3, smallest, smallest, device="meta")
    assert layers(image).shape[-2:] == (1, 1)
    with pytest.raises(RuntimeError):
        layers(image[..., 1:])


def test_randomness_of_the_run_is_untouched() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    LPIPSNetwork("squeeze", weights=squeeze_state())
    assert torch.rand(3).equal(expected)


def test_missing_weights_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    for backbone, file in LPIPS_BACKBONES.items():
        with pytest.raises(InputError) as error:
            LPIPSLoss(backbone=backbone)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)
        for part in (file.name, f"{file.megabytes} MB", str(tmp_path / "checkpoints")):
            assert part in str(error.value)
    with pytest.raises(InputError, match=r"not the weights of the LPIPS backbone squeeze: features\.0\.weight is miss"):
        LPIPSLoss(backbone="squeeze", weights={})


def test_missing_package_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(InputError, match=r"^LPIPS needs the package lpips: pip install 'reposer\[losses\]'$"):
        LPIPSLoss(weights={})


def test_choices_are_named() -> None:
    with pytest.raises(InputError, match="unknown LPIPS backbone 'alexnet'; did you mean 'alex'"):
        LPIPSNetwork("alexnet")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"unknown LPIPS version '0.2'"):
        LPIPSNetwork(version="0.2")  # type: ignore[arg-type]
