"""The gradient of SSIM from the maps that ``window_rows`` left, and of the parts' SSIM from its factors."""

import triton
import triton.language as tl

from reposer.similarity.kernels.window import BLACKED_OUT, WHOLE, read


@triton.jit
def filtered(adjoints, at, column, here, wide, size, WEIGHTS: tl.constexpr, TO_X: tl.constexpr, TO_Y: tl.constexpr):
    """The maps at a pixel, filtered along the row; those not there are 0."""
    both = tl.zeros(at.shape, tl.float32)
    apart = both
    for_x = both
    for_y = both
    for k in tl.static_range(len(WEIGHTS)):
        inside = here & (column >= k) & (column - k < wide)
        both += WEIGHTS[k] * tl.load(adjoints + at - k, mask=inside, other=0.0)
        apart += WEIGHTS[k] * tl.load(adjoints + size + at - k, mask=inside, other=0.0)
        if TO_X:
            for_x += WEIGHTS[k] * tl.load(adjoints + 2 * size + at - k, mask=inside, other=0.0)
        if TO_Y:
            for_y += WEIGHTS[k] * tl.load(adjoints + (2 + TO_X) * size + at - k, mask=inside, other=0.0)
    return both, apart, for_x, for_y


@triton.jit
def window_gradient(
    x, y, mask, adjoints, upstream, part_masks, factors, grad_x, grad_y,
    planes_per_value, channels, parts, height, width, of_image, of_channel, of_column, middle, half_range, factor,
    WEIGHTS: tl.constexpr, MASK: tl.constexpr, CENTRED: tl.constexpr,
    TO_X: tl.constexpr, TO_Y: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradient of a mean over windows; with ``part_masks`` that of the parts too.

    Args:
        x, y, grad_x, grad_y: (B, C, H, W) with the strides given, rows one after the other.
        mask: (B, H, W), as ``window_rows`` had it; with ``part_masks`` it is what these leave.
        adjoints: (B C, maps, H, W'); None: only the parts.
        upstream: a gradient for every ``planes_per_value`` planes; None: 1.
        part_masks: (B, P, H, W).
        factors: (B, P + 1, C, 4), of each part the derivatives by x^2 + y^2 and (x - y)^2 together, (x - y)^2, x and y;
            after them that by the mean over windows. Without ``part_masks`` that is the number ``factor``.
    """
    BORDER: tl.constexpr = len(WEIGHTS) - 1
    tiles = tl.cdiv(height * width, BLOCK)
    plane = (tl.program_id(0) // tiles).to(tl.int64)
    pixel = (tl.program_id(0) % tiles) * BLOCK + tl.arange(0, BLOCK)
    here = pixel < height * width
    image, channel = plane // channels, plane % channels
    place = image * of_image + channel * of_channel + pixel * of_column
    of_x, of_y = read(x, place, middle, CENTRED, here, 0.0), read(y, place, middle, CENTRED, here, 0.0)
    by_x = tl.zeros((BLOCK,), tl.float32)
    by_y = by_x
    gain = factor
    shown = by_x + 1
    if part_masks is not None:
        both = tl.zeros((BLOCK,), tl.float32)
        apart = both
        for_x = both
        for_y = both
        covered = both
        part_masks += image * parts * height * width
        factors += (image * (parts + 1) * channels + channel) * 4
        for part in range(parts):
            weight = tl.load(part_masks + part * height * width + pixel, mask=here, other=0.0).to(tl.float32)
            of_part = factors + part * channels * 4
            both += weight * tl.load(of_part)
            apart += weight * tl.load(of_part + 1)
            for_x += weight * tl.load(of_part + 2)
            for_y += weight * tl.load(of_part + 3)
            covered = tl.where(part == 0, weight, tl.maximum(covered, weight))
        by_x = for_x + 2 * of_x * both - 2 * of_y * apart
        by_y = for_y + 2 * of_y * both - 2 * of_x * apart
        gain = tl.load(factors + parts * channels * 4)
        shown = 1 - covered
    elif mask is not None:
        shown = tl.load(mask + image * height * width + pixel, mask=here, other=0.0).to(tl.float32)
    if adjoints is not None:
        column = pixel % width
        wide = width - BORDER
        size = height * wide
        at = (pixel // width) * wide + column
        adjoints += plane * (2 + TO_X + TO_Y) * size
        both, apart, for_x, for_y = filtered(adjoints, at, column, here, wide, size, WEIGHTS, TO_X, TO_Y)
        seen_x, seen_y = of_x, of_y
        if MASK != WHOLE:
            gain = gain * shown
            if MASK == BLACKED_OUT:
                seen_x, seen_y = (of_x + half_range) * shown - half_range, (of_y + half_range) * shown - half_range
        by_x += gain * (for_x + 2 * seen_x * both - 2 * seen_y * apart)
        by_y += gain * (for_y + 2 * seen_y * both - 2 * seen_x * apart)
    if upstream is not None:
        incoming = tl.load(upstream + plane // planes_per_value)
        by_x, by_y = incoming * by_x, incoming * by_y
    if TO_X:
        tl.store(grad_x + place, by_x, mask=here)
    if TO_Y:
        tl.store(grad_y + place, by_y, mask=here)
