"""What a generator was trained on, in numbers: how its people stand, and whether another picture is like theirs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor

from reposer.bounds import at_least, between, positive
from reposer.checks import InputError
from reposer.files import read_json, write_text
from reposer.photos.framing import Framing
from reposer.photos.look import TRAITS, look
from reposer.values import Checked, from_plain

DOMAIN = "domain.json"
"""Its file in the folder of a run or of a saved generator."""
LEAST = 100
"""Images from which on they tell how others of their kind look."""
FALSE_ALARMS = 0.01
"""Share of the training images that would be called far."""
_RIDGE = 0.2
_ANKLES = (10, 13)
_UNUSUAL = 1.5
_SAID = 2
_MOST_FILE = 2**20
_Number = Annotated[float, between(-1e6, 1e6)]


@dataclass(frozen=True, kw_only=True)
class Domain(Checked):
    r"""How the pictures of a training set look: mean, scatter and the distance within which nearly all of them lie.

    The distance of a picture with the numbers x (:func:`reposer.photos.look.look`) is that of Mahalanobis,

    .. math:: d^2 = (x - \mu)^T (S + \lambda \, \mathrm{diag} S)^{-1} (x - \mu), \quad \lambda = 0.2

    with the mean :math:`\mu` and the covariance S of the training images; :math:`\lambda` keeps directions in which
    they hardly differ from deciding. Numbers that a pose does not tell count as the mean.

    Reference: Mahalanobis, "On the generalised distance in statistics", 1936.
    """

    mean: tuple[_Number, ...]
    """Of each of ``TRAITS``."""
    covariance: tuple[tuple[_Number, ...], ...]
    limit: Annotated[float, positive(1e6)]
    """The distance that 1 % of the training images exceed."""
    images: Annotated[int, at_least(LEAST)]
    """How many were measured."""
    whole: Framing
    """How people stand of whom a foot is seen: medians."""
    part: Framing | None = None
    """How others do; None: there are hardly any."""

    def __post_init__(self) -> None:
        super().__post_init__()
        lengths = {len(self.mean), len(self.covariance), *map(len, self.covariance)}
        if lengths != {len(TRAITS)}:
            raise InputError(f"expected mean and covariance of {len(TRAITS)} numbers ({', '.join(TRAITS)})")
        if not self._factor()[1]:
            raise InputError("covariance: no covariance, which is symmetric and positive definite")

    def framing(self, visible: Tensor) -> Framing:
        """How people stand of whom as much is seen as of one with these visible joints (18,)."""
        return self.whole if self.part is None or bool(feet_seen(visible[None])) else self.part

    def distances(self, numbers: Tensor) -> Tensor:
        """Distances (N,) of pictures with the numbers (N, 14)."""
        off = self._off(numbers)
        return torch.cholesky_solve(off.T, self._factor()[0]).mul(off.T).sum(dim=0).clamp(min=0).sqrt()

    def doubt(self, image: Tensor, joints: Tensor, visible: Tensor) -> str | None:
        """Say in a sentence that a picture (3, H, W) with a pose lies far from the training images, if it does."""
        numbers = look(image[None], joints[None], visible[None])
        distance = float(self.distances(numbers)[0])
        if not distance > self.limit:
            return None
        spread = torch.tensor(self.covariance, dtype=torch.float64).diag().sqrt()
        unusual = (self._off(numbers)[0] / spread).tolist()
        order = sorted(range(len(unusual)), key=lambda index: -abs(unusual[index]))
        named = [index for index in order if abs(unusual[index]) > _UNUSUAL][:_SAID] or order[:1]
        what = " and ".join(self._said(index, float(numbers[0, index]), unusual[index]) for index in named)
        return (
            f"this photo lies far from what the generator was trained on (distance {distance:.1f}; "
            f"{1 - FALSE_ALARMS:.0%} of its training images lie within {self.limit:.1f}): {what} than there; "
            "expect a poor picture"
        )

    def _said(self, index: int, value: float, unusual: float) -> str:
        trait = list(TRAITS.values())[index]
        text = trait.more if unusual > 0 else trait.less
        if not trait.unit:
            return text
        return f"{text} ({trait.unit.format(value)}, there mostly about {trait.unit.format(self.mean[index])})"

    def _off(self, numbers: Tensor) -> Tensor:
        mean = torch.tensor(self.mean, dtype=torch.float64)
        numbers = numbers.double().cpu()
        return torch.where(numbers.isnan(), mean, numbers) - mean

    def _factor(self) -> tuple[Tensor, bool]:
        covariance = torch.tensor(self.covariance, dtype=torch.float64)
        ridged = covariance + _RIDGE * torch.diag(covariance.diag())
        factor, failed = torch.linalg.cholesky_ex(ridged)
        return factor, not int(failed) and bool(torch.allclose(covariance, covariance.T))

    def to_json(self) -> dict[str, Any]:
        """Return it as a dict that ``json`` can write."""
        return {"traits": list(TRAITS), **asdict(self)}


def feet_seen(visible: Tensor) -> Tensor:
    """Whether an ankle is visible (B,), of joints (B, 18)."""
    return visible[:, _ANKLES].any(dim=1)


def domain_from_json(content: Any, where: object) -> Domain | None:
    """Read what ``Domain.to_json`` wrote; None if it is of other numbers, those of another version.

    Raises:
        InputError: if it is damaged; says where.
    """
    if not isinstance(content, dict) or not isinstance(content.get("traits"), list):
        raise InputError(f"{where}: expected a domain, as training writes it")
    if content["traits"] != list(TRAITS):
        return None
    try:
        return from_plain(Domain, {name: value for name, value in content.items() if name != "traits"})
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def read_domain(folder: Path) -> Domain | None:
    """Read the domain of a folder of a run or of a saved generator; None where there is none."""
    path = folder / DOMAIN
    return domain_from_json(read_json(path, most=_MOST_FILE), path) if path.exists() else None


def write_domain(folder: Path, domain: Domain) -> None:
    """Write the domain into a folder."""
    write_text(folder / DOMAIN, json.dumps(domain.to_json()) + "\n")
