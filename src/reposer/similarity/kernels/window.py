"""SSIM under a sliding window and its gradient, as Triton kernels.

A program takes a block of columns of one plane and walks down its rows. Of each row it makes the averages along the
row, which are read at shifted places; the averages along the column come out of the last rows, which it holds in
registers. So a pixel is loaded from memory once and nothing between is written. For gradients it writes the maps that
the second kernel filters along the rows: three values a pixel for one image, four for both.

Sums are float32 and taken in one order, without atomics: the same call gives the same bits.
"""

import triton
import triton.language as tl

WHOLE = tl.constexpr(0)
"""No mask."""
BLACKED_OUT = tl.constexpr(1)
"""The images, multiplied by the mask."""
WEIGHED = tl.constexpr(2)
"""Averages of what the mask shows, and the mean weighed with its share of the window."""
_TINY = tl.constexpr(1e-12)


@triton.jit
def similarity(a, b, squares, difference, origin, c1, c2, scale, LUMINANCE: tl.constexpr):
    """1 - SSIM from the averages of x, y, x^2 + y^2 and (x - y)^2, and the derivatives of SSIM with respect to them.

    The formula and its symbols are those of ``reposer.similarity.ssim.ssim_of_moments``.
    """
    shift = (a - b) * (a - b)
    variances = squares - (a * a + b * b)
    deviation = difference - shift
    divisor = tl.maximum(variances, 0.0, tl.PropagateNan.ALL) * scale + c2
    missing = tl.maximum(deviation, 0.0, tl.PropagateNan.ALL) * scale / divisor  # of contrast and structure
    by_difference = tl.where(deviation >= 0, -scale / divisor, 0.0)
    by_squares = tl.where(variances >= 0, missing * scale / divisor, 0.0)
    by_a = -2 * (a - b) * by_difference - 2 * a * by_squares
    by_b = 2 * (a - b) * by_difference - 2 * b * by_squares
    if LUMINANCE:
        means = (a + origin) * (a + origin) + (b + origin) * (b + origin) + c1
        darker = shift / means  # 1 - luminance
        light, structure = 1 - darker, 1 - missing
        by_a = light * by_a + structure * (2 / means) * ((a + origin) * darker - (a - b))
        by_b = light * by_b + structure * (2 / means) * ((b + origin) * darker + (a - b))
        by_squares, by_difference = light * by_squares, light * by_difference
        missing = missing + darker - missing * darker
    return missing, by_a, by_b, by_squares, by_difference


@triton.jit
def no_rows(WEIGHTS: tl.constexpr, BLOCK: tl.constexpr):
    """What ``next_row`` holds before the first row."""
    held = ()
    for _ in tl.static_range(len(WEIGHTS) - 1):
        held = held + (tl.zeros((BLOCK,), tl.float32),)
    return held


@triton.jit
def next_row(held, row, WEIGHTS: tl.constexpr):
    """Weighted sum of this row and those before it, as many as the window has, and what to hold for the next."""
    BORDER: tl.constexpr = len(WEIGHTS) - 1
    later = ()
    for k in tl.static_range(BORDER - 1):
        later = later + (held[k + 1] + WEIGHTS[BORDER - 1 - k] * row,)
    return held[0] + WEIGHTS[BORDER] * row, later + (WEIGHTS[0] * row,)


@triton.jit
def read(image, at, middle, CENTRED: tl.constexpr, here=None, other=None):
    """Values less the middle of their range, float32."""
    values = tl.load(image + at, mask=here, other=other).to(tl.float32)
    return values if CENTRED else values - middle


