"""What every loss on VGG19 feature maps shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from reposer.bounds import Weight
from reposer.checks import check_choice
from reposer.features import PUBLISHED_LAYER, VGG19Features, Weights
from reposer.images import SIGNED
from reposer.losses.module import FeatureMaps, LossInputs, LossModule
from reposer.similarity.ssim import unit_images
from reposer.values import Checked

Features = Callable[[Tensor], FeatureMaps]
"""From images (B, 3, H, W) in [0, 1] to their feature maps."""
LayerWeights = tuple[tuple[str, Weight], ...]
"""Layers, each with the weight of its term."""


@dataclass(frozen=True, kw_only=True)
class LayerSettings(Checked, ABC):
    """Weighted sum over layers of how far two feature maps are apart."""

    layers: LayerWeights = ((PUBLISHED_LAYER, 1.0),)
    """VGG19 layers, relu1_1 to relu5_4, each with its weight; relu1_2 alone as published. In Python also a dict."""

    def __post_init__(self) -> None:
        try:
            layers: Mapping[str, float] = dict(self.layers)
        except (TypeError, ValueError):
            raise ValueError(
                f"layers must give each feature layer its weight, such as {{'{PUBLISHED_LAYER}': 1.0}}, "
                f"got {self.layers!r:.60}"
            ) from None
        if not layers:
            raise ValueError("layers must give at least one feature layer its weight, got none")
        if len(layers) < len(self.layers):
            raise ValueError(f"layers must name each layer once, got {', '.join(name for name, _ in self.layers)}")
        object.__setattr__(self, "layers", tuple(layers.items()))
        super().__post_init__()

    @abstractmethod
    def measure(self, x: Tensor, y: Tensor, content: Tensor | None) -> Tensor:
        """How far two feature maps (B, C, H', W') are apart, over the content (B, 1, H, W) of the images."""

    def of_maps(self, maps: tuple[FeatureMaps, FeatureMaps], content: Tensor | None = None) -> Tensor:
        """The weighted sum, of the feature maps of generated and target."""
        generated, target = maps
        for layer, _ in self.layers:
            check_choice("feature layer", layer, generated)
        return torch.stack(
            [weight * self.measure(generated[layer], target[layer], content) for layer, weight in self.layers]
        ).sum()


OnLayers = TypeVar("OnLayers", bound=LayerSettings)


def feature_maps(
    features: Features, generated: Tensor, target: Tensor, *, value_range: tuple[float, float] = SIGNED
) -> tuple[FeatureMaps, FeatureMaps]:
    """Feature maps of the generated images, and without gradient those of the target."""
    x, y = unit_images(generated, target, value_range)
    with torch.no_grad():
        target_maps = features(y)
    return features(x), target_maps


class FeatureLoss(LossModule[OnLayers]):
    """Base of the Modules that hold a frozen VGG19.

    Args:
        weights: local file of ``vgg19-dcbb9e9d.pth``, or a state dict; by default the torch hub cache, else a
            download.
        features: a network to share instead.
        options: settings, single fields of them, and the value range.

    Raises:
        InputError: if the weights are missing, or the network has no such layer.
    """

    needs = frozenset({"features"})

    def __init__(self, *, weights: Weights = None, features: VGG19Features | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.features = features or VGG19Features(*dict(self.settings.layers), weights=weights)
        for layer, _ in self.settings.layers:
            check_choice("feature layer", layer, self.features.names.values())

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        maps = feature_maps(self.features, generated, target, value_range=self.value_range)
        return self.settings.of_maps(maps, content)

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.features is not None
        return self.settings.of_maps(inputs.features, inputs.content)
