"""Worker processes: they end when the process that started them does, however it ends, and not before."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import TypeVar, cast

from reposer.checks import InputError, RunError

Task = TypeVar("Task")
Result = TypeVar("Result")

_GRACE = 60
"""Seconds that a worker goes on after SIGTERM where nothing tells who sent it."""


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


def heed_only_parent() -> None:
    """Let only the parent end this process: Ctrl-C and SIGTERM often go to a whole group of processes.

    The parent may want to finish what it does with its workers, and to save it; when it ends, they do.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not hasattr(signal, "sigwaitinfo"):  # macOS and Windows do not tell who sent a signal: time enough to save
        signal.signal(signal.SIGTERM, lambda *_: _end_in(_GRACE))
        return
    parent = os.getppid()

    def wait() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
            pass
        os._exit(0)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=wait, daemon=True, name="heed only parent").start()


def _end_in(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()


@contextmanager
def _without_opencv_threads() -> Iterator[None]:
    """A fork has none of them: it would wait for them for ever. On small images they help little."""
    cv2 = sys.modules.get("cv2")
    if cv2 is None:
        yield
        return
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@_without_opencv_threads()
def spread(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int = 0,
    least: int = 64,
    doing: str = "works on images",
    progress: Callable[[int], None] | None = None,
) -> list[Result]:
    """Return ``work(task)`` of each task, in their order, computed by several processes where that is worth it.

    No process works any more when it returns or raises, whatever stops it.

    Args:
        work: a function that can be pickled.
        tasks: its arguments.
        workers: processes; 0: one per core. At most four per core are started.
        least: tasks that are worth a process; for fewer than twice as many, this process works alone.
        doing: what a process does, for the error.
        progress: gets the number of tasks done so far.

    Raises:
        RunError: if a process dies.
    """

    def collect(results: Iterable[Result]) -> list[Result]:
        found = []
        for result in results:
            found.append(result)
            if progress is not None:
                progress(len(found))
        return found

    cores = os.cpu_count() or 1
    processes = min(workers or cores, 4 * cores, max(1, len(tasks) // least))
    if processes == 1:
        return collect(map(work, tasks))
    pool = ProcessPoolExecutor(processes, initializer=_prepare)
    try:
        return collect(pool.map(work, tasks, chunksize=max(1, min(32, len(tasks) // (4 * processes)))))
    except BrokenProcessPool:
        raise RunError(f"a process that {doing} died, perhaps for lack of memory; use fewer --workers") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def forked(work: Callable[[Task], Result], tasks: Sequence[Task], *, processes: int) -> Iterator[Result]:
    """Give ``work(task)`` of each task, in any order, computed in forks of this process; Linux only.

    They have from it what they work with, whatever it is: only results are sent. ``work`` must not use a GPU. No
    process works any more when the iterator is closed or raises.

    Raises:
        RunError: if a process ends before its work is done.
    """
    context, receivers, started, done = multiprocessing.get_context("fork"), [], [], 0
    try:
        with (
            _without_opencv_threads(),
            warnings.catch_warnings(),
        ):  # that a fork has none of the threads: ``_prepare`` sees to it
            warnings.simplefilter("ignore", DeprecationWarning)
            for rank in range(processes):
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(sender, work, tasks[rank::processes]), daemon=True)
                process.start()
                sender.close()
                receivers.append(receiver)
                started.append(process)
        while receivers:
            for receiver in cast(list[Connection], wait(receivers)):
                try:
                    result = receiver.recv()
                except EOFError:
                    receivers.remove(receiver)
                    continue
                if isinstance(result, BaseException):
                    raise result
                done += 1
                yield result
        if done < len(tasks):
            raise RunError("a process ended before its work was done, often because memory ran out")
    finally:
        for process in started:
            process.terminate()
            process.join()


def _work(sender: Connection, work: Callable[[Task], Result], tasks: Sequence[Task]) -> None:
    _prepare()
    try:
        for task in tasks:
            sender.send(work(task))
    except Exception as error:
        sender.send(error)


def _prepare() -> None:
    import torch

    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent
    torch.set_num_threads(1)  # the threads of the parent are not here: work that waited for them would wait for ever
