"""How long a person's limbs are, from one picture in which each may be foreshortened."""

from dataclasses import dataclass

import torch
from torch import Tensor

NECK, MID_HIP, FACE = 1, 18, 19
"""The neck, and the places that :func:`with_middles` adds: middle of the hips, and of what is seen of the face."""
SHOULDER_JOINTS, HIP_JOINTS, FACE_JOINTS = (2, 5), (8, 11), (0, 14, 15, 16, 17)

FACTORS = {
    "size": 100.0,
    "torso": 0.04,
    "legs": 0.06,
    "thighs": 0.02,
    "arms": 0.05,
    "forearms": 0.02,
    "shoulders": 0.10,
    "hips": 0.15,
    "neck": 0.12,
    "face": 0.12,
}
"""What people differ in: their size, and parts that are long for it; standard deviations of natural logarithms."""
NOISE = 0.03
"""By how much a limb looks longer than it is, in logarithms: perspective, and joints that are not quite in place."""
_STEPS = 40


@dataclass(frozen=True)
class Limb:
    """What a picture shows of one of the lengths of a body."""

    name: str
    ends: tuple[int, int]
    length: float
    """Of an average adult, as a share of the height."""
    shortening: float
    """Mean logarithm by which pictures shorten it: little where people mostly hold it upright, much across the body."""
    factors: tuple[tuple[str, float], ...]
    """By which powers of the ``FACTORS`` other than size it is longer."""


LIMBS = (
    Limb("torso", (NECK, MID_HIP), 0.293, 0.05, (("torso", 1),)),
    Limb("thigh", (8, 9), 0.240, 0.08, (("legs", 1), ("thighs", 1))),
    Limb("thigh", (11, 12), 0.240, 0.08, (("legs", 1), ("thighs", 1))),
    Limb("shin", (9, 10), 0.240, 0.08, (("legs", 1), ("thighs", -1))),
    Limb("shin", (12, 13), 0.240, 0.08, (("legs", 1), ("thighs", -1))),
    Limb("upper arm", (2, 3), 0.168, 0.15, (("arms", 1), ("forearms", -1))),
    Limb("upper arm", (5, 6), 0.168, 0.15, (("arms", 1), ("forearms", -1))),
    Limb("forearm", (3, 4), 0.142, 0.25, (("arms", 1), ("forearms", 1))),
    Limb("forearm", (6, 7), 0.142, 0.25, (("arms", 1), ("forearms", 1))),
    Limb("shoulders", SHOULDER_JOINTS, 0.200, 0.7, (("shoulders", 1),)),
    Limb("hips", HIP_JOINTS, 0.110, 0.7, (("hips", 1),)),
    Limb("neck", (NECK, FACE), 0.112, 0.1, (("neck", 1),)),
    Limb("face", (16, 17), 0.100, 0.5, (("face", 1),)),
    Limb("face", (14, 15), 0.036, 0.5, (("face", 1),)),
)
"""Proportions as in Drillis and Contini, with hips, shoulders and face where estimators of poses put their joints."""
LIMB_NAMES = tuple(dict.fromkeys(limb.name for limb in LIMBS))
_UPRIGHT = ("torso", "thigh", "shin", "neck")


