"""What ``make dist`` builds: a source archive, and a wheel that works away from the repository."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import reposer

ROOT = Path(__file__).parents[1]
IN_THE_ARCHIVE = (
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "NOTICE", "README.md", "docs/losses.md",
    "examples/plain_loop.py", "mkdocs.yml", "pyproject.toml", "src/reposer/py.typed", "tests/conftest.py",
    "tests/golden/losses.npz", "tests/poses/test_golden.py", "tools/oldest.py",
)  # fmt: skip


def run(*command: str | Path, cwd: Path) -> str:
    """Output of a command that sees nothing of the repository."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with both, built as ``make dist`` builds them, from a copy: building leaves files behind."""
    folder = tmp_path_factory.mktemp("packaging")
    kept = {name.split("/")[0] for name in IN_THE_ARCHIVE} | {"MANIFEST.in", "benchmarks"}
    (folder / "source").mkdir()
    for path in map(ROOT.joinpath, kept):
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(path, folder / "source" / path.name, ignore=ignored)
        else:
            shutil.copy(path, folder / "source")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", cwd=folder / "source")
    return folder / "dist"


@pytest.fixture(scope="module")
def bin(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an empty environment with the wheel; it borrows the packages beside which these tests run.

    A path file does not pass on the path files of the folder it names: an editable Reposer there stays out.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False)
    place = {"base": str(folder), "platbase": str(folder)}
    programs, libraries = (Path(sysconfig.get_path(name, "venv", vars=place)) for name in ("scripts", "purelib"))
    (wheel,) = dist.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--no-deps", "--quiet")
    run(*pip, wheel, cwd=folder)
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.mark.slow(25)
@pytest.mark.xdist_group("dist")
def test_what_is_in_them(dist: Path) -> None:
    (archive,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    assert wheel.name == f"reposer-{reposer.__version__}-py3-none-any.whl"
    with tarfile.open(archive) as file:
        names = {name.split("/", 1)[-1] for name in file.getnames()}
    assert names >= set(IN_THE_ARCHIVE)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    with zipfile.ZipFile(wheel) as file:
        packed = set(file.namelist())
    source = ROOT / "src"
    expected = {
        str(path.relative_to(source))
        for path in (source / "reposer").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in packed if name.startswith("reposer/")} == expected
    assert {name.split("/")[0] for name in packed} == {"reposer", f"reposer-{reposer.__version__}.dist-info"}


@pytest.mark.slow(25)
@pytest.mark.xdist_group("dist")
def test_the_wheel_works_away_from_the_repository(bin: Path, market: Path, tmp_path: Path) -> None:
    where = run(bin / "python", "-c", "import reposer; print(reposer.__file__, reposer.__version__)", cwd=tmp_path)
    assert Path(where.split()[0]).is_relative_to(bin.parent)
    assert where.split()[1] == reposer.__version__
    assert "usage: reposer COMMAND" in run(bin / "reposer", "--help", cwd=tmp_path)
    twenty = "--optimization.pairs-per-epoch 20 --optimization.batch-size 2 --optimization.constant-epochs 1"
    twenty += " --optimization.decay-epochs 1 --generator.channels 4 --generator.blocks 2"
    run(bin / "reposer", "train", "mannequin-tiny", "--data", market, "--out", "run", *twenty.split(), cwd=tmp_path)
    assert (tmp_path / "run" / "checkpoints" / "generator-0000020.safetensors").exists()
    run(bin / "reposer", "generate", "run", "--data", market, "--out", "results", cwd=tmp_path)
    run(bin / "reposer", "evaluate", "results", "--json", "scores.json", cwd=tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text())["scores"]
    assert {"ssim", "part_ssim"} <= {score["name"] for score in scores}
    assert all(score["n"] == 12 for score in scores)
