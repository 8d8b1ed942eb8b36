"""A folder has one writer at a time, whatever happens to the one before."""

import dataclasses
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from reposer import locks
from reposer.checks import InputError
from reposer.locks import LOCK, Holder, is_lock, lock


@pytest.fixture(params=["kernel", "announced"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the kernel's locks, and as on a file system without any."""
    if request.param == "announced":
        monkeypatch.setattr(locks, "_kernel_lock", lambda file: None)
    return str(request.param)


def _leave(folder: Path, kind: str, **changes: Any) -> Path:
    """Leave the lock file of a holder that is like this process but for the changes."""
    folder.mkdir(exist_ok=True)
    path = folder / (LOCK if kind == "kernel" else f"{LOCK}-0")
    path.write_text(json.dumps(dataclasses.asdict(dataclasses.replace(Holder.me("reposer train"), **changes))))
    return path


@pytest.mark.usefixtures("kind")
def test_second_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with lock(tmp_path, "reposer train"):
        expected = rf"in use by reposer train \(process {os.getpid()} on .*, since 2.*\); wait until it ends"
        with pytest.raises(InputError, match=expected), lock(tmp_path, "reposer generate"):
            pass
        assert all(map(is_lock, tmp_path.iterdir()))
    with lock(tmp_path, "reposer generate"):
        pass


@pytest.mark.usefixtures("kind")
def test_nothing_is_left(tmp_path: Path) -> None:
    with lock(tmp_path / "new" / "run", "a test"):
        assert (tmp_path / "new" / "run").is_dir()
    assert not (tmp_path / "new").exists()
    with lock(tmp_path / "run", "a test"):
        (tmp_path / "run" / "kept").touch()
    with pytest.raises(FileNotFoundError), lock(tmp_path / "run", "a test"):
        (tmp_path / "run" / "missing").read_text()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["kept"]


@pytest.mark.parametrize("change", [{"process": 2**22 + 1}, {"started": "before"}, {"boot": "an earlier one"}])
def test_stale_lock_is_replaced(tmp_path: Path, kind: str, change: dict[str, Any]) -> None:
    """Its process is gone, its number is that of another process, or the machine was started again."""
    _leave(tmp_path, kind, **change)
    with lock(tmp_path, "a test"):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_lock_of_another_machine_is_never_stale(tmp_path: Path, kind: str) -> None:
    left = _leave(tmp_path, kind, host="node-7", boot="of node-7", process=1, started="1", since="2026-01-02 03:04:05")
    expected = rf"process 1 on node-7, since 2026-01-02 03:04:05\); if it runs no more, delete .*{left.name}"
    with pytest.raises(InputError, match=expected), lock(tmp_path, "a test"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [left.name]
    left.unlink()
    with lock(tmp_path, "a test"):
        pass


def test_killed_container_of_this_machine_is_stale(tmp_path: Path) -> None:
    """Its host name was another one, but the kernel that has dropped its lock is ours."""
    if not Holder.me("a test").boot:
        pytest.skip("this kernel does not name its start")
    _leave(tmp_path, "kernel", host="another-container", process=1, started="1")
    with lock(tmp_path, "a test"):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"what": "x"}', b"[" * 4000, b"5" * 4000])
def test_damaged_lock_file_is_replaced(tmp_path: Path, kind: str, content: bytes) -> None:
    """As of a holder that was killed while it wrote."""
    _leave(tmp_path, kind).write_bytes(content)
    with lock(tmp_path, "a test"):
        pass


def test_where_neither_kernel_nor_ps_tells_the_lock_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where nothing says whether a holder still runs."""
    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(locks, "_started", lambda process: None)
    with lock(tmp_path / "run", "reposer train"):
        (left,) = (tmp_path / "run").iterdir()
        expected = rf"in use by reposer train .*; if it runs no more, delete .*{left.name}"
        with pytest.raises(InputError, match=expected), lock(tmp_path / "run", "a test"):
            pass
    assert not (tmp_path / "run").exists()


def test_folders_made_around_one_that_was_removed_go_again(tmp_path: Path) -> None:
    with lock(tmp_path / "new" / "unfinished", "a test"):
        shutil.rmtree(tmp_path / "new" / "unfinished")
    assert not (tmp_path / "new").exists()


def test_folder_that_cannot_be_held_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: cannot be written"), lock(tmp_path / "file", "a test"):
        pass
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="run: cannot be written"), lock(tmp_path / "run", "a test"):
        pass
    assert not (tmp_path / "elsewhere").exists()


_HOLD = """
import os, sys
from pathlib import Path
from reposer.locks import lock
with lock(Path(sys.argv[1]), "the first"):
    if os.fork() == 0:  # a worker, which shares the lock
        import time
        time.sleep(0.5)
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_killed_holder_with_workers_makes_way(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"the first .process {first.pid} "), lock(tmp_path, "the second"):
            pass
        first.kill()
        first.wait()
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]
        with lock(tmp_path, "the second"):
            pass


def _contend(folder: Path, kernel: bool, counter: Any) -> None:
    """Add to a counter that others add to, inside the lock, so that two at once would lose some."""
    if not kernel:
        locks._kernel_lock = lambda file: None
    for _ in range(40):
        try:
            with lock(folder, "a test"):
                number = int((folder / "number").read_text())
                (folder / "number").write_text(str(number + 1))
                with counter.get_lock():
                    counter.value += 1
        except InputError as error:
            if "in use" not in str(error):
                raise


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [True, False])
def test_never_two_at_once(tmp_path: Path, kernel: bool) -> None:
    (tmp_path / "number").write_text("0")
    context = multiprocessing.get_context("fork")
    counter = context.Value("i", 0)
    contenders = [context.Process(target=_contend, args=(tmp_path, kernel, counter)) for _ in range(3)]
    for contender in contenders:
        contender.start()
    for contender in contenders:
        contender.join(60)
    assert [contender.exitcode for contender in contenders] == [0, 0, 0]
    assert counter.value > 0
    assert int((tmp_path / "number").read_text()) == counter.value
    assert [path.name for path in tmp_path.iterdir()] == ["number"]


def test_who_waits_comes_in_as_soon_as_the_other_has_left(tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock(tmp_path, "the first"):
            entered.set()
            leave.wait(30)

    first = threading.Thread(target=hold)
    first.start()
    entered.wait(30)
    with pytest.raises(InputError, match="in use by the first"), lock(tmp_path, "the second", wait=0.3):
        pass
    threading.Timer(0.3, leave.set).start()
    with lock(tmp_path, "the second", wait=30):
        assert leave.is_set()
    first.join()
