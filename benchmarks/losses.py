"""Speed of PSSIM, SSIM and pose maps against the definitions as usually written and against other libraries.

    python -m benchmarks.losses                  # about three minutes on two cores; writes results/losses-cpu.json
    python -m benchmarks.losses --kept-memory    # results/losses-cpu-kept-memory.json
    python -m benchmarks.losses --quick          # a look, in under a minute; written on a GPU only

Everything in a table ran side by side in one process; memory is the peak that one call adds in a process of its own.
The C library gives large blocks back to the system after use, and getting them again is much of the time on a CPU;
with --kept-memory it keeps them, as in every ``reposer`` command, which helps the code most that takes the most.

On a GPU results/losses-cuda.json also says how long the device works at one call of ours: the rest of the time, Python
prepares the next launches, which a captured step saves.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from benchmarks.measure import device_milliseconds, device_name, peak_megabytes, save, side_by_side
from rich.console import Console
from rich.table import Table
from tests import plain
from torch import Tensor

from reposer.losses import part_ssim_loss, ssim_loss
from reposer.memory import keep_freed_memory
from reposer.poses import joint_heatmaps, limb_masks
from reposer.similarity import part_ssim

SIZES = ((32, 3, 128, 64), (7, 3, 256, 176))
"""The published training batches: Market-1501 and DeepFashion."""
WINDOWS = ((11, 1.5), (7, 0.8))
PEERS = tuple(name for name in ("pytorch-msssim", "piq", "kornia", "torchmetrics") if find_spec(name.replace("-", "_")))
"""Those installed."""
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

Loss = Callable[[Tensor, Tensor], Tensor]


def images(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Two batches in [0, 1], smooth as photos are, the first with gradient."""
    noise = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    x, y = torch.nn.functional.avg_pool2d(noise.flatten(0, 1), 3, 1, 1).view(2, *shape).to(DEVICE)
    return x.requires_grad_(True), y


