"""Work in a process of its own that is killed before a chosen change of its folder."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tests.training.processes import server

from reposer.locks import is_lock

Work = Callable[..., object]
_CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")


def killed(work: Work, folder: Path, moment: int, *arguments: Any, timeout: float = 120) -> int:
    """Work, and die by SIGKILL just before the change of ``folder`` of this number, counted from 1.

    Changes are files that are opened to write, renamed, removed or cut short, and folders that are made or removed.

    Returns:
        Number of the changes, if the work ended before it was killed; else 0.
    """
    receiver, sender = server().Pipe(duplex=False)
    process = server().Process(target=_work, args=(work, str(folder), moment, sender, arguments))
    process.start()
    sender.close()
    process.join(timeout)
    assert process.exitcode is not None, f"still working after {timeout} s"
    assert process.exitcode in (0, -signal.SIGKILL), f"exit code {process.exitcode}"
    return receiver.recv() if process.exitcode == 0 else 0


def _work(work: Work, folder: str, moment: int, sender: Any, arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    changes = 0

    def hook(event: str, details: tuple[Any, ...]) -> None:
        nonlocal changes
        if event not in _CHANGES or not any(_inside(detail, folder) for detail in details[:2]):
            return
        if event == "open" and not details[2] & (os.O_WRONLY | os.O_RDWR):
            return
        changes += 1
        if changes == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    work(*arguments)
    sender.send(changes)


def _inside(path: Any, folder: str) -> bool:
    """Whether it is the folder, or in it, or beside it under a name that begins with a dot and its own."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    text, (parent, name) = os.fsdecode(path), os.path.split(folder)
    return text == folder or text.startswith((f"{folder}{os.sep}", os.path.join(parent, f".{name}.")))


def moments(count: int, some: int | None) -> list[int]:
    """All numbers from 1 to ``count``, or ``some`` of them: first, last, and others evenly between; or the middle."""
    if some is None or some >= count:
        return list(range(1, count + 1))
    if some == 1:
        return [(1 + count) // 2]
    return [1 + i * (count - 1) // (some - 1) for i in range(some)]


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of each file in a folder, by its name; a lock says nothing once its process is gone."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not is_lock(path))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
