"""Losses of flow and visibility against the truth that rendered people come with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from reposer.bounds import between, positive
from reposer.checks import changed
from reposer.losses.module import LossInputs, LossModule
from reposer.plausibility import check_flow
from reposer.tensors import check_tensor
from reposer.values import Checked

_LEAST = 0.01
"""Share of a picture that a mean is taken over at least: three lucky pixels do not count as a whole picture."""
_RAREST = 0.05
"""Share of the person that the rarer answer is taken to have at least, where both weigh the same."""


@dataclass(frozen=True, kw_only=True)
class _ScaleSettings(Checked):
    coarser: Annotated[float, between(0, 1)] = 0.5
    """Weight of each scale, as a share of the next finer one's; 0: the finest alone counts."""

    def weighted(self, values: Sequence[Tensor]) -> Tensor:
        """Mean of the values of scales, coarse to fine."""
        weights = [self.coarser ** (len(values) - 1 - scale) for scale in range(len(values))]
        total = sum(weight * value for weight, value in zip(weights, values, strict=True))
        assert isinstance(total, Tensor)
        return total / sum(weights)


@dataclass(frozen=True, kw_only=True)
class FlowSettings(_ScaleSettings):
    """Of the flow loss."""

    epsilon: Annotated[float, positive()] = 0.1
    """In hundredths of the picture's height: errors well below it are penalised like squares."""
    power: Annotated[float, between(0.1, 1)] = 0.5
    """Of the squared error: 0.5 grows like the error itself (Charbonnier), 1 like its square, less forgets outliers."""
    hidden: Annotated[float, between(0, 1)] = 0.0
    """Weight of what the source does not show, as a share of what it does; its place is known from the body."""


@dataclass(frozen=True, kw_only=True)
class VisibilitySettings(_ScaleSettings):
    """Of the visibility loss."""

    balanced: bool = False
    """Give seen and unseen the same weight in each picture, however few pixels they have."""


def flow_loss(
    flows: Tensor | Sequence[Tensor],
    true_flow: Tensor,
    seen: Tensor,
    *,
    person: Tensor | None = None,
    content: Tensor | None = None,
    settings: FlowSettings = FlowSettings(),
    **fields: Any,
) -> Tensor:
    r"""Robust end-point error of a flow, over the points that are seen, at each of its scales.

    .. math:: \frac{\sum_p s_p \left[(e_p^2 + \epsilon^2)^q - \epsilon^{2q}\right]}{\sum_p s_p},
              \quad e_p = \frac{100}{H} \left\lVert f_p - t_p \right\rVert

    with flow f, truth t, s = 1 where the point is seen, and q the ``power``; averaged over the batch and, with the
    settings' weights, over scales. At a smaller scale, t is the mean over the seen pixels of each cell and s their
    share of it. Errors are in hundredths of the picture's height H, so that weights hold for any size.

    Args:
        flows: (B, 2, h, w), or several from coarse to fine: x, then y, in pixels of the source, whose centres are at
            whole numbers.
        true_flow: (B, 2, H, W) likewise; where nothing is seen it may be anything.
        seen: (B, H, W) bool, where the truth is known and the source shows the point.
        person: (B, H, W) bool, where the truth is known; needed if ``hidden`` is not 0.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: robustness, weights of scales and of hidden points.
        fields: single fields of the settings.

    Returns:
        Scalar, at least 0 and at least float32; 0 for the true flow, and where nothing is seen.

    Raises:
        TypeError, ValueError: if shapes or types do not fit together, or the true flow cannot be pixels.

    Reference: Sun, Roth and Black, "A quantitative analysis of current practices in optical flow estimation and the
    principles behind them", IJCV 2014 (penalty); Dosovitskiy et al., "FlowNet", ICCV 2015 (error at each scale).
    """
    settings = changed(settings, fields)
    flows = (flows,) if isinstance(flows, Tensor) else flows
    _check_scales("flows", flows, 2, seen)
    check_tensor("true_flow", true_flow, "(B, 2, H, W)")
    if true_flow.shape != (len(seen), 2, *seen.shape[1:]):
        raise ValueError(
            f"true_flow must have shape {(len(seen), 2, *seen.shape[1:])}, as seen has {tuple(seen.shape)}, "
            f"got {tuple(true_flow.shape)}"
        )
    check_flow(true_flow, seen)
    dtype = _widest(true_flow, *flows)
    weights = seen[:, None].to(dtype)
    if settings.hidden:
        if person is None:
            raise ValueError("person must say where the true flow is known: hidden points have a weight")
        weights = torch.maximum(weights, settings.hidden * _checked("person", person, seen)[:, None].to(dtype))
    if content is not None:
        weights = weights * content
    true_flow = torch.where(weights > 0, true_flow.to(dtype), 0)
    unit, epsilon = 100 / seen.shape[1], settings.epsilon**2

    def of_scale(flow: Tensor) -> Tensor:
        truth, share = _reduced(true_flow, weights, flow)
        squared = ((flow.to(dtype) - truth) * unit).square().sum(dim=1, keepdim=True)
        return _mean((squared + epsilon) ** settings.power - epsilon**settings.power, share)

    return settings.weighted([of_scale(flow) for flow in flows])


