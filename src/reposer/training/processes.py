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
from torch.nn import functional as F

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


class _SharedNorm(torch.autograd.Function):
    """Batch norm by a mean and variance that are those of the features of all processes, ``count`` values a channel.

    With n = (x - mean) s, s = (variance + eps)^(-1/2):

        dx = weight s (dy - sum(dy) / count - n sum(n dy) / count), dweight = sum(n dy), dbias = sum(dy)

    where the sums in dx are over all processes; those of weight and bias are summed with the other gradients.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, count: Tensor, eps: float
    ) -> Tensor:
        ctx.eps = eps
        ctx.save_for_backward(x, weight, mean, variance, count)
        return F.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, variance, count = ctx.saved_tensors
        dy = gradients[0]
        _, dweight, dbias = torch.ops.aten.native_batch_norm_backward(
            dy, x, weight, mean, variance, None, None, False, ctx.eps, (False, True, True)
        )
        sum_n_dy, sum_dy = summed(torch.stack((dweight, dbias))) / count
        s = torch.rsqrt(variance + ctx.eps)
        slope = s * sum_n_dy
        constant = sum_dy - slope * mean
        dx = dy - torch.addcmul(constant[:, None, None], x, slope[:, None, None])
        return dx * (weight * s)[:, None, None], dweight, dbias, None, None, None, None


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm with the mean and variance over the pairs of all processes, on any device, with exact gradients."""

    def forward(self, features: Tensor) -> Tensor:
        if not (self.training and many()):
            return super().forward(features)
        x = features if features.dtype == torch.float64 else features.float()
        variance, mean = torch.var_mean(x.detach(), dim=(0, 2, 3), correction=0)
        own = torch.cat((mean, variance, mean.new_tensor([x.numel() / x.shape[1]])))[None]
        rows = gathered(own, [1] * dist.get_world_size())
        means, variances, counts = rows[:, : len(mean)], rows[:, len(mean) : -1], rows[:, -1:]
        count = counts.sum()  # stays on the device
        mean = (counts * means).sum(dim=0) / count
        variance = (counts * (variances + (means - mean).square())).sum(dim=0) / count
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            momentum = self.momentum or 0.0
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
            self.running_var.lerp_((variance * count / (count - 1)).to(self.running_var.dtype), momentum)
        return _SharedNorm.apply(x, self.weight, self.bias, mean, variance, count, self.eps).to(features.dtype)


def share_batch_norm(network: nn.Module) -> None:
    """Let every batch norm of a network see the pairs of all processes; names and weights stay."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm


def is_mine(item: int) -> bool:
    """Whether this process is the one to do item i of work that is dealt out to all in turn."""
    return not many() or item % dist.get_world_size() == dist.get_rank()
