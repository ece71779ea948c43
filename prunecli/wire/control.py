"""BuildKit's control service: its usage records, to a record and back; the numbers of the fields are BuildKit's.

Source: BuildKit (api/services/control/control.proto); `buildkit-live.md` 1.1 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable

from prunecli import protobuf
from prunecli.kinds.build_cache import CacheRecord, UsageRow
from prunecli.units import SECOND, Instant

_ID, _MUTABLE, _IN_USE, _SIZE, _PARENT, _CREATED_AT, _LAST_USED_AT = 1, 2, 3, 4, 5, 6, 7
_USAGE_COUNT, _DESCRIPTION, _RECORD_TYPE, _SHARED, _PARENTS = 8, 9, 10, 11, 12
_RECORD = 1
_SECONDS, _NANOS = 1, 2


def read_usage_record(data: bytes) -> CacheRecord:
    """Return the record of one message, without the layer that it holds. Errors: WireError.

    Until 0.10 BuildKit told of one parent only, in a field of its own. In the rows of a prune the type is empty.
    """
    said = protobuf.read(data)
    return CacheRecord(
        id=said.text(_ID),
        parents=said.texts(_PARENTS) or tuple(filter(None, said.texts(_PARENT))),
        type=said.text(_RECORD_TYPE),
        description=said.text(_DESCRIPTION),
        mutable=said.flag(_MUTABLE),
        in_use=said.flag(_IN_USE),
        reported_shared=said.flag(_SHARED),
        size=said.number(_SIZE),
        created_at=_instant(said, _CREATED_AT) or 0,
        last_used_at=_instant(said, _LAST_USED_AT),
        usage_count=said.number(_USAGE_COUNT),
    )


def read_disk_usage(data: bytes) -> tuple[CacheRecord, ...]:
    """Return the records of the answer of `DiskUsage`, in its order. Errors: WireError."""
    return tuple(map(read_usage_record, protobuf.read(data).data.get(_RECORD, ())))


def write_usage_record(row: UsageRow, *, typed: bool = True) -> bytes:
    """Return the message of one record; while pruning, BuildKit does not tell its type."""
    record = row.record
    used_at = record.last_used_at
    return b"".join(
        (
            protobuf.text(_ID, record.id),
            protobuf.number(_MUTABLE, record.mutable),
            protobuf.number(_IN_USE, row.in_use),
            protobuf.number(_SIZE, row.size),
            protobuf.nested(_CREATED_AT, _timestamp(record.created_at)),
            b"" if used_at is None else protobuf.nested(_LAST_USED_AT, _timestamp(used_at)),
            protobuf.number(_USAGE_COUNT, record.usage_count),
            protobuf.text(_DESCRIPTION, record.description),
            protobuf.text(_RECORD_TYPE, record.record_type if typed else ""),
            protobuf.number(_SHARED, row.shared),
            protobuf.texts(_PARENTS, record.parents),
        )
    )


def write_disk_usage(rows: Iterable[UsageRow]) -> bytes:
    """Return the answer of `DiskUsage`."""
    return b"".join(protobuf.nested(_RECORD, write_usage_record(row)) for row in rows)


def _timestamp(instant: Instant) -> bytes:
    seconds, nanos = divmod(instant, SECOND)
    return protobuf.number(_SECONDS, seconds) + protobuf.number(_NANOS, nanos)


def _instant(said: protobuf.Message, tag: int) -> Instant | None:
    found = said.data.get(tag)
    if not found:
        return None
    timestamp = protobuf.read(found[-1])
    return timestamp.number(_SECONDS) * SECOND + timestamp.number(_NANOS)
