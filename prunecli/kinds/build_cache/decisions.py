"""The answer for build cache: a verdict with its reason for every record, and the steps in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache.budget import check_limits, keep_bytes, known_limits
from prunecli.kinds.build_cache.eviction import Eviction, Removal, evict_all, evict_down_to
from prunecli.kinds.build_cache.family import Family, count_pins, trace
from prunecli.kinds.build_cache.record import CacheRecord, DiskStat
from prunecli.kinds.build_cache.rules import describe_use, find_cause
from prunecli.kinds.build_cache.usage import shared_rows, unshared_size
from prunecli.profile import Profile
from prunecli.units import Instant, format_size
from prunecli.verdict import Decisions, Kind, Reason, Row, Selection, Step, Verdict

_PINS = {
    Reason.IN_USE: ("record in use", "records in use"),
    Reason.INTERNAL: ("internal record", "internal records"),
    Reason.SHARED: ("shared record", "shared records"),
    Reason.TOO_YOUNG: ("younger record", "younger records"),
    Reason.LABEL_MISMATCH: ("unlabelled record", "unlabelled records"),
    Reason.FILTER_MISMATCH: ("record that the filter keeps", "records that the filter keeps"),
    Reason.NOT_IN_PLAN: ("record that is not in the plan", "records that are not in the plan"),
    Reason.CHANGED: ("record that changed since the plan", "records that changed since the plan"),
}

_OBJECTIONS = {
    Reason.NOT_IN_PLAN: "the plan did not show it",
    Reason.CHANGED: "it was used after the plan was made",
}


def decide(
    records: Iterable[CacheRecord],
    shared: Mapping[str, str],
    info: PruneInfo,
    now: Instant,
    disk: DiskStat | None,
    profile: Profile,
    chosen: Selection | None = None,
) -> Decisions:
    """Judge all records: what goes in the order of its removal, then what stays, by last use and id.

    `shared` maps each directly shared record to the image that it shares with, empty where that is not known.
    With `chosen` the rules run as ever, and then whatever it objects to stays, and with it all that it builds on.
    Errors: RefusedError for a min free space without a known disk.
    Source: BuildKit `cacheManager.Prune`; through Docker's API the shared records are always asked for.
    """
    check_limits(info, disk, profile)
    case = _open_case(records, shared, known_limits(info, profile), now, disk, profile)
    eligible = case.family.records.keys() - case.causes.keys()
    if case.keep is None:
        eviction = evict_all(case.family, eligible)
    else:
        first_rank = 1 if profile.ranks_from_one else 0
        eviction = evict_down_to(case.family, eligible, case.used, case.keep, first_rank)
    objections = _object(case.family, eviction, chosen)
    held = case.family.ancestors(objections)
    going = {r.id: r for r in eviction.removals if r.id not in objections and r.id not in held}
    gone = [_remove(case, removal) for removal in going.values()]
    marked = shared_rows(case.family, shared)
    left = [id for id in case.family.records if id not in going]
    return Decisions(
        (*gone, *sorted(_judge_left(case, eviction, objections, left), key=lambda v: _by_last_use(case.family, v.id))),
        tuple(_step(case.family.records[id], shared=id in marked) for id in going),
    )


def run_policies(
    records: Iterable[CacheRecord],
    shared: Mapping[str, str],
    infos: Sequence[PruneInfo],
    now: Instant,
    disk: DiskStat | None,
    profile: Profile,
) -> tuple[Decisions, ...]:
    """Apply several prune infos in order, each to what the one before left; returns one answer for each.

    All are checked before the first runs. The disk is the same for all: a BuildKit gives space back after the last one.
    Errors: RefusedError as from `decide`.
    """
    for info in infos:
        check_limits(info, disk, profile)
    left = {r.id: r for r in records}
    answers: list[Decisions] = []
    for info in infos:
        answer = decide(left.values(), shared, info, now, disk, profile)
        gone = {step.id for step in answer.steps}
        left = {id: r for id, r in left.items() if id not in gone}
        answers.append(answer)
    return tuple(answers)


def pinned_by(records: Iterable[CacheRecord], verdicts: Iterable[Verdict], id: str) -> tuple[Verdict, ...]:
    """Return the verdicts of what pins a record: what builds on it and stays for a reason of its own, nearest first."""
    by_id = {v.id: v for v in verdicts}
    below = (by_id[child] for child in trace(records).descendants(id) if child in by_id)
    return tuple(v for v in below if not v.removed and v.reason is not Reason.HAS_CHILDREN)


@dataclass(frozen=True, slots=True)
class _Case:
    """All that the verdicts of one run depend on. `causes` says what keeps a record for its own sake.

    `used` is the unshared cache size and `keep` the limit, in bytes, which `limit` shows: only for a run with a limit.
    """

    family: Family
    causes: Mapping[str, tuple[Reason, str]]
    now: Instant
    used: int
    keep: int | None
    limit: str


def _open_case(
    records: Iterable[CacheRecord],
    shared: Mapping[str, str],
    info: PruneInfo,
    now: Instant,
    disk: DiskStat | None,
    profile: Profile,
) -> _Case:
    family = trace(records)
    found = {id: find_cause(r, family, shared, info, now, profile) for id, r in family.records.items()}
    causes = {id: cause for id, cause in found.items() if cause is not None}
    used = unshared_size(family, shared) if info.has_budget else 0
    keep = keep_bytes(info, used, disk)
    return _Case(family, causes, now, used, keep, "" if keep is None else format_size(keep))


def _object(family: Family, eviction: Eviction, chosen: Selection | None) -> dict[str, Reason]:
    """Return which of the evicted records an earlier plan did not show, or showed differently."""
    if chosen is None:
        return {}
    found = {r.id: chosen.objection(r.id, family.records[r.id].witness) for r in eviction.removals}
    return {id: objection for id, objection in found.items() if objection is not None}


def _judge_left(case: _Case, eviction: Eviction, objections: Mapping[str, Reason], left: list[str]) -> list[Verdict]:
    """Say of every record that stays why it does."""
    causes = {id: reason for id, (reason, _) in case.causes.items()} | dict(objections)
    pins = count_pins(case.family, causes)
    within = f"the cache holds {format_size(max(eviction.used, 0))}, within the limit of {case.limit}"
    verdicts: list[Verdict] = []
    for id in left:
        record = case.family.records[id]
        if id in case.causes:
            verdicts.append(_keep(record, *case.causes[id]))
        elif id in objections:
            verdicts.append(_keep(record, objections[id], _OBJECTIONS[objections[id]]))
        elif id in pins:
            verdicts.append(_keep(record, Reason.HAS_CHILDREN, _describe_pins(pins[id])))
        elif case.keep is None or eviction.used >= case.keep:
            # No rule keeps what builds on it, and yet its turn never came.
            verdicts.append(_keep(record, Reason.HAS_CHILDREN, "records that build on each other build on it"))
        else:
            tie = "; tie: an Engine may pick it instead of an equal record" if id in eviction.rivals else ""
            verdicts.append(_keep(record, Reason.WITHIN_LIMIT, within + tie))
    return verdicts


def _remove(case: _Case, removal: Removal) -> Verdict:
    record = case.family.records[removal.id]
    detail = describe_use(record, case.now)
    if case.keep is not None:
        detail += f"; the cache held {format_size(removal.used)}, the limit is {case.limit}"
    if removal.equals:
        detail += f"; tie: an Engine may pick another of {removal.equals} equal records"
    return Verdict(
        Kind.BUILD_CACHE,
        record.id,
        record.name,
        removed=True,
        reason=Reason.UNUSED if case.keep is None else Reason.OVER_LIMIT,
        detail=detail,
        size=record.size,
        reclaims=record.bytes_on_disk,
    )


def _keep(record: CacheRecord, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(
        Kind.BUILD_CACHE, record.id, record.name, removed=False, reason=reason, detail=detail, size=record.size
    )


def _step(record: CacheRecord, *, shared: bool) -> Step:
    return Step(
        Kind.BUILD_CACHE,
        record.id,
        record.name,
        rows=(Row(record.id),),
        reclaims=record.bytes_on_disk,
        witness=record.witness,
        shared=shared,
    )


def _describe_pins(pins: Counter[Reason]) -> str:
    """Return how many records pin another, and why: `2 records in use and 1 younger record build on it`."""
    parts = [f"{pins[reason]} {words[pins[reason] > 1]}" for reason, words in _PINS.items() if pins[reason]]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else parts[0]
    return f"{listed} {'build' if pins.total() > 1 else 'builds'} on it"


def _by_last_use(family: Family, id: str) -> tuple[bool, int, str]:
    last = family.records[id].last_used_at
    return last is not None, last or 0, id
