"""The objective of a training: named, weighted terms, each reported unweighted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.losses.adversarial import GANKind, adversarial_loss
from reposer.losses.part_ssim import PartSSIMLoss
from reposer.losses.perceptual import PerceptualLoss
from reposer.losses.pixel import l1_loss
from reposer.losses.ssim import ssim_loss
from reposer.similarity import MissingParts


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Weights of the generator's loss terms; a term of weight 0 is not computed."""

    adversarial: float = 5.0
    """Weight of the two discriminators' mean term, and of their own losses; 0: no discriminators."""
    l1: float = 0.0
    """Weight of L1."""
    perceptual: float = 0.0
    """Weight of the perceptual loss (VGG19 relu1_2; needs its weights)."""
    ssim: float = 0.0
    """Weight of the SSIM loss."""
    part_ssim: float = 0.0
    """Weight of the part-based SSIM loss (PSSIM)."""
    gan: GANKind = "cross_entropy"
    """Adversarial loss of discriminators and generator."""
    pool_size: int = 50
    """Past generated images kept to show to each discriminator; 0: none."""
    window_size: int = 7
    """Window of SSIM and of PSSIM's background term, in pixels."""
    window_sigma: float = 0.8
    """Standard deviation of that window, in pixels."""
    missing_parts: MissingParts = "as_released"
    """What PSSIM does with body parts that are not in the picture."""
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
        return {
            "adversarial": self.adversarial,
            "l1": self.l1,
            "perceptual": self.perceptual,
            "ssim": self.ssim,
            "part_ssim": self.part_ssim,
        }


@dataclass(frozen=True)
class ObjectiveValue:
    """Unweighted terms by name, and their weighted total."""

    terms: dict[str, Tensor]
    total: Tensor


class Objective(nn.Module):
    """The generator's objective: a weighted sum of the terms of an ``ObjectiveConfig``.

    ``forward(generated, target, joints, visible, fake_logits=(...))`` takes images (B, 3, H, W) in [-1, 1], the
    target's joints (B, J, 2) with visible (B, J), and the discriminators' logits for the generated images; it
    returns an :class:`ObjectiveValue`.
    """

    def __init__(self, config: ObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.weights = {name: weight for name, weight in config.weights.items() if weight > 0}
        self.part_ssim = PartSSIMLoss(
            window_size=config.window_size, sigma=config.window_sigma, missing_parts=config.missing_parts
        )
        self.perceptual = PerceptualLoss(weights=config.vgg19_weights) if config.perceptual else None

    def forward(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor,
        visible: Tensor,
        *,
        fake_logits: tuple[Tensor, ...] = (),
    ) -> ObjectiveValue:
        config = self.config
        compute: dict[str, Callable[[], Tensor]] = {
            "adversarial": lambda: torch.stack(
                [adversarial_loss(logits, real=True, kind=config.gan) for logits in fake_logits]
            ).mean(),
            "l1": lambda: l1_loss(generated, target),
            "perceptual": lambda: self.perceptual(generated, target),  # type: ignore[misc]
            "ssim": lambda: ssim_loss(generated, target, window_size=config.window_size, sigma=config.window_sigma),
            "part_ssim": lambda: self.part_ssim(generated, target, joints, visible),
        }
        terms = {name: compute[name]() for name in self.weights}
        total = torch.stack([self.weights[name] * term.float() for name, term in terms.items()]).sum()
        return ObjectiveValue(terms, total)

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Loss of one discriminator: weight * (GAN(real, 1) + GAN(generated, 0)) / 2."""
        real = adversarial_loss(real_logits, real=True, kind=self.config.gan)
        fake = adversarial_loss(fake_logits, real=False, kind=self.config.gan)
        return self.config.adversarial * (real + fake) / 2
