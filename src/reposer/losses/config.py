"""The weighted terms of an objective, as a value derived from the catalogue of losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reposer.bounds import WEIGHT
from reposer.checks import changed, check_choice
from reposer.losses.module import Weighted
from reposer.losses.registry import LOSSES
from reposer.values import Checked

Class = TypeVar("Class")


def _with_terms(cls: type[Class]) -> type[Class]:
    """Make a dataclass that has a field for each loss before its own."""
    for name, entry in LOSSES.items():
        setattr(cls, name, entry.module.Term())
    cls.__annotations__ = {name: entry.module.Term for name, entry in LOSSES.items()} | cls.__annotations__
    return dataclass(frozen=True, kw_only=True)(cls)


@_with_terms
class ObjectiveConfig(Checked):
    """The terms of an objective: a field for each loss of ``LOSSES``, its ``weight`` beside its own settings.

    :func:`objective_of` writes one briefly.
    """

    vgg19_weights: Path | None = None
    """Local file vgg19-dcbb9e9d.pth for all terms on features; default: the torch hub cache, else a download."""

    if TYPE_CHECKING:  # the derived part

        def __init__(self, *, vgg19_weights: Path | None = None, **terms: Weighted) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, weight in self.weights.items():
            if fault := WEIGHT.fault(weight):
                raise ValueError(f"the weight of {name} must be {fault}, got {weight}")
        if not any(self.weights.values()):
            raise ValueError("at least one term needs a weight above 0")

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each term."""
        return {name: getattr(self, name).weight for name in LOSSES}


def objective_of(
    base: ObjectiveConfig | None = None, /, *, vgg19_weights: Path | None = None, **terms: float | Mapping[str, Any]
) -> ObjectiveConfig:
    """Write an objective briefly: ``objective_of(l1=10, part_ssim={"weight": 5, "missing_parts": "exclude"})``.

    Args:
        base: whose other terms and settings are kept; by default no other term has a weight.
        vgg19_weights: as in ``ObjectiveConfig``.
        terms: by the names of ``LOSSES`` a weight, or the weight and other fields of the term.

    Raises:
        InputError: if there is no such loss (suggests the nearest).
        TypeError: if a loss has no such field.
        ValueError: if a weight is below 0, or none is above it.
    """
    for name in terms:
        check_choice("loss", name, LOSSES)
    whole = {field.name: getattr(base or ObjectiveConfig, field.name) for field in fields(ObjectiveConfig)}  # type: ignore[arg-type]
    for name, term in terms.items():
        whole[name] = changed(whole[name], term if isinstance(term, Mapping) else {"weight": term})
    return ObjectiveConfig(**whole | ({} if vgg19_weights is None else {"vgg19_weights": vgg19_weights}))
