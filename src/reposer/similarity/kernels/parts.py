"""SSIM of body parts from sums under their masks, as Triton kernels: all sums in one launch, the index in another."""

import triton
import triton.language as tl

from reposer.similarity.kernels.window import read, similarity

_TINY = tl.constexpr(1e-12)


@triton.jit
def part_sums(
    x, y, masks, visible, sums,
    channels, parts, size, of_image, of_channel, of_column, pixels, middle,
    CENTRED: tl.constexpr, PARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Sums of masks (B, P, H, W) and, under them, of x, y, x^2 + y^2 and (x - y)^2; and what no mask covers.

    A program sums ``pixels`` pixels of one channel under all P <= PARTS masks.

    Args:
        x, y: (B, C, H, W) with the strides given, rows one after the other, of ``size`` pixels.
        visible: (B, H, W), 1 - the largest of the masks.
        sums: (B, 5, C, P, chunks).
    """
    chunks = tl.cdiv(size, pixels)
    channel = tl.program_id(0) % channels
    chunk = (tl.program_id(0) // channels) % chunks
    image = (tl.program_id(0) // (channels * chunks)).to(tl.int64)
    part = tl.arange(0, PARTS)
    known = part < parts
    x += image * of_image + channel * of_channel
    y += image * of_image + channel * of_channel
    masks += (image * parts + part)[:, None] * size
    mass = tl.zeros((PARTS, BLOCK), tl.float32)
    a = mass
    b = mass
    squares = mass
    difference = mass
    for start in range(0, pixels, BLOCK):
        pixel = chunk * pixels + start + tl.arange(0, BLOCK)
        here = pixel < size
        at = pixel * of_column
        weights = tl.load(masks + pixel[None, :], mask=known[:, None] & here[None, :], other=0.0).to(tl.float32)
        of_x = read(x, at, middle, CENTRED, here, 0.0)[None, :]
        of_y = read(y, at, middle, CENTRED, here, 0.0)[None, :]
        mass += weights
        a += weights * of_x
        b += weights * of_y
        squares += weights * (of_x * of_x + of_y * of_y)
        difference += weights * ((of_x - of_y) * (of_x - of_y))
        if channel == 0:
            tl.store(visible + image * size + pixel, 1 - tl.max(weights, 0), mask=here)
    each = channels * parts * chunks
    out = sums + image * 5 * each + (channel * parts + part) * chunks + chunk
    tl.store(out, tl.sum(mass, 1), mask=known)
    tl.store(out + each, tl.sum(a, 1), mask=known)
    tl.store(out + 2 * each, tl.sum(b, 1), mask=known)
    tl.store(out + 3 * each, tl.sum(squares, 1), mask=known)
    tl.store(out + 4 * each, tl.sum(difference, 1), mask=known)


@triton.jit
def summed(sums, lane, known, count, COUNT: tl.constexpr):
    """Sums over the last dimension of ``sums`` (lanes, count)."""
    each = tl.arange(0, COUNT)
    values = tl.load(
        sums + lane[:, None] * count + each[None, :], mask=known[:, None] & (each < count)[None, :], other=0.0
    )
    return tl.sum(values, 1)


@triton.jit
def surroundings(window_sums, factors, channels, tiles, positions, slope,
                 NORMALIZED: tl.constexpr, CHANNELS: tl.constexpr, TILES: tl.constexpr):  # fmt: skip
    """1 - SSIM of the background of an image; writes how its half changes with the sums of each plane."""
    EACH: tl.constexpr = 1 + NORMALIZED  # values of a tile
    channel = tl.arange(0, CHANNELS)
    known = channel < channels
    tile = tl.arange(0, TILES)
    at = window_sums + (channel * tiles * EACH)[:, None] + EACH * tile[None, :]
    there = known[:, None] & (tile < tiles)[None, :]
    missing = tl.sum(tl.load(at, mask=there, other=0.0), 1)
    counted = positions + tl.zeros((CHANNELS,), tl.float32)
    if NORMALIZED:
        counted = tl.maximum(tl.sum(tl.load(at + 1, mask=there, other=0.0), 1), _TINY)
    tl.store(factors + channel * 4, slope * 0.5 / channels / counted, mask=known)
    return tl.sum(tl.where(known, missing / counted, 0.0)) / channels


@triton.jit
def part_index(
    sums, window_sums, distance, values, factors,
    channels, parts, chunks, tiles, positions, epsilon, half_range, c1, c2, share, slope,
    EXCLUDE: tl.constexpr, NORMALIZED: tl.constexpr,
    LANES: tl.constexpr, CHUNKS: tl.constexpr, CHANNELS: tl.constexpr, TILES: tl.constexpr,
):  # fmt: skip
    """1 - PSSIM of one image from its sums, or SSIM of its parts; and the derivatives.

    Args:
        sums: (B, 5, C, P, chunks) of ``part_sums``.
        window_sums: (B C, tiles), or (B C, tiles, 2) if NORMALIZED, of ``window_rows``.
        distance: (B,), 1 - PSSIM times ``share``; or None.
        values: (B, P, C), SSIM of each part, where there is no distance.
        factors: (B, P + 1, C, 4), as ``window_gradient`` takes them, of PSSIM times ``slope`` or of the values.
    """
    image = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    known = lane < channels * parts
    channel, part = lane // parts, lane % parts
    each = channels * parts * chunks
    sums += image * 5 * each
    factors += image * (parts + 1) * channels * 4
    mass = summed(sums, lane, known, chunks, CHUNKS)
    whole = mass + epsilon
    missing, by_a, by_b, by_squares, by_difference = similarity(
        summed(sums + each, lane, known, chunks, CHUNKS) / whole,
        summed(sums + 2 * each, lane, known, chunks, CHUNKS) / whole,
        summed(sums + 3 * each, lane, known, chunks, CHUNKS) / whole,
        summed(sums + 4 * each, lane, known, chunks, CHUNKS) / whole,
        half_range * (mass / whole),  # an empty mask has mean 0
        c1,
        c2,
        1.0,
        True,
    )
    gain = 1 / whole
    out = part * channels + channel
    if distance is not None:
        counts = known & (mass > 0) if EXCLUDE else known
        weight = counts.to(tl.float32) / tl.maximum(tl.sum(counts.to(tl.float32)), 1.0)
        gain = slope * 0.5 * weight / whole
        window_sums += image * channels * tiles * (1 + NORMALIZED)
        last = factors + parts * channels * 4
        behind = surroundings(window_sums, last, channels, tiles, positions, slope, NORMALIZED, CHANNELS, TILES)
        tl.store(distance + image, share * (tl.sum(missing * weight) + behind) / 2)
    else:
        tl.store(values + image * parts * channels + out, 1 - missing, mask=known)
    tl.store(factors + out * 4, gain * (by_squares + by_difference), mask=known)
    tl.store(factors + out * 4 + 1, gain * by_difference, mask=known)
    tl.store(factors + out * 4 + 2, gain * by_a, mask=known)
    tl.store(factors + out * 4 + 3, gain * by_b, mask=known)