@triton.jit
def averages_of_row(
    x, y, mask, at, of_column, middle, black,
    WEIGHTS: tl.constexpr, MASK: tl.constexpr, CENTRED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Averages along a row, of windows that begin at the pixels ``at``: x, y, x^2 + y^2, (x - y)^2 and the mask."""
    a = tl.zeros((BLOCK,), tl.float32)
    b = a
    squares = a
    difference = a
    share = a
    for k in tl.static_range(len(WEIGHTS)):
        of_x = read(x, (at + k) * of_column, middle, CENTRED)
        of_y = read(y, (at + k) * of_column, middle, CENTRED)
        weight = WEIGHTS[k]
        if MASK != WHOLE:
            shown = tl.load(mask + at + k).to(tl.float32)
            if MASK == BLACKED_OUT:
                of_x = (of_x - black) * shown + black
                of_y = (of_y - black) * shown + black
            else:
                weight = weight * shown
                share += weight
        apart = of_x - of_y
        a += weight * of_x
        b += weight * of_y
        squares += weight * (of_x * of_x + of_y * of_y)
        difference += weight * (apart * apart)
    return a, b, squares, difference, share


@triton.jit
def window_rows(
    x, y, mask, upstream, sums, values, adjoints,
    channels, parts, height, width, of_image, of_channel, of_column, middle, half_range, c1, c2, scale, gain,
    WEIGHTS: tl.constexpr, MASK: tl.constexpr, LUMINANCE: tl.constexpr, CENTRED: tl.constexpr,
    TO_X: tl.constexpr, TO_Y: tl.constexpr, ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Sums of 1 - SSIM, the map of SSIM, or the maps that ``window_gradient`` filters, whatever is not None.

    Args:
        x, y: (B, C, H, W) with the strides given, rows one after the other; the planes are those of (B, P, C), P = 1
            without masks.
        mask: (B, P, H, W).
        upstream: (planes, H', W') gradient of the map; without it that of its sum is taken.
        sums: (planes, tiles), of 1 - SSIM times ``gain``; of a weighing mask (planes, tiles, 2), of 1 - SSIM times the
            mask's share and of the share.
        values: (planes, H', W').
        adjoints: (planes, 2 + TO_X + TO_Y, H, W').
    """
    BORDER: tl.constexpr = len(WEIGHTS) - 1
    wide, high = width - BORDER, height - BORDER
    blocks = tl.cdiv(wide, BLOCK)
    tiles = blocks * tl.cdiv(height, ROWS)
    tile, plane = tl.program_id(0) % tiles, (tl.program_id(0) // tiles).to(tl.int64)
    columns = (tile % blocks) * BLOCK + tl.arange(0, BLOCK)
    first = (tile // blocks) * ROWS
    here = columns < wide
    at = tl.minimum(columns, wide - 1)  # every load is inside, whatever is made of it
    offset = plane // (parts * channels) * of_image + (plane % channels) * of_channel
    x, y = x + offset, y + offset
    if MASK != WHOLE:
        mask += (plane // channels) * height * width
    rows_a = no_rows(WEIGHTS, BLOCK)
    rows_b = rows_a
    rows_squares = rows_a
    rows_difference = rows_a
    rows_share = rows_a
    back_a = no_rows(WEIGHTS, BLOCK)
    back_b = back_a
    back_both = back_a
    back_difference = back_a
    missing_sum = tl.zeros((BLOCK,), tl.float32)
    share_sum = missing_sum
    # A row of the adjoints takes the rows of the map up to BORDER before it, and each of those BORDER rows after it.
    START: tl.constexpr = BORDER if adjoints is not None else 0
    for step in range(ROWS + BORDER + START):
        row = tl.minimum(tl.maximum(first - START + step, 0), height - 1)
        a, b, squares, difference, share = averages_of_row(
            x, y, mask, at + row * width, of_column, middle, -half_range, WEIGHTS, MASK, CENTRED, BLOCK,
        )  # fmt: skip
        a, rows_a = next_row(rows_a, a, WEIGHTS)
        b, rows_b = next_row(rows_b, b, WEIGHTS)
        squares, rows_squares = next_row(rows_squares, squares, WEIGHTS)
        difference, rows_difference = next_row(rows_difference, difference, WEIGHTS)
        top = first - START + step - BORDER  # the row of the map
        valid = here & (top >= 0) & (top < high)
        counts = valid & (top >= first)
        weight = valid.to(tl.float32)
        if MASK == WEIGHED:
            share, rows_share = next_row(rows_share, share, WEIGHTS)
            seen = tl.maximum(share, _TINY)
            a, b, squares, difference = a / seen, b / seen, squares / seen, difference / seen
            share_sum += tl.where(counts, share, 0.0)
            weight = share / seen
        missing, by_a, by_b, by_squares, by_difference = similarity(
            a, b, squares, difference, half_range, c1, c2, scale, LUMINANCE
        )
        if sums is not None:
            missing_sum += tl.where(counts, missing * share if MASK == WEIGHED else missing, 0.0)
        if values is not None:
            tl.store(values + (plane * high + top) * wide + columns, 1 - missing, mask=counts)
        if adjoints is not None:
            if upstream is not None:
                weight = tl.load(upstream + (plane * high + top) * wide + columns, mask=valid, other=0.0)
            both, back_both = next_row(back_both, tl.where(valid, weight * (by_squares + by_difference), 0.0), WEIGHTS)
            apart, back_difference = next_row(back_difference, tl.where(valid, weight * by_difference, 0.0), WEIGHTS)
            out = adjoints + (plane * (2 + TO_X + TO_Y) * height + top) * wide + columns
            inside = here & (top >= first) & (top < height)
            tl.store(out, both, mask=inside)
            tl.store(out + height * wide, apart, mask=inside)
            if TO_X:
                for_x, back_a = next_row(back_a, tl.where(valid, weight * by_a, 0.0), WEIGHTS)
                tl.store(out + 2 * height * wide, for_x, mask=inside)
            if TO_Y:
                for_y, back_b = next_row(back_b, tl.where(valid, weight * by_b, 0.0), WEIGHTS)
                tl.store(out + (2 + TO_X) * height * wide, for_y, mask=inside)
    if sums is not None:
        if MASK == WEIGHED:
            tl.store(sums + (plane * tiles + tile) * 2, tl.sum(missing_sum))
            tl.store(sums + (plane * tiles + tile) * 2 + 1, tl.sum(share_sum))
        else:
            tl.store(sums + plane * tiles + tile, gain * tl.sum(missing_sum))