def visibility_loss(
    visibilities: Tensor | Sequence[Tensor],
    seen: Tensor,
    *,
    person: Tensor | None = None,
    content: Tensor | None = None,
    settings: VisibilitySettings = VisibilitySettings(),
    **fields: Any,
) -> Tensor:
    r"""Cross-entropy of logits that say whether the source shows a point, over the person, at each of their scales.

    .. math:: \frac{\sum_p m_p \left[a\, s_p\, \mathrm{softplus}(-l_p) + b\, (1 - s_p)\, \mathrm{softplus}(l_p)\right]}
                   {\sum_p m_p}

    with logits l, s = 1 where the point is seen, and m = 1 on the person; averaged over the batch and, with the
    settings' weights, over scales. At a smaller scale s is the share of seen pixels in the person's part of each cell,
    m the person's share of it. ``balanced`` weighs with :math:`a = 1 / 2\bar s, b = 1 / 2(1 - \bar s)`, where
    :math:`\bar s` is the seen share of the person, both taken to be at least 5 %; else both are 1.

    Args:
        visibilities: (B, 1, h, w) of any shape up to that of ``seen``, or several from coarse to fine: logits.
        seen: (B, H, W) bool.
        person: (B, H, W) bool, where the target shows the person; None: everywhere.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: balance, and weights of scales.
        fields: single fields of the settings.

    Returns:
        Scalar, at least 0 and at least float32; 0 where there is no person.

    Raises:
        TypeError, ValueError: if shapes or types do not fit together.

    Reference: Neoral, Šochman and Matas, "Continual occlusion and optical flow estimation", ACCV 2018 (occlusion
    learned beside the flow); Xie and Tu, "Holistically-nested edge detection", ICCV 2015, eq. 2 (balance).
    """
    settings = changed(settings, fields)
    visibilities = (visibilities,) if isinstance(visibilities, Tensor) else visibilities
    _check_scales("visibilities", visibilities, 1, seen)
    dtype = _widest(*visibilities)
    shown = seen[:, None].to(dtype)
    mask = torch.ones_like(shown) if person is None else _checked("person", person, seen)[:, None].to(dtype)
    if content is not None:
        mask = mask * content
    of_seen: Tensor | float = 1.0
    of_unseen: Tensor | float = 1.0
    if settings.balanced:
        area = mask.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)
        seen_share = (shown * mask).sum(dim=(1, 2, 3), keepdim=True) / area
        of_seen, of_unseen = (0.5 / share.clamp(min=_RAREST) for share in (seen_share, 1 - seen_share))

    def of_scale(logits: Tensor) -> Tensor:
        truth, share = _reduced(shown, mask, logits)
        logits = logits.to(dtype)
        entropy = of_seen * truth * F.softplus(-logits) + of_unseen * (1 - truth) * F.softplus(logits)
        return _mean(entropy, share)

    return settings.weighted([of_scale(logits) for logits in visibilities])


