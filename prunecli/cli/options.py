"""How a plan is to be shown and carried out: what the flags say that all prune commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prunecli.units import Duration

TEXT = "text"
JSON = "json"
FORMATS = (TEXT, JSON)

WOULD_GO = 10
"""Exit code of `--dry-run --exit-code` when something would go."""

SHORT = "short"
FULL = "full"
"""What `--summary` reports: its table, or its table below every object."""

SIZE, AGE, NAME = SORTS = ("size", "age", "name")
"""The orders of an explanation."""

EVERYTHING = "*"
"""What `--explain` without a name stands for."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a prune is carried out. `command` is its name, `system prune`; `explain` names what is to be explained.

    `rows` is whether a report names what went one by one, `brief` whether a document leaves out what is kept. `sort` is
    the order of explanations, None for the usual one.
    """

    command: str
    force: bool = False
    dry_run: bool = False
    exit_code: bool = False
    explain: str | None = None
    format: str = TEXT
    plan_out: Path | None = None
    summary: bool = False
    exact: bool = False
    wait: Duration = 0
    rows: bool = True
    brief: bool = False
    sort: str | None = None

    @property
    def stops(self) -> bool:
        """Whether nothing is removed, whatever the answers."""
        return self.dry_run or self.plan_out is not None
