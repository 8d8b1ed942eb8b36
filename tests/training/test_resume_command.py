"""``reposer train --resume RUN``: all it needs is in the run. And Ctrl-C, pressed more than once."""

import signal
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from reposer import cli
from reposer.cli import main
from reposer.training.loop import _finish_step_on_interrupt
from reposer.training.run_folder import read_log


@pytest.fixture
def stopped(whole: Path, tmp_path: Path) -> Path:
    """The small run, as if it had been stopped after step 9."""
    run = copytree(whole, tmp_path / "run")
    for name in ("state-0000012.pt", "generator-0000012.safetensors"):
        (run / "checkpoints" / name).unlink()
    return run


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of a command that must fail."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["train", *map(str, arguments)])
    error = capsys.readouterr().err
    assert stop.value.code == 2, error
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("form", ["two words", "one word"])
def test_run_alone_is_enough(stopped: Path, whole: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """The network is not that of any recipe, the data folder not named."""
    main(["train", "--resume", str(stopped)] if form == "two words" else ["train", f"--resume={stopped}"])
    generator = stopped / "checkpoints" / "generator-0000012.safetensors"
    assert str(generator) in capsys.readouterr().out.replace("\n", "")
    assert generator.read_bytes() == (whole / "checkpoints" / generator.name).read_bytes()


def test_what_may_change_may_change_here_too(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--resume", str(stopped), "--logging.log-every", "5"])
    assert [row["step"] for row in read_log(stopped)] == [*range(1, 11), 12]
    assert "other settings: seed 0 -> 1" in fails(capsys, "--resume", stopped, "--seed", 1)
    line = fails(capsys, "--resume", stopped, "--generator.blcks", 3)
    assert "unknown option '--generator.blcks'; did you mean '--generator.blocks'?" in line


def test_data_that_have_moved_are_asked_for(
    stopped: Path, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = stopped / "run.json"
    record.write_text(record.read_text().replace(str(market), str(tmp_path / "gone")))
    line = fails(capsys, "--resume", stopped)
    assert f"its data set is no longer in {tmp_path / 'gone'}; say where it is: --data DIR" in line
    main(["train", "--resume", str(stopped), "--data", str(market)])
    assert str(market) in record.read_text()
    record.unlink()
    assert "missing: --data" in fails(capsys, "--resume", stopped)


def test_what_is_no_run_is_named(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected the run folder: reposer train --resume RUN" in fails(capsys, "--resume")
    assert "expected the run folder: reposer train --resume RUN" in fails(capsys, "--resume", "--seed", 1)
    for folder in (tmp_path, tmp_path / "absent", market):
        assert f"{folder}: no run to resume (no config.json)" in fails(capsys, "--resume", folder)
    (tmp_path / "config.json").write_bytes(b"\xff")
    assert "config.json: not UTF-8 text" in fails(capsys, "--resume", tmp_path)


def test_third_interrupt_tears_nothing() -> None:
    """The first asks to finish the step, the second ends it; what then cleans up is left in peace."""
    cleaned = False

    def step() -> None:
        nonlocal cleaned
        try:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            cleaned = True

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), _finish_step_on_interrupt():
        step()
    assert cleaned
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C raises, even where the tests run in the background, which ignores it; after the test as it was."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_interrupt_of_the_farewell_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    def printing(message: str, code: int, fail: Any = cli._fail) -> None:
        signal.raise_signal(signal.SIGINT)
        fail(message, code)

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    monkeypatch.setattr(cli, "_fail", printing)
    with pytest.raises(SystemExit) as stop:
        main(["train"])
    assert stop.value.code == 130
    assert capsys.readouterr().err == "reposer: stopped\n"
