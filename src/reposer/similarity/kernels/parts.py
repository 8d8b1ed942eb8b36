"""SSIM of body parts from sums under their masks, as Triton kernels: all sums in one launch, the index in another."""

import triton
import triton.language as tl

from reposer.similarity.kernels.window import read, similarity

_TINY = tl.constexpr(1e-12)


@triton.jit
def part_sums(
    x, y, masks, visible, sums,
    channels, parts, height, width, of_image, of_channel, of_row, of_column, middle, pixels,
    CENTRED: tl.constexpr, PARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Sums of masks (B, P, H, W) and, under them, of x, y, x^2 + y^2 and (x - y)^2; and what no mask covers.

    A program sums ``pixels`` pixels of one channel under all P <= PARTS masks.

    Args:
        x, y: (B, C, H, W) with the strides given.
        visible: (B, H, W), 1 - the largest of the masks.
        sums: (B, 5, C, P, chunks).
    """
    chunks = tl.cdiv(height * width, pixels)
    channel = tl.program_id(0) % channels
    chunk = (tl.program_id(0) // channels) % chunks
    image = (tl.program_id(0) // (channels * chunks)).to(tl.int64)
    part = tl.arange(0, PARTS)
    known = part < parts
    x += image * of_image + channel * of_channel
    y += image * of_image + channel * of_channel
    masks += (image * parts + part)[:, None] * height * width
    mass = tl.zeros((PARTS, BLOCK), tl.float32)
    a = mass
    b = mass
    squares = mass
    difference = mass
    for start in range(0, pixels, BLOCK):
        pixel = chunk * pixels + start + tl.arange(0, BLOCK)
        here = pixel < height * width
        at = (pixel // width) * of_row + (pixel % width) * of_column
        weights = tl.load(masks + pixel[None, :], mask=known[:, None] & here[None, :], other=0.0).to(tl.float32)
        of_x = read(x, at, middle, CENTRED, here, 0.0)[None, :]
        of_y = read(y, at, middle, CENTRED, here, 0.0)[None, :]
        mass += weights
        a += weights * of_x
        b += weights * of_y
        squares += weights * (of_x * of_x + of_y * of_y)
        difference += weights * ((of_x - of_y) * (of_x - of_y))
        if channel == 0:
            tl.store(visible + image * height * width + pixel, 1 - tl.max(weights, 0), mask=here)
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
def surroundings(window_sums, plane_factors, image, channels, tiles, positions,
                 NORMALIZED: tl.constexpr, CHANNELS: tl.constexpr, TILES: tl.constexpr):  # fmt: skip
    """1 - SSIM of the background of an image; writes how its half changes with the sums of each plane."""
    channel = tl.arange(0, CHANNELS)
    known = channel < channels
    # Two values a tile: one sum after the other.
    tile = tl.arange(0, TILES)
    at = window_sums + ((image * channels + channel) * tiles * 2)[:, None] + 2 * tile[None, :]
    there = known[:, None] & (tile < tiles)[None, :]
    missing = tl.sum(tl.load(at, mask=there, other=0.0), 1)
    counted = positions + tl.zeros((CHANNELS,), tl.float32)
    if NORMALIZED:
        counted = tl.maximum(tl.sum(tl.load(at + 1, mask=there, other=0.0), 1), _TINY)
    tl.store(plane_factors + image * channels + channel, 0.5 / channels / counted, mask=known)
    return tl.sum(tl.where(known, missing / counted, 0.0)) / channels


@triton.jit
def part_index(
    sums, window_sums, index, values, plane_factors, part_factors,
    channels, parts, chunks, tiles, positions, epsilon, half_range, c1, c2,
    EXCLUDE: tl.constexpr, NORMALIZED: tl.constexpr,
    LANES: tl.constexpr, CHUNKS: tl.constexpr, CHANNELS: tl.constexpr, TILES: tl.constexpr,
):  # fmt: skip
    """PSSIM of one image from its sums, and its derivatives.

    Args:
        sums: (B, 5, C, P, chunks) of ``part_sums``.
        window_sums: (B C, tiles, 2) of ``window_rows``.
        index: (B,); None: the derivatives are those of ``values``.
        values: (B, P, C), SSIM of each part.
        plane_factors: (B C), derivative of the index by the sums of each plane.
        part_factors: (B, P, C, 4), as ``window_gradient`` takes them.
    """
    image = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    known = lane < channels * parts
    channel, part = lane // parts, lane % parts
    each = channels * parts * chunks
    sums += image * 5 * each
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
    counts = known & (mass > 0) if EXCLUDE else known
    share = counts.to(tl.float32) / tl.maximum(tl.sum(counts.to(tl.float32)), 1.0)
    out = (image * parts + part) * channels + channel
    tl.store(values + out, 1 - missing, mask=known)
    gain = 1 / whole
    if index is not None:
        gain = 0.5 * share / whole
        behind = surroundings(
            window_sums, plane_factors, image, channels, tiles, positions, NORMALIZED, CHANNELS, TILES
        )
        tl.store(index + image, 1 - (tl.sum(missing * share) + behind) / 2)
    tl.store(part_factors + out * 4, gain * (by_squares + by_difference), mask=known)
    tl.store(part_factors + out * 4 + 1, gain * by_difference, mask=known)
    tl.store(part_factors + out * 4 + 2, gain * by_a, mask=known)
    tl.store(part_factors + out * 4 + 3, gain * by_b, mask=known)
