"""The residual discriminator of PATN and of the seed work."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reposer.models.blocks import Norm, ResidualBlock, encoder, run_block


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """The two discriminators: appearance (image, source image) and shape (image, target heatmaps)."""

    norm: Norm = "batch"
    """Norm layers: batch, or instance."""
    channels: int = 64
    """Width of the first layer."""
    blocks: int = 3
    """Residual blocks."""
    dropout: float = 0.5
    """Dropout probability inside the blocks."""


class ResNetDiscriminator(nn.Module):
    """Residual discriminator: its output is the feature map itself, and the GAN loss is the mean over all of it.

    Args:
        in_channels: channels of the judged images and their condition, concatenated (6 or 21 as published).
        norm: "batch" or "instance".
        channels: width of the first layer; 64 as published.
        blocks: residual blocks; 3 as published.
        dropout: probability inside the blocks; 0.5 as published.
        sigmoid: end in a sigmoid, as the released cross-entropy networks do. The losses of this package take
            logits, so training leaves it off.

    ``forward(images)`` takes (B, in_channels, H, W) and returns (B, 4 channels, H/4, W/4).

    Reference: Zhu et al., CVPR 2019; Shi et al., Pattern Recognition 2022.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        norm: Norm = "batch",
        channels: int = 64,
        blocks: int = 3,
        dropout: float = 0.5,
        sigmoid: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.encoder = nn.Sequential(*encoder(in_channels, channels, norm))
        self.blocks = nn.Sequential(*(ResidualBlock(4 * channels, norm, dropout) for _ in range(blocks)))
        self.sigmoid = sigmoid
        self.gradient_checkpointing = False
        """Compute the blocks again in the backward pass instead of keeping their activations."""

    def forward(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != self.in_channels:
            raise ValueError(f"images must have shape (B, {self.in_channels}, H, W), got {tuple(images.shape)}")
        logits = self.encoder(images)
        for block in self.blocks:
            logits = run_block(block, logits, recompute=self.gradient_checkpointing)
        return torch.sigmoid(logits) if self.sigmoid else logits


def build_discriminators(
    config: DiscriminatorConfig, joints: int = 18
) -> tuple[ResNetDiscriminator, ResNetDiscriminator]:
    """Build D_PP, which sees (image, source image), and D_PB, which sees (image, target heatmaps); both give logits."""
    appearance, shape = (
        ResNetDiscriminator(
            3 + condition,
            norm=config.norm,
            channels=config.channels,
            blocks=config.blocks,
            dropout=config.dropout,
        )
        for condition in (3, joints)
    )
    return appearance, shape
