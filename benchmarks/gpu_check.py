"""A first look at a GPU, in two minutes: are the numbers right, and how fast is a step?

    python -m benchmarks.gpu_check                      # results/gpu-check.json
    python -m benchmarks.gpu_check --compile            # torch.compile too, which takes minutes more
    python -m benchmarks.gpu_check --tiny --device cpu  # tries this script out; writes nothing

The largest errors against the golden numbers of the released code; then, of the published recipes, the step written
plainly in float32 and ours, also captured as a CUDA graph: milliseconds, peak memory, how long the device was at work
(by the profiler), images/s.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.measure import save
from benchmarks.training import COMPARED, plain_step, reposer_step
from tests.released import golden_entries, seeded_weights
from torch import Tensor, nn
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from reposer.images import to_signed
from reposer.losses import part_ssim_loss, ssim_loss
from reposer.models import NETWORKS, ResNetDiscriminator, build_generator, load_released_weights
from reposer.poses import body_mask, joint_heatmaps, limb_masks
from reposer.recipes import recipe

GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
SIZES = {"market": (128, 64), "fashion": (256, 176)}


def error(found: Tensor, expected: np.ndarray) -> float:
    """Largest difference; the golden numbers may hold the first few items only."""
    found = found.detach().double().cpu()
    return float(np.abs((found[: len(expected)] if found.ndim else found).numpy() - expected).max())


def joints_of(keypoints_yx: np.ndarray, device: str) -> tuple[Tensor, Tensor]:
    """Joints, x then y, and visible."""
    keypoints = torch.from_numpy(keypoints_yx).to(device)
    return keypoints.flip(-1).float(), (keypoints >= 0).all(-1)


def mask_errors(device: str) -> Iterator[tuple[str, float]]:
    """Heatmaps and masks."""
    golden = np.load(GOLDEN / "poses.npz")
    for tag, size in SIZES.items():
        joints, visible = joints_of(golden[f"{tag}_keypoints_yx"], device)
        limbs = golden[f"{tag}_limb_masks"][:, 1:]
        yield f"{tag} heatmaps", error(joint_heatmaps(joints, visible, size), golden[f"{tag}_heatmaps"])
        yield f"{tag} limb masks", error(limb_masks(joints, visible, size), limbs)
        yield f"{tag} body mask", error(body_mask(joints, visible, size), golden[f"{tag}_body_mask"])


def loss_errors(device: str) -> Iterator[tuple[str, float]]:
    """SSIM and PSSIM, and PSSIM's gradient as a share of its largest value."""
    golden = np.load(GOLDEN / "losses.npz")
    for tag, size in SIZES.items():
        generated, target = (
            to_signed(torch.from_numpy(golden[f"{tag}_{which}_uint8"]).permute(0, 3, 1, 2).to(device))
            for which in ("fake", "real")
        )
        masks = limb_masks(*joints_of(golden[f"{tag}_keypoints_yx"], device), size)
        loss = part_ssim_loss(generated.requires_grad_(), target, masks)
        (gradient,) = torch.autograd.grad(loss, generated)
        expected = golden[f"{tag}_part_ssim_grad"]
        ssim = ssim_loss(generated, target, window_size=11, sigma=1.5)
        yield f"{tag} SSIM", error(1 - ssim, golden[f"{tag}_ssim_w11_s1.5"])
        yield f"{tag} PSSIM", error(1 - loss, golden[f"{tag}_part_ssim_index"])
        yield f"{tag} gradient", error(-gradient, expected) / float(np.abs(expected).max())


@torch.no_grad()
def network_errors(device: str) -> Iterator[tuple[str, float]]:
    """Networks with seeded weights."""
    golden = np.load(GOLDEN / "networks.npz")
    for name, entry in golden_entries(GOLDEN).items():
        norm: Any = "batch" if name.endswith("market") else "instance"
        judges, channels = name.startswith("disc"), entry.get("input_channels")
        network: nn.Module
        if judges:
            network, drawn = ResNetDiscriminator(channels, norm=norm, sigmoid=norm == "batch"), [(channels, -1)]
        else:
            network, drawn = build_generator(NETWORKS[name.split("_")[0]].config(norm=norm)), [(3, -1), (36, 0)]
        load_released_weights(network, seeded_weights(entry))
        rng = np.random.default_rng(entry["input_seed"])
        inputs = [rng.uniform(low, 1, (1, count, *entry["size"])).astype(np.float32) for count, low in drawn]
        tensors = [part for each in inputs for part in torch.from_numpy(each).to(device).split(18, dim=1)]
        output = network.eval().to(device)(*([torch.cat(tensors, 1)] if judges else tensors))
        yield name, error(output[:, ::16] if judges else output, golden[name])


def timed(step: Callable[[], object], device: str, calls: int) -> dict[str, float]:
    """Median milliseconds of a step, peak megabytes, and milliseconds that the device was at work."""
    wait: Callable[[], None] = torch.cuda.synchronize if device == "cuda" else lambda: None
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(calls + 3):  # the first three warm up
        start = time.perf_counter()
        step()
        wait()
        times.append(1000 * (time.perf_counter() - start))
    found = {"milliseconds": round(statistics.median(times[3:]), 1)}
    if device == "cuda":
        found["peak_megabytes"] = round(torch.cuda.max_memory_allocated() / 2**20)
        with profile(activities=[ProfilerActivity.CUDA]) as profiler:
            step()
            wait()
        events = [event for event in profiler.key_averages() if event.device_type == DeviceType.CUDA]
        found["device_milliseconds"] = round(sum(event.self_device_time_total for event in events) / 1000, 1)
    return found


def steps(name: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Rows of a recipe: plain, and ours in each precision."""
    config = recipe(name)
    if options.tiny:
        config = replace(
            config,
            size=(64, 32),
            generator=replace(config.generator, channels=4, blocks=1),
            discriminators=replace(config.discriminators, channels=4, blocks=1),
            optimization=replace(config.optimization, batch_size=2),
        )
    kinds = [
        "plain",
        "32-true",
        "bf16-mixed",
        "captured",
        *(["compiled", "captured, compiled"] if options.compile else []),
    ]
    for kind in kinds:
        precision: Any = {"plain": "32-true", "32-true": "32-true"}.get(kind, "bf16-mixed")
        hardware = replace(
            config.hardware,
            accelerator=options.device,
            precision=precision,
            compile="compiled" in kind,
            capture="auto" if "captured" in kind else "off",
        )
        make = plain_step if kind == "plain" else reposer_step
        found = timed(make(replace(config, hardware=hardware)), options.device, 1 if options.tiny else 10)
        per_second = round(1000 * config.optimization.batch_size / found["milliseconds"], 1)
        yield {"recipe": name, "step": kind, **found, "images_per_second": per_second}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small networks and batches")
    parser.add_argument("--compile", action="store_true", help="compiled steps too")
    options = parser.parse_args()
    device, errors, rows = options.device, {}, []
    for what, off in chain(mask_errors(device), loss_errors(device), network_errors(device)):
        errors[what] = off
        print(f"{what}: off by {off:.1e}", flush=True)
    for row in chain.from_iterable(steps(name, options) for name in COMPARED):
        rows.append(row)
        print(*(f"{name} {value}" for name, value in row.items()), sep=", ", flush=True)
    if not options.tiny:
        print("written:", save("gpu-check", "python -m benchmarks.gpu_check", (), errors=errors, steps=rows))


if __name__ == "__main__":
    main()
