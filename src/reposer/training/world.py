"""The processes of a run: who they are, how they share work, and how they add up what they found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from reposer.checks import InputError
from reposer.config import HardwareConfig
from reposer.data.batch import shares
from reposer.processes import check_processes
from reposer.training.shared_norm import share_batch_norm

if TYPE_CHECKING:
    from lightning.fabric import Fabric

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class World:
    """The processes of a run, as one of them sees them; without arguments a single one on the processor."""

    rank: int = 0
    """Number of this process, from 0."""
    size: int = 1
    """How many there are."""
    device: torch.device = _CPU
    """Where this one computes."""
    ddp: bool = False
    """How gradients and batch norm statistics become those of all pairs: by PyTorch's DistributedDataParallel and
    SyncBatchNorm, which work while gradients are still being computed, or by sums of ours, which are exact on CPUs."""

    @classmethod
    def launch(cls, config: HardwareConfig) -> World:
        """Find the devices, and start the other processes or join those that torchrun or SLURM has started.

        Raises:
            InputError: if this machine does not have such devices, or not so many.
        """
        if _is_one_cpu(config):
            return cls()
        fabric = _fabric(config)
        fabric.launch()
        return cls(fabric.global_rank, fabric.world_size, fabric.device, ddp=fabric.device.type == "cuda")

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def rows(self, pairs: int) -> list[slice]:
        """Which pairs of a step each process holds."""
        return shares(pairs, self.size)

    def deal(self, items: int) -> range:
        """The items of this process, where whole items are dealt out in turn."""
        return range(self.rank, items, self.size)

    def summed(self, tensor: Tensor) -> Tensor:
        """Sum over all processes, without gradient."""
        if self.size > 1:
            tensor = tensor.clone()
            dist.all_reduce(tensor)
        return tensor

    def anywhere(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return flag if self.size == 1 else bool(self.summed(torch.tensor(float(flag), device=self.device)))

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self.anywhere(False)

    def gathered(self, tensor: Tensor, rows: Sequence[slice]) -> Tensor:
        """Concatenate the rows of all processes, without gradient; those of this one are ``tensor``."""
        if self.size == 1:
            return tensor
        lengths = [part.stop - part.start for part in rows]
        padded = tensor.new_zeros(max(lengths), *tensor.shape[1:])
        padded[: len(tensor)] = tensor
        received = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(received, padded)
        return torch.cat([part[:length] for part, length in zip(received, lengths, strict=True)])

    def gathered_objects(self, value: Any) -> list[Any]:
        """The values of all processes, in their order; for rare and small things."""
        received = [value] * self.size
        if self.size > 1:
            dist.all_gather_object(received, value)
        return received

    def replicate(self, network: nn.Module) -> nn.Module:
        """Let batch norm see the pairs of all processes, and return what to call in place of the network."""
        if self.size > 1 and self.ddp:
            nn.SyncBatchNorm.convert_sync_batchnorm(network)
            devices = [self.device] if self.device.type == "cuda" else None
            return DistributedDataParallel(network, device_ids=devices, broadcast_buffers=False)
        if self.size > 1:
            share_batch_norm(network)
        return network

    def sum_gradients(self, network: nn.Module) -> None:
        """Add up the gradients of all processes: each process's loss is its share of the whole."""
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        if self.size == 1 or not gradients:
            return
        if self.ddp:  # which has averaged them
            torch._foreach_mul_(gradients, self.size)
            return
        flat = self.summed(torch.cat([gradient.flatten() for gradient in gradients]))  # in one message
        for gradient, total in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(total.view(gradient.shape))


def check_devices(config: HardwareConfig) -> None:
    """Raise InputError if this machine does not have such devices, or not so many."""
    if not _is_one_cpu(config):
        _fabric(config)


def starts_as_first() -> bool:
    """Whether this process was not started, by torchrun, SLURM or ``World.launch``, as another than the first."""
    return next((os.environ[name] == "0" for name in _RANKS if name in os.environ), True)


_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Environment variables that tell a process which of many it is, as Lightning reads them."""
_MANY = (*_RANKS, "WORLD_SIZE", "SLURM_NTASKS", "LSB_JOBID", "OMPI_COMM_WORLD_SIZE")
"""Those that tell, or may tell, that there are others."""


def _is_one_cpu(config: HardwareConfig) -> bool:
    """Whether a run is one process on the processor, which needs no Fabric: its import takes as long as torch's."""
    cpu = config.accelerator == "cpu" or (
        config.accelerator == "auto" and not torch.cuda.is_available() and not torch.backends.mps.is_available()
    )
    return cpu and config.devices == config.nodes == 1 and not any(name in os.environ for name in _MANY)


def _fabric(config: HardwareConfig) -> Fabric:
    from lightning.fabric import Fabric
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    if config.devices > 0:
        check_processes("hardware.devices", config.devices)
    try:
        return Fabric(accelerator=config.accelerator, devices=config.devices, num_nodes=config.nodes)
    except (RuntimeError, TypeError, ValueError, MisconfigurationException) as error:
        told = " ".join(str(error).split())
        raise InputError(
            f"hardware.accelerator {config.accelerator} with hardware.devices {config.devices}: not on this machine "
            f"({told})"
        ) from None


class Sums:
    """Means and norms by name, of which every part of a batch adds its share."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self.squares: set[str] = set()
        """Names whose values are squares of norms."""

    def add(self, name: str, value: Tensor, share: float) -> None:
        """Add the share of a mean."""
        value = value.detach().float()
        self._add(name, value if share == 1 else value * share)

    def add_square(self, name: str, values: Tensor) -> None:
        """Add to a norm."""
        self.squares.add(name)
        self._add(name, values.detach().float().square().sum())

    def _add(self, name: str, value: Tensor) -> None:
        self._sums[name] = self._sums[name] + value if name in self._sums else value

    @property
    def names(self) -> tuple[str, ...]:
        """Of what was added, in that order."""
        return tuple(self._sums)

    def total(self, world: World) -> Tensor:
        """All of them over all processes, (N,) float32 on the device."""
        return world.summed(torch.stack(list(self._sums.values())))
