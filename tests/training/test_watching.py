"""What a run tells while it trains: terms, gradients, accuracies, validation, warnings; loggers; the dry run."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.training.batches import batches

from reposer import metrics
from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import PairDataset, collate, open_pairs
from reposer.generator import generator_file, load_generator
from reposer.images import to_signed, to_uint8
from reposer.losses import Objective, objective_of
from reposer.models import read_network
from reposer.progress import Progress
from reposer.training import plan, train
from reposer.training.run_folder import read_log
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.watch import ROWS, DiscriminatorWatch
from reposer.training.world import World


def test_gradients_of_terms(small: RunConfig, market: Path) -> None:
    """The logged norms are those of each weighted term's gradient with respect to the generated images."""
    config = replace(small, generator=replace(small.generator, dropout=0.0))
    world = World.launch(config.hardware)
    state, objective = build_state(config, world), Objective(config.objective)
    (batch,) = batches(market, 1)
    seen = []
    original = objective.forward
    objective.forward = lambda generated, *a, **k: seen.append(generated) or original(generated, *a, **k)  # type: ignore[assignment]
    logs = train_step(state, batch, objective, config, world, term_gradients=True)
    generated = seen[0].detach().requires_grad_()
    (gradient,) = torch.autograd.grad(5 * (generated - to_signed(batch.target)).abs().mean(), generated)
    assert logs["gradient_norm/image/l1"] == pytest.approx(gradient.double().norm().item(), rel=1e-5)
    assert logs["gradient_norm/image/l1"] == pytest.approx(5 / math.sqrt(generated.numel()), rel=1e-3)
    assert logs["gradient_norm/image/adversarial"] > 0
    assert logs["gradient_norm/image/part_ssim"] > 0


@pytest.mark.slow
def test_gradients_of_terms_change_nothing(small: RunConfig, market: Path, whole: Path, tmp_path: Path) -> None:
    often = whole / "checkpoints" / "generator-0000012.safetensors"
    seldom = train(replace(small, logging=replace(small.logging, log_every=7)), data=market, out=tmp_path / "seldom")
    assert [row["step"] for row in read_log(tmp_path / "seldom")] == [7, 12]
    for name, tensor in read_network(often)[0].items():
        assert tensor.equal(read_network(seldom)[0][name])


