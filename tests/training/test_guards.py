"""What can go wrong while a run trains: each time one clear line, nothing half-updated, the last checkpoint whole."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from tests.training.at_step import AtStep
from tests.training.batches import batches
from torch import Tensor

from reposer.checks import InputError, RunError
from reposer.config import RunConfig, config_from_json
from reposer.data import PairBatch
from reposer.losses import Objective
from reposer.training import replay, train
from reposer.training.checkpoint import digest, load_newest_checkpoint, state_dict
from reposer.training.guards import NonFiniteError
from reposer.training.run_folder import read_log
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World


class PoisonAt:
    """Stands in for train_step: in some steps a value of the computation becomes infinite or NaN."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, where: str, steps: set[int], value: float = torch.nan) -> None:
        self.steps, self.value, self.where = steps, value, where
        self.calls = 0
        original = getattr(Objective, where)

        def poisoned(objective: Objective, *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            result = original(objective, *args, **kwargs)
            bad = self.value if self.calls in self.steps else 1.0
            if where == "discriminator_loss":
                return result * bad
            return replace(result, terms=result.terms | {"l1": result.terms["l1"] * bad}, total=result.total * bad)

        monkeypatch.setattr(Objective, where, poisoned)


def test_generator_loss(small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PoisonAt(monkeypatch, "forward", {5})
    with pytest.raises(RunError, match=r"step 5: the loss term 'l1' is nan; pairs: 000\d_c.*nonfinite-0000005.pt"):
        train(small, data=market, out=tmp_path)
    assert [path.name for path in sorted((tmp_path / "checkpoints").glob("state-*"))] == ["state-0000003.pt"]


@pytest.mark.parametrize("where", ["forward", "discriminator_loss", "gradient"])
def test_nothing_is_updated(small: RunConfig, market: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Not even batch norm's statistics, the pools or the running average, whoever failed."""
    world = World.launch(small.hardware)
    state, objective = build_state(small, world), Objective(small.objective)
    first, second = batches(market, 2)
    train_step(state, first, objective, small, world)
    before = digest(state_dict(state))
    with monkeypatch.context() as patch:
        if where == "gradient":  # a finite loss
            weight = next(state.discriminators["shape"].network.parameters())
            handle = weight.register_hook(lambda gradient: gradient * torch.inf)
        else:
            PoisonAt(patch, where, {1, 2})
        names = {
            "forward": "'l1'",
            "discriminator_loss": "discriminator 'appearance'",
            "gradient": "gradient of 'shape'",
        }
        with pytest.raises(NonFiniteError, match=names[where]):
            train_step(state, second, objective, small, world)
        if where == "gradient":
            handle.remove()
    assert digest(state_dict(state)) == before
    other = build_state(small, world)
    train_step(other, first, objective, small, world)
    for one in (state, other):
        train_step(one, second, objective, small, world)
    assert digest(state_dict(state)) == digest(state_dict(other))


@pytest.mark.slow
def test_replay(small: RunConfig, market: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dump alone repeats the step; without the fault it gives what the step would have given."""
    expected = read_log(whole)[4]
    with monkeypatch.context() as patch:
        PoisonAt(patch, "forward", {5})
        with pytest.raises(RunError):
            train(small, data=market, out=tmp_path / "run")
    dump = tmp_path / "run" / "nonfinite-0000005.pt"
    with monkeypatch.context() as patch:
        PoisonAt(patch, "forward", {1})
        with pytest.raises(NonFiniteError, match="step 5: the loss term 'l1' is nan"):
            replay(dump)
    values = replay(dump)
    assert values["l1"] == expected["loss/l1"]
    assert values["gradient_norm/shape"] == expected["gradient_norm/shape"]
    assert replay(dump, precision="64-true")["l1"] == pytest.approx(expected["loss/l1"], rel=1e-4)


def read_log_after(config: RunConfig, market: Path, run: Path) -> list[dict[str, Any]]:
    train(config, data=market, out=run)
    return read_log(run)


def skipping(config: RunConfig, most: int) -> RunConfig:
    return replace(config, optimization=replace(config.optimization, on_nonfinite="skip", most_skips=most))


def test_skip(small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PoisonAt(monkeypatch, "forward", {5, 7, 8})
    rows = read_log_after(skipping(small, 2), market, tmp_path)
    assert [row["step"] for row in rows] == list(range(1, 13))
    assert [row["skipped"] for row in rows] == [0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 3]
    assert "loss/l1" not in rows[4]
    assert "loss/l1" in rows[5]
    assert not list(tmp_path.glob("nonfinite-*"))


def test_too_many_skips_stop(small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PoisonAt(monkeypatch, "discriminator_loss", set(range(9, 100)), torch.inf)  # two a step: from step 5 on
    with pytest.raises(RunError, match=r"step 7: the loss of the discriminator .* after 2 skipped steps in a row"):
        train(skipping(small, 2), data=market, out=tmp_path)
    assert (tmp_path / "nonfinite-0000007.pt").exists()


@pytest.mark.slow
def test_disk_full(small: RunConfig, market: Path, whole: Path, tmp_path: Path) -> None:
    """A real failure to write: files may not grow over a limit that a state passes."""
    size = (whole / "checkpoints" / "state-0000012.pt").stat().st_size
    run, limits = tmp_path / "run", resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        full = AtStep(5, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1])))
        with pytest.raises(
            RunError, match=r"0000006.*: cannot be written \(.*MB free\).*continue with --resume"
        ) as error:
            train(small, data=market, out=run, progress=full)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "\n" not in str(error.value)
    assert not list(run.rglob(".*.part"))
    resumed = train(small, data=market, out=run, resume=True)
    assert resumed.read_bytes() == (whole / "checkpoints" / resumed.name).read_bytes()


def test_full_disk_while_logging(
    small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "run" / "metrics.jsonl"

    def full() -> None:
        log.unlink()
        log.symlink_to("/dev/full")

    with pytest.raises(RunError, match=r"the log cannot be written \(No space left on device\)"):
        train(small, data=market, out=tmp_path / "run", progress=AtStep(5, full))


def test_folder_that_cannot_be_written(small: RunConfig, market: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot be written"):
        train(small, data=market, out=tmp_path / "file" / "run")


@pytest.mark.slow
def test_worker_that_dies(small: RunConfig, market: Path, tmp_path: Path) -> None:
    """In a process of its own: torch raises wherever the program then is, once more for every later signal."""
    options = f"--data {market} --out {tmp_path} --data.workers 1 --generator.channels 4 --generator.blocks 2"
    options += " --data.cache none --optimization.batch-size 2"
    options += " --logging.checkpoint-every 3"
    command = [sys.executable, "-m", "reposer", "train", "mannequin-tiny"]
    with subprocess.Popen([*command, *options.split()], stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "checkpoints" / "state-0000003.pt").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        for folder in Path("/proc").glob("[0-9]*"):
            status = (folder / "status").read_text() if (folder / "status").exists() else ""
            if f"PPid:\t{process.pid}\n" in status and "pt_data_worker" in status:
                os.kill(int(folder.name), signal.SIGKILL)
        error = process.communicate()[1].strip().splitlines()[-1]
    assert re.match(r"reposer: a process that reads images died.*--data.workers", error)
    assert process.returncode == 1
    config = config_from_json((tmp_path / "config.json").read_text())
    state = build_state(config, World.launch(config.hardware))
    assert load_newest_checkpoint(tmp_path / "checkpoints", state, pytest.fail)
    assert state.step % 3 == 0


def test_one_flipped_bit_is_noticed(small: RunConfig, whole: Path, tmp_path: Path) -> None:
    """Not only a file that cannot be read: a weight that has changed."""
    newest = copytree(whole, tmp_path / "run") / "checkpoints" / "state-0000012.pt"
    state = build_state(small, World.launch(small.hardware))
    assert load_newest_checkpoint(newest.parent, state, pytest.fail)
    weight = state.discriminators["shape"].network.state_dict()["encoder.2.running_mean"]
    content = bytearray(newest.read_bytes())
    at = content.index(weight.numpy().tobytes())
    content[at] ^= 1
    newest.write_bytes(content)
    warnings: list[str] = []
    assert load_newest_checkpoint(newest.parent, state, warnings.append)
    assert state.step == 9
    assert warnings == [f"{newest}: damaged checkpoint skipped (its content has changed since it was written)"]


def test_digest_tells_values_apart() -> None:
    values: list[Any] = [
        {"a": 1}, {"a": 2}, {"b": 1}, {"a": [1, 2]}, {"a": None}, {"a": torch.ones(2)}, {"a": torch.ones(2, 1)},
        {"a": torch.ones(2).double()}, {"a": torch.zeros(2)}, {"a": torch.empty(0)}, {"a": torch.ones(())},
    ]  # fmt: skip
    assert len({digest(value) for value in values}) == len(values)
    transposed = torch.arange(6.0).view(2, 3).t()
    assert digest(transposed) == digest(transposed.contiguous())


def test_batches_split_and_join(market: Path) -> None:
    batch = PairBatch.joined(batches(market, 2))
    parts = batch.split(3)
    assert [len(part) for part in parts] == [2, 1, 1]
    again = PairBatch.joined(parts)
    assert again.pair_ids == batch.pair_ids
    for name, value in vars(batch).items():
        if isinstance(value, Tensor):
            assert value.equal(getattr(again, name))
