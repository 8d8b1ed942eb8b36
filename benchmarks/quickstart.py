"""The quickstart's stages and scores, with its networks in float32 and, where the processor multiplies it, in bfloat16.

    python -m benchmarks.quickstart     # some seven minutes on two cores; writes results/quickstart-cpu.json

Each in a process of its own and a new folder, whose start counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.measure import save

from reposer.arithmetic import multiplies_bfloat16

SCORES = ("ssim", "part_ssim")


def run(out: Path, precision: str) -> None:
    """One quickstart, as the command runs it; prints what it found as JSON."""
    from reposer.memory import keep_freed_memory
    from reposer.quickstart import quickstart
    from reposer.recipes import recipe

    keep_freed_memory()  # as every reposer command does
    config = recipe("mannequin-tiny")
    result = quickstart(out, config=replace(config, hardware=replace(config.hardware, precision=precision)))
    scores = {name: round(result.evaluations["generated"].score(name).value, 4) for name in SCORES}
    print(json.dumps({"seconds": {k: round(v, 1) for k, v in result.seconds.items()}, "scores": scores}))


def measure(precision: str) -> dict[str, Any]:
    """One quickstart in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.quickstart", "--run", folder, precision]
        start = time.perf_counter()
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        whole = time.perf_counter() - start
    found = json.loads(printed.splitlines()[-1])
    found["seconds"]["start and report"] = round(whole - sum(found["seconds"].values()), 1)
    return {"precision": precision, "seconds_in_all": round(whole, 1), **found}


def main() -> None:
    if sys.argv[1:2] == ["--run"]:
        run(Path(sys.argv[2]), sys.argv[3])
        return
    rows = [measure(precision) for precision in ("32-true", "bf16-mixed")[: 1 + multiplies_bfloat16()]]
    for row in rows:
        print(json.dumps(row, indent=1))
    print("written:", save("quickstart-cpu", "python -m benchmarks.quickstart", (), rows=rows))


if __name__ == "__main__":
    main()
