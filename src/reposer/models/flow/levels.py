"""The resolutions of the flow network: in each the flow is corrected, and what lies along it is carried here."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reposer.models.blocks import Norm, run_block
from reposer.models.flow.attention import SourceAttention
from reposer.models.flow.layers import Residual, enlarged, layer, looked_up
from reposer.models.flow.motion import CORRECTIONS, SHOWN, Estimate, Motion
from reposer.poses.frames import PARTS

_HINTS = SHOWN + 2
_TURNS = 4 * len(PARTS)


class Pyramid(nn.Module):
    """Features at a half, a quarter and an eighth, from maps at half the size; ``widths``: their channels."""

    def __init__(self, channels_in: int, widths: tuple[int, ...], norm: Norm) -> None:
        super().__init__()
        sizes = zip((channels_in, *widths), widths, (1, 2, 2), strict=False)
        self.levels = nn.ModuleList(
            nn.Sequential(layer(before, width, norm, stride=stride), layer(width, width, norm))
            for before, width, stride in sizes
        )

    def forward(self, maps: Tensor) -> list[Tensor]:
        found = []
        for level in self.levels:
            maps = level(maps)
            found.append(maps)
        return found


class _Flow(nn.Module):
    """What both kinds of level do: correct the estimate, and add what the source has along the flow.

    Args:
        channels: of the level's features.
        times: how much smaller its pictures are.
    """

    def __init__(self, channels: int, norm: Norm, times: int) -> None:
        super().__init__()
        self.times = times
        self.corrections = nn.Conv2d(channels, sum(CORRECTIONS), 3, 1, 1)
        self.last = layer(2 * channels, channels, norm)

    def carried(self, source: Tensor, motion: Motion, estimate: Estimate) -> Tensor:
        """The source's features along the flow."""
        return looked_up(source, estimate.flow(motion)[0], self.times)

    def hints(self, motion: Motion, estimate: Estimate, like: Tensor) -> Tensor:
        """What the layers are told of the motion so far."""
        return torch.cat((motion.shown, estimate.moved(motion)), dim=1).to(like)

    def improved(self, features: Tensor, source: Tensor, motion: Motion, estimate: Estimate) -> tuple[Tensor, Estimate]:
        """The features with what the source has along the improved flow, and the estimate of it."""
        estimate = estimate.corrected(self.corrections(features))
        return self.last(torch.cat((features, self.carried(source, motion, estimate)), dim=1)), estimate


class Bottom(_Flow):
    """The coarsest level, an eighth, where the whole source is looked over.

    Args:
        channels: of the features of both pictures, and of the result.
        blocks: residual blocks.
    """

    def __init__(self, channels: int, blocks: int, norm: Norm) -> None:
        super().__init__(channels, norm, 8)
        self.first = layer(3 * channels + _HINTS, channels, norm)
        self.turns = nn.Linear(_TURNS, channels)
        self.attention = SourceAttention(channels, channels + len(PARTS))
        self.blocks = nn.ModuleList(Residual(channels, norm) for _ in range(blocks))

    def forward(
        self, source: Tensor, source_maps: Tensor, pose: Tensor, turns: Tensor, motion: Motion, *, recompute: bool
    ) -> tuple[Tensor, Estimate]:
        """Features and estimate.

        Args:
            source: its features (B, C, h, w).
            source_maps: (B, parts, h, w), where it has its parts.
            pose: features of the target's.
            turns: (B, 4 parts), how the parts of source and target face.
            motion: of the parts.
        """
        estimate = Estimate.of_poses(motion)
        carried = self.carried(source, motion, estimate)
        told = self.hints(motion, estimate, pose)
        features = self.first(torch.cat((pose, carried, source, told), dim=1))
        features = features + self.turns(turns.to(features))[..., None, None]
        keys = torch.cat((source, source_maps.to(source)), dim=1)
        flow = (estimate.flow(motion)[0] + 0.5) / self.times - 0.5
        features = features + self.attention(features, source, keys, flow, motion.scale / self.times)
        for block in self.blocks:
            features = run_block(block, features, recompute=recompute)
        return self.improved(features, source, motion, estimate)


class Level(_Flow):
    """A finer level.

    Args:
        below: channels of the coarser level's features.
        channels: of the features of both pictures here, and of the result.
    """

    def __init__(self, below: int, channels: int, norm: Norm, times: int) -> None:
        super().__init__(channels, norm, times)
        self.up = layer(below, channels, norm, kernel=1)
        self.first = layer(3 * channels + _HINTS, channels, norm)
        self.block = Residual(channels, norm)

    def forward(
        self, below: Tensor, estimate: Estimate, source: Tensor, pose: Tensor, motion: Motion, *, recompute: bool
    ) -> tuple[Tensor, Estimate]:
        """Features and estimate here, from those of the coarser level."""
        estimate = estimate.enlarged(pose)
        carried = self.carried(source, motion, estimate)
        larger = enlarged(self.up(below), pose)
        told = self.hints(motion, estimate, pose)
        features = self.first(torch.cat((larger, pose, carried, told), dim=1))
        features, estimate = self.improved(features, source, motion, estimate)
        return run_block(self.block, features, recompute=recompute), estimate
