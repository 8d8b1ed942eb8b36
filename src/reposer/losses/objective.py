"""The objective of a training: named, weighted terms, each reported unweighted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from reposer.correspondence import Explained, PairTruth
from reposer.features import VGG19Features
from reposer.losses.config import ObjectiveConfig
from reposer.losses.feature_maps import feature_maps
from reposer.losses.module import LossInputs, LossModule, Need
from reposer.losses.registry import LOSSES

_MISSING = {
    "joints": "joints and visible must be the target's",
    "logits": "fake_logits must hold the discriminators' logits",
    "source": "source must be the source images",
    "explained": "explained must be what the network says of flow and visibility, which not every network does",
    "truth": "truth must be the true flow, visibility and parts, which not every data set has",
}


@dataclass(frozen=True)
class ObjectiveValue:
    """Unweighted terms by name, and their weighted total."""

    terms: dict[str, Tensor]
    total: Tensor


class Objective(nn.Module):
    """The generator's objective: a weighted sum of the terms of an ``ObjectiveConfig``, any of ``LOSSES``.

    ``forward(generated, target, joints, visible, fake_logits=(...))`` takes images (B, 3, H, W) in [-1, 1], the
    target's joints (B, J, 2) with visible (B, J), and the discriminators' logits for the generated images, the last
    three only for terms that need them; it returns an :class:`ObjectiveValue`. ``fake_logits=None`` leaves the
    adversarial term out, for steps before the discriminators join in. The terms on VGG19 features share one network
    and its feature maps. Of padded images, ``content`` (B, 1, H, W) bool says which pixels count; the generated images
    must be equal to the target elsewhere (``reposer.similarity.content``); ``judged`` says it of what each
    discriminator saw, where that is not all of the image. Some terms need the ``source`` images, what the network has
    ``explained``, or the ``truth`` of a data set that knows it.
    """

    def __init__(self, config: ObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.weights = {name: weight for name, weight in config.weights.items() if weight > 0}
        settings = {name: getattr(config, name) for name in self.weights}
        on_features = [settings[name] for name in self.weights if "features" in LOSSES[name].needs]
        layers = {layer: None for term in on_features for layer, _ in term.layers}
        self.features = VGG19Features(*layers, weights=config.vgg19_weights) if on_features else None
        self.terms = nn.ModuleDict()
        for name, term in settings.items():
            shared: dict[str, Any] = {"features": self.features} if "features" in LOSSES[name].needs else {}
            self.terms[name] = LOSSES[name].module(settings=term, **shared)

    @property
    def needs(self) -> frozenset[Need]:
        """What its terms need besides the two images."""
        settings = {name: getattr(self.config, name) for name in self.weights}
        return frozenset(need for name in settings for need in LOSSES[name].module.needs_of(settings[name]))

    def forward(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor | None = None,
        visible: Tensor | None = None,
        *,
        fake_logits: tuple[Tensor, ...] | None = (),
        content: Tensor | None = None,
        judged: tuple[Tensor, ...] | None = None,
        source: Tensor | None = None,
        explained: Explained | None = None,
        truth: PairTruth | None = None,
    ) -> ObjectiveValue:
        inputs = LossInputs(
            generated=generated,
            target=target,
            joints=None if joints is None or visible is None else (joints, visible),
            logits=fake_logits or None,
            # One pass of each image through VGG19, whichever terms need it.
            features=feature_maps(self.features, generated, target) if self.features is not None else None,
            content=content,
            judged=judged or None,
            source=source,
            explained=explained,
            truth=truth,
        )
        terms = {}
        for name, module in self.terms.items():
            term = cast("LossModule[Any]", module)
            if fake_logits is None and "logits" in term.needs:
                continue
            for need in term.needs_of(term.settings):
                if getattr(inputs, need) is None:
                    raise ValueError(f"{_MISSING[need]}: the {name} term has a weight")
            terms[name] = term.term(inputs)
        wide = {name: term.to(torch.promote_types(term.dtype, torch.float32)) for name, term in terms.items()}
        total = torch.stack([self.weights[name] * term for name, term in wide.items()]).sum()
        return ObjectiveValue(terms, total)

    def discriminator_loss(
        self,
        real_logits: Tensor,
        fake_logits: Tensor,
        *,
        real_content: Tensor | None = None,
        fake_content: Tensor | None = None,
    ) -> Tensor:
        """Loss of one discriminator: weight * (GAN(real, 1) + GAN(generated, 0)) / 2, of the content of each."""
        loss = self.terms["adversarial"]
        real = loss(real_logits, real=True, content=real_content)
        fake = loss(fake_logits, real=False, content=fake_content)
        return self.weights["adversarial"] * (real + fake) / 2
