"""PATN: the pose-attentional transfer network (Zhu et al., CVPR 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reposer.models.blocks import (
    BlocksConfig,
    Norm,
    branch,
    check_generator_inputs,
    crop,
    encoder,
    image_decoder,
    init_published,
    pad_to_stride,
    run_block,
)
from reposer.models.interface import GeneratorNetwork, NetworkConfig


@dataclass(frozen=True, kw_only=True)
class PATNConfig(BlocksConfig, NetworkConfig):
    """The pose-attentional transfer network; 41.4 M parameters as published."""

    network: Literal["patn"] = "patn"


class PoseAttentionalBlock(nn.Module):
    """One transfer step: the pose branch tells where to change the image features.

    image' = image + F(image) * sigmoid(G(pose)); pose' = concat(G(pose), image')
    """

    def __init__(self, channels: int, norm: Norm, dropout: float, *, first: bool) -> None:
        super().__init__()
        self.image_branch = branch(channels, channels, norm, dropout, last_norm=True)
        self.pose_branch = branch(channels if first else 2 * channels, channels, norm, dropout, last_norm=False)

    def forward(self, image: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
        change = self.pose_branch(pose)
        image = image + self.image_branch(image) * torch.sigmoid(change)
        return image, torch.cat((change, image), dim=1)


class PATNGenerator(GeneratorNetwork):
    """Pose-attentional transfer network: the person of the source image in the target pose.

    Its fields are those of :class:`PATNConfig`; it reads heatmaps, see :class:`GeneratorNetwork`.

    Reference: Zhu et al., "Progressive Pose Attention Transfer for Person Image Generation", CVPR 2019.
    """

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__(joints)
        config = PATNConfig(**fields)
        norm, channels = config.norm, config.channels
        self.image_encoder = nn.Sequential(*encoder(3, channels, norm))
        self.pose_encoder = nn.Sequential(*encoder(2 * joints, channels, norm))
        self.blocks = nn.ModuleList(
            PoseAttentionalBlock(4 * channels, norm, config.dropout, first=i == 0) for i in range(config.blocks)
        )
        self.image_decoder = image_decoder(channels, 3, norm)
        self.apply(init_published)

    def forward(self, source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor) -> Tensor:
        check_generator_inputs(source, source_heatmaps, target_heatmaps, self.joints)
        image = self.image_encoder(pad_to_stride(source))
        pose = self.pose_encoder(pad_to_stride(torch.cat((source_heatmaps, target_heatmaps), dim=1)))
        for block in self.blocks:
            image, pose = run_block(block, image, pose, recompute=self.gradient_checkpointing)
        return crop(self.image_decoder(image), source.shape[-2:])
