"""Early warning while a run trains: a discriminator that always wins, or that has gone dead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ROWS = 20
_MARGIN = 0.01


class DiscriminatorWatch:
    """Reads the rows of metrics.jsonl as they are written and warns once of each discriminator's trouble.

    A discriminator **always wins** if it told real from generated at over 99 % of its outputs in the last
    20 rows: its loss then gives the generator little to follow. It is **dead** if in the last 20 rows its answers for
    real and generated images were right at 50 % together, give or take 1 %: it answers the same whatever it sees.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._accuracies: dict[str, list[float]] = {}
        self._said: set[str] = set()
        for row in rows:  # of a run that is resumed: what it has said already
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> list[str]:
        """Take the next row; return the warnings that it brings."""
        warnings = []
        for name in sorted({key.split("/")[1] for key in row if key.startswith("accuracy/")}):
            both = [row[key] for key in (f"accuracy/{name}/real", f"accuracy/{name}/generated") if key in row]
            if len(both) < 2:  # a row that somebody has changed
                continue
            recent = self._accuracies.setdefault(name, [])
            recent.append(sum(both) / 2)
            del recent[:-ROWS]
            if len(recent) < ROWS:
                continue
            if min(recent) > 1 - _MARGIN:
                warnings.append(
                    f"the discriminator {name!r} has always won in the last {ROWS} log rows (over 99 % right): the "
                    "generator learns little from it; lower --objective.adversarial.weight or give it more dropout"
                )
            elif max(abs(accuracy - 0.5) for accuracy in recent) < _MARGIN:
                warnings.append(
                    f"the discriminator {name!r} has told nothing in the last {ROWS} log rows (50 % right, as by "
                    "chance): it may be dead; look at gradient_norm and at the contact sheets"
                )
        new = [warning for warning in warnings if warning not in self._said]
        self._said.update(new)
        return new
