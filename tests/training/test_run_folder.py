"""The run folder: nothing of a run is lost without a word, whatever was killed, deleted, copied or started twice."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest
from tests.training.at_step import AtStep

from reposer import files
from reposer.checks import InputError
from reposer.config import RunConfig, config_to_json
from reposer.data import PairDataset, open_pairs
from reposer.locks import lock
from reposer.poses import write_pairs
from reposer.training import loop, train
from reposer.training.record import RunRecord
from reposer.training.run_folder import check_run_folder, read_log, read_run


class Killed(BaseException):
    """Stands for the end of the process: nothing below it handles it."""


def kill() -> None:
    """End the process, as it looks from inside."""
    raise Killed


class Heard(AtStep):
    """Remembers what was said."""

    def __init__(self, step: int, action: Callable[[], Any] = lambda: None) -> None:
        super().__init__(step, action)
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


class Begun(BaseException):
    """The first step is about to be taken: the start is over."""


def content(folder: Path) -> dict[str, bytes]:
    """What a folder holds, but for the files that say how often it was looked at."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "tensorboard" not in path.parts
    }


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return copytree(whole, tmp_path / "run")


@pytest.mark.parametrize("resume", [True, "auto"])
def test_run_without_an_intact_checkpoint_is_not_started_over(
    small: RunConfig, market: Path, run: Path, resume: Any
) -> None:
    states = sorted((run / "checkpoints").glob("state-*.pt"))
    for state in states:
        state.write_bytes(state.read_bytes()[:1000])
    before, heard = content(run), Heard(0)
    with pytest.raises(InputError, match=r"no checkpoint can be read, the newest of step 12: nothing was changed"):
        train(small, data=market, out=run, resume=resume, progress=heard)
    assert content(run) == before
    assert [line.partition(": ")[0] for line in heard.said] == [str(state) for state in reversed(states)]


@pytest.mark.parametrize("also", [(), ("metrics.jsonl",), ("run.json",)])
def test_run_whose_checkpoints_are_gone_is_not_started_over(
    small: RunConfig, market: Path, run: Path, also: tuple[str, ...]
) -> None:
    rmtree(run / "checkpoints")
    for name in also:
        (run / name).unlink()
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "state-backup.pt").write_bytes(b"not a checkpoint")
    before = content(run)
    for resume in (True, "auto"):
        with pytest.raises(InputError, match=r"no state-\*.pt to continue from.*choose another --out to start over"):
            train(small, data=market, out=run, resume=resume)
    assert content(run) == before


def test_newer_checkpoint_is_not_removed_for_an_older_one(small: RunConfig, market: Path, tmp_path: Path) -> None:
    """Not even a damaged one; nor what only looks like a checkpoint."""
    small = replace(small, logging=replace(small.logging, keep_checkpoints=1, checkpoint_every=2))
    with pytest.raises(KeyboardInterrupt):
        train(small, data=market, out=tmp_path, progress=AtStep(3))
    checkpoints = tmp_path / "checkpoints"
    for name in ("state-0000009.pt", "state-backup.pt", "state-1.pt", "generator-0000009.safetensors"):
        (checkpoints / name).write_bytes(b"damaged")
    (checkpoints / "generator-0000001-mine.safetensors").write_bytes(b"mine")

    def look() -> None:
        assert {path.name for path in checkpoints.iterdir()} >= {
            "state-0000006.pt", "state-0000009.pt", "state-backup.pt", "state-1.pt", "generator-0000006.safetensors",
            "generator-0000009.safetensors", "generator-0000001-mine.safetensors",
        }  # fmt: skip
        kill()

    with pytest.raises(Killed):
        train(small, data=market, out=tmp_path, resume=True, progress=AtStep(7, look))


def test_state_of_another_network_is_one_line(small: RunConfig, market: Path, run: Path, tmp_path: Path) -> None:
    other = replace(small, generator=replace(small.generator, channels=2))
    with pytest.raises(KeyboardInterrupt):
        train(other, data=market, out=tmp_path / "other", progress=AtStep(1))
    rmtree(run / "checkpoints")
    copytree(tmp_path / "other" / "checkpoints", run / "checkpoints")
    heard = Heard(0)
    with pytest.raises(InputError, match="no checkpoint can be read"):
        train(small, data=market, out=run, resume=True, progress=heard)
    assert [line.count("\n") for line in heard.said] == [0]
    assert "state-0000001.pt" in heard.said[0]
    assert "of a run with another generator network than in config.json: " in heard.said[0]
    assert "instead of" in heard.said[0]
    assert len(heard.said[0]) < 1000


