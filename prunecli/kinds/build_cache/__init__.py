"""Build cache: the record, and BuildKit's rules for what goes and in which order.

Read `record` (what there is), `rules` (what keeps a record for its own sake), `budget` (how much may stay), `eviction`
with `ranking` (what goes, in which order), and `decisions`, which puts them together. `family` knows who builds on
whom, `usage` is the disk usage report.
"""

from __future__ import annotations

from prunecli.kinds.build_cache.budget import check_limits, keep_bytes
from prunecli.kinds.build_cache.decisions import decide, pinned_by, run_policies
from prunecli.kinds.build_cache.record import CacheRecord, DiskStat
from prunecli.kinds.build_cache.usage import UsageRow, UsageSummary, disk_usage, summarize

__all__ = [
    "CacheRecord",
    "DiskStat",
    "UsageRow",
    "UsageSummary",
    "check_limits",
    "decide",
    "disk_usage",
    "keep_bytes",
    "pinned_by",
    "run_policies",
    "summarize",
]
