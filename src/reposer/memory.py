"""Memory of a process that computes on the CPU: kept from step to step, and how much is free."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Let the process keep the memory of freed tensors for the next ones, where the C library is glibc.

    By default glibc hands large blocks back to the system, and every step pays the page faults of getting them
    again. Elsewhere this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def free_bytes() -> int:
    """Memory that this process may still take without pushing others out: of the machine, or of its control group.

    Where the system does not tell, half of what is built in; 0 where it does not tell that either.
    """
    fields = dict(line.split(":", 1) for line in _text("/proc/meminfo").splitlines())
    if "MemAvailable" not in fields:
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        except (AttributeError, OSError, ValueError):  # Windows
            return 0
    free = 1024 * int(fields["MemAvailable"].split()[0])
    return min([free, *_left_in_groups()])


_LIMITS = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Of control groups in version 2 and 1: their folder in /sys/fs/cgroup, the files of the limit and of the use, and what
``memory.stat`` calls the part of it that the system gives back first: files that were read."""


def _left_in_groups() -> list[int]:
    """What the control groups of this process, such as a container or a job of a cluster, still grant."""
    left = []
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in {"", "memory"}.intersection(controllers.split(",")):
            folder, limit, used, read = _LIMITS[controller]
            root = Path("/sys/fs/cgroup", folder)
            own = root / path.lstrip("/")
            for group in (own, *own.parents):
                if group.is_relative_to(root):
                    most, taken = (_text(group / file).strip() for file in (limit, used))
                    if most.isdigit() and taken.isdigit():
                        told = dict(row.split() for row in _text(group / "memory.stat").splitlines())
                        left.append(max(0, int(most) - int(taken) + int(told.get(read, 0))))
    return left


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