class FlowLoss(LossModule[FlowSettings]):
    """Module form of :func:`flow_loss`; as a term, of what the network explains."""

    Settings = FlowSettings
    needs = frozenset({"explained", "truth"})

    def forward(
        self,
        flows: Tensor | Sequence[Tensor],
        true_flow: Tensor,
        seen: Tensor,
        *,
        person: Tensor | None = None,
        content: Tensor | None = None,
    ) -> Tensor:
        return flow_loss(flows, true_flow, seen, person=person, content=content, settings=self.settings)

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.explained is not None
        assert inputs.truth is not None
        flow, seen, parts = inputs.truth
        return self(inputs.explained.flows, flow, seen, person=parts > 0, content=inputs.content)


class VisibilityLoss(LossModule[VisibilitySettings]):
    """Module form of :func:`visibility_loss`; as a term, of what the network explains, inside the target's person."""

    Settings = VisibilitySettings
    needs = frozenset({"explained", "truth"})

    def forward(
        self,
        visibilities: Tensor | Sequence[Tensor],
        seen: Tensor,
        *,
        person: Tensor | None = None,
        content: Tensor | None = None,
    ) -> Tensor:
        return visibility_loss(visibilities, seen, person=person, content=content, settings=self.settings)

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.explained is not None
        assert inputs.truth is not None
        _, seen, parts = inputs.truth
        return self(inputs.explained.visibilities, seen, person=parts > 0, content=inputs.content)


def _check_scales(name: str, maps: Sequence[Tensor], channels: int, seen: Tensor) -> None:
    """Raise unless seen is (B, H, W) bool, and the maps float (B, channels, h, w) that are not larger."""
    check_tensor("seen", seen, "(B, H, W)")
    if seen.ndim != 3 or seen.dtype != torch.bool or not seen.numel():
        raise ValueError(f"seen must be bool (B, H, W) and not empty, got {seen.dtype} {tuple(seen.shape)}")
    if not maps:
        raise ValueError(f"{name} must hold at least one scale, got none")
    for each in maps:
        check_tensor(name, each, f"(B, {channels}, h, w)")
        if not each.is_floating_point():
            raise TypeError(f"{name} must be floating point tensors, got {each.dtype}")
        fits = each.ndim == 4 and each.shape[:2] == (len(seen), channels)
        if not fits or each.shape[2] > seen.shape[1] or each.shape[3] > seen.shape[2]:
            raise ValueError(
                f"{name} must have shape ({len(seen)}, {channels}, h, w), at most {seen.shape[1]}x{seen.shape[2]}, "
                f"got {tuple(each.shape)}"
            )


def _checked(name: str, mask: Tensor, like: Tensor) -> Tensor:
    check_tensor(name, mask, "(B, H, W)")
    if mask.shape != like.shape:
        raise ValueError(f"{name} must have shape {tuple(like.shape)}, as seen, got {tuple(mask.shape)}")
    return mask


def _widest(*tensors: Tensor) -> torch.dtype:
    """float64 if one of them is, else float32."""
    return torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32


def _reduced(values: Tensor, weights: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted means (B, C, h, w) of the cells of a smaller scale, and the mean weight (B, 1, h, w) of each cell."""
    size = (like.shape[-2], like.shape[-1])
    if size == values.shape[-2:]:
        return values, weights
    share = F.adaptive_avg_pool2d(weights, size)
    return F.adaptive_avg_pool2d(values * weights, size) / share.clamp(min=1e-6), share


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of maps (B, 1, h, w), of each picture, then of the pictures."""
    least = _LEAST * weights[0].numel()
    return ((values * weights).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp(min=least)).mean()
