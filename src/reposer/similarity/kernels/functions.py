"""What the kernels compute, with derivatives. Arguments are checked before.

The first derivatives come from kernels; derivatives of these, from PyTorch's operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reposer.checks import check_window
from reposer.poses.parts import background_mask
from reposer.similarity import ssim
from reposer.similarity.kernels import operators as ops
from reposer.similarity.settings import PartSSIMSettings, SSIMSettings

Range = tuple[float, float]


class Spec(NamedTuple):
    """Settings as the operators take them, beside the window those of ``scaled``."""

    window_size: int
    sigma: float
    uniform: bool
    middle: float
    length: float
    scale: float
    luminance: bool

    @property
    def window(self) -> tuple[Any, ...]:
        return self[:5]

    def positions(self, image: Tensor) -> int:
        """Where the window fits."""
        border = self.window_size - 1
        return (image.shape[2] - border) * (image.shape[3] - border)

    def eager_map(self, x: Tensor, y: Tensor) -> Tensor:
        """SSIM's map by the reference."""
        x, y = self.centred(x, y)
        return ssim.map_of_centred(x, y, self.length, self.settings, luminance=self.luminance)

    def centred(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ssim.at_least_float32(x, y)
        return x - self.middle, y - self.middle

    @property
    def settings(self) -> SSIMSettings:
        return SSIMSettings(
            window="uniform" if self.uniform else "gaussian",
            window_size=self.window_size,
            sigma=self.sigma,
            sample_covariance=self.scale != 1,
        )


def _spec(image: Tensor, settings: SSIMSettings, value_range: Range, luminance: bool = True) -> Spec:
    check_window((image.shape[2], image.shape[3]), settings.window_size)
    return _spec_of(settings, value_range, luminance)


@cache
def _spec_of(settings: SSIMSettings, value_range: Range, luminance: bool) -> Spec:
    low, high = value_range
    uniform, scale = settings.window == "uniform", settings.variance_scale
    return Spec(settings.window_size, settings.sigma, uniform, (low + high) / 2, float(high - low), scale, luminance)


def _needs(x: Tensor, y: Tensor) -> tuple[bool, bool]:
    """Which of the gradients will be asked for."""
    recorded = torch.is_grad_enabled()
    return recorded and x.requires_grad, recorded and y.requires_grad


def _twice(ctx: Any) -> bool:
    """Whether the backward pass that runs is to be differentiated."""
    return torch.is_grad_enabled() and not torch.compiler.is_compiling()


def _eager_gradients(
    value: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor, needs: Sequence[bool], gradient: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    wanted = [image for image, needed in zip((x, y), needs, strict=True) if needed]
    found = iter(torch.autograd.grad(value(x, y), wanted, gradient, create_graph=True))
    return next(found) if needs[0] else None, next(found) if needs[1] else None


def _given(gradients: Sequence[Tensor], needs: Sequence[bool]) -> tuple[Tensor | None, Tensor | None]:
    return gradients[0] if needs[0] else None, gradients[1] if needs[1] else None


class _Means(torch.autograd.Function):
    """Means of SSIM over so many planes each: (B C / planes,); or 1 - the mean over all of them, a scalar."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, spec: Spec, planes: int | None, to_x: bool, to_y: bool) -> Tensor:
        ctx.spec, ctx.planes = spec, planes or x.shape[0] * x.shape[1]
        gain = 1 / (ctx.planes * spec.positions(x))
        ctx.factor = gain if planes else -gain
        sums, adjoints = ops.window_sums(x, y, None, 0, gain, *spec, to_x, to_y)
        ctx.save_for_backward(x, y, adjoints)
        return torch.rsub(sums.view(len(sums) // planes, -1).sum(1), 1) if planes else sums.sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, y, adjoints = ctx.saved_tensors
        needs, spec = ctx.needs_input_grad[:2], ctx.spec

        def value(x: Tensor, y: Tensor) -> Tensor:
            similarity = spec.eager_map(x, y)
            if ctx.factor < 0:
                return 1 - similarity.mean()
            return similarity.flatten(0, 1).unflatten(0, (-1, ctx.planes)).mean(dim=(1, 2, 3))

        if _twice(ctx):
            return *_eager_gradients(value, x, y, needs, gradient), None, None, None, None
        found = ops.window_gradients(
            x, y, None, 0, adjoints, gradient.contiguous(), None, None, ctx.planes, ctx.factor, *spec.window, *needs
        )
        return *_given(found, needs), None, None, None, None


def mean_ssim(x: Tensor, y: Tensor, value_range: Range, settings: SSIMSettings) -> Tensor:
    """``reposer.similarity.ssim_index`` (B,)."""
    return _Means.apply(x, y, _spec(x, settings, value_range), x.shape[1], *_needs(x, y))


def distance(x: Tensor, y: Tensor, value_range: Range, settings: SSIMSettings) -> Tensor:
    """``reposer.similarity.ssim.mean_distance``, a scalar."""
    return _Means.apply(x, y, _spec(x, settings, value_range), None, *_needs(x, y))


def mean_ssim_of_planes(
    x: Tensor, y: Tensor, value_range: Range, settings: SSIMSettings, *, luminance: bool = True
) -> Tensor:
    """Mean (B, C) of ``reposer.similarity.ssim_map`` over positions."""
    means = _Means.apply(x, y, _spec(x, settings, value_range, luminance), 1, *_needs(x, y))
    return means.view(x.shape[:2])


class _Map(torch.autograd.Function):
    """SSIM's map; its gradient computes the averages again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, spec: Spec) -> Tensor:
        ctx.save_for_backward(x, y)
        ctx.spec = spec
        return ops.window_map(x, y, *spec)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, y), needs, spec = ctx.saved_tensors, ctx.needs_input_grad[:2], ctx.spec
        if _twice(ctx):
            return *_eager_gradients(spec.eager_map, x, y, needs, gradient), None
        adjoints = ops.window_adjoints(x, y, gradient, *spec, *needs)
        found = ops.window_gradients(x, y, None, 0, adjoints, None, None, None, 1, 1.0, *spec.window, *needs)
        return *_given(found, needs), None


def ssim_map(x: Tensor, y: Tensor, value_range: Range, settings: SSIMSettings, *, luminance: bool = True) -> Tensor:
    """``reposer.similarity.ssim_map`` (B, C, H', W')."""
    return _Map.apply(x, y, _spec(x, settings, value_range, luminance))


class _MaskedMeans(torch.autograd.Function):
    """Means (B, P, C) of SSIM under masks; the gradient takes one mask after the other, for memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, masks: Tensor, spec: Spec) -> Tensor:
        sums, _ = ops.window_sums(x, y, masks, ops.MASKS["weighed"], 1.0, *spec, False, False)
        missing, share = sums.sum(1).view(x.shape[0], masks.shape[1], x.shape[1], 2).unbind(-1)
        share = share.clamp(min=ssim.TINY)
        ctx.save_for_backward(x, y, masks, share)
        ctx.spec = spec
        return 1 - missing / share

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, y, masks, share = ctx.saved_tensors
        needs, spec = ctx.needs_input_grad[:2], ctx.spec

        def value(x: Tensor, y: Tensor) -> Tensor:
            x, y = spec.centred(x, y)
            return ssim.mean_masked_ssim(x, y, masks.to(x.dtype), spec.length, spec.settings)

        if _twice(ctx):
            return *_eager_gradients(value, x, y, needs, gradient), None, None
        kind, totals = ops.MASKS["weighed"], None
        factors = (gradient / share).transpose(0, 1).contiguous()  # (P, B, C)
        for mask, factor in zip(masks.transpose(0, 1).contiguous(), factors, strict=True):
            _, adjoints = ops.window_sums(x, y, mask[:, None], kind, 1.0, *spec, *needs)
            found = ops.window_gradients(x, y, mask, kind, adjoints, factor, None, None, 1, 1.0, *spec.window, *needs)
            found = [one.float() for one in found]
            totals = found if totals is None else [total.add_(one) for total, one in zip(totals, found, strict=True)]
        assert totals is not None
        return *_given([total.to(image.dtype) for total, image in zip(totals, (x, y), strict=True)], needs), None, None


def masked_ssim(x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: SSIMSettings) -> Tensor:
    """``reposer.similarity.masked_ssim`` (B, P, C)."""
    return _MaskedMeans.apply(x, y, masks, _spec(x, settings, value_range))


class _Parts(torch.autograd.Function):
    """SSIM (B, P, C) of parts, from global statistics."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, masks: Tensor, spec: Spec) -> Tensor:
        sums, _ = ops.sums_of_parts(x, y, masks, spec.middle)
        values, factors = ops.index_of_sums(sums, None, 1, spec.length, False, False, False)
        ctx.save_for_backward(x, y, masks, factors)
        ctx.spec = spec
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, y, masks, factors), needs, spec = ctx.saved_tensors, ctx.needs_input_grad[:2], ctx.spec
        if _twice(ctx):
            from reposer.similarity.parts import part_ssim_of_centred

            def value(x: Tensor, y: Tensor) -> Tensor:
                x, y = spec.centred(x, y)
                return part_ssim_of_centred(x, y, masks.to(x.dtype), spec.length, PartSSIMSettings())

            return *_eager_gradients(value, x, y, needs, gradient), None, None
        factors = torch.cat((factors[:, :-1] * gradient[..., None], factors[:, -1:]), dim=1)
        found = ops.window_gradients(
            x, y, None, 0, None, None, masks.contiguous(), factors, 1, 1.0, *spec.window, *needs
        )
        return *_given(found, needs), None, None


