"""A generator that moves each body part of the source to where the target pose has it, then repairs and mixes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from reposer.models.blocks import (
    BlocksConfig,
    Norm,
    ResidualBlock,
    activated,
    check_generator_inputs,
    crop,
    pad_to_stride,
    run_block,
)
from reposer.models.frames import FrameAdjustment
from reposer.models.interface import GeneratorNetwork, NetworkConfig
from reposer.poses import OPENPOSE_18, heatmap_peaks, part_maps, warp_parts
from reposer.poses.frames import PARTS, RADII, in_turn, shifted

_REACH = 0.25  # scales that the shifts go at most
_OUTPUTS = (len(PARTS), 2, 3, 3)  # logits of the parts; shift; logits of person, source and painted; painted


@dataclass(frozen=True, kw_only=True)
class WarpConfig(BlocksConfig, NetworkConfig):
    """Body parts warped to the target pose; its blocks are residual ones, at an eighth of the size."""

    network: Literal["warp"] = "warp"


def _layer(channels_in: int, channels_out: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=norm == "instance")
    return nn.Sequential(*activated(layer, channels_out, norm))


class WarpGenerator(GeneratorNetwork):
    """Parts of the source warped to the target pose, then mixed with what a U-Net paints.

    The joints are the peaks of the heatmaps. Each of 10 body parts of the source is moved to the target pose as a
    cylinder that turns with the person (``warp_parts``); from the joints a small network corrects how far each part has
    turned and where it starts, and the cylinders' radii are learned. A U-Net sees these pictures, where they belong,
    the source and both poses, and says for every pixel how to mix the 10 pictures to a person, where to look in it (up
    to a quarter of a limb away), what to paint, and how to mix person, source and painted. So what the source shows
    keeps its texture, and the network has to paint only the rest.

    Its joints must be the 18 of ``OPENPOSE_18``, its fields are those of :class:`WarpConfig`; it reads heatmaps, see
    :class:`GeneratorNetwork`.

    A design of this package, no published network; after Balakrishnan et al., "Synthesizing Images of Humans in
    Unseen Poses", CVPR 2018 (parts moved by their joints, then fused), and Siarohin et al., "Deformable GANs for
    Pose-Based Human Image Generation", CVPR 2018 (affine maps of ten parts).
    """

    stride = 16  # twice that of the convolutions: instance norm wants more than one value

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__(joints)
        if joints != len(OPENPOSE_18.joints):
            raise ValueError(f"WarpGenerator needs the 18 joints of {OPENPOSE_18.name}, got {joints}")
        config = WarpConfig(**fields)
        norm, channels = config.norm, config.channels
        widths = (channels, 2 * channels, 4 * channels, 8 * channels)
        self.frames = FrameAdjustment(joints)
        self.radii = nn.Parameter(torch.tensor(RADII).log())
        self.first = _layer(3 + 6 * len(PARTS), channels, norm)
        self.poses = _layer(2 * joints, widths[1], norm, stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_layer(a, b, norm, stride=2), _layer(b, b, norm)) for a, b in pairwise(widths)
        )
        self.blocks = nn.ModuleList(ResidualBlock(widths[-1], norm, config.dropout) for _ in range(config.blocks))
        self.up = nn.ModuleList(
            nn.Sequential(_layer(a + b, b, norm), *(_layer(b, b, norm) for _ in range(b > channels)))
            for a, b in pairwise(widths[::-1])
        )
        self.last = nn.Conv2d(channels, sum(_OUTPUTS), 3, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.last.weight, 0.0, 0.02)

    def forward(self, source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor) -> Tensor:
        check_generator_inputs(source, source_heatmaps, target_heatmaps, self.joints)
        size, source = source.shape[-2:], pad_to_stride(source, self.stride)
        poses = torch.cat((source_heatmaps, target_heatmaps), dim=1)
        frames = self.frames(*heatmap_peaks(poses.unflatten(1, (2, -1)).flatten(0, 1)))
        here, there = in_turn(frames)
        poses = pad_to_stride(poses, self.stride)
        both_maps = part_maps(frames, (source.shape[-2], source.shape[-1])).to(source.dtype)
        source_maps, maps = both_maps.unflatten(0, (-1, 2)).unbind(dim=1)
        maps = maps * here.found[..., None, None]
        parts, seen = warp_parts(source, here, there, self.radii.exp())
        placed = (torch.cat((parts, seen[:, :, None].to(parts)), dim=2) * maps[:, :, None]).flatten(1, 2)

        features = self.first(torch.cat((source, source_maps, maps, placed), dim=1))
        skips = [features]
        features = self.down[0](features) + self.poses(poses)
        for down in self.down[1:]:
            skips.append(features)
            features = down(features)
        for block in self.blocks:
            features = run_block(block, features, recompute=self.gradient_checkpointing)
        for up in self.up:
            larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = up(torch.cat((larger, skips.pop()), dim=1))

        weights, shift, shares, painted = self.last(features).split(_OUTPUTS, dim=1)
        # What is added to the logits lets an untrained network mix by the maps.
        weights = torch.softmax(weights + (maps + 0.01).log(), dim=1)
        person = (parts * weights[:, :, None]).sum(dim=1)
        person = shifted(person, torch.tanh(shift.contiguous()) * (_REACH * there.scale[:, None, None, None]))
        elsewhere, uncovered = ((1 - each).prod(dim=1, keepdim=True) for each in (maps, source_maps))
        prior = torch.cat((1 - elsewhere, elsewhere * uncovered, torch.full_like(elsewhere, 0.3)), dim=1)
        shares = torch.softmax(shares + (prior + 0.01).log(), dim=1)
        pictures = torch.stack((person, source, torch.tanh(painted.contiguous())), dim=1)
        return crop((pictures * shares[:, :, None]).sum(dim=1), size)
