"""The weighted sum of a training, and the objectives of the released code by name."""

import json
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.losses.random_weights import squeeze_state, vgg_state
from torch import Tensor, nn

from reposer import losses
from reposer.checks import InputError
from reposer.commands.train import main as train_command
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.correspondence import Explained, PairTruth
from reposer.features import WeightsFile
from reposer.losses import LOSSES, OBJECTIVES, LossEntry, Objective, ObjectiveConfig, objective_named, objective_of
from reposer.losses.module import NoSettings
from reposer.recipes import recipe
from reposer.similarity import PartSSIMSettings

JOINTS = torch.rand(2, 18, 2, generator=torch.Generator().manual_seed(0)) * 24
VISIBLE = torch.ones(2, 18, dtype=torch.bool)
LOGITS = tuple(torch.randn(2, 2, 8, 4, 4, generator=torch.Generator().manual_seed(1)))


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 2, 3, 32, 24, generator=torch.Generator().manual_seed(2)) * 2 - 1
    return x, y


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights where the published ones would be loaded."""
    pytest.importorskip("lpips")
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    monkeypatch.setattr("reposer.features.lpips.state_and_identity", lambda *_: (squeeze_state(), "random"))


SETTINGS: dict[str, dict[str, Any]] = {
    "adversarial": {"kind": "least_squares"},
    "l1": {},
    "l2": {},
    "charbonnier": {"epsilon": 0.5},
    "total_variation": {},
    "perceptual": {"distance": "l2", "layers": {"relu1_1": 0.5, "relu1_2": 2.0}},
    "style": {"layers": {"relu1_1": 2.0}},
    "lpips": {"backbone": "squeeze", "version": "0.0"},
    "ssim": {"window_size": 5, "sigma": 1.1, "sample_covariance": True},
    "multi_scale_ssim": {"scales": 1, "window_size": 9},
    "perceptual_ssim": {"window_size": 5, "data_range": 3.0},
    "part_ssim": {"missing_parts": "exclude", "background": "normalized"},
    "mask_l1": {"masks": "exact"},
    "face": {"size": 12, "structure": 0.25},
    "flow": {"power": 0.25, "hidden": 0.5, "coarser": 0.0},
    "visibility": {"balanced": True},
    "warp": {"epsilon": 0.5},
}
"""Settings of each loss that are not the defaults."""


def truth_of(y: Tensor) -> PairTruth:
    """Some flow, what is seen, and parts."""
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(24), indexing="ij")
    flow = torch.stack((columns * 0.5 + 3, rows * 0.25 + 5)).float().expand(2, -1, -1, -1)
    parts = ((rows // 8 + columns // 8) % 4).to(torch.uint8).expand(2, -1, -1)
    return PairTruth(flow, (parts > 0) & (columns > 6), parts)


def explained_of(x: Tensor) -> Explained:
    """What depends on the image at two scales."""
    flow = 4 * x[:, :2] + 9
    return Explained(x, (flow[..., ::2, ::2], flow), (x[:, :1, ::2, ::2], x[:, 2:]))


def more_of(x: Tensor, y: Tensor) -> dict[str, Any]:
    """All that an objective can be given besides."""
    return {"fake_logits": logits_of(x), "source": y, "explained": explained_of(x), "truth": truth_of(y)}


def logits_of(x: Tensor) -> tuple[Tensor, ...]:
    """Two discriminators' logits that depend on the image."""
    return x, -2 * x


@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.usefixtures("networks")
def test_each_loss_is_a_term(name: str, images: tuple[Tensor, Tensor]) -> None:
    """Alone in an objective: weight * the value of the Module with the same settings, and its gradient."""
    entry, options = LOSSES[name], SETTINGS[name]
    x, y = images[0].clone().requires_grad_(), images[1]
    value = Objective(objective_of(**{name: {"weight": 3, **options}}))(x, y, JOINTS, VISIBLE, **more_of(x, y))
    expected = direct(name, entry.module(**options), x, y)
    assert value.terms.keys() == {name}
    torch.testing.assert_close(value.terms[name], expected)
    torch.testing.assert_close(value.total, 3 * expected)
    (gradient,), (expected_gradient,) = (torch.autograd.grad(total, x) for total in (value.total, 3 * expected))
    assert gradient.abs().max() > 0
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-5 * gradient.abs().max().item())
    if options:
        backbone = {key: value for key, value in options.items() if key == "backbone"}  # there is one with weights here
        default = Objective(objective_of(**{name: {"weight": 3, **backbone}}))(x, y, JOINTS, VISIBLE, **more_of(x, y))
        assert abs(default.total.item() - value.total.item()) > 1e-3 * abs(value.total.item())


