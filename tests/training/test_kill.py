"""A trainer that is killed at any moment goes on to the same weights."""

import contextlib
import random
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.processes import run, server

from reposer.config import RunConfig
from reposer.models import generator_files

KILLS = 20


@pytest.mark.nightly  # one by one at chosen moments: tests/attacks/test_kills.py
def test_kills(tiny: RunConfig, market: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments, many of them inside the writing of a checkpoint, which here takes long."""
    config = replace(
        tiny,
        optimization=replace(tiny.optimization, pairs_per_epoch=12, constant_epochs=2),  # 24 steps
        logging=replace(tiny.logging, checkpoint_every=1, sample_every=1000, validate_every=10, loggers=()),
    )
    context = server()

    def attempt(out: Path, steps: int | None, seconds: float = 0) -> None:
        """Train, and kill the trainer so long after it has begun its next steps; None lets it finish."""
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=run, args=(config, market, out, sender if steps is not None else None, True))
        process.start()
        sender.close()
        with contextlib.suppress(EOFError):  # it may finish before
            for _ in range(1 + (steps or 0)):
                receiver.recv()
        process.join(None if steps is None else seconds)
        process.kill()
        process.join()
        if steps is None:
            assert process.exitcode == 0

    attempt(tmp_path / "whole", None)
    moments = random.Random(0)
    partly_written, steps = 0, []
    for _ in range(KILLS):
        attempt(tmp_path / "killed", moments.choice((0, 1, 1, 1)), moments.uniform(0, 0.2))
        partly_written += any((tmp_path / "killed").rglob(".state-*.part"))
        steps += [int(path.stem.split("-")[1]) for path in generator_files(tmp_path / "killed" / "checkpoints")[-1:]]
    assert partly_written >= 3
    assert steps == sorted(steps)
    attempt(tmp_path / "killed", None)
    whole, killed = (generator_files(tmp_path / name / "checkpoints")[-1] for name in ("whole", "killed"))
    assert whole.name == killed.name == "generator-0000024.safetensors"
    assert whole.read_bytes() == killed.read_bytes()
    assert not list((tmp_path / "killed").rglob(".*"))  # nothing half-written is left