def part_ssim(x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: PartSSIMSettings) -> Tensor:
    """``reposer.similarity.part_ssim`` (B, P, C)."""
    if settings.statistics == "local":
        return masked_ssim(x, y, masks, value_range, settings.ssim)
    return _Parts.apply(x, y, masks, _spec_of(settings.ssim, value_range, True))


class _Index(torch.autograd.Function):
    """PSSIM (B,), parts by global statistics and background together; or 1 - its mean, a scalar."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, masks: Tensor, spec: Spec, settings: PartSSIMSettings, mean: bool,
        to_x: bool, to_y: bool,
    ) -> Tensor:  # fmt: skip
        normalized, exclude = settings.background == "normalized", settings.missing_parts == "exclude"
        ctx.kind = ops.MASKS["weighed" if normalized else "blacked_out"]
        sums, visible = ops.sums_of_parts(x, y, masks, spec.middle)
        window_sums, adjoints = ops.window_sums(x, y, visible, ctx.kind, 1.0, *spec, to_x, to_y)
        distances, factors = ops.index_of_sums(
            sums, window_sums, spec.positions(x), spec.length, exclude, normalized, mean
        )
        ctx.save_for_backward(x, y, masks, adjoints, factors)
        ctx.spec, ctx.settings, ctx.mean = spec, settings, mean
        return distances.sum() if mean else torch.rsub(distances, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, y, masks, adjoints, factors = ctx.saved_tensors
        needs, spec = ctx.needs_input_grad[:2], ctx.spec
        if _twice(ctx):
            from reposer.similarity.parts import index_of_centred

            def value(x: Tensor, y: Tensor) -> Tensor:
                x, y = spec.centred(x, y)
                index = index_of_centred(x, y, masks.to(x.dtype), spec.length, ctx.settings)
                return 1 - index.mean() if ctx.mean else index

            return *_eager_gradients(value, x, y, needs, gradient), *[None] * 6
        found = ops.window_gradients(
            x, y, None, ctx.kind, adjoints, gradient.contiguous(), masks.contiguous(), factors,
            x.shape[1] * (len(x) if ctx.mean else 1), 1.0, *spec.window, *needs,
        )  # fmt: skip
        return *_given(found, needs), *[None] * 6


def part_ssim_index(x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: PartSSIMSettings) -> Tensor:
    """``reposer.similarity.part_ssim_index`` (B,)."""
    if settings.statistics == "global":
        return _index(x, y, masks, value_range, settings, mean=False)
    from reposer.similarity.parts import mean_of_parts

    parts = masked_ssim(x, y, masks, value_range, settings.ssim).mean(-1)
    return (mean_of_parts(parts, masks, settings) + _surroundings(x, y, masks, value_range, settings)) / 2


def part_distance(x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: PartSSIMSettings) -> Tensor:
    """``reposer.similarity.parts.mean_part_distance``, a scalar."""
    if settings.statistics == "global":
        return _index(x, y, masks, value_range, settings, mean=True)
    return 1 - part_ssim_index(x, y, masks, value_range, settings).mean()


def _index(
    x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: PartSSIMSettings, *, mean: bool
) -> Tensor:
    return _Index.apply(x, y, masks, _spec(x, settings.ssim, value_range), settings, mean, *_needs(x, y))


def _surroundings(x: Tensor, y: Tensor, masks: Tensor, value_range: Range, settings: PartSSIMSettings) -> Tensor:
    visible = background_mask(masks.float())
    if settings.background == "normalized":
        return masked_ssim(x, y, visible, value_range, settings.ssim).mean(dim=(1, 2))
    low = value_range[0]
    x, y = ((image.float() - low) * visible + low for image in (x, y))
    return mean_ssim(x, y, value_range, settings.ssim)
