"""Everything in a few minutes: make people, train, generate, evaluate, report. No download, no GPU."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from reposer.arithmetic import multiplies_bfloat16
from reposer.checks import InputError
from reposer.config import Precision, RunConfig
from reposer.data import DESCRIPTION, open_pairs
from reposer.data.config import MANNEQUINS as MADE
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.evaluation import BASELINES, Evaluation, evaluate
from reposer.files import read_json
from reposer.generation import checkpoint_provenance, generate
from reposer.generator import generator_file, load_generator
from reposer.locks import is_lock, lock
from reposer.progress import Progress
from reposer.recipes import recipe
from reposer.reporting.report import write_report
from reposer.training import train
from reposer.training.run_folder import holds_run, read_run

_OURS = re.compile(r"run|data|\.data\..*")
"""Names in the folder of a quickstart; data sets are made under a temporary name."""
MANNEQUINS = MannequinConfig(identities=320, images_per_identity=8, test_identities=40, clothing="easy")


@dataclass(frozen=True)
class QuickstartResult:
    """What the quickstart made, and where."""

    evaluations: Mapping[str, Evaluation]
    """Scores by name of the result: generated, and the two baselines."""
    report: Path
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Time that each stage took."""


def quickstart(
    out: Path,
    *,
    seed: int = 0,
    mannequins: MannequinConfig = MANNEQUINS,
    config: RunConfig | None = None,
    shown: bool = True,
) -> QuickstartResult:
    """Make a mannequin set, train ``mannequin-tiny``, generate the test pairs, and score them beside two baselines.

    ``out`` gets ``data/`` (the data set) and ``run/`` (the run folder, with ``results/`` and ``report.html``).
    What is already there is used: a quickstart that was stopped continues where it stopped.

    Args:
        out: folder to make or to continue in.
        seed: of the data set and of the training.
        mannequins: the data set to make.
        config: how to train; None: by the recipe ``mannequin-tiny``, with its networks in bfloat16 where the processor
            multiplies that much faster.
        shown: show progress on the terminal.

    Raises:
        InputError: if ``out`` holds something else.
    """
    _check_folder(out)
    config = replace(config or _recipe(out / "run"), seed=seed)
    with lock(out, "reposer quickstart"):
        return _quickstart(out / "data", out / "run", replace(mannequins, seed=seed), config, shown)


def _recipe(run: Path) -> RunConfig:
    """The recipe, in the precision in which the run has begun."""
    config = recipe("mannequin-tiny")
    on_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    precision: Precision = "bf16-mixed" if multiplies_bfloat16() and not on_gpu else "32-true"
    if holds_run(run):
        precision = read_run(run)[0].hardware.precision
    return replace(config, hardware=replace(config.hardware, precision=precision))


def _quickstart(data: Path, run: Path, mannequins: MannequinConfig, config: RunConfig, shown: bool) -> QuickstartResult:
    seconds: dict[str, float] = {}
    if not (data / DESCRIPTION).exists():
        with _stage("draw people", seconds, shown) as progress:
            make_mannequins(data, mannequins, progress)
    with _stage("train", seconds, shown) as progress:
        if config.hardware.precision == "bf16-mixed":
            progress.say("networks in bfloat16, which this processor multiplies fastest; losses in float32")
        train(config, data=data, out=run, resume="auto", progress=progress)
    checkpoint = generator_file(run)
    results = run / "results"
    with _stage("generate", seconds, shown) as progress:
        generator, provenance = load_generator(checkpoint), checkpoint_provenance(checkpoint)
        generate(generator, open_pairs(data, "test"), results / "generated", progress=progress, provenance=provenance)
    with _stage("evaluate", seconds, shown):
        evaluations: dict[str, Evaluation] = {
            baseline or "generated": evaluate(results / "generated", baseline=baseline, train_images=data / "train")
            for baseline in (None, *BASELINES)
        }
    for name, evaluation in evaluations.items():
        evaluation.save(results / f"{name}.json")
    report = write_report(run, config, evaluations, seconds)
    return QuickstartResult(evaluations, report, seconds)


def _check_folder(out: Path) -> None:
    """Raise InputError if a folder holds what no quickstart has made there."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: expected a folder, this is a file; choose another --out")
    about = out / "data" / DESCRIPTION
    if about.exists():
        found = read_json(about)
        if not isinstance(found, dict) or found.get("name") != MADE["name"]:
            raise InputError(f"{out / 'data'}: not the data set that a quickstart makes; choose another --out")
    elif out.exists():
        others = sorted(entry.name for entry in out.iterdir() if not _OURS.fullmatch(entry.name) and not is_lock(entry))
        if others:
            raise InputError(f"{out}: holds other things ({others[0]}); choose a new or an empty folder with --out")
    holds_run(out / "run")


@contextmanager
def _stage(title: str, seconds: dict[str, float], shown: bool) -> Iterator[Progress]:
    start = time.perf_counter()
    with Progress(title, shown=shown) as progress:
        yield progress
    seconds[title] = time.perf_counter() - start
