"""Worker processes: they end when the process that started them does, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading


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
