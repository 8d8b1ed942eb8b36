"""Batch norm over the pairs of all processes, exact on any device; on GPUs torch.nn.SyncBatchNorm is there for it."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from reposer.models.blocks import BatchNorm


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
        sums = torch.stack((dweight, dbias))
        dist.all_reduce(sums)
        sum_n_dy, sum_dy = sums / count
        s = torch.rsqrt(variance + ctx.eps)
        slope = s * sum_n_dy
        constant = sum_dy - slope * mean
        dx = dy - torch.addcmul(constant[:, None, None], x, slope[:, None, None])
        return dx * (weight * s)[:, None, None], dweight, dbias, None, None, None, None


class SharedBatchNorm(BatchNorm):
    """Batch norm with the mean and variance over the pairs of all processes, on any device, with exact gradients."""

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return super().forward(features)
        x = features if features.dtype == torch.float64 else features.float()
        variance, mean = torch.var_mean(x.detach(), dim=(0, 2, 3), correction=0)
        own = torch.cat((mean, variance, mean.new_tensor([x.numel() / x.shape[1]])))
        received = [torch.empty_like(own) for _ in range(dist.get_world_size())]
        dist.all_gather(received, own)
        rows = torch.stack(received)
        means, variances, counts = rows[:, : len(mean)], rows[:, len(mean) : -1], rows[:, -1:]
        count = counts.sum()  # stays on the device
        mean = (counts * means).sum(dim=0) / count
        variance = (counts * (variances + (means - mean).square())).sum(dim=0) / count
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            momentum = self.momentum or 0.0
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
            self.running_var.lerp_((variance * count / (count - 1)).to(self.running_var.dtype), momentum)
        return _SharedNorm.apply(x, self.weight, self.bias, mean, variance, count, self.eps).to(features.dtype)


def share_batch_norm(network: nn.Module) -> None:
    """Let every batch norm of a network see the pairs of all processes; names and weights stay."""
    for module in network.modules():
        if type(module) is BatchNorm:
            module.__class__ = SharedBatchNorm
