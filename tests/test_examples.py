"""The examples run as their docstrings say: the loss falls, and a picture of the right size is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.images import read_image

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "people"
    make_mannequins(folder, MannequinConfig(identities=4, images_per_identity=3, clothing="easy", workers=1))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "size"),
    [("plain_loop", ("--steps", "20"), (128, 64)), ("denoising", ("--steps", "20", "--sampling-steps", "3"), (64, 32))],
)
def test_example(people: Path, tmp_path: Path, name: str, options: tuple[str, ...], size: tuple[int, int]) -> None:
    if name == "denoising":
        pytest.importorskip("diffusers")
    picture = tmp_path / "out.png"
    command = [sys.executable, EXAMPLES / f"{name}.py", people, *options, "--width", "8", "--batch-size", "4"]
    run = subprocess.run([*command, "--out", picture], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    losses = [float(value) for value in re.findall(r"step +\d+  loss ([\d.]+)", run.stdout)]
    assert len(losses) == 11
    assert sum(losses[-3:]) / 3 < 0.9 * losses[0], losses
    columns = 4 * 3  # source, target, generated of four pairs in a row
    assert read_image(picture).shape[-1] == columns * (size[1] + 2) - 2
    assert read_image(picture).shape[-2] % (size[0] + 2) == size[0]
