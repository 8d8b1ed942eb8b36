"""One writer at a time in a folder."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from reposer.checks import InputError
from reposer.files import read_json, write_text

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
"""The lock file; where the kernel gives no locks, the beginning of its name."""
_PATIENCE = 10.0
"""Seconds to wait for the workers of a killed holder, which share its lock until they notice and end."""

_WAIT = "wait until it ends, or choose another folder"
_DELETE = "if it runs no more, delete {} and start again"


def is_lock(path: Path) -> bool:
    """Whether this is a lock file, which says nothing about what the folder holds."""
    return path.name.startswith((LOCK, f".{LOCK}"))


class InUseError(InputError):
    """Another holds the folder."""


@contextmanager
def lock(folder: Path, what: str, *, wait: float = 0) -> Iterator[None]:
    """Hold a folder while something is written into it; the folder is made if it is not there.

    The kernel's lock on the file ``.lock`` ends with the process, however that ends; what the file says names the
    holder. On a file system without such locks each contender announces itself in a file of its own, then looks for
    others: of two that come in the same moment both may be refused, never both let in.

    Args:
        folder: the folder to hold.
        what: who holds it, in words for the one who comes second, such as "reposer train".
        wait: seconds to wait for another who holds it: for who holds folders for a moment only.

    Raises:
        InUseError: if another holds it, or held it on another machine, whose processes cannot be seen from here. The
            line names holder, machine and time, and says what to do.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path, file = _wait_for(folder / LOCK, Holder.me(what), wait)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from None
    try:
        yield
    finally:
        with suppress(OSError):  # somebody has deleted it
            if file is None or _is_at(file, path):
                path.unlink()
        if file is not None:
            os.close(file)
        with suppress(OSError):  # they are no longer empty
            for each in filter(Path.exists, made):
                each.rmdir()


@dataclass(frozen=True)
class Holder:
    """A process, told from every other, and since when it holds a folder."""

    what: str
    host: str
    boot: str
    """Which start of the machine it runs in; empty where the kernel does not say."""
    process: int
    started: str | None
    """When it was started, in any notation: after it another process may get its number. None: nothing tells."""
    since: str

    @classmethod
    def me(cls, what: str) -> Holder:
        """Describe the process that calls this."""
        now, process = time.strftime("%Y-%m-%d %H:%M:%S %z"), os.getpid()
        return cls(what, platform.node(), _boot(), process, _started(process), now)

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """Read what ``write`` wrote; None if the file is gone, or its writer was killed before it had."""
        try:
            holder = cls(**read_json(path, most=4096))
        except (TypeError, ValueError):
            return None
        return holder if isinstance(holder.process, int) else None

    def shares_machine(self, other: Holder) -> bool:
        """Whether both run on one machine, maybe in two containers or before and after a restart."""
        return self.host == other.host or self.boot == other.boot != ""

    def runs(self) -> bool:
        """Whether it still runs, on this host."""
        return self.boot == _boot() and _started(self.process) == self.started

    def in_use(self, path: Path, remedy: str) -> InUseError:
        """The line for who comes second."""
        who = f"{self.what} (process {self.process} on {self.host}, since {self.since})"
        return InUseError(f"{path.parent}: in use by {who}; {remedy}")


def _wait_for(path: Path, me: Holder, wait: float) -> tuple[Path, int | None]:
    """Take the folder, as soon as another who holds it lets it go."""
    give_up = time.monotonic() + wait
    while True:
        try:
            return _take(path, me)
        except InUseError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def _take(path: Path, me: Holder) -> tuple[Path, int | None]:
    """Take the folder; return the lock file and, where the kernel gives locks, its descriptor."""
    if fcntl is None:
        return _announce(path, me), None
    give_up = time.monotonic() + _PATIENCE
    while True:
        with ExitStack() as failed:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            failed.callback(os.close, file)
            locked = _kernel_lock(file)
            if locked is None:
                path.unlink(missing_ok=True)
                return _announce(path, me), None
            holder = Holder.read(path)
            if locked and _is_at(file, path):
                if holder is not None and not me.shares_machine(holder):
                    raise holder.in_use(path, _DELETE.format(path))
                os.ftruncate(file, 0)
                os.pwrite(file, json.dumps(asdict(me)).encode(), 0)
                failed.pop_all()
                return path, file
            if not locked and holder is not None and (holder.host != me.host or holder.runs()):
                raise holder.in_use(path, _WAIT)
        if time.monotonic() > give_up:
            raise InUseError(f"{path.parent}: in use by another process; {_WAIT}")
        time.sleep(0.05)


def _announce(path: Path, me: Holder) -> Path:
    """Write a lock file of one's own; only then look for those of others: of two, one at least sees the other."""
    own = path.with_name(f"{path.name}-{uuid.uuid4().hex}")
    write_text(own, json.dumps(asdict(me)))
    for other in path.parent.glob(f"{path.name}-*"):
        holder = Holder.read(other)
        if other == own or holder is None:
            continue
        if holder.host == me.host and not holder.runs():
            other.unlink(missing_ok=True)
            continue
        own.unlink()
        told = holder.host == me.host and holder.started is not None
        raise holder.in_use(path, _WAIT if told else _DELETE.format(other))
    return own


def _kernel_lock(file: int) -> bool | None:
    """Try to take the kernel's lock on an open file; None where the file system has none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES) else None
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process of this machine was started, by its kernel or clock; None: it does not run, or nothing tells."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    ps = ["ps", "-o", "lstart=", "-p", str(process)]
    try:
        told = subprocess.run(ps, capture_output=True, text=True, env={"LC_ALL": "C"}, check=False).stdout
    except FileNotFoundError:  # Windows
        return None
    return told.strip() or None
