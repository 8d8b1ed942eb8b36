"""XingGAN's generator: two streams that attend to each other (Tang et al., ECCV 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reposer.models.blocks import (
    BlocksConfig,
    Norm,
    activated,
    branch,
    check_generator_inputs,
    crop,
    encoder,
    image_decoder,
    init_published,
    pad_to_stride,
    run_block,
    upsampling,
)
from reposer.models.interface import GeneratorNetwork, NetworkConfig

_DECODED = 10  # images that each of the two streams decodes


@dataclass(frozen=True, kw_only=True)
class XingConfig(BlocksConfig, NetworkConfig):
    """XingGAN's generator; its channels must be at least 2."""

    network: Literal["xing"] = "xing"


class CrossingBlock(nn.Module):
    r"""One transfer step: image and pose features attend to each other.

    .. math::
        X = F(image), \quad P = G(pose), \quad
        X' = X + \gamma A(X, P), \quad P' = P + \gamma A(P, X), \quad
        A(a, b) = \mathrm{softmax}(q(a)^\top k(b)) \, v(a)

    with the softmax over the positions of b; image' = X', pose' = concat(X', P'). Both directions share q, k, v and
    the scalar gamma.
    """

    def __init__(self, channels: int, norm: Norm, dropout: float, *, first: bool) -> None:
        super().__init__()
        self.image_branch = branch(channels, channels, norm, dropout, last_norm=True)
        self.pose_branch = branch(channels if first else 2 * channels, channels, norm, dropout, last_norm=False)
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, image: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
        image, pose = self.image_branch(image), self.pose_branch(pose)
        image, pose = self.attend(image, pose), self.attend(pose, image)
        return image, torch.cat((image, pose), dim=1)

    def attend(self, features: Tensor, others: Tensor) -> Tensor:
        """Add to every position of (B, C, h, w) the values that its query finds by the keys of the other stream."""
        # One head, (B, 1, h w, C): the fused GPU kernels, which never store the h w x h w weights, want 4 dimensions.
        query, key, value = (
            maps.flatten(2).transpose(1, 2)[:, None]
            for maps in (self.query(features), self.key(others), self.value(features))
        )
        found = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return features + self.gamma * found[:, 0].transpose(1, 2).unflatten(2, features.shape[2:])


class XingGenerator(GeneratorNetwork):
    """XingGAN's generator, as released with the seed work: the person of the source image in the target pose.

    Each stream decodes 10 images; softmax weights mix these 20 and the source image at every pixel.

    Its fields are those of :class:`XingConfig`; it reads heatmaps, see :class:`GeneratorNetwork`.

    Reference: Tang et al., "XingGAN for Person Image Generation", ECCV 2020.
    """

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__(joints)
        config = XingConfig(**fields)
        norm, channels = config.norm, config.channels
        width, bias = 4 * channels, norm == "instance"
        self.image_encoder = nn.Sequential(*encoder(3, channels, norm))
        self.pose_encoder = nn.Sequential(*encoder(2 * joints, channels, norm))
        self.blocks = nn.ModuleList(
            CrossingBlock(width, norm, config.dropout, first=i == 0) for i in range(config.blocks)
        )
        self.image_decoder = image_decoder(channels, 3 * _DECODED, norm)
        self.pose_narrowing = nn.Sequential(*activated(nn.ConvTranspose2d(2 * width, width, 1, bias=bias), width, norm))
        self.pose_decoder = image_decoder(channels, 3 * _DECODED, norm)
        self.mixing = nn.Sequential(
            *upsampling(3 * width, width, norm),
            *upsampling(width, width // 2, norm),
            nn.ConvTranspose2d(width // 2, 2 * _DECODED + 1, 1, bias=bias),
            nn.Softmax(dim=1),
        )
        self.apply(init_published)

    def forward(self, source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor) -> Tensor:
        check_generator_inputs(source, source_heatmaps, target_heatmaps, self.joints)
        size, source = source.shape[-2:], pad_to_stride(source)
        image = self.image_encoder(source)
        pose = self.pose_encoder(pad_to_stride(torch.cat((source_heatmaps, target_heatmaps), dim=1)))
        for block in self.blocks:
            image, pose = run_block(block, image, pose, recompute=self.gradient_checkpointing)
        images = torch.cat((self.image_decoder(image), self.pose_decoder(self.pose_narrowing(pose)), source), dim=1)
        weights = self.mixing(torch.cat((image, pose), dim=1))
        mixed = (images.unflatten(1, (-1, 3)) * weights[:, :, None]).sum(dim=1)
        return crop(mixed, size)
