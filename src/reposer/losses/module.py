"""What every loss Module shares: its settings as one value, its value range, and how it becomes a term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from torch import Tensor, nn

from reposer.checks import changed
from reposer.correspondence import Explained, PairTruth
from reposer.images import SIGNED
from reposer.plausibility import check_value_range
from reposer.values import Checked

FeatureMaps = Mapping[str, Tensor]
"""Feature maps (B, C, H', W') by layer."""
Need = Literal["joints", "logits", "features", "source", "explained", "truth"]
"""What a term may need besides the two images."""
S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class NoSettings(Checked):
    """Of a loss without settings."""


@dataclass(frozen=True, kw_only=True)
class Weighted(Checked):
    """A term of an objective: beside its weight stand the settings of its loss."""

    weight: float = 0.0
    """Weight of the term in the sum; 0: it is not computed."""


@dataclass(frozen=True, kw_only=True)
class LossInputs:
    """What an objective hands its terms: two images (B, 3, H, W) in [-1, 1], and what it has of the rest.

    The target's joints (B, J, 2) with visible (B, J), each discriminator's logits for the generated images, the VGG19
    feature maps of both images, of padded images which pixels count (B, 1, H, W) bool, the source image, what the
    network explains of the generated image, and what is known about the target.
    """

    generated: Tensor
    target: Tensor
    joints: tuple[Tensor, Tensor] | None = None
    logits: tuple[Tensor, ...] | None = None
    features: tuple[FeatureMaps, FeatureMaps] | None = None
    content: Tensor | None = None
    judged: tuple[Tensor, ...] | None = None
    """Which pixels of what each discriminator judged count; None: ``content``."""
    source: Tensor | None = None
    explained: Explained | None = None
    truth: PairTruth | None = None


class LossModule(nn.Module, Generic[S]):
    """Base of the losses' Modules.

    A subclass names the dataclass of its ``Settings`` and what it ``needs``; ``Term`` is made of them: the settings
    and a weight. ``forward(generated, target)``, unless the subclass says otherwise; with ``content``, see
    ``reposer.similarity.content``, it also trains on photos of one's own, which are padded.

    Args:
        settings: all of them; by default ``Settings()``.
        value_range: lowest and highest possible value of the images.
        fields: single fields of the settings, as keywords.

    Raises:
        TypeError, ValueError: if there is no such field, or the value range is none.
    """

    Settings: ClassVar[type]
    Term: ClassVar[type[Weighted]]
    needs: ClassVar[frozenset[Need]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "Settings" in cls.__dict__:
            names = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.Term", "__doc__": cls.__doc__}
            cls.Term = make_dataclass(
                "Term", (), bases=(cls.Settings, Weighted), namespace=names, frozen=True, kw_only=True
            )

    def __init__(self, *, settings: S | None = None, value_range: tuple[float, float] = SIGNED, **fields: Any) -> None:
        super().__init__()
        check_value_range(value_range)
        self.settings: S = changed(self.Settings() if settings is None else settings, fields)
        self.value_range = value_range

    @classmethod
    def needs_of(cls, settings: S) -> frozenset[Need]:
        """What the term needs under these settings; by default what the class ``needs``."""
        return cls.needs

    def extra_repr(self) -> str:
        """The settings and the value range, which ``print`` shows."""
        shown = [f"{name}={value!r}" for name, value in vars(self.settings).items()]
        return ", ".join([*shown, f"value_range={self.value_range}"])

    def term(self, inputs: LossInputs) -> Tensor:
        """Value as a term of an objective, which hands over all that the Module needs."""
        padded = {} if inputs.content is None else {"content": inputs.content}
        return self(inputs.generated, inputs.target, **padded)
