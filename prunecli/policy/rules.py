"""What a policy is, and what its rules do to one build cache, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import DiskStat, run_policies
from prunecli.plan import KindPlan, after, shared_records
from prunecli.profile import Profile
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind, Verdict


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of bytes, and in words where it came from."""

    size: int
    origin: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The three storage limits that default rules are made with; None is "not given"."""

    reserved_space: Amount | None = None
    max_used_space: Amount | None = None
    min_free_space: Amount | None = None

    @property
    def unset(self) -> bool:
        """Whether none of the three is a limit; 0 is none either."""
        return not any(a and a.size for a in (self.reserved_space, self.max_used_space, self.min_free_space))

    def over(self, other: Limits) -> Limits:
        """Return these limits, with those of the other where none is given here."""
        return Limits(
            self.reserved_space or other.reserved_space,
            self.max_used_space or other.max_used_space,
            self.min_free_space or other.min_free_space,
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What a policy stands on: the Engine it is for, the disk below its cache, the instant at which it is read.

    `limits` are those that were given beside the file: they take the place of what default rules are made with.
    `utc_offset` (seconds) holds for dates without a zone.
    """

    profile: Profile
    disk: DiskStat | None = None
    now: Instant = 0
    utc_offset: int = 0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Rule:
    """One prune info of a policy.

    `where` says what defines it: `builder.gc.policy[0]`, or `built in`. `origins` maps those fields of the info that
    are set to where their value came from.
    """

    info: PruneInfo
    where: str
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def built_in(self) -> bool:
        """Whether nobody wrote the rule down."""
        return self.where == BUILT_IN


BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in their order. `source` says in words where they came from; `remarks` are what its reading turned up.

    `enabled` is None where nobody said whether garbage collection is to run by itself.
    """

    source: str
    rules: tuple[Rule, ...]
    enabled: bool | None = None
    remarks: tuple[str, ...] = ()

    @property
    def infos(self) -> tuple[PruneInfo, ...]:
        """The rules as BuildKit sees them."""
        return tuple(rule.info for rule in self.rules)

    def runs_by_itself(self, profile: Profile) -> bool:
        """Say whether a daemon with this policy collects garbage after each build."""
        return profile.gc_on_by_default if self.enabled is None else self.enabled


def make_rule(
    where: str,
    info: PruneInfo,
    limits: Limits,
    origins: Mapping[str, str] | None = None,
) -> Rule:
    """Return a rule with these limits, which know where they came from."""
    amounts = {f.name: getattr(limits, f.name) for f in fields(Limits)}
    given = {name: amount for name, amount in amounts.items() if amount is not None}
    made = replace(info, **{name: amount.size for name, amount in given.items()})
    return Rule(made, where, dict(origins or {}) | {name: amount.origin for name, amount in given.items()})


@dataclass(frozen=True, slots=True)
class RuleRun:
    """What one rule decides, and the world in which it does: the one that the rules before it leave."""

    plan: KindPlan
    world: Snapshot


def run_rules(snapshot: Snapshot, infos: Sequence[PruneInfo]) -> tuple[RuleRun, ...]:
    """Decide rule by rule what goes, each on what the former left. The disk is the snapshot's.

    Errors: RefusedError for a min free space without a known disk, before the first rule is asked.
    """
    shared = shared_records(snapshot)
    answers = run_policies(snapshot.build_cache, shared, infos, snapshot.taken_at, snapshot.disk, snapshot.profile)
    world = snapshot
    runs: list[RuleRun] = []
    for info, answer in zip(infos, answers, strict=True):
        runs.append(RuleRun(KindPlan(Kind.BUILD_CACHE, info, answer.verdicts, answer.steps), world))
        world = replace(after(world, answer.steps), disk=snapshot.disk)
    return tuple(runs)


def combine(runs: Sequence[RuleRun]) -> KindPlan:
    """Return all rules as one plan: every record once, what goes with the rule that takes it, the rest with the last.

    Its prune info is the widest that the rules allow: what goes was chosen rule by rule, and whoever looks at the plan
    again later asks whether it has changed since, not whether a rule would choose it again.
    """
    gone: dict[str, Verdict] = {}
    for number, run in enumerate(runs, 1):
        gone |= {v.id: replace(v, detail=f"rule {number}: {v.detail}") for v in run.plan.removals}
    left = [v for v in runs[-1].plan.verdicts if not v.removed] if runs else []
    steps = tuple(step for run in runs for step in run.plan.steps)
    info = PruneInfo(all=any(run.plan.info.all for run in runs))
    return KindPlan(Kind.BUILD_CACHE, info, (*(gone[step.id] for step in steps), *left), steps)
