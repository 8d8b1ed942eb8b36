"""Everything in a few minutes: make people, train, generate, evaluate, report. No download, no GPU."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reposer.config import RunConfig
from reposer.data import DESCRIPTION, open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.evaluation import BASELINES, Evaluation, evaluate
from reposer.generation import checkpoint_provenance, generate
from reposer.generator import generator_file, load_generator
from reposer.progress import Progress
from reposer.recipes import recipe
from reposer.reporting.report import write_report
from reposer.training import train

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
        config: how to train; None: by the recipe ``mannequin-tiny``.
        shown: show progress on the terminal.

    Raises:
        InputError: if ``out`` holds something else.
    """
    config = replace(config or recipe("mannequin-tiny"), seed=seed)
    data, run = out / "data", out / "run"
    seconds: dict[str, float] = {}

    if not (data / DESCRIPTION).exists():
        with _stage("draw people", seconds, shown) as progress:
            make_mannequins(data, replace(mannequins, seed=seed), progress)
    with _stage("train", seconds, shown) as progress:
        train(config, data=data, out=run, resume=(run / "config.json").exists(), progress=progress)
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


@contextmanager
def _stage(title: str, seconds: dict[str, float], shown: bool) -> Iterator[Progress]:
    start = time.perf_counter()
    with Progress(title, shown=shown) as progress:
        yield progress
    seconds[title] = time.perf_counter() - start
