"""Options of every command: whatever stands there, the answer is one line or the work is done.

The options and their kinds are those that ``--help`` shows, so new ones are attacked as soon as they exist.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from lightning.fabric import Fabric
from tests.attacks.cases import FEW_RUNS, MANY, attacks
from tests.attacks.data_readers import market
from tests.attacks.guarded import attempt
from tests.attacks.mutations import remove
from tests.attacks.result_readers import results, scored
from tests.attacks.run_readers import TINY
from tests.downloads import market_download, market_lists
from tests.poses.onnx_models import people_network, person_in, picture, pose_network
from torch.utils.data import DataLoader, dataloader

from reposer import cli
from reposer.commands import export as export_command
from reposer.commands import quickstart
from reposer.config import config_to_json
from reposer.generation import batches
from reposer.images import write_image
from reposer.models import build_generator, save_network
from reposer.poses.estimators import ESTIMATORS
from reposer.training import loop

_NUMBERS = "-1 0 1 2 3 4 5 7 0.5 -0.5 1e-320 1e39 1e308 1e400 nan inf -inf 1000000 2147483648 9223372036854775808 1_0 x"
NUMBERS = (*_NUMBERS.split(), "1" * 400, "9" * 5000, "-9223372036854775809", "")
_TEXTS = "- -- --seed None [bold] a[/ta] é ../x a|b %s {}"
TEXTS = (*_TEXTS.split(), "", " ", "two\nlines", "\udcff", "x" * 300)
MOST_PROCESSES = 1024
COMMANDS = (
    "train mannequin-tiny --data {}/data --out {}/run --generator.channels 1 --generator.blocks 1 --logging.loggers "
    "--discriminators.channels 1 --logging.sample-pairs 0 --logging.validation-pairs 0 --optimization.batch-size 2 "
    "--hardware.accelerator cpu",
    "generate {}/generator.safetensors --data {}/data --out {}/generated",
    "augment {}/data --out {}/new --generator {}/generator.safetensors --poses-per-person 1",
    "transfer {}/data/train/0001_c1s1_000001_00.jpg --source-pose {}/data/market-annotation-train.csv --pose waving "
    "--generator {}/generator.safetensors --out {}/transferred.png",
    "animate {}/data/train/0001_c1s1_000001_00.jpg --source-pose {}/data/market-annotation-train.csv "
    "--poses {}/data/market-annotation-train.csv --generator {}/generator.safetensors --out {}/x.gif",
    "evaluate {}/results --protocol {}/own.yaml --metrics l1",
    "compare {}/a.json {}/b.json",
    "protocols diff patn-market patn-fashion",
    "protocols show {}/own.yaml",
    "poses estimate {}/photos --out {}/found.csv --estimator rtmpose --weights {}/weights",
    "poses convert {}/data/market-annotation-train.csv --out {}/poses.csv",
    "poses show {}/data/market-annotation-train.csv --out {}/poses.png",
    "weights import {}/nothing.pth --out {}/imported",
    "export {}/generator.safetensors --format onnx --out {}/x.onnx",
    "prepare market --source {}/data --annotations {}/data --out {}/prepared --workers 1",
    "doctor {}/sound --out {}/skeletons.png --workers 1",
    "people {}/people --identities 2 --images-per-identity 2 --size 64 32 --workers 1",
    "mannequin {}/people --identities 2 --images-per-identity 2",
    "quickstart --out {}/quick",
)
"""Commands that work as they stand; ``{}`` is the folder in which all that they need is."""


@cache
def options(command: str) -> dict[str, str]:
    """The options that the help of a command shows, each with the kind of its values."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        cli.main([*command.split(), "--help"])
    text = shown.getvalue()
    assert "-h, --help" in text
    return dict(
        re.findall(r"^[│ ] (?:-\w \S+, )?(--[\w.-]+)(?:, --[\w.-]+)*(?: (\S.*?))?(?= {2}| *│?$)", text, re.MULTILINE)
    )


def values(random: Random, kind: str, paths: list[str]) -> list[str]:
    """Values for an option of a kind, mostly wrong ones."""
    if not kind:
        return []
    count = len(kind.split()) if random.random() < 0.9 else random.randrange(4)
    found = []
    for _ in range(count):
        if re.search("INT|FLOAT", kind) and random.random() < 0.9:
            found.append(random.choice(NUMBERS))
        elif "PATH" in kind:
            found.append(random.choice((*paths, *TEXTS)))
        elif "{" in kind and random.random() < 0.5:
            found.append(random.choice(re.findall(r"[\w-]+", kind)))
        else:
            found.append(random.choice((*TEXTS, *NUMBERS[:4])))
    return found


