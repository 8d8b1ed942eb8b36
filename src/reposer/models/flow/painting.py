"""Full size: what is carried, what stays and what is painted become one picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reposer.models.blocks import Norm
from reposer.models.flow.layers import changed, enlarged, layer

_OUTPUTS = (3, 3, 1)  # logits of carried, source and painted; painted; correction of the visibility
_HINTS = 3 + 3 + 3  # carried, source; visibility, where the person is, where the source shows nobody


class Painting(nn.Module):
    """Paints, and mixes what is carried, the source in place and what it painted.

    Args:
        below: channels of the features at half the size.
        channels: of the layers at full size.
    """

    def __init__(self, below: int, channels: int, norm: Norm) -> None:
        super().__init__()
        self.up = layer(below, channels, norm, kernel=1)
        self.layers = nn.Sequential(layer(channels + _HINTS, channels, norm), layer(channels, channels, norm))
        self.last = nn.Conv2d(channels, sum(_OUTPUTS), 3, 1, 1)

    def forward(
        self, features: Tensor, source: Tensor, carried: Tensor, visible: Tensor, covered: Tensor, free: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The picture (B, 3, H, W) and the logits of visibility, corrected.

        Args:
            features: (B, below, H/2, W/2).
            source: (B, 3, H, W).
            carried: the source along the flow, (B, 3, H, W).
            visible: logits (B, 1, H, W).
            covered: where the target has the person, (B, 1, H, W) in [0, 1].
            free: where the source does not have it.
        """
        hints = (enlarged(self.up(features), source), carried, source, torch.sigmoid(visible), covered, free)
        found = self.last(self.layers(torch.cat([hint.to(features) for hint in hints], dim=1)))
        shares, painted, correction = found.split(_OUTPUTS, dim=1)
        visible = visible + correction.to(visible)
        # What is added to the logits lets an untrained network mix by what the poses say.
        seen = covered * torch.sigmoid(visible)
        there = (1 - covered) * free
        prior = torch.cat((0.1 * covered + 0.9 * seen, there, 0.02 + 0.2 * (1 - seen - there)), dim=1)
        shares = torch.softmax(shares.to(prior) + (prior + 0.01).log(), dim=1)
        base = torch.lerp(source, carried, covered.to(source))
        pictures = torch.stack((carried, source, changed(base, painted.to(source))), dim=1)
        return (pictures * shares[:, :, None]).sum(dim=1), visible
