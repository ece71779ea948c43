"""What a prune did: the steps carried out, those that were not, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from prunecli.plan import KindPlan
from prunecli.verdict import Kind, Reason, Row, Step, Verdict


class Cause(StrEnum):
    """Why a planned step was not carried out; the value is the word of the JSON forms."""

    GONE = "gone"
    """Somebody else removed it before."""
    KEPT = "kept"
    """A rule keeps it now: it changed, or something came to need it."""
    FAILED = "failed"
    """The world could not remove it."""
    INTERRUPTED = "interrupted"
    """The run ended before its turn."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A planned step that was not carried out, and why, in words. `expected` marks what is no failure of ours."""

    step: Step
    why: str
    expected: bool = False
    cause: Cause = Cause.FAILED


@dataclass(frozen=True, slots=True)
class KindReport:
    """One kind's outcome. `done` are the steps carried out, in order; `reclaimed` is bytes.

    `plan` is what was decided at the moment of applying, which may be less than what was shown. Where a live Engine
    pruned by itself, `unplanned` are the rows that the plan did not show, and `promised` its bytes.
    """

    kind: Kind
    plan: KindPlan
    done: tuple[Step, ...] = ()
    failures: tuple[Failure, ...] = ()
    reclaimed: int = 0
    interrupted: bool = False
    unplanned: tuple[Row, ...] = ()
    promised: int | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The report's lines, in order."""
        return tuple(row for step in self.done for row in step.rows)

    @property
    def removed(self) -> int:
        """How many objects went; references that were taken from an image that stays do not count."""
        return sum(not step.untags for step in self.done)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a prune, kind by kind, in the order of the cascade; kinds that were not reached are absent."""

    kinds: tuple[KindReport, ...]

    @property
    def reclaimed(self) -> int:
        """Bytes that came back in total."""
        return sum(k.reclaimed for k in self.kinds)


def as_planned(plan: KindPlan, failures: tuple[Failure, ...] = ()) -> KindReport:
    """Return the report of a run in which everything went as planned; `failures` are those known before."""
    return KindReport(plan.kind, plan, plan.steps, failures, plan.reclaimable)


def describe(verdict: Verdict) -> str:
    """Return why an object goes or stays, in words: the verdict's own detail, or else what its reason means."""
    return verdict.detail or _MEANINGS[verdict.reason]


_MEANINGS: Mapping[Reason, str] = {
    Reason.STOPPED: "it does not run",
    Reason.UNUSED: "nothing uses it",
    Reason.DANGLING: "it has no name, and nothing builds on it",
    Reason.PARENT: "only what goes builds on it",
    Reason.OVER_LIMIT: "the cache is over its limit",
    Reason.RUNNING: "it runs",
    Reason.REMOVING: "its removal is already in progress",
    Reason.IN_USE: "it is in use",
    Reason.PREDEFINED: "Docker itself made it",
    Reason.CONFIG_ONLY: "it only holds settings for other networks",
    Reason.INGRESS: "the swarm's routing mesh needs it",
    Reason.NOT_LOCAL: "its data is not on this disk",
    Reason.NAMED_VOLUME: "a person gave it a name",
    Reason.TAGGED: "it has a tag",
    Reason.HAS_CHILDREN: "something builds on it",
    Reason.TOO_YOUNG: "it is younger than what was asked for",
    Reason.LABEL_MISMATCH: "its labels do not match the filter",
    Reason.FILTER_MISMATCH: "the filter does not match it",
    Reason.SHARED: "shared with an image",
    Reason.INTERNAL: "an internal record, goes with --all only",
    Reason.WITHIN_LIMIT: "within the limit",
    Reason.NOT_IN_PLAN: "it is not in the plan",
    Reason.CHANGED: "it changed after the plan was made",
}
assert set(_MEANINGS) == set(Reason)  # noqa: S101 - a reason without words must not load