def poses(batch: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Poses of a batch, every joint visible, so that no method can skip one."""
    joints = torch.rand(batch, 18, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([width, height])
    return joints, torch.ones(batch, 18, dtype=torch.bool)


def part_masks(shape: tuple[int, ...]) -> Tensor:
    batch, _, height, width = shape
    return limb_masks(*poses(batch, height, width), (height, width)).to(DEVICE)


def foreground(implementation: str, shape: tuple[int, ...]) -> Callable[[], Tensor]:
    """Forward and backward pass of F of PSSIM."""
    values = {"plain": plain.part_ssim, "reposer": part_ssim}[implementation]
    x, y = (image.detach() * 2 - 1 for image in images(shape))
    x.requires_grad_(True)
    masks = part_masks(shape)
    return lambda: torch.autograd.grad(1 - values(x, y, masks).mean(), x)[0]


def ssim_losses(window_size: int, sigma: float) -> dict[str, Loss]:
    """1 - SSIM on [0, 1]. kornia's sigma is fixed at 1.5 and it halves the loss: its time is what counts here."""
    options = {"kernel_size": window_size, "kernel_sigma": sigma, "downsample": False}

    def torchmetrics(x: Tensor, y: Tensor) -> Tensor:
        from torchmetrics.functional.image import structural_similarity_index_measure

        options = {"gaussian_kernel": True, "kernel_size": window_size, "sigma": sigma, "data_range": 1.0}
        return 1 - structural_similarity_index_measure(x, y, **options)

    def of(name: str, loss: Callable[[Any, Tensor, Tensor], Tensor]) -> Loss:
        return lambda x, y: loss(import_module(name), x, y)

    losses: dict[str, Loss] = {
        "pytorch-msssim": of(
            "pytorch_msssim", lambda peer, x, y: 1 - peer.ssim(x, y, 1.0, win_size=window_size, win_sigma=sigma)
        ),
        "piq": of("piq", lambda peer, x, y: 1 - peer.ssim(x, y, **options)),
        "kornia": of("kornia", lambda peer, x, y: peer.losses.ssim_loss(x, y, window_size, padding="valid")),
        "torchmetrics": torchmetrics,
    }
    ours = partial(ssim_loss, window_size=window_size, sigma=sigma, value_range=(0, 1))
    return {"reposer": ours, **{name: losses[name] for name in PEERS}}


def gradients(losses: Mapping[str, Loss], shape: tuple[int, ...]) -> dict[str, Callable[[], Tensor]]:
    """Forward and backward pass of each loss on the same images."""
    x, y = images(shape)
    return {name: lambda loss=loss: torch.autograd.grad(loss(x, y), x)[0] for name, loss in losses.items()}


def pose_maps(batch: int, height: int, width: int) -> dict[str, Callable[[], Any]]:
    """Heatmaps and limb masks of a batch, from joints on the device."""
    joints, visible = poses(batch, height, width)
    on_device = joints.to(DEVICE), visible.to(DEVICE)
    return {
        "plain": lambda: plain.pose_maps(joints, visible, (height, width)),
        "reposer": lambda: (joint_heatmaps(*on_device, (height, width)), limb_masks(*on_device, (height, width))),
    }


def reads(shape: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """PSSIM beside reading its inputs once, which no implementation can beat."""
    x, y = images(shape)
    masks = part_masks(shape)

    def whole() -> Tensor:
        return torch.autograd.grad(part_ssim_loss(x, y, masks, value_range=(0, 1)), x)[0]

    return {
        "reading the inputs": lambda: (x.sum(), y.sum(), masks.sum()),
        "foreground": foreground("reposer", shape),
        "whole PSSIM loss": whole,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a second each; written on a GPU only")
    parser.add_argument("--kept-memory", action="store_true", help="the C library keeps freed memory")
    options = parser.parse_args()
    quick = options.quick
    if options.kept_memory:
        keep_freed_memory()
    measure = partial(side_by_side, seconds=0.5 if quick else 3.0)
    rows: list[dict[str, Any]] = []
    for shape in SIZES:
        x, y = foreground("plain", shape)(), foreground("reposer", shape)()
        torch.testing.assert_close(x, y, rtol=1e-3, atol=1e-3 * x.abs().max().item())
        functions = {name: foreground(name, shape) for name in ("plain", "reposer")}
        peaks = {name: peak_megabytes(foreground, name, shape) for name in ("plain", "reposer")}
        rows.append(
            row("PSSIM foreground, forward + backward", shape, measure(functions), peaks) | on_device(functions)
        )
    for window_size, sigma in WINDOWS:
        for shape in SIZES:
            functions = gradients(ssim_losses(window_size, sigma), shape)
            what = f"SSIM, window {window_size}, forward + backward"
            rows.append(row(what, shape, measure(functions)) | on_device(functions))
    for batch, _, height, width in ((32, *SIZES[0][1:]), (32, *SIZES[1][1:])):
        rows.append(
            row("heatmaps and limb masks", (batch, 28, height, width), measure(pose_maps(batch, height, width)))
        )
    for shape in SIZES:
        functions = reads(shape)
        rows.append(row("PSSIM and its inputs", shape, measure(functions), ours="foreground") | on_device(functions))
    console = Console(width=120)
    console.print(table(rows))
    if not quick or DEVICE == "cuda":
        kept = "-kept-memory" if options.kept_memory else ""
        command = f"python -m benchmarks.losses{' -' * bool(kept)}{kept}{' --quick' * quick}"
        path = save(f"losses-{DEVICE}{kept}", command, PEERS, measurements=rows)
        console.print(f"written: {path}")


def row(
    what: str,
    shape: tuple[int, ...],
    milliseconds: dict[str, float],
    peaks: dict[str, float] | None = None,
    *,
    ours: str = "reposer",
) -> dict[str, Any]:
    """One measurement: times, and how many times as fast as the fastest other one ours is."""
    others = {name: time for name, time in milliseconds.items() if name != ours}
    fastest = min(others, key=lambda name: others[name])
    content = {"what": what, "shape": list(shape), "milliseconds": {n: round(t, 3) for n, t in milliseconds.items()},
               "fastest_other": fastest, "times_as_fast": round(others[fastest] / milliseconds[ours], 2)}  # fmt: skip
    if peaks:
        content["peak_megabytes"] = {name: round(peak, 1) for name, peak in peaks.items()}
        content["peak_ratio"] = round(peaks[ours] / peaks[fastest], 4)
    return content


def on_device(functions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What a GPU's own part in the milliseconds of our functions is."""
    if DEVICE == "cpu":
        return {}
    ours = ("reposer", "foreground", "whole PSSIM loss")
    return {"device_milliseconds": {n: round(device_milliseconds(f), 4) for n, f in functions.items() if n in ours}}


def table(rows: list[dict[str, Any]]) -> Table:
    result = Table("what", "shape", "milliseconds", "times as fast", "peak MB", title=device_name())
    for content in rows:
        times = "\n".join(f"{name} {value:.1f}" for name, value in content["milliseconds"].items())
        peaks = "\n".join(f"{name} {value:.0f}" for name, value in content.get("peak_megabytes", {}).items())
        shape = "x".join(map(str, content["shape"]))
        result.add_row(content["what"], shape, times, f"{content['times_as_fast']:.1f}", peaks, end_section=True)
    return result


if __name__ == "__main__":
    main()