@pytest.mark.parametrize("gan", ["cross_entropy", "least_squares"])
def test_accuracy(small: RunConfig, market: Path, gan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the logits that the discriminator gave: the share on the right side."""
    config = replace(small, objective=objective_of(small.objective, adversarial={"kind": gan}))
    world = World.launch(config.hardware)
    state, objective = build_state(config, world), Objective(config.objective)
    answers = iter(torch.tensor([[0.9, 0.2, 0.7, -3.0], [0.4, 0.8, -1.0, -2.0]] * 2))  # real, generated; both networks
    monkeypatch.setattr(
        "reposer.training.step._judge",
        lambda trained, *_: tuple(next(answers) + 0 * next(trained.network.parameters()).sum() for _ in range(2)),
    )
    logs = train_step(state, batches(market, 1)[0], objective, config, world)
    right = (0.75, 0.5) if gan == "cross_entropy" else (0.5, 0.75)
    for name in ("appearance", "shape"):
        assert (logs[f"accuracy/{name}/real"], logs[f"accuracy/{name}/generated"]) == right


def test_validation(small: RunConfig, market: Path, tmp_path: Path) -> None:
    """The scores are those of the saved generator on all test pairs, by the metrics of the evaluation."""
    config = replace(small, logging=replace(small.logging, validate_every=5, log_every=4, best_by="l1"))
    generator = load_generator(train(config, data=market, out=tmp_path))
    rows = {row["step"]: row for row in read_log(tmp_path)}
    assert list(rows) == [4, 5, 8, 10, 12]
    assert [step for step, row in rows.items() if "validation/ssim" in row] == [5, 10, 12]
    assert "loss/l1" in rows[5]
    dataset = PairDataset(open_pairs(market, "test"))
    batch = collate([dataset[i] for i in range(len(dataset))])
    poses = batch.source_joints, batch.source_visible, batch.target_joints, batch.target_visible
    generated = to_uint8(generator.repose(to_signed(batch.source), *poses))
    for name, metric in (("ssim", metrics.ssim), ("l1", metrics.l1)):
        assert rows[12][f"validation/{name}"] == pytest.approx(metric(generated, batch.target).mean().item(), abs=1e-4)
    best = min((5, 10, 12), key=lambda step: rows[step]["validation/l1"])
    assert read_network(tmp_path / "checkpoints" / "generator-best.safetensors")[1]["step"] == best
    assert generator_file(tmp_path).name == "generator-0000012.safetensors"


@pytest.mark.slow
def test_without_a_test_split(
    small: RunConfig, market: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "market-annotation-train.csv"):
        (data / name).symlink_to(market / name)
    generator = train(small, data=data, out=tmp_path / "run", progress=Progress("test"))
    assert "no test split: no validation and no contact sheets" in capsys.readouterr().err
    assert list((tmp_path / "run" / "samples").iterdir()) == []
    looked_at = whole / "checkpoints" / generator.name  # validation and contact sheets change nothing
    assert generator.read_bytes() == looked_at.read_bytes()


def row(real: float, generated: float) -> dict[str, float]:
    return {"accuracy/shape/real": real, "accuracy/shape/generated": generated, "accuracy/appearance/real": 0.7,
            "accuracy/appearance/generated": 0.6}  # fmt: skip


@pytest.mark.parametrize(
    ("right", "message"), [((1.0, 0.995), "'shape' has always won"), ((0.9, 0.1), "'shape' has told nothing")]
)
def test_warnings_come_once_and_after_a_while(right: tuple[float, float], message: str) -> None:
    watch = DiscriminatorWatch()
    assert [watch.add(row(*right)) for _ in range(ROWS - 1)] == [[]] * (ROWS - 1)
    (warning,) = watch.add(row(*right))
    assert message in warning
    assert watch.add(row(*right)) == []
    assert DiscriminatorWatch([row(*right)] * (ROWS - 1)).add(row(*right)) == [warning]


def test_one_good_row_is_enough_for_no_warning() -> None:
    watch = DiscriminatorWatch([row(1, 1)] * (ROWS - 1))
    assert watch.add(row(0.9, 0.9)) == []
    assert [watch.add(row(1, 1)) for _ in range(ROWS - 1)] == [[]] * (ROWS - 1)


def test_tensorboard_has_the_rows(whole: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(whole / "tensorboard")).Reload()
    logged = {event.step: event.value for event in events.Scalars("loss/l1")}
    assert logged == {row["step"]: pytest.approx(row["loss/l1"]) for row in read_log(whole)}


def test_tensorboard_shows_the_contact_sheets(whole: Path) -> None:
    import io

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(whole / "tensorboard"), size_guidance={"images": 0}).Reload()
    for event, path in zip(events.Images("samples"), sorted((whole / "samples").iterdir()), strict=True):
        assert path.name == f"step-{event.step:07d}.png"
        shown = Image.open(io.BytesIO(event.encoded_image_string))
        assert shown.tobytes() == Image.open(path).convert("RGB").tobytes()


def test_row_with_half_an_accuracy_is_left_out() -> None:
    """As somebody may have changed it in metrics.jsonl."""
    watch = DiscriminatorWatch([row(1, 1)] * (ROWS - 1))
    assert watch.add({"step": 3, "accuracy/appearance/real": 1.0, "accuracy/": 1.0, "accuracy": 1.0}) == []
    assert len(watch.add(row(1, 1))) == 1


@pytest.mark.slow
def test_no_loggers(small: RunConfig, market: Path, tmp_path: Path) -> None:
    train(replace(small, logging=replace(small.logging, loggers=())), data=market, out=tmp_path)
    assert not (tmp_path / "tensorboard").exists()
    assert len(read_log(tmp_path)) == 12


def test_wandb_without_its_package(
    small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reposer.training.run_folder.find_spec", lambda name: None)
    config = replace(small, logging=replace(small.logging, loggers=("wandb",)))
    with pytest.raises(InputError, match="pip install wandb"):
        train(config, data=market, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_wandb_offline(small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    train(replace(small, logging=replace(small.logging, loggers=("wandb",))), data=market, out=tmp_path)
    wandb.finish()
    assert list((tmp_path / "wandb").rglob("*.wandb"))


def test_dry_run(small: RunConfig, market: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = plan(small, data=market)
    start = json.loads(text[: text.index("\n}") + 2])
    assert start["objective"]["l1"]["weight"] == 5
    parameters = sum(p.numel() for p in build_state(small, World.launch(small.hardware)).generator.network.parameters())
    assert f"generator: {parameters:,} parameters" in text
    assert "memory: " in text
    assert "images/s on 1 x cpu; 12 steps: 0.0 hours" in text
    assert list(tmp_path.iterdir()) == []


def test_dry_run_times_late_discriminators(small: RunConfig, market: Path) -> None:
    late = replace(small, optimization=replace(small.optimization, adversarial_start_step=7))
    assert re.search(
        r"time: [\d.]+ s per step \([\d.]+ s after step 7, with the discriminators\), ", plan(late, data=market)
    )
