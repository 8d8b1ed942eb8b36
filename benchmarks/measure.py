"""Measuring for the benchmarks: side by side in one run, each memory peak in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from reposer.files import write_text

RESULTS = Path(__file__).parent / "results"


def side_by_side(functions: Mapping[str, Callable[[], object]], *, seconds: float = 3.0) -> dict[str, float]:
    """Median milliseconds of each function; they take turns, so a busy moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()  # warm up
    end = time.perf_counter() + seconds * len(functions)
    while time.perf_counter() < end or min(map(len, times.values())) < 5:
        for name, function in functions.items():
            _wait()
            start = time.perf_counter()
            function()
            _wait()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_milliseconds(function: Callable[[], object], *, replays: int = 50) -> float:
    """How long a GPU works at one call, without the processor's part: mean over replays of a captured call."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            function()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = function()
    graph.replay()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(replays):
        graph.replay()
    end.record()
    torch.cuda.synchronize()
    del kept
    return start.elapsed_time(end) / replays


def peak_megabytes(function: Callable[..., object], *arguments: Any) -> float:
    """Memory that one call takes at most beyond what was there before: a GPU's, or that of a new process (Linux only).

    ``function(*arguments)`` prepares, and returns what is then measured.
    """
    if torch.cuda.is_available():
        return _peak_of_call(function, arguments)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_of_call, (function, arguments))


def _peak_of_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> float:
    call = function(*arguments)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    Path("/proc/self/clear_refs").write_text("5")  # forgets the highest resident size so far
    before = _status("VmRSS")
    call()
    return (_status("VmHWM") - before) / 2**10


def seconds_and_megabytes(function: Callable[..., object], *arguments: Any, calls: int = 2) -> tuple[float, float]:
    """Median seconds of a call after the first, and the memory that all take at most, in a new process; Linux only.

    ``function(*arguments)`` prepares, and returns what is then called; what it prepared counts as memory too.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_time_and_peak, (function, arguments, calls))


def _time_and_peak(function: Callable[..., Any], arguments: tuple[Any, ...], calls: int) -> tuple[float, float]:
    before = _status("VmRSS")
    call = function(*arguments)
    times = []
    for _ in range(1 + calls):
        _wait()
        start = time.perf_counter()
        call()
        _wait()
        times.append(time.perf_counter() - start)
    peak = (
        torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else (_status("VmHWM") - before) / 2**10
    )
    return statistics.median(times[1:]), peak


def _status(name: str) -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0])


def device_name() -> str:
    """Name of the GPU, or number and kind of the processor's cores."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    models = [line.split(":")[1].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")]
    return f"{torch.get_num_threads()} cores of {models[0] if models else platform.processor()}"


def _read(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def save(name: str, command: str, packages: Iterable[str], **content: Any) -> Path:
    """Write ``results/NAME.json``: what was measured, where, when, with which versions and which commit."""
    changed = subprocess.run(["git", "status", "--porcelain", "src"], capture_output=True, text=True).stdout
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    record = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "device": device_name(),
        "commit": commit + (" with changes" if changed else ""),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("reposer", "torch", *packages)},
        **content,
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps(record, indent=1) + "\n")
    return path
