"""Build cache: the records of `GET /system/df`, to a record and back."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from prunecli.kinds.build_cache import CacheRecord
from prunecli.units import format_instant
from prunecli.wire.fields import Json, Reader, patched

PARENTS = " Parents"
"""The key as it is on the wire, space included, from API 1.42 on; `Parent` before, which has only one."""

_WRITABLE = frozenset({"source.local", "exec.cachemount"})


def read_record(row: Reader) -> CacheRecord:
    """Return the record of one row, without the layer that it holds."""
    type = row.text("Type", "")
    return CacheRecord(
        id=row.name("ID"),
        parents=parents_of(row),
        type=type,
        description=row.text("Description", ""),
        mutable=type in _WRITABLE,
        in_use=row.flag("InUse"),
        reported_shared=row.flag("Shared"),
        size=row.number("Size", 0),
        created_at=row.dated("CreatedAt"),
        last_used_at=row.instant("LastUsedAt"),
        usage_count=row.number("UsageCount", 0),
    )


def mark_mutable(records: Sequence[CacheRecord], exported: Container[str]) -> list[CacheRecord]:
    """Return the records with the steps marked that nothing was built on and no image was made of.

    The API does not say which records are mutable. Local sources and cache mounts are, and so is the result of a step
    until something needs it. `exported` holds the ids of the records that became a layer of some image.
    Source: `build-cache-gc.md` 1.1 of the specification.
    """
    needed = {parent for record in records for parent in record.parents}
    return [
        replace(r, mutable=True)
        if r.type in ("", "regular") and r.parents and r.id not in needed and r.id not in exported
        else r
        for r in records
    ]


def parents_of(row: Reader) -> tuple[str, ...]:
    """Return the ids of a row's parents, in whichever spelling it has."""
    if PARENTS in row.data:
        return row.texts(PARENTS)
    if "Parents" in row.data:
        return row.texts("Parents")
    parent = row.text("Parent", "")
    return (parent,) if parent else ()


def write_record(record: CacheRecord, said: Json | None, *, shared: bool | None, old_parents: bool) -> Json:
    """Return the row of a record; `shared` is its flag, None where that did not change."""
    row = said if said is not None else _new(record, old_parents=old_parents)
    values: Json = {}
    if shared is not None and row.get("Shared") != shared:
        values["Shared"] = shared
    if (row.get("InUse") or False) != record.in_use:
        values["InUse"] = record.in_use
    if (row.get("Size") or 0) != record.size:
        values["Size"] = record.size
    if (row.get("UsageCount") or 0) != record.usage_count:
        values["UsageCount"] = record.usage_count
        if record.last_used_at is not None:
            values["LastUsedAt"] = format_instant(record.last_used_at)
    return patched(row, **values) if values else row


def _new(record: CacheRecord, *, old_parents: bool) -> Json:
    row: Json = {"ID": record.id}
    if record.parents and old_parents:
        row["Parent"] = record.parents[0]
    elif record.parents:
        row[PARENTS] = list(record.parents)
    row |= {
        "Type": record.type,
        "Description": record.description,
        "InUse": record.in_use,
        "Shared": record.reported_shared,
        "Size": record.size,
        "CreatedAt": format_instant(record.created_at),
    }
    if record.last_used_at is not None:
        row["LastUsedAt"] = format_instant(record.last_used_at)
    return row | {"UsageCount": record.usage_count}
