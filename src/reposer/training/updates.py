"""Adam and the running average, each in a few operations over all weights, and none after a step that failed.

A GPU is not waited for: there the flag of the failed step stays on the device, and what updates looks at it there
(``masked``). A processor reads it, which costs nothing, and computes what it always has, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel

from reposer.config import OptimizationConfig

OWN_FLAGS = ("foreach", "fused", "capturable")
"""Of an optimizer's groups: how this process computes, whatever a checkpoint of another machine says."""


def build_adam(network: nn.Module, config: OptimizationConfig, *, masked: bool) -> Adam:
    """Adam for a network; ``masked``: what it does can be called off on the device, and be captured on a GPU."""
    weights = list(network.parameters())
    how = {"fused": True, "capturable": weights[0].is_cuda} if masked else {"foreach": True}
    return Adam(weights, lr=config.learning_rate, betas=config.betas, **how)


def adam_step(optimizer: Optimizer, rate: float | Tensor, failed: Tensor, *, masked: bool) -> None:
    """Update the weights, unless ``failed`` () float32 is 1."""
    if not masked and failed:
        return
    (group,) = optimizer.param_groups
    before, group["lr"] = group["lr"], rate
    if masked:
        optimizer.found_inf = failed  # type: ignore[attr-defined]  # how a GradScaler tells fused optimizers
    try:
        optimizer.step()
    finally:
        if masked:  # a checkpoint takes a number
            group["lr"] = before


def average_weight(decay: float, updates: int) -> float:
    """How much the running average of so many updates takes from the weights: much at the start, which is noise."""
    return 1 - min(decay, (1 + updates) / (10 + updates)) if updates else 1.0


@torch.no_grad()
def update_average(
    average: AveragedModel, network: nn.Module, weight: float | Tensor, failed: Tensor, *, masked: bool
) -> None:
    """Move the running average towards the network by ``weight``, unless ``failed`` () float32 is 1."""
    averaged, current = list(_floats(average.module)), list(_floats(network))
    if masked:  # the one update of many tensors that torch can call off on the device is that of SGD
        torch._fused_sgd_(
            averaged, torch._foreach_sub(averaged, current), [], weight_decay=0.0, momentum=0.0, lr=weight,
            dampening=0.0, nesterov=False, maximize=False, is_first_step=True, found_inf=failed,
        )  # fmt: skip
        average.n_averaged.add_(failed == 0)
    elif not failed:
        torch._foreach_lerp_(averaged, current, float(weight))
        average.n_averaged.add_(1)


def _floats(network: nn.Module) -> Iterable[Tensor]:
    yield from network.parameters()
    yield from (buffer for buffer in network.buffers() if buffer.is_floating_point())


def update_scale(scaler: GradScaler, failed_before: Tensor) -> None:
    """Let the scale of float16 losses follow the step, unless it comes after one that failed: a flag () bool."""
    if not scaler.is_enabled():
        return
    assert scaler._scale is not None
    assert scaler._growth_tracker is not None
    now = (scaler._scale, scaler._growth_tracker)
    before = [value.clone() for value in now]
    scaler.update()
    for value, old in zip(now, before, strict=True):
        value.copy_(torch.where(failed_before, old, value))
