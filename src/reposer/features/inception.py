"""Inception v3, the network of the Inception Score, FID and KID, in the two forms used for published numbers."""

import io
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from reposer.checks import InputError, check_choice
from reposer.features.weights import Frozen, Weights, WeightsFile, check_names, check_photos, state_and_identity

InceptionName = Literal["inception-tensorflow", "inception-torchvision"]

INCEPTIONS = {
    "inception-tensorflow": WeightsFile(
        name="weights-inception-2015-12-05-6726825d.pth",
        url="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
        "weights-inception-2015-12-05-6726825d.pth",
        sha256_prefix="6726825d",
        megabytes=91,
        without="only IS, FID and KID need it",
    ),
    "inception-torchvision": WeightsFile(
        name="inception_v3_google-0cc3c7bd.pth",
        url="https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
        sha256_prefix="0cc3c7bd",
        megabytes=104,
        without="only FID and KID as GFLA measures them need it",
    ),
}
_SIDE = 299


class InceptionOutput(NamedTuple):
    """What an Inception network returns for a batch, float32."""

    pool: Tensor
    """(B, 2048) features after the last average pooling: of FID and KID."""
    logits: Tensor
    """(B, C) class scores: of the Inception Score."""


class InceptionFeatures(Frozen):
    """Frozen Inception v3.

    Args:
        name: "inception-tensorflow": the graph of 2015-12-05 that IS and FID were published with, in the bit-exact
            port of torch-fidelity; resized as TensorFlow 1 does, 1008 classes, logits without the bias, as the
            Inception Score takes them. "inception-torchvision": torchvision's ImageNet network as GFLA's FID uses
            it; [0, 1], bilinear without antialiasing to 299x299, then its own ``transform_input``; 1000 classes.
        weights: see ``reposer.features.Weights``.

    ``forward(images)`` takes (B, 3, H, W) uint8 and returns an ``InceptionOutput``; ``identity`` names network and
    weights in signatures.

    Raises:
        InputError: if the name is unknown, torch-fidelity is not installed, or the weights are missing or are not
            the right file.
        TypeError, ValueError: from ``forward``, if the images are not uint8 (B, 3, H, W).

    Reference: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016; Heusel et al., NIPS 2017, for the
    graph; Ren et al., "Deep image spatial transformation for person image generation" (GFLA), CVPR 2020.
    """

    features = 2048
    """Length of the pooled features."""

    def __init__(self, name: InceptionName = "inception-tensorflow", *, weights: Weights = None) -> None:
        super().__init__()
        check_choice("Inception network", name, INCEPTIONS)
        if name == "inception-tensorflow":
            _torch_fidelity()  # before a download
        state, self.identity = state_and_identity(name, INCEPTIONS[name], weights)
        self.network = _tensorflow(state) if name == "inception-tensorflow" else _Torchvision(state)
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Tensor) -> InceptionOutput:
        if images.dtype != torch.uint8:
            raise TypeError(f"images must be uint8 (B, 3, H, W), got {images.dtype}; use reposer.images.to_uint8")
        check_photos(images, 1, "Inception")
        return InceptionOutput(*self.network(images))


def _torch_fidelity() -> type[nn.Module]:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise InputError(
            "the TensorFlow Inception network needs the package torch-fidelity: pip install 'reposer[metrics]'"
        ) from None
    return FeatureExtractorInceptionV3


def _tensorflow(state: dict[str, Tensor]) -> nn.Module:
    check_names(["Conv2d_1a_3x3.conv.weight", "fc.weight"], state, "inception-tensorflow")
    # Its constructor reads a file: it is given one in memory, of weights that were checked and hold no code.
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    with torch.random.fork_rng(devices=[]):  # it initialises random weights first
        return _torch_fidelity()("inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=file)


class _Torchvision(nn.Module):
    """Torchvision's Inception v3 from 8-bit images to pooled features and logits."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        from torchvision.models import Inception3

        with torch.device("meta"):
            network = Inception3(transform_input=True, aux_logits=False, init_weights=False)
        used = network.state_dict()  # without the auxiliary classifier
        check_names(used, state, "inception-torchvision")
        network.load_state_dict({name: state[name] for name in used}, assign=True)
        self.classify, network.fc = network.fc, nn.Identity()
        self.pool = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        unit = images.to(self.classify.weight.dtype) / 255
        resized = nn.functional.interpolate(unit, (_SIDE, _SIDE), mode="bilinear", align_corners=False)
        pool = self.pool(resized)
        return pool, self.classify(pool)
