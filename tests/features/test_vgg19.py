"""VGG19 weights: from a state dict, a local file, or one clear line that says what is missing."""

import re
from pathlib import Path

import pytest
import torch
from tests.losses.random_weights import vgg_state
from torch import nn
from torchvision.models import vgg19

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.features import VGG19, VGG19_LAYERS, VGG19Features
from reposer.values import flat


def test_equals_torchvision() -> None:
    state = vgg_state(14)
    with torch.device("meta"):
        network = vgg19(weights=None).features[:14]
    network.load_state_dict({name.removeprefix("features."): t for name, t in state.items()}, assign=True)
    image = torch.rand(1, 3, 24, 16, generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    counts = {"relu1_2": 4, "relu2_1": 7, "relu3_2": 14}
    maps = VGG19Features(*counts, weights=state)(image)
    assert maps.keys() == counts.keys()
    for layer, count in counts.items():
        torch.testing.assert_close(maps[layer], network[:count]((image - mean) / std))
    assert VGG19Features(weights=state)(image).keys() == {"relu1_2"}


def test_every_layer_is_a_relu_of_its_block() -> None:
    with torch.device("meta"):
        features = vgg19(weights=None).features
    assert len(VGG19_LAYERS) == 16
    for name, index in VGG19_LAYERS.items():
        block, number = (int(part) for part in name.removeprefix("relu").split("_"))
        before = list(features[: index + 1])
        pools = [i for i, layer in enumerate(before) if isinstance(layer, nn.MaxPool2d)]
        assert len(pools) == block - 1
        assert isinstance(before[-1], nn.ReLU)
        assert sum(isinstance(layer, nn.ReLU) for layer in before[pools[-1] if pools else 0 :]) == number


def test_frozen_even_in_training() -> None:
    features = VGG19Features(weights=vgg_state()).train()
    assert not features.training
    assert not any(p.requires_grad for p in features.parameters())


def test_computes_in_the_dtype_of_the_weights() -> None:
    features = VGG19Features(weights=vgg_state())
    assert features(torch.zeros(1, 3, 8, 8, dtype=torch.float64))["relu1_2"].dtype == torch.float32
    assert features.double()(torch.zeros(1, 3, 8, 8))["relu1_2"].dtype == torch.float64


def test_image_that_does_not_fit_is_named() -> None:
    features = VGG19Features("relu1_1", "relu3_2", weights=vgg_state(14))
    assert features(torch.zeros(1, 3, 4, 4))["relu3_2"].shape[-2:] == (1, 1)
    with pytest.raises(ValueError, match=r"VGG19 needs images .* at least 4x4 pixels, got \(1, 3, 4, 3\)"):
        features(torch.zeros(1, 3, 4, 3))
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\) .* got \(1, 1, 8, 8\)"):
        features(torch.zeros(1, 1, 8, 8))


def test_missing_weights_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    with pytest.raises(InputError) as error:
        VGG19Features()
    message = str(error.value)
    assert "\n" not in message
    for part in ("vgg19-dcbb9e9d.pth", "548 MB", str(tmp_path / "checkpoints"), "mannequin-tiny"):
        assert part in message
    for option in re.findall(r"--objective\.([\w.-]+)", message):
        assert f"objective.{option}".replace("-", "_") in flat(RunConfig())
    assert "--objective.vgg19-weights FILE" in message
    assert "--objective.perceptual.weight 0" in message


def test_wrong_or_absent_local_file(tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    with pytest.raises(InputError, match="no such file"):
        VGG19Features(weights=path)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="expected dcbb9e9d"):
        VGG19.load(path)
    with pytest.raises(InputError, match=r"not the weights of VGG19: features\.0.weight is missing"):
        VGG19Features(weights={})


def test_unknown_layer_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown VGG19 layer 'relu1_3'; did you mean 'relu\d_"):
        VGG19Features("relu1_3", weights={})
