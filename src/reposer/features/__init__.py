"""Frozen feature networks and where their weights come from."""

from reposer.digests import file_digest
from reposer.features.inception import INCEPTIONS, InceptionFeatures, InceptionName, InceptionOutput
from reposer.features.lpips import LPIPS_BACKBONES, LPIPSBackbone, LPIPSNetwork, LPIPSVersion
from reposer.features.vgg19 import IMAGENET_MEAN, IMAGENET_STD, PUBLISHED_LAYER, VGG19, VGG19_LAYERS, VGG19Features
from reposer.features.weights import Frozen, Weights, WeightsFile, state_and_identity

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "INCEPTIONS",
    "LPIPS_BACKBONES",
    "PUBLISHED_LAYER",
    "VGG19",
    "VGG19_LAYERS",
    "Frozen",
    "InceptionFeatures",
    "InceptionName",
    "InceptionOutput",
    "LPIPSBackbone",
    "LPIPSNetwork",
    "LPIPSVersion",
    "VGG19Features",
    "Weights",
    "WeightsFile",
    "file_digest",
    "state_and_identity",
]
