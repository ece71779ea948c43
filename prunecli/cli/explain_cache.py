"""What `--explain` adds for build cache: what a limit frees, what stands in its way, and what pins a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from prunecli.kinds.build_cache import CacheRecord, disk_usage, keep_bytes, pinned_by
from prunecli.plan import KindPlan, after, plan_kind, shared_records
from prunecli.report import describe
from prunecli.snapshot import Snapshot
from prunecli.units import format_size
from prunecli.verdict import Kind, Reason, Verdict

_HOLDS = {
    Reason.IN_USE: "in use",
    Reason.SHARED: "shared with images",
    Reason.INTERNAL: "internal, go with --all only",
    Reason.TOO_YOUNG: "used too recently",
    Reason.LABEL_MISMATCH: "without labels",
    Reason.FILTER_MISMATCH: "not matched by the filter",
    Reason.HAS_CHILDREN: "built on by records that stay",
    Reason.NOT_IN_PLAN: "not in the plan",
    Reason.CHANGED: "changed since the plan",
    Reason.WITHIN_LIMIT: "within the limit",
}
"""How records are held, in the order in which they are told."""

_MOST_PINS = 10
"""How many records that pin another are named one by one."""


def notes_for(plans: Sequence[KindPlan], world: Snapshot) -> dict[Kind, list[str]]:
    """Return the notes of every kind that has some; `world` is the one that the plans were made on."""
    for plan in plans:
        if plan.kind is Kind.BUILD_CACHE:
            return {plan.kind: cache_notes(plan, world)}
        world = after(world, plan.steps)
    return {}


def cache_notes(plan: KindPlan, world: Snapshot) -> list[str]:
    """Return what this plan makes of the cache, in sentences: what it takes, what the limit frees, what holds the rest.

    `world` is what the build cache's turn finds. Sizes that limits are held against leave out what images share.
    """
    if not world.build_cache:
        return []
    rows = disk_usage(world.build_cache, shared_records(world))
    used = sum(row.size for row in rows if not row.shared)
    total = sum(row.size for row in rows)
    takes = f"The cache takes {format_size(total)}"
    if total > used:
        takes += f", of which {format_size(total - used)} are shared with images and count towards no limit"
    return [f"{takes}.", *_limit_notes(plan, world, used), *_held(plan)]


def _limit_notes(plan: KindPlan, world: Snapshot, used: int) -> Iterator[str]:
    limit = keep_bytes(plan.info, used, world.disk) if plan.info.has_budget else None
    if limit is None:
        yield f"{format_size(plan.reclaimable)} would go."
        return
    free = replace(plan.info, reserved_space=None, max_used_space=None, min_free_space=None)
    most = plan_kind(world, Kind.BUILD_CACHE, free).reclaimable
    yield (
        f"The limit is {format_size(max(limit, 0))}: {format_size(plan.reclaimable)} would go, "
        f"of {format_size(most)} that could go without a limit."
    )
    left = used - plan.reclaimable
    if left >= limit and most <= plan.reclaimable:
        yield f"The limit cannot be reached: {format_size(max(left, 0))} stay, for the reasons below."


def _held(plan: KindPlan) -> Iterator[str]:
    kept = [v for v in plan.verdicts if not v.removed]
    for reason, words in _HOLDS.items():
        held = [v for v in kept if v.reason is reason]
        if held:
            size = format_size(sum(max(v.size, 0) for v in held))
            records = "record" if len(held) == 1 else "records"
            yield f"  {size} in {len(held)} {records} {words}"


def cache_facts(verdict: Verdict, plan: KindPlan, records: Sequence[CacheRecord]) -> Iterator[str]:
    """Yield what else there is to say of one record: its kind, what it builds on, and what pins it."""
    record = next(r for r in records if r.id == verdict.id)
    yield f"type: {record.record_type}{', mutable' if record.mutable else ''}, used {_times(record)}"
    if record.parents:
        yield f"builds on: {', '.join(record.parents)}"
    pins = pinned_by(records, plan.verdicts, verdict.id)
    if pins:
        yield "pinned by:"
        yield from (f"  {pin.id}  {pin.name}: {describe(pin)}" for pin in pins[:_MOST_PINS])
        if len(pins) > _MOST_PINS:
            yield f"  and {len(pins) - _MOST_PINS} more"
    if not verdict.removed and not pins and verdict.reason is Reason.HAS_CHILDREN:
        yield "pinned by: records that build on each other"


def _times(record: CacheRecord) -> str:
    return "once" if record.usage_count == 1 else f"{record.usage_count} times"
