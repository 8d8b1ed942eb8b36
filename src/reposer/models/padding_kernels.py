"""ReLU, dropout by item and reflection padding in one pass, as Triton kernels: forwards and backwards."""

import triton
import triton.language as tl


@triton.jit
def mixed(bits):
    """Spread the bits of int32 numbers: the finaliser of MurmurHash3, as ``reposer.models.dropout`` has it."""
    bits = (bits ^ ((bits >> 16) & 0xFFFF)) * -0x7A143595
    bits = (bits ^ ((bits >> 13) & 0x7FFFF)) * -0x3D4D51CB
    return bits ^ ((bits >> 16) & 0xFFFF)


@triton.jit
def placed(at, channels, height, width, LAST: tl.constexpr):
    """Image, channel, row and column of values that are numbered as they lie in memory."""
    if LAST:
        channel = at % channels
        pixel = at // channels
        x = pixel % width
        y = (pixel // width) % height
        image = pixel // (width * height)
    else:
        x = at % width
        y = (at // width) % height
        channel = (at // (width * height)) % channels
        image = at // (width * height * channels)
    return image, channel, y, x


@triton.jit
def offset(image, channel, y, x, channels, height, width, LAST: tl.constexpr):
    """Where a value lies in memory."""
    if LAST:
        return ((image * height + y) * width + x) * channels + channel
    return ((image * channels + channel) * height + y) * width + x


@triton.jit
def kept(keys, image, channel, y, x, height, width, salt, bound, here):
    """Whether dropout keeps a value."""
    key = mixed(tl.load(keys + image, mask=here, other=0) + salt)
    return mixed(mixed((channel * height + y) * width + x) ^ key) < bound


@triton.jit
def padded(
    values, keys, out,
    channels, height, width, count, salt, bound, scale,
    PADDING: tl.constexpr, RECTIFY: tl.constexpr, DROP: tl.constexpr, LAST: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """``out`` (B, C, H + 2 padding, W + 2 padding), of ``count`` values, of ``values`` (B, C, H, W)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = at < count
    image, channel, y, x = placed(at, channels, height + 2 * PADDING, width + 2 * PADDING, LAST)
    y = tl.abs(y - PADDING)
    x = tl.abs(x - PADDING)
    y = tl.where(y < height, y, 2 * height - 2 - y)
    x = tl.where(x < width, x, 2 * width - 2 - x)
    value = tl.load(values + offset(image, channel, y, x, channels, height, width, LAST), mask=here, other=0.0)
    value = value.to(tl.float32)
    if RECTIFY:
        value = tl.where(value <= 0, 0.0, value)  # NaN stays
    if DROP:
        value = value * tl.where(kept(keys, image, channel, y, x, height, width, salt, bound, here), scale, 0.0)
    tl.store(out + at, value.to(out.dtype.element_ty), mask=here)


@triton.jit
def unpadded(
    gradients, out, keys, result,
    channels, height, width, count, salt, bound, scale,
    PADDING: tl.constexpr, RECTIFY: tl.constexpr, DROP: tl.constexpr, LAST: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The gradients ``result`` (B, C, H, W), of ``count`` values, for those of ``out``: those of all its copies."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = at < count
    image, channel, y, x = placed(at, channels, height, width, LAST)
    tall = height + 2 * PADDING
    wide = width + 2 * PADDING
    total = tl.zeros((BLOCK,), tl.float32)
    for row in tl.static_range(3 if PADDING else 1):  # itself, its copy above, its copy below
        to_y = y + PADDING if row == 0 else (PADDING - y if row == 1 else 2 * height - 2 - y + PADDING)
        has_y = y >= 0 if row == 0 else ((y > 0) & (y <= PADDING) if row == 1 else (y < height - 1) & (to_y < tall))
        for column in tl.static_range(3 if PADDING else 1):
            to_x = x + PADDING if column == 0 else (PADDING - x if column == 1 else 2 * width - 2 - x + PADDING)
            has_x = (
                x >= 0
                if column == 0
                else ((x > 0) & (x <= PADDING) if column == 1 else (x < width - 1) & (to_x < wide))
            )
            at_copy = offset(image, channel, to_y, to_x, channels, tall, wide, LAST)
            total += tl.load(gradients + at_copy, mask=here & has_y & has_x, other=0.0).to(tl.float32)
    if RECTIFY:  # what is left of a value is positive where it was, and was kept
        centre = offset(image, channel, y + PADDING, x + PADDING, channels, tall, wide, LAST)
        total = tl.where(tl.load(out + centre, mask=here, other=0.0).to(tl.float32) <= 0, 0.0, total * scale)
    elif DROP:
        total = total * tl.where(kept(keys, image, channel, y, x, height, width, salt, bound, here), scale, 0.0)
    tl.store(result + at, total.to(result.dtype.element_ty), mask=here)
