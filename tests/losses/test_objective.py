"""The weighted sum of a training, and the objectives of the released code by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.losses.random_weights import vgg_state
from torch import Tensor

from reposer import losses
from reposer.checks import InputError
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.features import VGG19Features, WeightsFile
from reposer.losses import OBJECTIVES, Objective, ObjectiveConfig, objective_named
from reposer.poses import limb_masks

JOINTS = torch.rand(2, 18, 2, generator=torch.Generator().manual_seed(0)) * 24
VISIBLE = torch.ones(2, 18, dtype=torch.bool)
LOGITS = tuple(torch.randn(2, 2, 8, 4, 4, generator=torch.Generator().manual_seed(1)))


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 2, 3, 32, 24, generator=torch.Generator().manual_seed(2)) * 2 - 1
    return x, y


@pytest.fixture
def vgg(monkeypatch: pytest.MonkeyPatch) -> VGG19Features:
    """Random weights where the published ones would be loaded."""
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    return VGG19Features()


def test_is_the_weighted_sum(images: tuple[Tensor, Tensor], vgg: VGG19Features) -> None:
    config = ObjectiveConfig(adversarial=5, l1=2, perceptual=4, style=6, ssim=3, perceptual_ssim=7, part_ssim=10)
    value = Objective(config)(*images, JOINTS, VISIBLE, fake_logits=LOGITS)
    window = {"window_size": 7, "sigma": 0.8}
    expected = {
        "adversarial": sum(losses.adversarial_loss(item, real=True) for item in LOGITS) / 2,
        "l1": losses.l1_loss(*images),
        "perceptual": losses.perceptual_loss(*images, features=vgg),
        "style": losses.style_loss(*images, features=vgg),
        "ssim": losses.ssim_loss(*images, **window),
        "perceptual_ssim": losses.perceptual_ssim_loss(*images, features=vgg, **window),
        "part_ssim": losses.part_ssim_loss(*images, limb_masks(JOINTS, VISIBLE, (32, 24))),
    }
    assert value.terms.keys() == expected.keys()
    for name, term in expected.items():
        torch.testing.assert_close(value.terms[name], term)
    total = sum(config.weights[name] * term.item() for name, term in expected.items())
    assert value.total.item() == pytest.approx(total, rel=1e-5)


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
    config = ObjectiveConfig(adversarial=0, part_ssim=1, **options)
    value = Objective(config)(*images, JOINTS, visible).terms["part_ssim"]
    assert value == losses.PartSSIMLoss(**options)(*images, JOINTS, visible)
    assert value != losses.PartSSIMLoss()(*images, JOINTS, visible)
    run = RunConfig(objective=config)
    assert config_from_json(config_to_json(run)) == run


@pytest.mark.usefixtures("vgg")
def test_terms_share_the_features(images: tuple[Tensor, Tensor]) -> None:
    objective = Objective(ObjectiveConfig(adversarial=0, perceptual=1, style=1, perceptual_ssim=1))
    passes = []
    assert objective.features is not None
    objective.features.register_forward_hook(lambda *_: passes.append(1))
    objective(*images, JOINTS, VISIBLE)
    assert len(passes) == 2


def test_no_term_no_network(images: tuple[Tensor, Tensor]) -> None:
    objective = Objective(ObjectiveConfig(adversarial=0, l1=1))
    assert objective.features is None
    assert objective(*images, JOINTS, VISIBLE).terms.keys() == {"l1"}


def test_hinge(images: tuple[Tensor, Tensor]) -> None:
    objective = Objective(ObjectiveConfig(adversarial=2, gan="hinge"))
    real, fake = LOGITS
    value = objective(*images, JOINTS, VISIBLE, fake_logits=LOGITS)
    torch.testing.assert_close(value.total, -(real.mean() + fake.mean()))
    expected = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    torch.testing.assert_close(objective.discriminator_loss(real, fake), expected)


def test_nonsense_is_refused(images: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(ValueError, match="weight of l1 must be at least 0, got -1"):
        ObjectiveConfig(l1=-1)
    with pytest.raises(ValueError, match="at least one term needs a weight above 0"):
        ObjectiveConfig(adversarial=0)
    with pytest.raises(ValueError, match="fake_logits must hold the discriminators' logits"):
        Objective(ObjectiveConfig())(*images, JOINTS, VISIBLE)


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
@pytest.mark.usefixtures("vgg")
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
        OBJECTIVES["l1"] = ObjectiveConfig()  # type: ignore[index]
    with pytest.raises(InputError, match="unknown objective 'l1-perceptual-psim'; did you mean 'l1-perceptual-pssim'"):
        objective_named("l1-perceptual-psim")
    with pytest.raises(InputError, match="'none' is the adversarial term alone"):
        objective_named("none", adversarial=False)


def test_older_configurations_load() -> None:
    config = RunConfig(objective=ObjectiveConfig(l1=3))
    saved = json.loads(config_to_json(config))
    for name in ("style", "perceptual_ssim", "background", "statistics", "multi_scale", "reference_height"):
        del saved["objective"][name]
    assert config_from_json(json.dumps(saved)) == config
    style = replace(config, objective=OBJECTIVES["style-perceptual-pssim"])
    assert config_from_json(config_to_json(style)) == style
