"""The trial of an objective on one image of a run's size, before its first step."""

from __future__ import annotations

from typing import Any, cast

import torch

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.correspondence import Explained, PairTruth
from reposer.losses import LOSSES, Objective
from reposer.losses.feature_maps import feature_maps
from reposer.losses.module import LossInputs, LossModule
from reposer.models import NETWORKS, GeneratorNetwork
from reposer.poses import OPENPOSE_18


def try_objective(objective: Objective, size: tuple[int, int], device: torch.device) -> None:
    """Raise InputError where a term of the objective, such as its window, does not fit images of that size (H, W)."""
    image = torch.zeros(1, 3, *size, device=device)
    place = torch.linspace(0.1, 0.9, len(OPENPOSE_18.joints), device=device)
    joints = torch.stack((place * size[1], place * size[0]), dim=-1)[None]
    places = torch.stack(torch.meshgrid(*(torch.arange(float(n), device=device) for n in size), indexing="ij"))[None]
    places = places.flip(1)
    everywhere = torch.ones(1, *size, dtype=torch.bool, device=device)
    name = "features"
    try:
        with torch.no_grad():
            inputs = LossInputs(
                generated=image,
                target=image,
                joints=(joints, torch.ones_like(joints[..., 0]).bool()),
                logits=(image,),
                features=feature_maps(objective.features, image, image) if objective.features is not None else None,
                source=image,
                explained=Explained(image, (places,), (places[:, :1],)),
                truth=PairTruth(places, everywhere, everywhere.to(torch.uint8)),
            )
            for name, term in objective.terms.items():  # noqa: B007 - it is named in the error
                cast(LossModule[Any], term).term(inputs)
    except ValueError as error:
        raise InputError(f"objective.{name}: {error}") from None


def check_terms(objective: Objective, network: type[GeneratorNetwork]) -> None:
    """Raise InputError where a term needs the explanation of images that the network does not explain."""
    if "explained" not in objective.needs or network.explains:
        return
    able = " or ".join(name for name, entry in NETWORKS.items() if entry.module.explains)
    for name, module in objective.terms.items():
        term = cast(LossModule[Any], module)
        if "explained" in term.needs_of(term.settings):
            raise InputError(
                f"objective.{name}: {network.__name__} does not explain its images; choose --generator.network {able}, "
                f"or --objective.{name}.weight 0"
            )


def check_truth(config: RunConfig) -> None:
    """Raise InputError where a term or an augmentation needs the truth of the pairs and the run does not read it."""
    objective = config.objective
    used = [name for name, weight in objective.weights.items() if weight]
    users = [f"objective.{name}" for name in used if "truth" in LOSSES[name].module.needs_of(getattr(objective, name))]
    users += ["augmentation.plain"] if config.augmentation.plain else []
    if users and not config.data.truth:
        raise InputError(f"{', '.join(users)}: needs --data.truth, of data that 'reposer people' made")
