"""Workers end when the process that started them is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from reposer import processes
from reposer.checks import InputError, RunError
from reposer.evaluation.options import EvaluationOptions
from reposer.processes import check_processes, forked, spread

PARENT = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from reposer.processes import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(3, mp_context=get_context(sys.argv[1]), initializer=end_with_parent) as pool:
        waiting = [pool.submit(time.sleep, seconds) for seconds in (0.2, 0.2, 0.2, 600)]
        time.sleep(0.1)
        [future.result() for future in waiting[:3]]
        print(*pool._processes, flush=True)
        time.sleep(600)
"""


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def all_end(processes: list[int], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(runs, processes))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_at_work_and_idle_end_with_a_killed_parent(method: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script, method], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert len(workers) == 3
    assert all(map(runs, workers))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert all_end(workers)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_worker_that_cannot_tell_who_sent_sigterm_ends_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "sigwaitinfo", raising=False)
    monkeypatch.setattr(processes, "_GRACE", 0.5)
    read, write = os.pipe()
    worker = os.fork()
    if worker == 0:
        processes.heed_only_parent()
        os.write(write, b"!")
        while True:
            time.sleep(0.05)
    os.read(read, 1)
    start = time.monotonic()
    os.kill(worker, signal.SIGTERM)
    os.waitpid(worker, 0)
    assert time.monotonic() - start >= 0.5


@pytest.mark.parametrize(("count", "least"), [(0, 1), (-1, 0), (1.5, 1), (True, 1), (10**9, 1)])
def test_counts_of_processes_that_cannot_be(count: int, least: int) -> None:
    with pytest.raises(InputError, match=r"^devices must be at (least|most) \d+, .*got "):
        check_processes("devices", count, least=least)
    check_processes("devices", least, least=least)


def test_an_evaluation_starts_no_more_processes_than_help() -> None:
    with pytest.raises(InputError, match="devices must be at most"):
        EvaluationOptions(devices=10**9)


FORKS = pytest.mark.skipif(sys.platform != "linux", reason="forks")


@FORKS
def test_forks_have_what_they_need() -> None:
    """Even what cannot be pickled: only results are sent."""
    found = list(forked(lambda task: (task() ** 2, os.getpid()), [lambda i=i: i for i in range(7)], processes=3))
    assert sorted(square for square, _ in found) == [i**2 for i in range(7)]
    assert len({process for _, process in found}) == 3
    assert os.getpid() not in {process for _, process in found}


@FORKS
def test_forks_that_fail() -> None:
    def work(task: int) -> int:
        if task == 3:
            raise InputError("task 3 is bad")
        if task == 5:
            os._exit(1)
        return task

    with pytest.raises(InputError, match="task 3 is bad"):
        list(forked(work, [1, 2, 3, 4], processes=2))
    with pytest.raises(RunError, match="a process ended before its work was done"):
        list(forked(work, [1, 5, 2, 4], processes=2))


@FORKS
def test_forks_end_when_nobody_waits_for_them() -> None:
    results = forked(lambda _: time.sleep(0.01) or os.getpid(), range(100_000), processes=2)
    started = [next(results), next(results)]
    results.close()
    assert not any(map(runs, started))


def resized(side: int) -> int:
    cv2.setNumThreads(1)
    return int(cv2.resize(np.ones((side, side), np.uint8), (8, 8), interpolation=cv2.INTER_AREA).sum())


@FORKS
def test_forks_do_not_wait_for_threads_of_opencv_that_they_lack() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        image = np.random.default_rng(0).integers(0, 255, (2000, 2000, 3), np.uint8)
        cv2.GaussianBlur(image, (31, 31), 0)  # its threads start
        assert spread(resized, [64] * 4, workers=2, least=1) == [64] * 4
        assert list(forked(resized, [64] * 4, processes=2)) == [64] * 4
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
