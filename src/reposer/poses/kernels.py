"""Heatmaps, their peaks, masks of limbs and frames of parts as Triton kernels: one launch each."""

import triton
import triton.language as tl

_SMALLEST = tl.constexpr(1e-18)


@triton.jit
def heatmaps(
    joints, visible, out, height, width, count, exponent, PIXEL: tl.constexpr, BLOCK: tl.constexpr
):  # fmt: skip
    """Maps (B, J, H, W), of ``count`` values, of joints (B, J, 2)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = at < count
    x = at % width
    y = (at // width) % height
    joint = at // (width * height)
    shown = tl.load(visible + joint, mask=here, other=0) != 0
    dx = x - tl.load(joints + 2 * joint, mask=here & shown, other=0.0)
    dy = y - tl.load(joints + 2 * joint + 1, mask=here & shown, other=0.0)
    if PIXEL:
        value = tl.where((tl.abs(dx) <= 0.5) & (tl.abs(dy) <= 0.5), 1.0, 0.0)
    else:
        along_x = tl.exp(dx * dx * exponent)
        along_y = tl.exp(dy * dy * exponent)
        value = tl.where((along_x > _SMALLEST) & (along_y > _SMALLEST), along_x * along_y, 0.0)
    tl.store(out + at, tl.where(shown, value, 0.0), mask=here)


@triton.jit
def limbs(
    joints, visible, ends, sizes, out,
    parts, all_parts, all_joints, height, width, zoom, epsilon, JOINTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Masks (B, P, H, W): a program computes one of them, twice, to find its largest value first.

    Args:
        ends: (2, parts, JOINTS) int64, the joints of which start and end of each part are the mean.
        sizes: (P, 2): width and divisor of each mask.
    """
    mask = tl.program_id(0)
    image = mask // all_parts
    part = (mask % all_parts) % parts
    x0 = 0.0
    y0 = 0.0
    x1 = 0.0
    y1 = 0.0
    whole = True
    for number in tl.static_range(JOINTS):
        for side in tl.static_range(2):
            joint = image * all_joints + tl.load(ends + (side * parts + part) * JOINTS + number)
            shown = tl.load(visible + joint) != 0
            whole = whole & shown
            x = tl.load(joints + 2 * joint, mask=shown, other=0.0) / JOINTS
            y = tl.load(joints + 2 * joint + 1, mask=shown, other=0.0) / JOINTS
            if side == 0:
                x0 += x
                y0 += y
            else:
                x1 += x
                y1 += y
    wide = tl.load(sizes + 2 * (mask % all_parts)) * zoom
    divisor = tl.load(sizes + 2 * (mask % all_parts) + 1)
    cos = x1 - x0
    sin = y1 - y0
    squared = cos * cos + sin * sin
    length = tl.sqrt(squared)
    cos = tl.where(length > 0, cos / tl.where(length > 0, length, 1.0), 0.0)
    sin = tl.where(length > 0, sin / tl.where(length > 0, length, 1.0), 1.0)
    along = tl.maximum(squared / divisor, 5.0 * zoom * zoom)
    across = wide * wide
    a = (cos * cos / along + sin * sin / across) / -2
    b = cos * sin * (1 / across - 1 / along)
    c = (sin * sin / along + cos * cos / across) / -2
    middle_x = (x0 + x1) / 2
    middle_y = (y0 + y1) / 2
    size = height * width
    lane = tl.arange(0, BLOCK)
    highest = tl.full((BLOCK,), -60.0, tl.float32)
    for start in range(0, size, BLOCK):
        pixel = start + lane
        dx = pixel % width - middle_x
        dy = pixel // width - middle_y
        exponent = a * dx * dx + b * dy * dx + c * dy * dy
        highest = tl.maximum(highest, tl.where(pixel < size, exponent, -60.0))
    shift = -tl.log(tl.exp(tl.max(highest, 0)) + epsilon)
    for start in range(0, size, BLOCK):
        pixel = start + lane
        dx = pixel % width - middle_x
        dy = pixel // width - middle_y
        exponent = tl.maximum(a * dx * dx + b * dy * dx + c * dy * dy, -60.0)
        value = tl.where(whole, tl.exp(exponent + shift), 0.0)
        tl.store(out + mask.to(tl.int64) * size + pixel, value, mask=pixel < size)