def direct(name: str, module: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Value of a Module that is called by hand."""
    if name == "adversarial":
        return (module(x, real=True, player="generator") + module(-2 * x, real=True, player="generator")) / 2
    if name == "total_variation":
        return module(x)
    (flow, seen, parts), explained = truth_of(y), explained_of(x)
    if name == "mask_l1":
        return module(x, y, parts > 0)
    if name == "flow":
        return module(explained.flows, flow, seen, person=parts > 0)
    if name == "visibility":
        return module(explained.visibilities, seen, person=parts > 0)
    if name == "warp":
        return module(y, y, explained.flows[-1], seen)
    return module(x, y, JOINTS, VISIBLE) if name in ("part_ssim", "face") else module(x, y)


def test_the_catalogue_is_complete() -> None:
    assert {entry.module for entry in LOSSES.values()} == {
        getattr(losses, name) for name in losses.__all__ if name.endswith("Loss")
    }
    assert SETTINGS.keys() == LOSSES.keys()
    for name, entry in LOSSES.items():
        assert entry.name == name
        names = {field.name for field in fields(entry.settings)}
        assert {field.name for field in fields(entry.module.Term)} == {"weight"} | names
        assert isinstance(getattr(objective_of(l1=1), name), entry.module.Term)
    with pytest.raises(TypeError):
        LOSSES["l3"] = LOSSES["l1"]  # type: ignore[index]
    broken = type("Broken", (losses.LossModule,), {"Settings": NoSettings, "needs": frozenset({"mask"})})
    with pytest.raises(InputError, match="unknown need of the loss broken 'mask'"):
        LossEntry("broken", broken)


@pytest.mark.usefixtures("networks")
def test_all_of_them_together(images: tuple[Tensor, Tensor]) -> None:
    weights = {name: number + 1.5 for number, name in enumerate(LOSSES)}
    config = objective_of(**{name: {"weight": weight, **SETTINGS[name]} for name, weight in weights.items()})
    value = Objective(config)(*images, JOINTS, VISIBLE, **more_of(*images))
    assert config.weights == weights
    total = 0.0
    for name, weight in weights.items():
        term = direct(name, LOSSES[name].module(**SETTINGS[name]), *images)
        torch.testing.assert_close(value.terms[name], term)
        total += weight * term.item()
    assert value.total.item() == pytest.approx(total, rel=1e-5)
    run = RunConfig(objective=config)
    assert config_from_json(config_to_json(run)) == run
    assert pickle.loads(pickle.dumps(run)) == run
    assert hash(pickle.loads(pickle.dumps(config))) == hash(config)


def test_settings_are_read_from_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []
    monkeypatch.setattr("reposer.commands.train.train", lambda config, **_: seen.append(config))
    options = (
        "--objective.lpips.weight 2 --objective.lpips.backbone squeeze --objective.part-ssim.missing-parts exclude "
        "--objective.ssim.window-size 11 --objective.style.layers relu1_2 1 relu3_2 0.5"
    )
    train_command(["market-pssim", "--data", str(tmp_path), "--out", str(tmp_path), *options.split()])
    base = recipe("market-pssim").objective
    assert seen[0].objective == objective_of(
        base,
        lpips={"weight": 2, "backbone": "squeeze"},
        part_ssim={"missing_parts": "exclude"},
        ssim={"window_size": 11},
        style={"layers": {"relu1_2": 1, "relu3_2": 0.5}},
    )
    assert seen[0].objective.perceptual_ssim.window_size == 7  # no term shares another's window


@pytest.mark.parametrize(
    "options",
    [
        {"missing_parts": "exclude"},
        {"background": "normalized"},
        {"statistics": "local"},
        {"multi_scale": True},
        {"reference_height": 64},
    ],
    ids=str,
)
def test_pssim_as_configured(images: tuple[Tensor, Tensor], options: dict[str, Any]) -> None:
    visible = VISIBLE.clone()
    visible[:, 4] = False
    config = objective_of(part_ssim={"weight": 1, **options})
    value = Objective(config)(*images, JOINTS, visible).terms["part_ssim"]
    assert value == losses.PartSSIMLoss(**options)(*images, JOINTS, visible)
    assert value == losses.PartSSIMLoss(settings=PartSSIMSettings(**options))(*images, JOINTS, visible)
    assert value != losses.PartSSIMLoss()(*images, JOINTS, visible)
    run = RunConfig(objective=config)
    assert config_from_json(config_to_json(run)) == run


@pytest.mark.usefixtures("networks")
def test_terms_share_the_features(images: tuple[Tensor, Tensor]) -> None:
    layers = {"relu1_2": 1, "relu1_1": 0.5}
    objective = Objective(objective_of(perceptual={"weight": 1, "layers": layers}, style=1, perceptual_ssim=1))
    passes = []
    assert objective.features is not None
    objective.features.register_forward_hook(lambda *_: passes.append(1))
    objective(*images)
    assert len(passes) == 2


def test_no_term_no_network(images: tuple[Tensor, Tensor]) -> None:
    objective = Objective(objective_of(l1=1))
    assert objective.features is None
    assert objective(*images).terms.keys() == {"l1"}


def test_hinge(images: tuple[Tensor, Tensor]) -> None:
    objective = Objective(objective_of(adversarial={"weight": 2, "kind": "hinge"}))
    real, fake = LOGITS
    value = objective(*images, JOINTS, VISIBLE, fake_logits=LOGITS)
    torch.testing.assert_close(value.total, -(real.mean() + fake.mean()))
    expected = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    torch.testing.assert_close(objective.discriminator_loss(real, fake), expected)


def test_nonsense_is_refused(images: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match="weight of l1 must be at least 0, got -1"):
        objective_of(l1=-1)
    for nothing in (ObjectiveConfig, objective_of):
        with pytest.raises(ValueError, match="at least one term needs a weight above 0"):
            nothing()
    with pytest.raises(ValueError, match="fake_logits must hold the discriminators' logits: the adversarial term has"):
        Objective(objective_of(adversarial=5))(*images, JOINTS, VISIBLE)
    with pytest.raises(ValueError, match="joints and visible must be the target's: the part_ssim term has a weight"):
        Objective(objective_of(part_ssim=5))(*images)
    for name, missing in (("flow", "explained"), ("warp", "source"), ("mask_l1", "truth"), ("part_ssim", "truth")):
        exact = {"masks": "exact"} if missing == "truth" else {}
        given = {key: value for key, value in more_of(*images).items() if key != missing}
        objective = Objective(objective_of(**{name: {"weight": 5, **exact}}))
        with pytest.raises(ValueError, match=rf"^{missing} must be .*: the {name} term has a weight"):
            objective(*images, JOINTS, VISIBLE, **given)
    with pytest.raises(InputError, match="unknown loss 'part_sim'; did you mean 'part_ssim'"):
        objective_of(part_sim=1)
    with pytest.raises(TypeError, match="unexpected keyword 'windw_size'; did you mean 'window_size'"):
        objective_of(ssim={"weight": 1, "windw_size": 7})
    with pytest.raises(InputError, match="unknown kind 'hinges'; did you mean 'hinge'"):
        objective_of(adversarial={"weight": 1, "kind": "hinges"})
    with pytest.raises(ValueError, match="pool_size must be at least 0, got -1"):
        objective_of(adversarial={"weight": 1, "pool_size": -1})


TERMS_BY_NAME = {
    "none": set(),
    "l1": {"l1"},
    "perceptual": {"perceptual"},
    "ssim": {"ssim"},
    "style": {"style"},
    "perceptual-ssim": {"perceptual_ssim"},
    "l1-perceptual": {"l1", "perceptual"},
    "l1-perceptual-ssim": {"l1", "perceptual", "ssim"},
    "l1-perceptual-pssim": {"l1", "perceptual", "part_ssim"},
    "style-perceptual-pssim": {"style", "perceptual", "part_ssim"},
    "perceptual-pssim": {"perceptual", "part_ssim"},
}


@pytest.mark.parametrize("name", list(OBJECTIVES))
@pytest.mark.usefixtures("networks")
def test_named_objectives(name: str, images: tuple[Tensor, Tensor]) -> None:
    terms = TERMS_BY_NAME[name]
    value = Objective(objective_named(name))(*images, JOINTS, VISIBLE, fake_logits=LOGITS)
    assert value.terms.keys() == terms | {"adversarial"}
    assert value.total.isfinite()
    weights = {name: weight for name, weight in objective_named(name).weights.items() if weight}
    assert weights == {"adversarial": 5.0, **dict.fromkeys(terms, 10.0)}
    if name != "none":
        value = Objective(objective_named(name, adversarial=False))(*images, JOINTS, VISIBLE)
        assert value.terms.keys() == terms


def test_names_are_complete_and_fixed() -> None:
    assert OBJECTIVES.keys() == TERMS_BY_NAME.keys()
    with pytest.raises(TypeError):
        OBJECTIVES["l1"] = OBJECTIVES["none"]  # type: ignore[index]
    with pytest.raises(InputError, match="unknown objective 'l1-perceptual-psim'; did you mean 'l1-perceptual-pssim'"):
        objective_named("l1-perceptual-psim")
    with pytest.raises(InputError, match="'none' is the adversarial term alone"):
        objective_named("none", adversarial=False)


def test_fields_that_are_not_saved_have_their_defaults() -> None:
    config = RunConfig(objective=objective_of(l1=3))
    saved = json.loads(config_to_json(config))
    del saved["objective"]["style"], saved["objective"]["part_ssim"]["background"]
    assert config_from_json(json.dumps(saved)) == config
