"""What keeps a record for its own sake, whatever builds on it.

Source: BuildKit `cacheManager.pruneOnce`; `build-cache-gc.md` 3 and 6 of the specification.
"""

from __future__ import annotations

from collections.abc import Mapping

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache.family import Family
from prunecli.kinds.build_cache.record import CacheRecord
from prunecli.profile import Profile
from prunecli.selectors import Lookup
from prunecli.units import Instant, human_duration
from prunecli.verdict import Reason

ALL_ONLY = frozenset({"internal", "frontend"})
"""The record types that go only when all were asked for."""


def find_cause(
    record: CacheRecord,
    family: Family,
    shared: Mapping[str, str],
    info: PruneInfo,
    now: Instant,
    profile: Profile,
) -> tuple[Reason, str] | None:
    """Say what keeps this record, with the detail in words; None when only its children or a limit could.

    `shared` maps each directly shared record to the image that it shares with, empty where that is not known.
    """
    if record.in_use:
        by_child = any(family.records[child].in_use for child in family.children[record.id])
        return Reason.IN_USE, "a record in use builds on it" if by_child else "a running build holds it"
    if not info.all and record.record_type in ALL_ONLY:
        return Reason.INTERNAL, f"{record.record_type} record, goes with --all only"
    if not info.all and record.id in shared:
        return Reason.SHARED, f"shared with image {shared[record.id]}" if shared[record.id] else "shared with an image"
    # BuildKit's keep duration of 0 is none; a negative one puts the cutoff into the future and spares nothing either.
    if info.keep_duration and used_since(record, now - info.keep_duration):
        return Reason.TOO_YOUNG, f"{_last_use(record, now)}, keep is {human_duration(info.keep_duration)}"
    if info.unlabelled:
        return Reason.LABEL_MISMATCH, "build cache carries no labels, so a label filter matches none of it"
    wanted = info.cache_filter
    if wanted.given and not wanted.match(prune_lookup(record, record.id in shared, profile)):
        return Reason.FILTER_MISMATCH, "the filter does not match it"
    return None


def used_since(record: CacheRecord, cutoff: Instant) -> bool:
    """Say whether a record was used after the cutoff; one that was never used was not."""
    return record.last_used_at is not None and record.last_used_at > cutoff


def describe_use(record: CacheRecord, now: Instant) -> str:
    """Return when a record was last used, in words."""
    return "never used" if record.last_used_at is None else f"last {_last_use(record, now)}"


def prune_lookup(record: CacheRecord, shared: bool, profile: Profile) -> Lookup:
    """Return a record's filter fields as a prune sees them: BuildKit leaves out `parents` and `inuse`."""
    return _fields(record, shared, described=profile.cache_description_in_prune).get


def usage_lookup(record: CacheRecord, in_use: bool, shared: bool) -> Lookup:
    """Return a record's filter fields as a disk usage report sees them: all of them."""
    fields = _fields(record, shared, described=True)
    if record.parents:
        fields["parents"] = ";".join(record.parents)
    if in_use:
        fields["inuse"] = ""
    return fields.get


def _fields(record: CacheRecord, shared: bool, *, described: bool) -> dict[str, str]:
    fields = {
        "type": record.record_type,
        "mutable" if record.mutable else "immutable": "",
        "shared" if shared else "private": "",
    }
    if record.id:
        fields["id"] = record.id
    if record.description and described:
        fields["description"] = record.description
    return fields


def _last_use(record: CacheRecord, now: Instant) -> str:
    return f"used {human_duration(max(now - (record.last_used_at or 0), 0)).lower()} ago"