@triton.jit
def logarithm(maps, x, y, height, width):
    x = tl.minimum(tl.maximum(x, 0), width - 1)
    y = tl.minimum(tl.maximum(y, 0), height - 1)
    return tl.log(tl.maximum(tl.load(maps + y * width + x).to(tl.float32), 1e-3))


@triton.jit
def summit(before, middle, after):
    """Where the parabola through three values is highest, in steps from the middle one, the largest."""
    curve = tl.minimum(2 * (before - 2 * middle + after), -1e-6)
    return tl.minimum(tl.maximum((before - after) / curve, -0.5), 0.5)


@triton.jit
def peaks(maps, joints, visible, height, width, BLOCK: tl.constexpr):
    """Joints (B, J, 2) at the peaks of maps (B, J, H, W); a program finds one."""
    map = tl.program_id(0)
    size = height * width
    maps += map.to(tl.int64) * size
    lane = tl.arange(0, BLOCK)
    best = tl.full((BLOCK,), float("-inf"), tl.float32)
    place = lane
    for start in range(0, size, BLOCK):
        value = tl.load(maps + start + lane, mask=start + lane < size, other=float("-inf")).to(tl.float32)
        place = tl.where(value > best, start + lane, place)
        best = tl.maximum(value, best)
    peak = tl.max(best, 0)
    first = tl.min(tl.where(best == peak, place, size - 1), 0)  # the first of equal ones
    x = first % width
    y = first // width
    top = logarithm(maps, x, y, height, width)
    dx = summit(logarithm(maps, x - 1, y, height, width), top, logarithm(maps, x + 1, y, height, width))
    dy = summit(logarithm(maps, x, y - 1, height, width), top, logarithm(maps, x, y + 1, height, width))
    tl.store(joints + 2 * map, x + tl.where((x > 0) & (x < width - 1), dx, 0.0))
    tl.store(joints + 2 * map + 1, y + tl.where((y > 0) & (y < height - 1), dy, 0.0))
    tl.store(visible + map, peak >= 0.5)


@triton.jit
def sign(value):
    return tl.where(value > 0, 1.0, tl.where(value < 0, -1.0, 0.0))


@triton.jit
def mean_of(members, x, y, weight):
    """Mean (PARTS, 1) of those of the places x and y (1, JOINTS) that have a weight, and whether one has."""
    weights = members * weight
    count = tl.sum(weights, 1)
    divisor = tl.maximum(count, 1.0)
    return tl.sum(weights * x, 1) / divisor, tl.sum(weights * y, 1) / divisor, count > 0


@triton.jit
def apart(x, y, weight, lane, left, right, across_x, across_y):
    """How far a left joint is from a right one along ``across``, 0 unless both are visible; and whether they are."""
    both = tl.sum(tl.where((lane == left) | (lane == right), weight, 0.0)) > 1.5
    towards = tl.where(lane == left, 1.0, tl.where(lane == right, -1.0, 0.0))
    found = tl.sum(towards * x) * across_x + tl.sum(towards * y) * across_y
    return tl.where(both, found, 0.0), tl.where(both, 1.0, 0.0)