@pytest.mark.parametrize("moment", range(8))
@pytest.mark.parametrize("resume", [False, True, "auto"])
def test_start_that_was_killed_is_started_again(
    tiny: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, resume: Any
) -> None:
    """At each of the moments at which a start has just changed the folder."""
    tiny = replace(tiny, logging=replace(tiny.logging, loggers=(), validation_pairs=0, sample_pairs=0))
    calls = 0

    def killing(function: Callable[..., Any]) -> Callable[..., Any]:
        def until(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            result = function(*args, **kwargs)
            calls += 1
            if calls > moment:
                raise Killed
            return result

        return until

    def first_step(*args: Any, **kwargs: Any) -> Any:
        raise Begun

    monkeypatch.setattr(loop, "take_step", first_step)
    with monkeypatch.context() as kills:
        kills.setattr(Path, "mkdir", killing(Path.mkdir))
        kills.setattr(files.os, "fsync", killing(files.os.fsync))
        kills.setattr(files.os, "replace", killing(files.os.replace))
        kills.setattr(Path, "unlink", lambda path, missing_ok=False: None)  # as nothing is after a kill
        with pytest.raises((Killed, Begun)):
            train(tiny, data=market, out=tmp_path / "run", resume="auto")
    assert (tmp_path / "run").exists()
    started = (tmp_path / "run" / "config.json").exists()
    if resume is True and not started:
        with pytest.raises(InputError, match="no run to resume; leave --resume out to start one"):
            train(tiny, data=market, out=tmp_path / "run", resume=resume)
    else:
        with pytest.raises(Begun):
            train(tiny, data=market, out=tmp_path / "run", resume=resume)
        assert not list((tmp_path / "run").rglob(".*"))


def test_run_that_was_killed_before_its_first_checkpoint_starts_again(
    tiny: RunConfig, market: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        train(tiny, data=market, out=tmp_path, progress=Heard(3, kill))
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2]
    with pytest.raises(InputError, match="already holds a run; add --resume"):
        train(tiny, data=market, out=tmp_path)
    heard = Heard(2, kill)
    with pytest.raises(Killed):
        train(tiny, data=market, out=tmp_path, resume=True, progress=heard)
    assert heard.said == ["no checkpoint yet: starts at step 0"]
    assert [row["step"] for row in read_log(tmp_path)] == [1]


def test_start_with_other_settings_is_refused(tiny: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config_to_json(tiny))
    assert check_run_folder(tmp_path, tiny, resume=False)
    with pytest.raises(InputError, match="other settings: seed 0 -> 1"):
        check_run_folder(tmp_path, replace(tiny, seed=1), resume=False)
    (tmp_path / "model.safetensors").touch()  # a generator that save_pretrained has saved
    with pytest.raises(InputError, match="already holds a run"):
        check_run_folder(tmp_path, tiny, resume=False)


def test_other_data_are_refused(small: RunConfig, market: Path, run: Path, tmp_path: Path) -> None:
    """A pair less, or another order; the folder may have another name."""
    before = content(run)
    moved = copytree(market, tmp_path / "moved")
    assert train(small, data=moved, out=run, resume=True).exists()
    record = RunRecord.read(run)
    assert record is not None
    assert record.data == str(moved)
    assert record.saved == 12
    index = open_pairs(moved, "train")
    write_pairs(moved / "market-pairs-train.csv", index.pairs[1:])
    with pytest.raises(
        InputError, match=r"moved: not the data that this run is trained on.*\(11 pairs, the run has 12"
    ):
        train(small, data=moved, out=run, resume=True)
    write_pairs(moved / "market-pairs-train.csv", index.pairs[::-1])
    with pytest.raises(InputError, match="its pair list or poses differ"):
        train(small, data=moved, out=run, resume="auto")
    assert {name: text for name, text in content(run).items() if name != "run.json"} == {
        name: text for name, text in before.items() if name != "run.json"
    }


def test_digest_of_data(market: Path) -> None:
    index = open_pairs(market, "train")
    digest = PairDataset(index).digest()
    assert PairDataset(open_pairs(market, "train")).digest() == digest
    name = index.pairs[0][0]
    shifted = replace(index.poses[name], joints=index.poses[name].joints + 1)
    hidden = replace(index.poses[name], visible=~index.poses[name].visible)
    for change in ({"pairs": index.pairs[::-1]}, {"pairs": index.pairs[1:]}, {"poses": {**index.poses, name: shifted}},
                   {"poses": {**index.poses, name: hidden}}):  # fmt: skip
        assert PairDataset(replace(index, **change)).digest() != digest


def test_run_in_use_is_left_alone(small: RunConfig, market: Path, run: Path, tmp_path: Path) -> None:
    before = content(run)
    with lock(run, "reposer train small"), lock(tmp_path / "new", "reposer train small"):
        for out, resume in ((run, True), (run, "auto"), (tmp_path / "new", False)):
            with pytest.raises(InputError, match=r"in use by reposer train small \(process \d+ on "):
                train(small, data=market, out=out, resume=resume)
    assert content(run) == before


def test_run_is_held_while_it_trains(tiny: RunConfig, market: Path, tmp_path: Path) -> None:
    def second() -> None:
        with pytest.raises(InputError, match="in use by reposer train small"):
            train(tiny, data=market, out=tmp_path, resume="auto")
        kill()

    with pytest.raises(Killed):
        train(tiny, data=market, out=tmp_path, progress=AtStep(2, second))
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize("line", ["5", "{}", "[]", '"x"', "null", "true", '{"step": "5"}', '{"step": 2.5}',
                                  '{"step": 3, "total": "low"}', '{"step": 3, "total": null}', '{"step": true}',
                                  '{"step": 3, "total": ' + "9" * 400 + "}", '{"step": 3, "total": NaN}'])  # fmt: skip
def test_log_row_of_another_kind_is_named(small: RunConfig, market: Path, run: Path, line: str) -> None:
    log = run / "metrics.jsonl"
    log.write_text(f"{log.read_text()}{line}\n")
    before = content(run)
    with pytest.raises(InputError, match=r"metrics.jsonl, line 13: expected the numbers of a step"):
        read_log(run)
    with pytest.raises(InputError, match=r"metrics.jsonl, line 13: expected the numbers of a step"):
        train(small, data=market, out=run, resume=True)
    assert content(run) == before


def test_half_rows_are_left_out(run: Path) -> None:
    log = run / "metrics.jsonl"
    rows = read_log(run)
    log.write_text(log.read_text() + '{"step": 13, "lo\n' + "[" * 100_000 + '\n\0\0\0\n{"step": 14}\n')
    assert read_log(run) == [*rows, {"step": 14}]


def test_damaged_rows_are_named_unless_the_last_one_is_half(run: Path) -> None:
    log, told = run / "metrics.jsonl", list[str]()
    whole = log.read_text()
    log.write_text(whole + '{"step": 13, "lo')
    rows = read_log(run, told.append)
    assert not told
    log.write_text(whole.replace("{", "", 1))
    assert read_log(run, told.append) == rows[1:]
    assert told == [f"{log}: damaged rows left out: line 1"]


@pytest.mark.parametrize("text", ["5", "[]", "{}", '{"data": 5}', "not JSON", '{"data": "x", "pairs": 1.5}',
                                  '{"data": "x", "pairs": 0, "digest": "0"}'])  # fmt: skip
def test_damaged_record_is_named(small: RunConfig, run: Path, text: str) -> None:
    (run / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run.json: not the record of a run"):
        read_run(run)


def test_what_is_needed_to_resume_is_in_the_run(small: RunConfig, market: Path, run: Path) -> None:
    config, data = read_run(run)
    assert config == replace(small, data=small.data.of_folder(market))
    assert data == market
    assert json.loads((run / "run.json").read_text())["saved"] == 12
    (run / "run.json").unlink()
    assert read_run(run)[1] is None
