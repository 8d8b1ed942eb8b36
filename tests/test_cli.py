"""The command line: quick help, one clear line for bad input, exit code 2, nothing half-written."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reposer.cli import COMMANDS, main
from reposer.recipes import RECIPES

Fails = Callable[..., str]


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Fails:
    """Run a command that must fail with exit code 2 and one line; return the line."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in arguments])
        error = capsys.readouterr().err.strip()
        assert stop.value.code == 2, error
        assert "Traceback" not in error
        line = error.splitlines()[-1]
        assert line.startswith("reposer: ")
        assert len(error.splitlines()) == 1, error
        return line

    return run


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from reposer.cli import main; main(['--help']);"
        "assert not {'torch', 'numpy', 'tyro', 'lightning'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert name in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out.startswith("reposer ")


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        main([command, "--help"])
    assert "usage: reposer " + command in capsys.readouterr().out


def test_evaluate_help_shows_defaults_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "(default: patn-market)" in printed
    assert "['" not in printed


def test_train_help_lists_the_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--help"])
    out = capsys.readouterr().out
    for name in RECIPES:
        assert name in out


def test_unknown_names_suggest_the_nearest(fails: Fails, tmp_path: Path) -> None:
    assert "unknown command 'trian'; did you mean 'train'?" in fails("trian")
    assert "unknown recipe 'market-psim'; did you mean 'market-pssim'?" in fails("train", "market-psim")
    line = fails("train", "mannequin-tiny", "--data", tmp_path, "--out", tmp_path, "--objective.l4.weight", 1)
    assert "--objective.l4.weight" in line
    assert "did you mean '--objective.l" in line
    line = fails("mannequin", tmp_path / "new", "--identity", 3)
    assert "--identity" in line
    assert "--identities" in line
    assert "did you mean 'patn-market'" in fails("evaluate", tmp_path, "--protocol", "patn-markt")


def test_bad_values_name_the_option(fails: Fails, tmp_path: Path) -> None:
    line = fails("train", "mannequin-tiny", "--data", tmp_path, "--out", tmp_path, "--objective.l1.weight", "much")
    assert "--objective.l1" in line
    assert "'much'" in line
    line = fails("train", "mannequin-tiny", "--data", tmp_path, "--out", tmp_path, "--objective.l1.weight", "-3")
    assert "weight of l1 must be at least 0" in line
    assert "--data" in fails("train", "mannequin-tiny", "--out", tmp_path)
    assert "expected a recipe first" in fails("train")


