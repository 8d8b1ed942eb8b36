"""The running statistics of a network's batch norms, in one piece of memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Statistics:
    """All float buffers of a network as one tensor, of which they become views.

    So they are kept, and put back where a step failed, in one operation each, instead of some for every layer.
    """

    def __init__(self, network: nn.Module) -> None:
        found = [
            (module, name, buffer)
            for module in network.modules()
            for name, buffer in module.named_buffers(recurse=False)
            if buffer.is_floating_point()
        ]
        weight = next(network.parameters())
        self.values = torch.cat([buffer.flatten() for _, _, buffer in found] or [weight.new_empty(0)])
        parts = self.values.split([buffer.numel() for _, _, buffer in found])
        for (module, name, buffer), part in zip(found, parts, strict=False):
            setattr(module, name, part.view(buffer.shape))

    def put_back(self, before: Tensor, where: Tensor) -> None:
        """Make the values those of ``before`` if the flag () bool is set; they may be NaN."""
        self.values.copy_(torch.where(where, before, self.values))
