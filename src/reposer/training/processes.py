"""Several processes that train as one: sums over them, and batch norm over the pairs of all of them.

Networks are not wrapped: each process adds its share of a loss, gradients are summed once before the optimizer's step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from lightning.fabric import Fabric
from torch import Tensor, nn

from reposer.config import HardwareConfig


def make_fabric(config: HardwareConfig, loggers: Sequence[Any] = ()) -> Fabric:
    """Lightning Fabric for a run: it finds the devices and starts the processes."""
    return Fabric(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        loggers=list(loggers),
    )


def many() -> bool:
    """Whether this is one of several processes."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def summed(tensor: Tensor) -> Tensor:
    """Sum over all processes, without gradient."""
    if many():
        tensor = tensor.clone()
        dist.all_reduce(tensor)
    return tensor


def sum_gradients(network: nn.Module) -> None:
    """Add up the gradients of all processes, in one message."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if many() and gradients:
        flat = summed(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, total in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(total.view(gradient.shape))


def anywhere(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any process."""
    return bool(summed(torch.tensor(float(flag), device=device))) if many() else flag


def lengths(length: int, device: torch.device) -> list[int]:
    """The length of every process's share."""
    if not many():
        return [length]
    own = torch.zeros(dist.get_world_size(), device=device)
    own[dist.get_rank()] = length
    return [int(n) for n in summed(own).tolist()]


def gathered(tensor: Tensor, shares: Sequence[int]) -> Tensor:
    """Concatenate the shares of all processes in their order, without gradient."""
    if not many():
        return tensor
    padded = tensor.new_zeros(max(shares), *tensor.shape[1:])
    padded[: len(tensor)] = tensor
    received = [torch.empty_like(padded) for _ in shares]
    dist.all_gather(received, padded)
    return torch.cat([part[:length] for part, length in zip(received, shares, strict=True)])


def gathered_objects(value: Any) -> list[Any]:
    """The values of all processes, in their order; for rare and small things."""
    if not many():
        return [value]
    received = [None] * dist.get_world_size()
    dist.all_gather_object(received, value)
    return received


class _Sum(torch.autograd.Function):
    """Sum over all processes: what each of them has adds to it, so gradients are summed too."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return summed(tensor)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return summed(gradient)


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm with the mean and variance over the pairs of all processes, on any device, with exact gradients."""

    def forward(self, features: Tensor) -> Tensor:
        if not (self.training and many()):
            return super().forward(features)
        x = features if features.dtype == torch.float64 else features.float()
        count = features.numel() / features.shape[1]
        sums = torch.cat((x.sum(dim=(0, 2, 3)), x.new_tensor([count])))
        sums = _Sum.apply(sums)
        mean = sums[:-1] / sums[-1]
        centred = x - mean[:, None, None]
        variance = _Sum.apply(centred.square().sum(dim=(0, 2, 3))) / sums[-1]
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            with torch.no_grad():
                total, momentum = sums[-1], self.momentum or 0.0
                self.num_batches_tracked.add_(1)
                self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
                unbiased = variance * total / (total - 1)
                self.running_var.lerp_(unbiased.to(self.running_var.dtype), momentum)
        normal = centred * torch.rsqrt(variance + self.eps)[:, None, None]
        return (normal * self.weight[:, None, None] + self.bias[:, None, None]).to(features.dtype)


def share_batch_norm(network: nn.Module) -> None:
    """Let every batch norm of a network see the pairs of all processes; names and weights stay."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm


def is_mine(item: int) -> bool:
    """Whether this process is the one to do item i of work that is dealt out to all in turn."""
    return not many() or item % dist.get_world_size() == dist.get_rank()