def with_middles(joints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Places (B, 20, 2) and which are known (B, 20): the 18 joints, then ``MID_HIP`` and ``FACE``.

    Each is the mean of those of its joints that are visible. So is a missing neck, of both shoulders.
    """
    shoulders, both = _middle(joints, visible, SHOULDER_JOINTS, at_least=2)
    hips, face = (_middle(joints, visible, members) for members in (HIP_JOINTS, FACE_JOINTS))
    places = torch.cat((joints, hips[0][:, None], face[0][:, None]), dim=1)
    known = torch.cat((visible, hips[1][:, None], face[1][:, None]), dim=1)
    places[:, NECK] = torch.where(known[:, NECK, None], places[:, NECK], shoulders)
    known[:, NECK] |= both
    return places, known


def _middle(joints: Tensor, visible: Tensor, members: tuple[int, ...], at_least: int = 1) -> tuple[Tensor, Tensor]:
    seen = visible[:, members, None]
    count = seen.sum(dim=1)
    return torch.where(seen, joints[:, members], 0).sum(dim=1) / count.clamp(min=1), count[:, 0] >= at_least


def limb_lengths(places: Tensor, known: Tensor, *, together: bool = False) -> Tensor:
    r"""Lengths of a person's limbs if they lay in the plane of the picture, from the lengths that are seen.

    Person and picture are modelled in logarithms: limb :math:`l` is :math:`\log L_l = \log p_l + (A d)_l` long, with
    the length :math:`p_l` of an average adult of height 1 and the person's factors :math:`d`; it is seen
    :math:`\log x_l = \log L_l + u_l` long. Turned from the plane of the picture it looks shorter, :math:`u_l < 0`, by
    as much as you like; longer only by :math:`\sigma`. Hence the most probable factors,

    .. math:: \hat d = \arg\min_d \sum_l \rho_l(u_l) + \sum_k \frac{d_k^2}{2 s_k^2}, \quad
        \rho_l(u) = u^2 / 2 \sigma^2 \text{ if } u > 0, \text{ else } |u| / b_l

    with :math:`p`, :math:`b`, :math:`A` from ``LIMBS``, :math:`s` from ``FACTORS``, :math:`\sigma` = ``NOISE``, and
    the sum over the limbs that are seen (near 0, :math:`\rho` is rounded off). The problem is convex; it is solved by
    weighted least squares whose weights follow the residuals. So the longest limbs tell the size, a shortened limb is
    a lower bound, and a limb that is not seen has the length that the others let expect.

    Args:
        places: (B, 20, 2) pixels, and
        known: (B, 20) bool, of :func:`with_middles`.
        together: all are of one person before one camera, who is looked for once: the sum over the limbs is that over
            the limbs of all B pictures, divided by B.

    Returns:
        (B, 9) pixels, or (1, 9) together, in the order of ``LIMB_NAMES``; NaN for a person of whom no limb is seen.
    """
    start, end = (list(ends) for ends in zip(*(limb.ends for limb in LIMBS), strict=True))
    seen = known[:, start] & known[:, end]
    average = places.new_tensor([limb.length for limb in LIMBS]).log()
    shortening = places.new_tensor([limb.shortening for limb in LIMBS])
    powers = places.new_tensor([[1.0, *(dict(limb.factors).get(f, 0.0) for f in list(FACTORS)[1:])] for limb in LIMBS])
    prior = places.new_tensor(list(FACTORS.values())) ** -2
    observed = (places[:, start] - places[:, end]).norm(dim=-1).clamp(min=1e-3).log() - average

    if together:
        observed, seen = observed.reshape(1, -1), seen.reshape(1, -1)
        powers, shortening = powers.repeat(len(places), 1), shortening.repeat(len(places))
        prior = prior * len(places)
    factors = places.new_zeros(len(observed), len(FACTORS))
    factors[:, 0] = torch.where(seen, observed, -torch.inf).amax(dim=1).clamp(min=0)
    for _ in range(_STEPS):
        residual = observed - factors @ powers.T
        slope = (shortening * residual.abs()).clamp(min=NOISE**2)
        weights = torch.where(residual > 0, NOISE**-2, 1 / slope) * seen
        normal = powers.T @ (weights[..., None] * powers) + torch.diag(prior)
        factors = torch.linalg.solve(normal, (weights * observed) @ powers)
    lengths = (factors @ powers[: len(LIMBS)].T + average).exp()
    first = [[limb.name for limb in LIMBS].index(name) for name in LIMB_NAMES]
    return torch.where(seen.any(dim=1, keepdim=True), lengths[:, first], torch.nan)


def statures(joints: Tensor, visible: Tensor) -> Tensor:
    """Heights (B,) in pixels that people of poses (B, 18, 2), visible (B, 18), would have if they stood upright.

    The estimated lengths of torso, thigh, shin and neck (:func:`limb_lengths`) over the share of the height that they
    make up in an average adult; NaN for a person of whom no limb is seen. On the mannequins it differs by 4 % (standard
    deviation) between pictures of people of equal framing.
    """
    return stature(limb_lengths(*with_middles(joints, visible)))


def stature(lengths: Tensor) -> Tensor:
    """Heights (B,) of people whose limbs have these lengths (B, 9)."""
    chain = [LIMB_NAMES.index(name) for name in _UPRIGHT]
    return lengths[:, chain].sum(dim=1) / sum(next(limb.length for limb in LIMBS if limb.name == n) for n in _UPRIGHT)
