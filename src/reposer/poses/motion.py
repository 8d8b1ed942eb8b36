"""Poses of one person in the order of time: gaps filled, sides kept apart, smoothed, and at another rate."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.poses.skeleton import OPENPOSE_18, shown_joints

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
CUTOFF = 5.0
"""Hz: what swings faster is taken for an estimator's jitter."""
LONGEST_GAP = 0.4
"""Seconds for which a joint may be missing between poses that have it."""
LONGEST_EXCHANGE = 0.5
"""Seconds for which left and right may be exchanged between poses in which they are not."""
SPARSEST = 2 * CUTOFF
"""Poses a second below which neighbours tell little of each other: such poses stay as they are."""

_LIMBS_OF_SIDES = (((2, 5), (3, 6), (4, 7)), ((8, 11), (9, 12), (10, 13)), ((14, 15), (16, 17)))
"""Joints that an estimator exchanges together: arms, legs, face."""
_CHANGE = 0.15
"""What a change of sides costs, in lengths of the torso: joints must be farther apart than a fraction of it."""


def cleaned(joints: Tensor, visible: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """Free a motion from what estimators of poses do wrong in single pictures.

    In this order: :func:`keep_sides`, :func:`fill_gaps`, :func:`without_flashes`, :func:`smooth`, with the times above.
    Of fewer than ``SPARSEST`` poses a second nothing is known between them, and all stay as they are.

    Args:
        joints: (T, 18, 2) float pixels, x then y.
        visible: (T, 18) bool.
        rate: poses a second.
    """
    if rate < SPARSEST or len(joints) < 3:
        return shown_joints(joints, visible), visible
    joints, visible = keep_sides(joints, visible, longest=round(LONGEST_EXCHANGE * rate))
    joints, visible = fill_gaps(joints, visible, longest=round(LONGEST_GAP * rate))
    visible = without_flashes(visible, longest=max(1, round(0.1 * rate)))
    return smooth(joints, visible, rate=rate), visible


def fill_gaps(joints: Tensor, visible: Tensor, *, longest: int) -> tuple[Tensor, Tensor]:
    """Fill in joints that are missing in at most ``longest`` poses in a row, on the line between those around.

    At the beginning and the end of the motion they are where they are first and last seen. Joints that are missing for
    longer, or always, stay missing.

    Args:
        joints: (T, J, 2) float pixels.
        visible: (T, J) bool.
        longest: poses.
    """
    places, seen = shown_joints(joints, visible).double().numpy().copy(), visible.numpy().copy()
    for joint in range(places.shape[1]):
        there = np.flatnonzero(seen[:, joint])
        for first, end in _runs(~seen[:, joint]):
            if len(there) and end - first <= longest:
                gap = np.arange(first, end)
                for axis in range(2):
                    places[gap, joint, axis] = np.interp(gap, there, places[there, joint, axis])
                seen[gap, joint] = True
    return torch.from_numpy(places).to(joints.dtype), torch.from_numpy(seen)


def without_flashes(visible: Tensor, *, longest: int) -> Tensor:
    """Which joints (T, J) are visible, but for those that are so in at most ``longest`` poses between others."""
    seen = visible.numpy().copy()
    for joint in range(seen.shape[1]):
        for first, end in _runs(seen[:, joint]):
            if end - first <= longest and first > 0 and end < len(seen):
                seen[first:end, joint] = False
    return torch.from_numpy(seen)


def smooth(joints: Tensor, visible: Tensor, *, rate: float, cutoff: float = CUTOFF) -> Tensor:
    r"""Smooth the paths of joints with the filter of Whittaker and Eilers: close to the path, and little bent.

    .. math:: \hat z = \arg\min_z \sum_t (x_t - z_t)^2 + \lambda \sum_t (z_{t-1} - 2 z_t + z_{t+1})^2, \quad
        \lambda = (2 \sin \pi f / r)^{-4}

    halves what swings with the frequency f, ``cutoff``, at r poses a second, and leaves slower motion: that of people
    who walk lies below 6 Hz (Winter, "Biomechanics and Motor Control of Human Movement"). Nothing comes late, and what
    rests or moves evenly stays exactly. Each stretch of time in which a joint is visible is smoothed by itself.

    Args:
        joints: (T, J, 2) float pixels.
        visible: (T, J) bool.
        rate: poses a second; of fewer than twice the cutoff nothing is changed.
        cutoff: a second.

    Reference: Eilers, "A Perfect Smoother", Analytical Chemistry 75 (2003).
    """
    from scipy.linalg import solveh_banded

    weight = (2 * np.sin(np.pi * min(cutoff / rate, 0.5))) ** -4

    def filtered(path: Floats) -> Floats:
        if len(path) < 3:
            return path
        bands = np.zeros((3, len(path)))  # of I + weight D'D, the diagonal last
        ones = np.ones(len(path) - 2)
        for first, of_first in enumerate((1, -2, 1)):
            for second, of_second in enumerate((1, -2, 1)[: first + 1]):
                bands[2 - (first - second), first : first + len(ones)] += weight * of_first * of_second * ones
        bands[2] += 1
        return solveh_banded(bands, path)

    if rate < 2 * cutoff:
        return shown_joints(joints, visible)
    return _by_stretch(joints, visible, filtered)


def keep_sides(joints: Tensor, visible: Tensor, *, longest: int) -> tuple[Tensor, Tensor]:
    """Exchange left and right back where an estimator has exchanged them in at most ``longest`` poses in a row.

    Arms, legs and face each get the sides with which their joints move most evenly: an exchange throws them to and
    fro, while legs that pass each other, and whoever really turns round, move on and stay as they are. So does what is
    exchanged for longer, of which nothing tells which is right.

    Args:
        joints: (T, 18, 2) float pixels.
        visible: (T, 18) bool.
        longest: poses.
    """
    OPENPOSE_18.check(joints, visible)
    places, seen = shown_joints(joints, visible).double().numpy().copy(), visible.numpy().copy()
    if len(joints) < 3:
        return joints, visible
    change = _CHANGE * _torso(places, seen)
    for pairs in _LIMBS_OF_SIDES:
        order, other = [j for pair in pairs for j in pair], [j for pair in pairs for j in pair[::-1]]
        for first, end in _runs(_exchanged(places[:, order], seen[:, order], change)):
            if end - first <= longest:
                places[first:end, order] = places[first:end, other]
                seen[first:end, order] = seen[first:end, other]
    return torch.from_numpy(places).to(joints.dtype), torch.from_numpy(seen)


def resample(joints: Tensor, visible: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Take ``count`` poses at equal distances in time from the first pose to the last.

    Between poses joints follow the monotone cubic curve of Fritsch and Butland (``scipy.interpolate``'s
    ``PchipInterpolator``): it goes through the poses, keeps linear motion and never goes beyond the poses around. A
    joint is visible where it is so in the poses before and after.

    Args:
        joints: (T, J, 2) float pixels, T at least 1.
        visible: (T, J) bool.
        count: poses, at least 1; a single one is the first.
    """
    from scipy.interpolate import PchipInterpolator

    given = len(joints)
    times = np.linspace(0, given - 1, count)
    seen = visible.numpy()
    there = seen[np.floor(times).astype(int)] & seen[np.ceil(times).astype(int)]
    places = shown_joints(joints, visible).double().numpy()
    found = np.zeros((count, *places.shape[1:]))
    for joint in range(places.shape[1]):
        for first, end in _runs(seen[:, joint]):
            within = (times >= first) & (times <= end - 1)
            path = places[first:end, joint]
            found[within, joint] = (
                PchipInterpolator(np.arange(first, end), path)(times[within]) if len(path) > 1 else path
            )
    return torch.from_numpy(found).to(joints.dtype), torch.from_numpy(there)


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """First and end of each stretch of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _by_stretch(joints: Tensor, visible: Tensor, change: Callable[[Floats], Floats]) -> Tensor:
    """Change the path (N, 2) of each joint, wherever it is visible for a while."""
    places = shown_joints(joints, visible).double().numpy().copy()
    for joint in range(places.shape[1]):
        for first, end in _runs(visible.numpy()[:, joint]):
            places[first:end, joint] = change(places[first:end, joint])
    return torch.from_numpy(places).to(joints.dtype)


def _torso(places: Floats, seen: Mask) -> float:
    """Median length from neck to hips in pixels; without them a quarter of the height of all joints."""
    has = seen[:, (1, 8, 11)].all(axis=1)
    if has.any():
        return float(np.median(np.linalg.norm(places[has, 1] - places[has][:, (8, 11)].mean(axis=1), axis=-1)))
    rows = places[..., 1][seen]
    return float(np.ptp(rows)) / 4 if len(rows) else 1.0


def _exchanged(places: Floats, seen: Mask, change: float) -> Mask:
    """In which poses (T,) the joints (T, 2P, 2), pairs one after the other, are those of the other side.

    The sides whose joints bend their paths least: the sum over time of the mean length of their second differences,
    and of ``change`` for each change of sides, is the smallest of all 2^T, found by dynamic programming.
    """
    other = np.arange(places.shape[1]).reshape(-1, 2)[:, ::-1].ravel()
    either = np.stack((places, places[:, other]))  # (2, T, 2P, 2)
    known = np.stack((seen, seen[:, other]))
    bend = np.zeros((len(places), 2, 2, 2))
    for one, two, three in product((0, 1), repeat=3):
        cuts = [(side, slice(k, len(places) - 2 + k)) for k, side in enumerate((one, two, three))]
        first, second, third = (either[cut] for cut in cuts)
        all_known = np.logical_and.reduce([known[cut] for cut in cuts])
        lengths = np.linalg.norm(first - 2 * second + third, axis=-1) * all_known
        bend[2:, one, two, three] = lengths.sum(axis=1) / np.maximum(all_known.sum(axis=1), 1)
    changes = change * (1 - np.eye(2))
    least, came = changes, np.zeros((len(places), 2, 2), int)
    for time in range(2, len(places)):
        sums = least[:, :, None] + bend[time] + changes
        came[time], least = sums.argmin(axis=0), sums.min(axis=0)
    before, last = np.unravel_index(least.argmin(), least.shape)
    sides = [int(last), int(before)]
    for time in range(len(places) - 1, 1, -1):
        sides.append(int(came[time, sides[-1], sides[-2]]))
    found = np.array(sides[::-1], bool)
    return found if found.mean() <= 0.5 else ~found
