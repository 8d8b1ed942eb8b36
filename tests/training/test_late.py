"""Steps whose outcome is read late, and steps that are recorded and replayed, change what every step at its time does.

Both are for GPUs; here the processor does what a GPU would (``masked``): its updates look at a flag.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.batches import batches

from reposer.checks import RunError
from reposer.config import RunConfig
from reposer.digests import digest
from reposer.losses import Objective
from reposer.training import loop, step, train
from reposer.training.capture import Capture
from reposer.training.checkpoint import state_dict
from reposer.training.log import read_log
from reposer.training.numbers import StepNumbers
from reposer.training.plan import plan
from reposer.training.state import TrainingState, build_state
from reposer.training.step import take_step, train_step
from reposer.training.taken import LAG, Values, finished
from reposer.training.updates import adam_step
from reposer.training.world import World

ALONE = World()


def poison(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """In these steps, counted from 0, the loss is not finite, however often they are taken."""
    draw, forward = StepNumbers.draw, Objective.forward
    now: list[int] = []

    def noting(state: TrainingState, *rest: Any, **more: Any) -> StepNumbers:
        now[:] = [state.step]
        return draw(state, *rest, **more)

    def poisoned(objective: Objective, *args: Any, **kwargs: Any) -> Any:
        found = forward(objective, *args, **kwargs)
        return replace(found, total=found.total * (torch.nan if now[0] in steps else 1.0))

    monkeypatch.setattr(StepNumbers, "draw", noting)
    monkeypatch.setattr(Objective, "forward", poisoned)


def trained(
    config: RunConfig, market: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *, lag: int
) -> tuple[bytes, list[dict[str, Any]]]:
    """The last state of a run whose processor is so many steps ahead, and its rows."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "build_state", partial(build_state, masked=True))
        patch.setitem(LAG, "cpu", lag)
        train(config, data=market, out=out)
    rows = [{k: v for k, v in row.items() if k != "images_per_second"} for row in read_log(out)]
    return max((out / "checkpoints").glob("state-*")).read_bytes(), rows


@pytest.mark.slow
@pytest.mark.parametrize("bad", [pytest.param(set(), marks=pytest.mark.nightly), {1, 4, 5, 10}])
def test_a_run_that_is_read_late(
    tiny: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: set[int]
) -> None:
    """Skipped steps leave out the same updates, and all others are taken as if nobody had been ahead."""
    poison(monkeypatch, bad)
    optimization = replace(tiny.optimization, on_nonfinite="skip")
    config = replace(tiny, optimization=optimization, logging=replace(tiny.logging, log_every=6, checkpoint_every=9))
    (at_once, rows), (late, late_rows) = (
        trained(config, market, tmp_path / str(lag), monkeypatch, lag=lag) for lag in (0, 4)
    )
    assert late_rows == rows
    assert [row["skipped"] for row in rows] == ([0, 0] if not bad else [3, 4])
    assert late == at_once


def test_a_run_that_stops_late_writes_the_state_before_the_step(
    tiny: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, {4})
    config = replace(tiny, logging=replace(tiny.logging, log_every=50, checkpoint_every=50))
    dumps = []
    for lag in (0, 4):
        with pytest.raises(RunError, match=r"step 5: .*'total' is nan"):
            trained(config, market, tmp_path / str(lag), monkeypatch, lag=lag)
        dumps.append(torch.load(tmp_path / str(lag) / "nonfinite-0000005.pt", weights_only=True))
    at_once, late = (dump | {"config": None} for dump in dumps)
    assert digest(late) == digest(at_once)


def test_masked_updates_are_those_of_the_processor(tiny: RunConfig, market: Path) -> None:
    """To rounding: the fused Adam multiplies and adds in one go."""
    states = [build_state(tiny, ALONE, masked=masked) for masked in (False, True)]
    for batch in batches(market, 5):
        for state in states:
            train_step(state, batch, Objective(tiny.objective), tiny, ALONE)
    plain, masked = (state.generator.network.state_dict() for state in states)
    for name, expected in plain.items():
        torch.testing.assert_close(masked[name], expected, rtol=1e-4, atol=1e-5)
    plain, masked = (state.ema_generator.state_dict() for state in states)  # type: ignore[union-attr]
    for name, expected in plain.items():
        torch.testing.assert_close(masked[name], expected, rtol=1e-4, atol=1e-5)