class EnoughError(Exception):
    """What is of interest here is done."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set, results, their evaluations and a generator, and where nothing works long."""
    folder = tmp_path / "all"
    market(folder / "data")
    market_lists(market_download(folder / "sound"))
    results(folder)
    for name in ("a", "b"):
        scored(folder / "results").save(folder / f"{name}.json")
    (folder / "own.yaml").write_text("based_on: patn-market\nname: own\nsize: [24, 16]\n")
    config = config_to_json(TINY)
    save_network(folder / "generator.safetensors", build_generator(TINY.generator), config=config, recipe="x", step=1)
    (folder / "photos").mkdir()
    write_image(folder / "photos" / "a.png", picture((96, 80), [person_in(0, (15, 10, 60, 90))]))
    (folder / "weights").mkdir()
    pose, detector = ESTIMATORS["rtmpose"].files
    pose_network(folder / "weights" / pose.names[1], (64, 48))
    people_network(folder / "weights" / detector.names[1], (64, 64))
    (folder / "strange").mkdir()
    os.mkfifo(folder / "strange" / "pipe.json")
    (folder / "strange" / "loop.yaml").symlink_to("loop.yaml")
    (folder / "strange" / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "80")

    def offline(url: str, *arguments: Any, **more: Any) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    return folder


def stop(*arguments: Any, **more: Any) -> None:
    """Stands for long work."""
    raise EnoughError


def start_pool(self: ProcessPoolExecutor, count: int | None = None, *arguments: Any, **more: Any) -> None:
    """Stands for the start of processes."""
    assert count is None or 1 <= count <= MOST_PROCESSES, f"starts {count} processes"
    raise EnoughError


def start_workers(self: Any, loader: DataLoader[Any]) -> None:
    """Likewise."""
    assert loader.num_workers <= MOST_PROCESSES, f"starts {loader.num_workers} workers"
    raise EnoughError


def launch(self: Fabric, real: Callable[[Fabric], Any] = Fabric.launch) -> Any:
    """Likewise: Lightning would start this program again."""
    assert self.world_size <= MOST_PROCESSES, f"starts {self.world_size} processes"
    return real(self) if self.world_size == 1 else stop()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Replaces long work; where that is asked for, training takes one step and generation goes to the end."""
    real, generated = loop.take_step, batches._generate

    def one_step(*arguments: Any, **more: Any) -> None:
        real(*arguments, **more)
        raise EnoughError

    monkeypatch.setattr(ProcessPoolExecutor, "__init__", start_pool)
    monkeypatch.setattr(dataloader._MultiProcessingDataLoaderIter, "__init__", start_workers)
    monkeypatch.setattr(BaseProcess, "start", stop)
    monkeypatch.setattr(Fabric, "launch", launch)
    monkeypatch.setattr(export_command, "export_generator", stop)
    monkeypatch.setattr(quickstart, "quickstart", stop)
    monkeypatch.setattr("reposer.data.mannequin.dataset._write_images", stop)
    monkeypatch.setattr("reposer.data.people.dataset._draw", stop)

    def choose(works: bool) -> None:
        monkeypatch.setattr(loop, "take_step", one_step if works else stop)
        monkeypatch.setattr(batches, "_generate", generated if works else stop)

    return choose


@pytest.mark.slow(10)
@pytest.mark.parametrize("cases", [FEW_RUNS, MANY])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command.split()[:2]).replace("-{}/", "-"))
def test_no_option_breaks_a_command(
    command: str, cases: int, place: Path, short: Callable[[bool], None], request: pytest.FixtureRequest
) -> None:
    words = command.replace("{}", str(place)).split()
    first = words[: 2 if words[0] in ("train", "poses", "protocols", "weights") else 1]
    known = options(" ".join(first))
    paths = [str(path) for path in (place, *place.iterdir(), *(place / "strange").iterdir(), place / "new" / "x.csv")]
    before = set(place.iterdir())
    for number, (random, found) in enumerate(attacks(request.node.callspec.id.rsplit("-", 1)[0], cases)):
        short(number % 50 == 0)
        arguments = list(words)
        for option in random.sample(list(known), min(len(known), random.choice((1, 1, 1, 2)))):
            arguments += [option, *values(random, known[option], paths)]
        if not known or random.random() < 0.02:
            arguments[random.randrange(len(first), len(arguments))] = random.choice((*TEXTS, *paths))

        def act(arguments: list[str] = arguments) -> None:
            with contextlib.suppress(EnoughError):
                cli_dispatch(arguments)

        for fault in attempt(act).faults:
            found(fault, " ".join(arguments[len(words) :]) or " ".join(arguments))
        for path in set(place.iterdir()) - before:
            remove(path)


cli_dispatch = cli._dispatch  # the real one: ``attempt`` puts its action in its place
