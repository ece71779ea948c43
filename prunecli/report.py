"""What a prune did: the steps carried out, those that were not, and what came back."""

from __future__ import annotations

from dataclasses import dataclass

from prunecli.plan import KindPlan
from prunecli.verdict import Kind, Row, Step


@dataclass(frozen=True, slots=True)
class Failure:
    """A planned step that was not carried out, and why, in words. `expected` marks what a rule kept: no failure."""

    step: Step
    why: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class KindReport:
    """One kind's outcome. `done` are the steps carried out, in order; `reclaimed` is bytes.

    `plan` is what was decided at the moment of applying, which may be less than what was shown.
    """

    kind: Kind
    plan: KindPlan
    done: tuple[Step, ...] = ()
    failures: tuple[Failure, ...] = ()
    reclaimed: int = 0
    interrupted: bool = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """The report's lines, in order."""
        return tuple(row for step in self.done for row in step.rows)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a prune, kind by kind, in the order of the cascade; kinds that were not reached are absent."""

    kinds: tuple[KindReport, ...]

    @property
    def reclaimed(self) -> int:
        """Bytes that came back in total."""
        return sum(k.reclaimed for k in self.kinds)
