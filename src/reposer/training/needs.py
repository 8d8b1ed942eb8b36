"""What a training will need, looked for before it is started: everything that is missing, told at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data.cache import choose_place
from reposer.features import LPIPS_BACKBONES, VGG19, WeightsFile
from reposer.losses import LOSSES, ObjectiveConfig
from reposer.models import build_discriminators, build_generator
from reposer.processes import check_processes
from reposer.training.loop import open_dataset
from reposer.training.run_folder import Resume, check_loggers, check_run_folder
from reposer.training.validation import fixed_pairs
from reposer.training.world import check_devices


def check_needs(config: RunConfig, *, data: Path, out: Path | None, resume: Resume = False) -> None:
    """Look for all that ``train`` will need: both splits, files of weights, packages, devices, run folder and disk.

    Downloads and writes nothing.

    Raises:
        InputError: one line with everything that is missing.
    """
    most = max(config.logging.sample_pairs, config.logging.validation_pairs)
    checks: list[Callable[[], Any]] = [
        lambda: _check_dataset(config, data),
        lambda: fixed_pairs(data, config, most),
        lambda: check_devices(config.hardware),
        lambda: check_processes("data.workers", config.data.workers, least=0),
        lambda: check_loggers(config.logging),
        *(lambda file=file, path=path: file.find(path) for file, path in _weights(config.objective)),
    ]
    if config.objective.lpips.weight:
        checks.append(_check_lpips)
    if out is not None:
        checks += [lambda: check_run_folder(out, config, resume=resume), lambda: _check_disk(out, config)]
    missing = []
    for check in checks:
        try:
            check()
        except InputError as error:
            if str(error) not in missing:  # a folder that is missing has no split at all
                missing.append(str(error))
    if len(missing) == 1:
        raise InputError(missing[0])
    if missing:
        numbered = "; ".join(f"({number}) {line}" for number, line in enumerate(missing, start=1))
        raise InputError(f"{len(missing)} things are missing: {numbered}")


def _check_dataset(config: RunConfig, data: Path) -> None:
    """Open the training pairs; if their images are to be kept in memory, they must fit."""
    _, dataset = open_dataset(config, data)
    on_gpu = config.hardware.accelerator != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    choose_place(config.data.cache, dataset, device, processes=max(1, config.hardware.devices))


def _weights(objective: ObjectiveConfig) -> Iterator[tuple[WeightsFile, Path | None]]:
    """Files of pretrained weights that an objective loads, each with the local copy that it names."""
    used = [name for name, weight in objective.weights.items() if weight]
    if any("features" in LOSSES[name].needs for name in used):
        yield VGG19, objective.vgg19_weights
    if "lpips" in used:
        yield LPIPS_BACKBONES[objective.lpips.backbone], objective.lpips.weights


def _check_lpips() -> None:
    if find_spec("lpips") is None:
        raise InputError("--objective.lpips.weight needs the package lpips: pip install lpips")


def checkpoint_bytes(config: RunConfig) -> int:
    """Most bytes on disk of a run's checkpoints: those it keeps, the one being written, and the best generator."""
    with torch.device("meta"):  # takes no memory
        generator = build_generator(config.generator)
        judges = build_discriminators(config.discriminators) if config.objective.adversarial.weight else ()
    width = 8 if config.hardware.precision == "64-true" else 4
    own = sum(p.numel() for p in generator.parameters())
    others = sum(p.numel() for judge in judges for p in judge.parameters())
    shown = sum(judge.in_channels for judge in judges) * config.size[0] * config.size[1]
    values = 3 * (own + others)  # weights and Adam's two moments
    values += own if config.optimization.ema_decay else 0
    values += shown * config.objective.adversarial.pool_size
    return width * ((config.logging.keep_checkpoints + 1) * (values + own) + own)


def _check_disk(out: Path, config: RunConfig) -> None:
    needed = checkpoint_bytes(config)
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise InputError(
            f"{out}: {free / 2**20:,.0f} MB free, the checkpoints take up to {needed / 2**20:,.0f} MB; free some, "
            "choose another --out or keep fewer (--logging.keep-checkpoints)"
        )
