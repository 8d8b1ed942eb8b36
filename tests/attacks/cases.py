"""Numbered attacks that can be repeated, and the report of those that succeeded.

``REPOSER_ATTACK_SEED`` chooses them: ``REPOSER_ATTACK_SEED=3 pytest tests/attacks -k manifest.json`` repeats those of
seed 3, ``REPOSER_ATTACK_SEED=3:17`` number 17 of them alone. A failure prints both.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest

FEW = pytest.param(200, id="few")
FEW_RUNS = pytest.param(50, id="few")
"""Where an attack runs a whole command."""
MANY = pytest.param(5000, id="many", marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])
_SHOWN = 15
Found = Callable[[str, str], None]


def attacks(name: str, cases: int) -> Iterator[tuple[Random, Found]]:
    """Give the random numbers of each attack, and what to call with a fault and how the attack went.

    Raises:
        AssertionError: after the last one, listing the attacks that succeeded, those of one kind together.
    """
    seed, numbers = _chosen(cases)
    print(f"{name}: seed {seed}")
    faults: dict[str, list[str]] = {}
    for number in numbers:

        def found(fault: str, how: str, number: int = number) -> None:
            faults.setdefault(_kind(fault), []).append(f"{number}: {fault}\n  {how}")

        yield Random(f"{seed} {name} {number}"), found
    assert not faults, _report(name, seed, len(numbers), faults)


def _chosen(cases: int) -> tuple[int, range]:
    """The seed and the numbers of the attacks: seed 0 by default; in the nightly runs another one each day."""
    seed, _, number = os.environ.get("REPOSER_ATTACK_SEED", "").partition(":")
    chosen = int(seed) if seed else 0 if cases < 1000 else int(time.time() // 86_400)
    return chosen, range(int(number), int(number) + 1) if number else range(cases)


def _kind(fault: str) -> str:
    """What faults of one kind have in common: all but numbers and quotations."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|[^\w\s:].*?\d[\w.+-]*|\d[\w.+-]*", "", fault)[-200:]


def _report(name: str, seed: int, cases: int, faults: dict[str, list[str]]) -> str:
    lines = [
        f"{sum(map(len, faults.values()))} of {cases} attacks on {name} succeeded; to repeat them: "
        f"REPOSER_ATTACK_SEED={seed} pytest tests/attacks -k '{name}', one alone: REPOSER_ATTACK_SEED={seed}:NUMBER"
    ]
    for found in list(faults.values())[:_SHOWN]:
        more = f" ({len(found) - 1} more like it)" if len(found) > 1 else ""
        lines.append(f"- {found[0]}{more}")
    return "\n".join(lines)
