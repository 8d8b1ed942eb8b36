"""Adversarial losses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from reposer.bounds import at_least
from reposer.checks import changed, check_choice
from reposer.losses.module import LossInputs, LossModule
from reposer.similarity.content import mean_within
from reposer.tensors import check_tensor
from reposer.values import Checked

GANKind = Literal["cross_entropy", "least_squares", "hinge"]
Player = Literal["discriminator", "generator"]


@dataclass(frozen=True, kw_only=True)
class AdversarialSettings(Checked):
    """Of the adversarial loss of discriminators and generator."""

    kind: GANKind = "cross_entropy"
    """Published: "cross_entropy" for Market-1501, "least_squares" for DeepFashion; or "hinge"."""
    pool_size: Annotated[int, at_least(0, 100_000)] = 50
    """Past generated images kept to show to each discriminator; 0: none."""

    @property
    def border(self) -> float:
        """Logits above it say 'real'."""
        return 0.5 if self.kind == "least_squares" else 0.0


def adversarial_loss(
    logits: Tensor,
    *,
    real: bool,
    player: Player = "discriminator",
    content: Tensor | None = None,
    settings: AdversarialSettings = AdversarialSettings(),
    **fields: Any,
) -> Tensor:
    r"""How far a discriminator's logits are from the answer 'real' (1) or 'generated' (0), averaged over all of them.

    Cross-entropy: :math:`-\log \sigma(l)` for real, :math:`-\log(1 - \sigma(l))` for generated.
    Least squares: :math:`(l - t)^2` with t = 1 or 0.
    Hinge: :math:`\max(0, 1 - l)` for real, :math:`\max(0, 1 + l)` for generated; a generator, which has no reason
    to stop at the margin, minimises :math:`-l` (real).

    Args:
        logits: any shape; before a sigmoid.
        real: the answer that the logits should give: for a generator's term True.
        player: whose loss it is; only hinge differs.
        content: (B, 1, H, W), which pixels of the judged images count: logits (B, C, H', W') are weighted by their
            share of it; None: all alike.
        settings: the kind.
        fields: single fields of the settings.

    Returns:
        Scalar, at least float32 and at least 0; a generator's hinge term may be any number.

    Raises:
        InputError: if kind or player is unknown.
        TypeError, ValueError: if the logits are not floating point, or there are none.

    Reference: Goodfellow et al., NIPS 2014; Mao et al., "Least squares GANs", ICCV 2017, eq. 2; Lim and Ye,
    "Geometric GAN", 2017, and Miyato et al., "Spectral normalization", ICLR 2018, eq. 16 and 17.
    """
    kind = changed(settings, fields).kind
    check_choice("player", player, get_args(Player))
    check_tensor("logits", logits, "of any shape")
    if not logits.is_floating_point():
        raise TypeError(f"logits must be a floating point tensor, got {logits.dtype}")
    if not logits.numel():
        raise ValueError(f"logits must not be empty, got shape {tuple(logits.shape)}: leave such batches out")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if kind == "least_squares":
        return mean_within((logits - float(real)).square(), content)
    wrong = -logits if real else logits  # how far the logits lean to the other answer
    if kind == "cross_entropy":
        return mean_within(F.softplus(wrong), content)
    return mean_within(F.relu(1 + wrong) if player == "discriminator" else wrong, content)


class AdversarialLoss(LossModule[AdversarialSettings]):
    """Module form of :func:`adversarial_loss`: ``forward(logits, real=..., player=...)``.

    As a term of an objective, the generator's, averaged over the discriminators.
    """

    Settings = AdversarialSettings
    needs = frozenset({"logits"})

    def forward(
        self, logits: Tensor, *, real: bool, player: Player = "discriminator", content: Tensor | None = None
    ) -> Tensor:
        return adversarial_loss(logits, real=real, player=player, content=content, settings=self.settings)

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.logits is not None
        judge = partial(self, real=True, player="generator")
        contents = inputs.judged or [inputs.content] * len(inputs.logits)
        values = [judge(logits, content=content) for logits, content in zip(inputs.logits, contents, strict=True)]
        return torch.stack(values).mean()
