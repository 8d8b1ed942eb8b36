"""What the flow cannot reach: each place of the target looks over the whole source."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_HEADS = 4
_WIDTH = 16  # channels by which a head compares


class SourceAttention(nn.Module):
    """Cross-attention from the target's features to those of the source.

    Besides the source's features every head brings how far the places that it looks at are from where the flow points,
    on average: a correlation from which the flow is corrected.

    Args:
        channels: of the features of both pictures, and of the result.
        keys: channels by which the source's places are found.
    """

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, _HEADS * _WIDTH, 1)
        self.key = nn.Conv2d(keys, _HEADS * _WIDTH, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.last = nn.Conv2d(channels + 2 * _HEADS, channels, 1)

    def forward(self, target: Tensor, source: Tensor, keys: Tensor, flow: Tensor, scale: Tensor) -> Tensor:
        """What the target's features (B, C, h, w) gain.

        Args:
            source: (B, C, h, w).
            keys: (B, keys, h, w), at the source's places.
            flow: (B, 2, h, w), places in the source, x and y in pixels of this size.
            scale: (B,), of the source, in such pixels: the unit of distances.
        """
        query, key, value = (
            _by_head(maps) for maps in (self.query(target), self.key(keys), self.value(source))
        )  # (B, heads, C', N)
        looks = torch.softmax(query.transpose(2, 3) @ key * _WIDTH**-0.5, dim=-1)
        found = (value @ looks.transpose(2, 3)).flatten(1, 2)
        y, x = (torch.arange(n, device=flow.device, dtype=looks.dtype) for n in source.shape[-2:])
        looks = looks.unflatten(3, source.shape[-2:])
        places = torch.stack(((looks.sum(dim=3) * x).sum(dim=-1), (looks.sum(dim=4) * y).sum(dim=-1)), dim=2)
        apart = (places - flow.flatten(2)[:, None]) / scale[:, None, None, None]
        gained = torch.cat((found, apart.flatten(1, 2).to(found)), dim=1)
        return self.last(gained.unflatten(2, target.shape[-2:]))


def _by_head(maps: Tensor) -> Tensor:
    return maps.flatten(2).unflatten(1, (_HEADS, -1))
