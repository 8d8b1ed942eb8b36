"""Bad results: all are named and counted, and either refused or left out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reposer.checks import InputError, some


@dataclass
class Problems:
    """What is wrong with results: {kind: {result: what, in one line}}; only a result's first problem counts."""

    found: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, kind: str, result: str, what: str) -> None:
        """Note a problem of a result that has none yet."""
        if result not in self:
            self.found.setdefault(kind, {})[result] = what

    def __len__(self) -> int:
        return sum(map(len, self.found.values()))

    def __iter__(self) -> Iterator[str]:
        for results in self.found.values():
            yield from results

    def __contains__(self, result: object) -> bool:
        return any(result in results for results in self.found.values())

    def check(self, where: object, total: int, skip_bad: int) -> None:
        """Raise InputError, with a summary of all problems, if there are more than ``skip_bad``."""
        if len(self) <= skip_bad:
            return
        parts = []
        for kind, results in self.found.items():
            others = list(results)[1:]
            more = f"; also {some(others, 2)}" if others else ""
            parts.append(f"{len(results)} {kind} ({next(iter(results.values()))}{more})")
        limit = f"more than --skip-bad {skip_bad}" if skip_bad else f"--skip-bad {len(self)} leaves them out"
        raise InputError(f"{where}: {len(self)} of {total} results cannot be scored: {', '.join(parts)}; {limit}")

    def to_json(self) -> dict[str, str]:
        """Return {result: kind: what} as text."""
        return {name: f"{kind}: {what}" for kind, results in self.found.items() for name, what in results.items()}
