"""The objective of a training: named, weighted terms, each reported unweighted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.features import VGG19Features
from reposer.losses.adversarial import GANKind, adversarial_loss
from reposer.losses.part_ssim import PartSSIMLoss
from reposer.losses.perceptual import PUBLISHED_LAYERS, feature_maps, layer_sum, map_distance
from reposer.losses.perceptual_ssim import map_dissimilarity
from reposer.losses.pixel import l1_loss
from reposer.losses.ssim import ssim_loss
from reposer.losses.style import gram_distance
from reposer.similarity import Background, MissingParts, Statistics

TERMS = ("adversarial", "l1", "perceptual", "style", "ssim", "perceptual_ssim", "part_ssim")
VGG19_TERMS = ("perceptual", "style", "perceptual_ssim")


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Weights of the generator's loss terms; a term of weight 0 is not computed."""

    adversarial: float = 5.0
    """Weight of the two discriminators' mean term, and of their own losses; 0: no discriminators."""
    l1: float = 0.0
    """Weight of L1."""
    perceptual: float = 0.0
    """Weight of the perceptual loss (VGG19 relu1_2; needs its weights)."""
    style: float = 0.0
    """Weight of the style loss (VGG19 relu1_2; needs its weights)."""
    ssim: float = 0.0
    """Weight of the SSIM loss."""
    perceptual_ssim: float = 0.0
    """Weight of the SSIM loss between features (VGG19 relu1_2; needs its weights)."""
    part_ssim: float = 0.0
    """Weight of the part-based SSIM loss (PSSIM)."""
    gan: GANKind = "cross_entropy"
    """Adversarial loss of discriminators and generator."""
    pool_size: int = 50
    """Past generated images kept to show to each discriminator; 0: none."""
    window_size: int = 7
    """Window of SSIM, of perceptual SSIM and of PSSIM's background term, in pixels."""
    window_sigma: float = 0.8
    """Standard deviation of that window, in pixels."""
    missing_parts: MissingParts = "as_released"
    """What PSSIM does with body parts that are not in the picture: count them as perfect, or leave them out."""
    background: Background = "blacked_out"
    """What PSSIM's background term compares: images with the body blacked out, or only the visible background."""
    statistics: Statistics = "global"
    """PSSIM's statistics of a body part: one mean, variance and covariance, or an SSIM map under its mask."""
    multi_scale: bool = False
    """PSSIM takes masks of five widths a body part instead of one."""
    reference_height: float | None = None
    """Image height in pixels that PSSIM's mask widths are meant for; they scale with the image. None: they do not."""
    vgg19_weights: Path | None = None
    """Local file vgg19-dcbb9e9d.pth; default: the torch hub cache, else a download."""

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if weight < 0:
                raise ValueError(f"objective: the weight of {name} must be at least 0, got {weight}")
        if not any(self.weights.values()):
            raise ValueError("objective: at least one term needs a weight above 0")

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each term."""
        return {name: getattr(self, name) for name in TERMS}


@dataclass(frozen=True)
class ObjectiveValue:
    """Unweighted terms by name, and their weighted total."""

    terms: dict[str, Tensor]
    total: Tensor


class Objective(nn.Module):
    """The generator's objective: a weighted sum of the terms of an ``ObjectiveConfig``.

    ``forward(generated, target, joints, visible, fake_logits=(...))`` takes images (B, 3, H, W) in [-1, 1], the
    target's joints (B, J, 2) with visible (B, J), and the discriminators' logits for the generated images; it
    returns an :class:`ObjectiveValue`. ``fake_logits=None`` leaves the adversarial term out, for steps before the
    discriminators join in. The terms on VGG19 features share one network and its feature maps.
    """

    def __init__(self, config: ObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.weights = {name: weight for name, weight in config.weights.items() if weight > 0}
        self.part_ssim = PartSSIMLoss(
            window_size=config.window_size,
            sigma=config.window_sigma,
            missing_parts=config.missing_parts,
            background=config.background,
            statistics=config.statistics,
            multi_scale=config.multi_scale,
            reference_height=config.reference_height,
        )
        needs_features = any(name in self.weights for name in VGG19_TERMS)
        self.features = VGG19Features(*PUBLISHED_LAYERS, weights=config.vgg19_weights) if needs_features else None

    def forward(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor,
        visible: Tensor,
        *,
        fake_logits: tuple[Tensor, ...] | None = (),
    ) -> ObjectiveValue:
        config = self.config
        if config.adversarial and fake_logits == ():
            raise ValueError("fake_logits must hold the discriminators' logits: the adversarial term has a weight")
        # One pass of each image through VGG19, whichever terms need it.
        maps = feature_maps(self.features, generated, target) if self.features is not None else ({}, {})
        compute: dict[str, Callable[[], Tensor]] = {
            "adversarial": lambda: torch.stack(
                [adversarial_loss(each, real=True, kind=config.gan, player="generator") for each in fake_logits or ()]
            ).mean(),
            "l1": lambda: l1_loss(generated, target),
            "perceptual": lambda: layer_sum(map_distance, maps, PUBLISHED_LAYERS),
            "style": lambda: layer_sum(gram_distance, maps, PUBLISHED_LAYERS),
            "ssim": lambda: ssim_loss(generated, target, window_size=config.window_size, sigma=config.window_sigma),
            "perceptual_ssim": lambda: layer_sum(self._map_dissimilarity, maps, PUBLISHED_LAYERS),
            "part_ssim": lambda: self.part_ssim(generated, target, joints, visible),
        }
        terms = {name: compute[name]() for name in self.weights if name != "adversarial" or fake_logits}
        wide = {name: term.to(torch.promote_types(term.dtype, torch.float32)) for name, term in terms.items()}
        total = torch.stack([self.weights[name] * term for name, term in wide.items()]).sum()
        return ObjectiveValue(terms, total)

    def _map_dissimilarity(self, x: Tensor, y: Tensor) -> Tensor:
        return map_dissimilarity(x, y, window_size=self.config.window_size, sigma=self.config.window_sigma)

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Loss of one discriminator: weight * (GAN(real, 1) + GAN(generated, 0)) / 2."""
        real = adversarial_loss(real_logits, real=True, kind=self.config.gan)
        fake = adversarial_loss(fake_logits, real=False, kind=self.config.gan)
        return self.config.adversarial * (real + fake) / 2
