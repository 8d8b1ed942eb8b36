"""How to add things, done as CONTRIBUTING says: in a copy of the source, in the files it names, and then used."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()

LOSS = '''"""A loss."""

from torch import Tensor

from reposer.losses.module import LossModule, NoSettings


class NewLoss(LossModule[NoSettings]):
    """The largest difference."""

    Settings = NoSettings

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return (generated - target).abs().max()
'''
METRIC = """

def new_metric(generated: Tensor, target: Tensor) -> Tensor:
    return (generated.double() - target.double()).abs().amax(dim=(1, 2, 3))
"""
DATA_SET = '''"""A data set."""

from reposer.data.layout import Layout

NEW = Layout(
    name="new",
    title="New (2026)",
    size=(96, 48),
    folders=("{split}",),
    annotations=("new-{split}.csv",),
    pairs=("new-pairs-{split}.csv",),
    identity_of=lambda name: name[:4],
)
'''
RECIPE = '''

@_add
def new_recipe() -> RunConfig:
    """New."""
    return replace(mannequin_tiny(), recipe="new-recipe", size=(96, 48))
'''
NETWORK = (ROOT / "tests" / "tiny_network.py").read_text().split("TINY = ")[0].replace(
    "from reposer.models import GeneratorNetwork, NetworkConfig, NetworkEntry",
    "from reposer.models.interface import GeneratorNetwork, NetworkConfig",
)  # fmt: skip

# {thing: {file: its new end, or (what it holds, what is put before that)}}
EDITS: dict[str, dict[str, str | list[tuple[str, str]]]] = {
    "loss": {
        "losses/new.py": LOSS,
        "losses/registry.py": [
            ("from reposer.losses.part_ssim ", "from reposer.losses.new import NewLoss\n"),
            ('            LossEntry("l1"', '            LossEntry("new", NewLoss),\n'),
        ],
    },
    "metric": {
        "metrics/paired.py": METRIC,
        "metrics/catalogue.py": [
            (
                '    Metric(name="l1"',
                '    Metric(name="new", title="n", better="lower", function=paired.new_metric),\n',
            )
        ],
    },
    "network": {
        "models/new.py": NETWORK,
        "models/catalogue.py": [
            ("from reposer.models.patn ", "from reposer.models.new import TinyConfig, TinyGenerator\n"),
            ("        NetworkEntry(WarpGenerator", '        NetworkEntry(TinyGenerator, TinyConfig, "tiny"),\n'),
        ],
    },
    "data set": {
        "data/new.py": DATA_SET,
        "data/layouts.py": [
            ("from reposer.data.market1501 ", "from reposer.data.new import NEW\n"),
            ("MARKET, DEEPFASHION)", "NEW, "),
        ],
    },
    "recipe": {"recipes.py": RECIPE},
    "protocol": {
        "protocols/published.py": [
            ("PROTOCOLS: ", 'NEW = replace(PATN_MARKET, name="new", size=(96, 48), metrics=("ssim", "new"))\n\n'),
            ("            PATN_MARKET,\n", "            NEW,\n"),
        ]
    },
}

USE = """
import torch
from pathlib import Path
from reposer import evaluate
from reposer.cli import main
from reposer.data import LAYOUTS, open_pairs
from reposer.images import write_image
from reposer.poses import write_annotations
from tests.folders import pose, write_images

out = Path("data")
for split in ("train", "test"):
    names = [f"000{i}_{k}.jpg" for i in (1, 2) for k in (0, 1, 2)]
    write_images(out / split, names, (96, 48))
    write_annotations(out / f"new-{split}.csv", {name: pose(i, (96, 48)) for i, name in enumerate(names)})
assert open_pairs(out, "test").layout == "new"
options = "--generator.network tiny --generator.width 3 --objective.new.weight 2 --data.workers 0"
options += " --optimization.pairs-per-epoch 4 --optimization.batch-size 2 --optimization.constant-epochs 1"
options += " --optimization.decay-epochs 0"
main(["train", "new-recipe", "--data", "data", "--out", "run", *options.split()])
assert '"loss/new": ' in Path("run/metrics.jsonl").read_text()
main(["generate", "run", "--data", "data", "--out", "results"])
main(["evaluate", "results", "--protocol", "new", "--json", "scores.json"])
"""


def told(thing: str) -> set[str]:
    """Files of the source that CONTRIBUTING names for it."""
    (line,) = re.findall(rf"^\| {thing} \|(.*)$", CONTRIBUTING, re.MULTILINE)
    return set(re.findall(r"`([\w/<>]+\.py)`", line.split("|")[0]))


@pytest.mark.parametrize("thing", list(EDITS))
def test_the_files_are_those_that_contributing_names(thing: str) -> None:
    """Two at most, of which one is new."""
    assert {file.replace("/new.py", "/<name>.py") for file in EDITS[thing]} == told(thing)
    assert 1 <= len(told(thing)) <= 2


@pytest.mark.slow
def test_what_is_added_so_can_be_used(tmp_path: Path) -> None:
    """All six at once: a training with the new loss, network, data set and recipe, scored by the new metric."""
    source = tmp_path / "src" / "reposer"
    shutil.copytree(ROOT / "src" / "reposer", source, ignore=shutil.ignore_patterns("__pycache__", "pretrained"))
    for edits in EDITS.values():
        for file, edit in edits.items():
            path = source / file
            if isinstance(edit, str):
                path.write_text((path.read_text() if path.exists() else "") + edit)
                continue
            text = path.read_text()
            for before, new in edit:
                assert text.count(before) == 1, before
                text = text.replace(before, new + before)
            path.write_text(text)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(source.parent), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert [score["name"] for score in scores["scores"]] == ["ssim", "new"]
    assert scores["protocol"] == "new"