@triton.jit
def frames(
    joints, visible, starts, ends, faces, start, along, across, facing, found, scale,
    all_joints, parts, torso_length, breadth, PARTS: tl.constexpr, JOINTS: tl.constexpr,
):  # fmt: skip
    """Frames of the parts of a pose, as ``reposer.poses.frames.part_frames`` has them; a program for each pose.

    Args:
        starts, ends: (parts, all_joints) float32, 1 for the joints at that end of a part.
        faces: (all_joints,) the same for eyes and ears.
    """
    image = tl.program_id(0)
    lane = tl.arange(0, JOINTS)
    part = tl.arange(0, PARTS)
    here = lane < all_joints
    known = part < parts
    weight = tl.load(visible + image * all_joints + lane, mask=here, other=0).to(tl.float32)
    shown = here & (weight > 0)
    x = tl.load(joints + 2 * (image * all_joints + lane), mask=shown, other=0.0)
    y = tl.load(joints + 2 * (image * all_joints + lane) + 1, mask=shown, other=0.0)
    cell = part[:, None] * all_joints + lane[None, :]
    inside = known[:, None] & here[None, :]
    of_start = tl.load(starts + cell, mask=inside, other=0.0)
    of_end = tl.load(ends + cell, mask=inside, other=0.0)
    x0, y0, has_start = mean_of(of_start, x[None, :], y[None, :], weight[None, :])
    x1, y1, has_end = mean_of(of_end, x[None, :], y[None, :], weight[None, :])
    both = has_start & has_end
    to_x = x1 - x0
    to_y = y1 - y0
    length = tl.sqrt(to_x * to_x + to_y * to_y)
    limb = tl.where(both & (part >= 1) & (part < parts - 1), 1.0, 0.0)
    mean = tl.sum(length * limb) / tl.maximum(tl.sum(limb), 1.0)
    torso = part == parts - 1
    has_torso = tl.sum(tl.where(torso & both, 1.0, 0.0)) > 0
    size = tl.where(has_torso, tl.sum(tl.where(torso, length, 0.0)) / torso_length, mean)
    size = tl.maximum(size, 4.0)
    short = length < 1e-3
    across_x = tl.where(short, 1.0, to_y / tl.maximum(length, 1e-3))
    across_y = tl.where(short, 0.0, -to_x / tl.maximum(length, 1e-3))
    right_x = tl.sum(tl.where(torso, across_x, 0.0))
    right_y = tl.sum(tl.where(torso, across_y, 0.0))

    shoulders, has_shoulders = apart(x, y, weight, lane, 5, 2, right_x, right_y)
    hips, has_hips = apart(x, y, weight, lane, 11, 8, right_x, right_y)
    cos = (shoulders + hips) / tl.maximum(has_shoulders + has_hips, 1.0) / (breadth * size)
    cos = tl.minimum(tl.maximum(cos, -1.0), 1.0)
    nose = tl.sum(tl.where(lane == 0, weight, 0.0)) > 0
    of_face = tl.load(faces + lane, mask=here, other=0.0) * weight
    count = tl.sum(of_face)
    face_x = tl.where(nose, tl.sum(tl.where(lane == 0, x, 0.0)), tl.sum(of_face * x) / tl.maximum(count, 1.0))
    face_y = tl.where(nose, tl.sum(tl.where(lane == 0, y, 0.0)), tl.sum(of_face * y) / tl.maximum(count, 1.0))
    neck = lane == 1
    has_face = (tl.sum(tl.where(neck, weight, 0.0)) > 0) & (nose | (count > 0))
    ahead = (face_x - tl.sum(tl.where(neck, x, 0.0))) * right_x + (face_y - tl.sum(tl.where(neck, y, 0.0))) * right_y
    sin = sign(tl.where(has_face, ahead, 0.0)) * tl.sqrt(tl.maximum(1 - cos * cos, 0.0))
    norm = tl.sqrt(cos * cos + sin * sin)
    unknown = norm < 0.1
    cos = tl.where(unknown, 1.0, cos / tl.maximum(norm, 1e-3))
    sin = tl.where(unknown, 0.0, sin / tl.maximum(norm, 1e-3))

    out = image * parts + part
    tl.store(start + 2 * out, x0, mask=known)
    tl.store(start + 2 * out + 1, y0, mask=known)
    tl.store(along + 2 * out, to_x, mask=known)
    tl.store(along + 2 * out + 1, to_y, mask=known)
    tl.store(across + 2 * out, across_x, mask=known)
    tl.store(across + 2 * out + 1, across_y, mask=known)
    tl.store(facing + 2 * image, cos)
    tl.store(facing + 2 * image + 1, sin)
    tl.store(found + out, both, mask=known)
    tl.store(scale + image, size)
