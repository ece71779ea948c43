"""The disk usage report: which records are in use, which are shared, and what the cache weighs.

Source: BuildKit `cacheManager.DiskUsage`; `build-cache-gc.md` 7 and 8 of the specification.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from prunecli.filters import CacheFilter
from prunecli.kinds.build_cache.family import Family, trace
from prunecli.kinds.build_cache.record import CacheRecord
from prunecli.kinds.build_cache.rules import usage_lookup, used_since
from prunecli.units import Duration, Instant


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One record as a disk usage report shows it; `size` is bytes, 0 for a mutable record in use."""

    record: CacheRecord
    in_use: bool
    shared: bool
    size: int

    @property
    def reclaimable(self) -> bool:
        """Whether Docker counts it among what a prune could give back."""
        return not (self.in_use or self.shared)


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """The sums below a disk usage report, in bytes; `rows` and `active` (in use) are numbers of records.

    Docker calls `reclaimable` what is neither in use nor shared; buildx and buildctl count all that is `idle`.
    """

    rows: int
    active: int
    size: int
    reclaimable: int
    idle: int
    shared: int

    @property
    def private(self) -> int:
        """Bytes that no image shares."""
        return self.size - self.shared


def in_use_rows(family: Family) -> set[str]:
    """Return the ids of the records in use: those that running builds hold, and all that they build on.

    A record on which only idle records build is not in use, although it cannot go before they do.
    """
    held = {id for id, record in family.records.items() if record.in_use}
    return held | family.ancestors(held)


def shared_rows(family: Family, shared: Collection[str]) -> set[str]:
    """Return the ids that a report calls shared: the directly shared ones and all that they build on.

    `shared` holds the ids of the directly shared records. Where a record's layer is not known, the Engine's own word
    stands.
    """
    marked = {id for id, r in family.records.items() if id in shared or (r.reported_shared and not r.layer)}
    return marked | family.ancestors(marked)


def disk_usage(
    records: Iterable[CacheRecord],
    shared: Collection[str],
    *,
    cache_filter: CacheFilter | None = None,
    age_limit: Duration | None = None,
    now: Instant = 0,
) -> tuple[UsageRow, ...]:
    """Return a row for every record that passes the filter, by size and then id, as BuildKit's client sorts them.

    `shared` holds the ids of the directly shared records. With a positive `age_limit`, what was used within it before
    `now` is left out.
    """
    rows = usage_rows(trace(records), shared)
    if cache_filter is not None:
        rows = [row for row in rows if cache_filter.match(usage_lookup(row.record, row.in_use, row.shared))]
    if age_limit is not None and age_limit > 0:
        rows = [row for row in rows if not used_since(row.record, now - age_limit)]
    return tuple(sorted(rows, key=lambda row: (row.size, row.record.id)))


def usage_rows(family: Family, shared: Collection[str]) -> list[UsageRow]:
    """Return a row for every record, in the order of their ids."""
    in_use = in_use_rows(family)
    marked = shared_rows(family, shared)
    return [
        UsageRow(
            record,
            in_use=id in in_use,
            shared=id in marked,
            # A mutable record in use is being written: BuildKit does not ask for its size.
            size=0 if record.mutable and id in in_use else record.bytes_on_disk,
        )
        for id, record in family.records.items()
    ]


def unshared_size(family: Family, shared: Collection[str]) -> int:
    """Return the bytes that storage limits are held against: all rows of the report that are not shared."""
    return sum(row.size for row in usage_rows(family, shared) if not row.shared)


def summarize(rows: Collection[UsageRow]) -> UsageSummary:
    """Return the sums of these rows."""
    return UsageSummary(
        rows=len(rows),
        active=sum(row.in_use for row in rows),
        size=sum(row.size for row in rows),
        reclaimable=sum(row.size for row in rows if row.reclaimable),
        idle=sum(row.size for row in rows if not row.in_use),
        shared=sum(row.size for row in rows if row.shared),
    )