def test_missing_folders_are_named(fails: Fails, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert str(absent) in fails("train", "mannequin-tiny", "--data", absent, "--out", tmp_path / "run")
    assert str(absent) in fails("generate", absent, "--data", absent, "--out", tmp_path / "out")
    assert str(absent) in fails("evaluate", absent)
    assert list(tmp_path.iterdir()) == []


def train_small(market: Path, run: Path, *options: object) -> list[str]:
    """Arguments of a training that takes a second."""
    small = "--data.workers 0 --generator.channels 4 --generator.blocks 2 --optimization.pairs-per-epoch 4 "
    small += "--optimization.batch-size 2 --optimization.constant-epochs 1 --optimization.decay-epochs 1"
    return ["train", "mannequin-tiny", "--data", str(market), "--out", str(run), *small.split(), *map(str, options)]


def test_train_generate_evaluate(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, results, scores = tmp_path / "run", tmp_path / "results", tmp_path / "scores.json"
    main(train_small(market, run))
    main(["generate", str(run), "--data", str(market), "--out", str(results), "--format", "strips"])
    assert "12 strips" in capsys.readouterr().out
    main(["evaluate", str(results), "--json", str(scores)])
    out = capsys.readouterr().out
    assert "PSSIM" in out
    assert "patn-market|n:12|" in out
    assert {s["name"] for s in json.loads(scores.read_text())["scores"]} == {"ssim", "l1", "mask_ssim", "part_ssim"}


def damaged(market: Path, copy: Path) -> Path:
    """A copy of the data set with its files linked, to be damaged."""
    copy.mkdir()
    for path in market.iterdir():
        if path.is_dir():
            (copy / path.name).mkdir()
            for image in path.iterdir():
                (copy / path.name / image.name).symlink_to(image)
        else:
            (copy / path.name).write_text(path.read_text())
    return copy


def test_bad_data_is_named(fails: Fails, market: Path, tmp_path: Path) -> None:
    data = damaged(market, tmp_path / "data")
    annotations = data / "market-annotation-train.csv"
    good = annotations.read_text()

    annotations.write_text(good.replace(", -1]", "]", 1))
    assert f"{annotations}, row 2: expected 18 joints" in fails(*train_small(data, tmp_path / "run"))
    annotations.write_text(good)

    (data / "market-pairs-train.csv").write_text("from,to\n0001_c1s1_000001_00.jpg,nobody.jpg\n")
    line = fails(*train_small(data, tmp_path / "run"))
    assert "market-pairs-train.csv, row 2: nobody.jpg" in line
    (data / "market-pairs-train.csv").unlink()

    image = data / "train" / "0001_c1s1_000001_00.jpg"
    content = image.read_bytes()
    image.unlink()
    image.write_bytes(content[:300])
    line = fails(*train_small(data, tmp_path / "run1"))
    assert str(image) in line
    assert "not a readable image" in line
    image.unlink()
    from PIL import Image

    Image.new("RGB", (60, 128)).save(image)
    line = fails(*train_small(data, tmp_path / "run2"))
    assert f"{image}: expected an image of 128x64 pixels" in line
    assert "128x60" in line


def test_missing_vgg19_is_one_line(fails: Fails, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    line = fails("train", "market-pssim", "--data", market, "--out", tmp_path / "run")
    for part in ("vgg19-dcbb9e9d.pth", "548 MB", str(tmp_path / "checkpoints"), "mannequin-tiny"):
        assert part in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_interrupted_training_says_how_to_go_on(market: Path, tmp_path: Path) -> None:
    """A real process, a real Ctrl-C."""
    import signal
    import time

    run = tmp_path / "run"
    arguments = train_small(market, run, "--optimization.constant-epochs", 5000, "--logging.log-every", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "reposer", *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    log = run / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume continues" in error
    assert "Traceback" not in error
    assert list((run / "checkpoints").glob("state-*.pt"))


def test_options_are_those_of_the_chosen_network(
    fails: Fails, tiny_network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--generator.network` may stand anywhere; an option that only another network has is unknown."""
    start = ("train", "mannequin-tiny", "--data", tmp_path, "--out", tmp_path / "run")
    chosen = ("--generator.network", tiny_network)
    line = fails(*start, "--generator.width", 5)
    assert "unknown option '--generator.width'; did you mean '--generator." in line
    line = fails(*start, "--generator.blocks", 2, *chosen)
    assert "unknown option '--generator.blocks'; did you mean '--generator.network'?" in line
    assert "no data set" in fails(*start, "--generator.width", 5, f"--generator.network={tiny_network}")
    assert "no data set" in fails(*start, "--generator.network", "patn", "--generator.channels", 8)
    assert "did you mean 'xing'?" in fails(*start, "--generator.network", "xin")
    with pytest.raises(SystemExit):
        main(["train", "mannequin-tiny", *chosen, "--help"])
    out = capsys.readouterr().out
    assert "--generator.width" in out
    assert "--generator.channels" not in out


def test_every_mistake_is_one_line(fails: Fails, tmp_path: Path) -> None:
    start = ("train", "mannequin-tiny", "--data", tmp_path)
    assert "missing: --data (see" in fails("train", "mannequin-tiny")
    assert "unknown option '--dat'; did you mean '--data'?; missing: --data" in fails(
        "train", "mannequin-tiny", "--dat=x"
    )
    assert "--size: expected 2 value(s)" in fails(*start, "--size", 128)
    assert "unknown option '64'" in fails(*start, "--size", 128, 64, 64)
    assert "unknown --hardware.precision '32' (known: 32-true," in fails(*start, "--hardware.precision", "32")
    assert "--seed: invalid literal for int() with base 10: 'abc'" in fails(*start, "--seed", "abc")


@pytest.mark.slow(3)
def test_missing_images_are_told_and_left_out(
    fails: Fails, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = damaged(market, tmp_path / "data")
    for split in ("train", "test"):
        for image in sorted((data / split).iterdir())[:2]:
            image.unlink()
    run, results = tmp_path / "run", tmp_path / "results"
    assert "2 images not in" in fails(*train_small(data, run))
    main(train_small(data, run, "--data.skip-missing", 2))
    assert "they are in 6 of 12 pairs, which are left out" in capsys.readouterr().err
    assert json.loads((run / "config.json").read_text())["data"]["skip_missing"] == 2
    generate = ["generate", str(run), "--data", str(data), "--out", str(results)]
    assert "--skip-missing 2" in fails(*generate)
    main([*generate, "--skip-missing", "2"])
    shown = capsys.readouterr()
    assert "they are in 6 of 12 pairs, which are left out" in shown.err
    assert "6 images in" in shown.out
