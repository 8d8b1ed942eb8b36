"""The residual discriminator of PATN and of the seed work."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from reposer.bounds import at_least
from reposer.models.blocks import BlocksConfig, ResidualBlock, encoder, run_block


@dataclass(frozen=True, kw_only=True)
class ResNetDiscriminatorConfig(BlocksConfig):
    """One discriminator."""

    blocks: Annotated[int, at_least(0, 256)] = 3
    """Residual blocks; 3 as published."""


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig(ResNetDiscriminatorConfig):
    """The discriminators: appearance (image, source image), shape (image, target heatmaps), and perhaps of the face."""

    face: bool = False
    """A third one, which sees the heads of image and source alone, enlarged; not published."""


class ResNetDiscriminator(nn.Module):
    """Residual discriminator: its output is the feature map itself, and the GAN loss is the mean over all of it.

    Args:
        in_channels: channels of the judged images and their condition, concatenated (6 or 21 as published).
        sigmoid: end in a sigmoid, as the released cross-entropy networks do. The losses of this package take
            logits, so training leaves it off.
        fields: of ``ResNetDiscriminatorConfig``: norm, channels, blocks, dropout.

    ``forward(images)`` takes (B, in_channels, H, W) and returns (B, 4 channels, H/4, W/4).

    Reference: Zhu et al., CVPR 2019; Shi et al., Pattern Recognition 2022.
    """

    gradient_checkpointing: bool = False
    """Compute the blocks again in the backward pass instead of keeping their activations."""

    def __init__(self, in_channels: int, *, sigmoid: bool = False, **fields: Any) -> None:
        super().__init__()
        config = ResNetDiscriminatorConfig(**fields)
        norm, channels = config.norm, config.channels
        self.in_channels = in_channels
        self.encoder = nn.Sequential(*encoder(in_channels, channels, norm))
        self.blocks = nn.Sequential(*(ResidualBlock(4 * channels, norm, config.dropout) for _ in range(config.blocks)))
        self.sigmoid = sigmoid

    def forward(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != self.in_channels:
            raise ValueError(f"images must have shape (B, {self.in_channels}, H, W), got {tuple(images.shape)}")
        logits = self.encoder(images)
        for block in self.blocks:
            logits = run_block(block, logits, recompute=self.gradient_checkpointing)
        return torch.sigmoid(logits) if self.sigmoid else logits


DISCRIMINATORS = ("appearance", "shape", "face")
"""Their names, in the order in which they are built."""


def build_discriminators(config: DiscriminatorConfig) -> tuple[ResNetDiscriminator, ...]:
    """Build D_PP, which sees (image, source image), and D_PB, which sees (image, target heatmaps); both give logits.

    With ``face`` also that of (head of the image, head of the source).
    """
    channels = (3 + 3, 3 + 18, *((3 + 3,) if config.face else ()))
    shared = {field.name: getattr(config, field.name) for field in fields(ResNetDiscriminatorConfig)}
    return tuple(ResNetDiscriminator(each, **shared) for each in channels)
