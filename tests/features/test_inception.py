"""Inception v3: outputs of the outside networks, and images resized as each implementation does it."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.features.random_inception import inception_state, tensorflow_network, torchvision_network
from tests.rounding import assert_rounds_like

from reposer.checks import InputError
from reposer.features import INCEPTIONS, InceptionFeatures

pytest.importorskip("torch_fidelity")
IMAGES = torch.randint(0, 256, (2, 3, 37, 22), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


class StopError(Exception):
    """Ends a forward pass when what is asked for is known."""


def first_input(features: InceptionFeatures) -> np.ndarray:
    """What the first convolution sees of the images."""
    seen = []

    def look(_: object, inputs: tuple[torch.Tensor]) -> None:
        seen.append(inputs[0])
        raise StopError

    network = features.network.pool if hasattr(features.network, "pool") else features.network
    handle = network.Conv2d_1a_3x3.register_forward_pre_hook(look)
    with pytest.raises(StopError):
        features(IMAGES)
    handle.remove()
    return seen[0].double().numpy()


def bilinear(images: np.ndarray, *, half_pixel: bool) -> np.ndarray:
    """Resize (B, C, H, W) to 299x299 axis by axis, straight from the definition."""
    for axis in (2, 3):
        size = images.shape[axis]
        places = np.arange(299) * size / 299
        if half_pixel:
            places = np.maximum((np.arange(299) + 0.5) * size / 299 - 0.5, 0)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, size - 1)
        share = (places - low).reshape([-1 if a == axis else 1 for a in range(4)])
        images = images.take(low, axis) * (1 - share) + images.take(high, axis) * share
    return images


@pytest.mark.slow
def test_tensorflow_network() -> None:
    state = inception_state("inception-tensorflow")
    features = InceptionFeatures(weights=state).train()
    assert not features.training
    expected = (bilinear(IMAGES.double().numpy(), half_pixel=False) - 128) / 128
    np.testing.assert_allclose(first_input(features), expected, atol=1e-4)
    outside = tensorflow_network()
    outside.load_state_dict(state)
    pool, logits = features(IMAGES)
    assert pool.shape == (2, 2048)
    assert logits.shape == (2, 1008)
    assert pool.std() > 1e-3
    torch.testing.assert_close((pool, logits), outside(IMAGES))
    weight = state["fc.weight"].T  # without the bias
    assert_rounds_like(logits, pool @ weight, pool.double() @ weight.double())
    assert features.identity.startswith("inception-tensorflow-")


@pytest.mark.slow
def test_torchvision_network() -> None:
    state = inception_state("inception-torchvision")
    features = InceptionFeatures("inception-torchvision", weights=state)
    mean, std = (np.array(v).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    expected = (bilinear(IMAGES.double().numpy() / 255, half_pixel=True) * std + mean - 0.5) / 0.5
    np.testing.assert_allclose(first_input(features), expected, atol=1e-5)
    outside = torchvision_network()
    outside.load_state_dict(state)
    unit = torch.nn.functional.interpolate(IMAGES / 255, (299, 299), mode="bilinear", align_corners=False)
    pool, logits = features(IMAGES)
    assert pool.shape == (2, 2048)
    with torch.no_grad():
        torch.testing.assert_close(logits, outside(unit))
        torch.testing.assert_close(logits, outside.fc(pool))


def test_identity_follows_the_weights() -> None:
    state = inception_state("inception-torchvision")
    one = InceptionFeatures("inception-torchvision", weights=state).identity
    assert one == InceptionFeatures("inception-torchvision", weights=dict(reversed(state.items()))).identity
    changed = state | {"fc.bias": state["fc.bias"] + 1}
    assert one != InceptionFeatures("inception-torchvision", weights=changed).identity


def test_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = InceptionFeatures("inception-torchvision", weights=inception_state("inception-torchvision"))
    with pytest.raises(TypeError, match=r"images must be uint8 \(B, 3, H, W\), got torch.float32"):
        features(IMAGES.float())
    with pytest.raises(ValueError, match=r"got \(3, 37, 22\)"):
        features(IMAGES[0])
    with pytest.raises(InputError, match="unknown Inception network 'inception'; did you mean 'inception-t"):
        InceptionFeatures("inception")  # type: ignore[arg-type]
    for name, file in INCEPTIONS.items():
        with pytest.raises(InputError, match=f"not the weights of {name}: Conv2d_1a_3x3.conv.weight is missing"):
            InceptionFeatures(name, weights={})  # type: ignore[arg-type]
        assert file.sha256_prefix in file.name
        path = tmp_path / file.name
        path.write_bytes(b"something else")
        with pytest.raises(InputError, match=f"not the weights {file.name}: SHA-256"):
            InceptionFeatures(name, weights=path)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(InputError, match=r"needs the package torch-fidelity: pip install 'reposer\[metrics\]'"):
        InceptionFeatures()