def imitated(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
    """A graph for processors: computes again, from the same places to the same place."""
    values = run()
    return lambda: values.numbers.copy_(run().numbers), values


def recorded_wrongly(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
    """It looks at the weights that were there when it was recorded."""
    values = run()
    return lambda: None, values


def not_recorded(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
    raise RuntimeError("operation not permitted when stream is capturing\nand much more")


@pytest.mark.parametrize(
    ("recorder", "said", "count", "padded"),
    [
        pytest.param(imitated, None, 20, False, marks=pytest.mark.slow),
        (imitated, None, 10, True),
        (recorded_wrongly, "computes something else", 6, False),
        (not_recorded, r"not permitted when stream is capturing\)", 6, False),
    ],
)
def test_captured_steps_equal_those_that_are_not(
    tiny: RunConfig, market: Path, recorder: Any, said: str | None, count: int, padded: bool
) -> None:
    """Whatever recording comes to: batches of two sizes, one that is not finite, and logged steps between."""
    box = torch.tensor([[0, 4, 56, 24]] * 2)
    states, remarks = [build_state(tiny, ALONE, masked=True) for _ in range(2)], []
    capture = Capture(states[1], required=False, say=remarks.append, recorder=recorder)
    objective = Objective(tiny.objective)
    for number, batch in enumerate(batches(market, count)):
        batch = replace(batch, target_box=box + number % 2) if padded else batch
        batch = batch.split(2)[0] if number % 4 == 3 else batch
        logs = number % 6 == 5
        if number == 15:
            batch = replace(batch, source_joints=batch.source_joints * torch.nan)
        values = []
        for state, graph in zip(states, (None, capture), strict=True):
            taken = take_step(state, batch, objective, tiny, ALONE, term_gradients=logs, capture=graph)
            values.append(taken.values.read())
            try:
                finished(state, taken)
            except RunError:
                state.step, state.skipped = state.step + 1, state.skipped + 1
        assert values[0] == pytest.approx(values[1], rel=0, abs=0, nan_ok=True), number
    assert digest(state_dict(states[1])) == digest(state_dict(states[0]))
    assert len(remarks) == (said is not None), remarks
    assert said is None or re.search(said, remarks[0])
    assert len(capture._recorded) == (0 if said is not None else 1 if padded else 2)


def test_what_was_recorded_without_discriminators_is_not_replayed_with_them(tiny: RunConfig, market: Path) -> None:
    """Although nothing else tells the steps apart, as without a pool of past images."""
    objective = replace(tiny.objective, adversarial=replace(tiny.objective.adversarial, pool_size=0))
    optimization = replace(tiny.optimization, adversarial_start_step=5)
    config, terms = replace(tiny, objective=objective, optimization=optimization), Objective(objective)
    state = build_state(config, ALONE, masked=True)
    capture = Capture(state, required=True, say=lambda _: None, recorder=imitated)
    for number, batch in enumerate(batches(market, 6)):
        logs = finished(state, take_step(state, batch, terms, config, ALONE, capture=capture))
        assert ("discriminator/shape" in logs) == (number == 5), number
    assert len(capture._recorded) == 1


@pytest.mark.slow
def test_a_dry_run_times_the_steps_that_are_replayed(
    tiny: RunConfig, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replays = []

    def counted(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
        replay, values = imitated(run)
        return lambda: replays.append(replay()), values

    def of_run(config: RunConfig, state: TrainingState, *_: Any) -> Capture:
        return Capture(state, required=True, say=lambda _: None, recorder=counted)

    monkeypatch.setitem(plan.__globals__, "build_state", partial(build_state, masked=True))
    monkeypatch.setattr(Capture, "of_run", of_run)
    assert " s per step, " in plan(tiny, data=market)
    assert len(replays) == 2 + 1 + 3  # compared, recorded, timed


def test_an_update_that_fails_leaves_a_number_as_learning_rate(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimizer = build_state(tiny, ALONE, masked=True).generator.optimizer

    def failing() -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(optimizer, "step", failing)
    with pytest.raises(RuntimeError, match="not permitted"):
        adam_step(optimizer, torch.tensor(0.1), torch.zeros(()), masked=True)
    assert optimizer.param_groups[0]["lr"] == tiny.optimization.learning_rate


def test_recording_that_breaks_off_in_an_update(tiny: RunConfig, market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next step is taken as if nothing had happened, scaled losses included."""
    config = replace(tiny, hardware=replace(tiny.hardware, precision="16-mixed"))
    state, remarks = build_state(config, ALONE, masked=True), []

    def breaking_off(run: Callable[[], Values]) -> tuple[Callable[[], object], Values]:
        def failing(*_: Any, **__: Any) -> None:
            raise RuntimeError("out of memory")

        with monkeypatch.context() as patch:
            patch.setattr(step, "adam_step", failing)
            return lambda: None, run()

    capture = Capture(state, required=False, say=remarks.append, recorder=breaking_off)
    for batch in batches(market, 5):
        take_step(state, batch, Objective(config.objective), config, ALONE, capture=capture)
    assert len(remarks) == 1
    assert "(out of memory)" in remarks[0]


def test_capture_that_must_be_there(tiny: RunConfig, market: Path, tmp_path: Path) -> None:
    config = replace(tiny, hardware=replace(tiny.hardware, accelerator="cpu", capture="on"))
    with pytest.raises(RunError, match=r"hardware.capture on needs one GPU, but this run has 1 x cpu; use auto"):
        train(config, data=market, out=tmp_path / "run")
    state = build_state(tiny, ALONE, masked=True)
    capture = Capture(state, required=True, say=lambda _: None, recorder=not_recorded)
    *warm_up, last = batches(market, 4)
    for batch in warm_up:
        take_step(state, batch, Objective(tiny.objective), tiny, ALONE, capture=capture)
    with pytest.raises(RunError, match=r"hardware.capture on: operation not permitted"):
        take_step(state, last, Objective(tiny.objective), tiny, ALONE, capture=capture)
