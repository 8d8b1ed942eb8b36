"""VGG19 weights: from a state dict, a local file, or one clear line that says what is missing."""

from pathlib import Path

import pytest
import torch
from torchvision.models import vgg19

from reposer.checks import InputError
from reposer.features import VGG19, VGG19Features


def test_equals_torchvision() -> None:
    torch.manual_seed(0)
    network = vgg19(weights=None).eval()
    image = torch.rand(1, 3, 24, 16)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    for layer, count in (("relu1_2", 4), ("relu2_1", 7)):
        state = {f"features.{n}": t for n, t in network.features[:count].state_dict().items()}
        expected = network.features[:count]((image - mean) / std)
        torch.testing.assert_close(VGG19Features(layer, state)(image), expected)


def test_frozen_even_in_training() -> None:
    state = {f"features.{n}": t for n, t in vgg19(weights=None).features[:4].state_dict().items()}
    features = VGG19Features(weights=state).train()
    assert not features.training
    assert not any(p.requires_grad for p in features.parameters())


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


def test_wrong_or_absent_local_file(tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    with pytest.raises(InputError, match="no such file"):
        VGG19Features(weights=path)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="expected dcbb9e9d"):
        VGG19.load(path)


def test_unknown_layer_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"relu1_3.*did you mean 'relu1_"):
        VGG19Features("relu1_3", {})
