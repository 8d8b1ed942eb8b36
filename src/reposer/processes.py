"""Worker processes: they end when the process that started them does, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading

from reposer.checks import InputError


def check_processes(name: str, count: int, *, least: int = 1) -> None:
    """Raise InputError unless ``count`` processes can be started here: from ``least`` to four per core."""
    most = 4 * (os.cpu_count() or 1)
    if type(count) is not int or count < least:
        raise InputError(f"{name} must be at least {least}, got {count!r}")
    if count > most:
        raise InputError(f"{name} must be at most {most}, four per core of this machine, got {count}")


def end_with_parent() -> None:
    """Let this process end as soon as its parent has: for the initializer of a pool of processes.

    A killed parent cannot tell its workers; they would wait for work for ever, each with its memory. The kernel
    closes the parent's end of a pipe, though, and a thread waits for that.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()
