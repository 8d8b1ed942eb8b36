"""Resuming: when a run may go on, and that it goes on exactly, whatever is switched on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.at_step import AtStep

from reposer.checks import InputError
from reposer.commands.train import _with_value
from reposer.config import RunConfig, config_to_json
from reposer.training import train
from reposer.training.run_folder import check_run_folder


def test_resume_without_a_value_means_yes() -> None:
    assert _with_value(["--out", "run", "--resume"]) == ["--out", "run", "--resume", "yes"]
    assert _with_value(["--resume", "--out", "run"]) == ["--resume", "yes", "--out", "run"]
    assert _with_value(["--resume", "auto", "--out", "run"]) == ["--resume", "auto", "--out", "run"]


@pytest.mark.parametrize(
    ("resume", "new", "old"),
    [(False, False, "already holds a run"), (True, "no run to resume", True), ("auto", False, True)],
)
def test_what_resume_takes(small: RunConfig, tmp_path: Path, resume: Any, new: Any, old: Any) -> None:
    """A run or none, and with what outcome: goes on (True), starts (False), or is refused."""
    (tmp_path / "old" / "checkpoints").mkdir(parents=True)
    (tmp_path / "old" / "checkpoints" / "state-0000003.pt").touch()
    (tmp_path / "old" / "config.json").write_text(config_to_json(small))
    for folder, outcome in (("new", new), ("old", old)):
        if isinstance(outcome, bool):
            assert check_run_folder(tmp_path / folder, small, resume=resume) is outcome
        else:
            with pytest.raises(InputError, match=outcome):
                check_run_folder(tmp_path / folder, small, resume=resume)
    assert not (tmp_path / "new").exists()


def test_what_may_change(small: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config_to_json(small))
    hardware = small.hardware
    for free in ({"devices": 2}, {"compile": True}, {"accelerator": "cpu"}):
        assert check_run_folder(tmp_path, replace(small, hardware=replace(hardware, **free)), resume=True)
    assert check_run_folder(tmp_path, replace(small, data=replace(small.data, cache="none", workers=9)), resume=True)
    with pytest.raises(InputError, match=r"other settings: hardware.precision 32-true -> bf16-mixed"):
        check_run_folder(tmp_path, replace(small, hardware=replace(hardware, precision="bf16-mixed")), resume=True)
    accumulated = replace(small, optimization=replace(small.optimization, gradient_accumulation_steps=2))
    with pytest.raises(InputError, match=r"other settings: optimization.gradient_accumulation_steps 1 -> 2"):
        check_run_folder(tmp_path, accumulated, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("data", {"workers": 2, "cache": "none"}),
        ("data", {"workers": 1, "cache": "memory"}),
        ("optimization", {"gradient_accumulation_steps": 2}),
        ("optimization", {"adversarial_start_step": 2}),
        ("optimization", {"adversarial_start_step": 4}),
        ("augmentation", {"framing": 0.7, "mirror": 0.5, "colour": 1.0, "noise": 9.0, "jpeg": 0.5, "joint_drops": 0.1}),
        ("hardware", {"precision": "bf16-mixed"}),
        pytest.param("hardware", {"precision": "16-mixed"}, marks=pytest.mark.nightly),
        ("hardware", {"gradient_checkpointing": True}),
    ],
)
def test_halves_equal_the_whole(tiny: RunConfig, market: Path, tmp_path: Path, part: str, change: Any) -> None:
    """N steps, Ctrl-C, N steps: bit for bit 2 N steps."""
    config = replace(tiny, optimization=replace(tiny.optimization, pairs_per_epoch=3))  # 6 steps
    config = replace(config, **{part: replace(getattr(config, part), **change)})
    whole = train(config, data=market, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, data=market, out=tmp_path / "halves", progress=AtStep(3))
    assert train(config, data=market, out=tmp_path / "halves", resume=True).read_bytes() == whole.read_bytes()
