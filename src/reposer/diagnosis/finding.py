"""What a look at a data set or a run has found, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Level = Literal["error", "warning", "note", "try"]


class Finding(NamedTuple):
    """One sentence; an error is what spoils training or scores."""

    level: Level
    text: str


def error(text: str) -> Finding:
    """What spoils training or scores."""
    return Finding("error", text)


def warning(text: str) -> Finding:
    """What may."""
    return Finding("warning", text)


def note(text: str) -> Finding:
    """What is worth knowing."""
    return Finding("note", text)


@dataclass(frozen=True)
class Diagnosis:
    """All findings, and the command that comes next."""

    findings: tuple[Finding, ...]
    next: str

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)

    def lines(self) -> list[str]:
        """A line for each finding, and the next command."""
        return [*(f"{finding.level}: {finding.text}" for finding in self.findings), f"next: {self.next}"]
