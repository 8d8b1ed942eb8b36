"""Trainings in processes of their own: started from one server that has everything imported, killed, or two as one."""

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import torch
from tests.training.weights import assert_equal, weights_after

from reposer.config import RunConfig
from reposer.progress import Progress
from reposer.training import checkpoint, train
from reposer.training.world import World


def server() -> ForkServerContext:
    """Starts processes quickly, from a clean one that has imported this module."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.processes"])
    return context


class _Told(Progress):
    """Tells a pipe that training begins, and then of each step."""

    def __init__(self, pipe: Any) -> None:
        super().__init__("test", shown=False)
        self.pipe = pipe

    def __call__(self, done: int, total: int, *, items_per_step: int = 1, note: str = "") -> None:
        if self.pipe is not None:
            self.pipe.send(done)


def run(config: RunConfig, data: Path, out: Path, pipe: Any = None, slow: bool = False) -> None:
    """Train in one thread, as a process of the server; ``slow`` checkpoints take long to write."""
    torch.set_num_threads(1)
    if slow:
        checkpoint.torch.save = _slow_save
    train(config, data=data, out=out, resume="auto", progress=_Told(pipe))


def _slow_save(value: Any, path: Path, save: Callable[[Any, Path], None] = torch.save) -> None:
    save(value, path)
    content = path.read_bytes()
    with path.open("wb") as file:
        for start in range(0, len(content), len(content) // 4):
            file.write(content[start : start + len(content) // 4])
            file.flush()
            time.sleep(0.02)


def together(count: int, out: Path, work: Callable[..., object], *arguments: object, timeout: float = 400) -> None:
    """Work in ``count`` processes, as torchrun starts them."""
    with _free_port() as port:
        pass
    context = server()
    processes = [
        context.Process(target=_member, args=(rank, count, port, out / f"errors-{rank}.txt", work, arguments))
        for rank in range(count)
    ]
    out.mkdir(parents=True, exist_ok=True)
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout)
        process.kill()
    errors = "".join(path.read_text() for path in sorted(out.glob("errors-*.txt")))
    assert [process.exitcode for process in processes] == [0] * count, errors


def _member(
    rank: int, count: int, port: int, errors: Path, work: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    os.environ |= {
        **{"RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0", "LOCAL_WORLD_SIZE": str(count)},
        **{"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
        **{"TORCHELASTIC_RUN_ID": "test", "GLOO_SOCKET_IFNAME": "lo"},
    }
    sys.stderr = errors.open("w", buffering=1)
    torch.set_num_threads(1)
    work(*arguments)


def both_reductions(configs: list[RunConfig], data: Path) -> None:
    """Check in every process that DistributedDataParallel leaves the weights and logs that our own sums leave."""
    world = World.launch(configs[0].hardware)
    if world.device.type == "cpu":
        assert not world.ddp
    for config in configs:
        own, ddp = (weights_after(config, data, world=replace(world, ddp=on)) for on in (False, True))
        assert_equal(own, ddp, 1e-12)


@contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]
