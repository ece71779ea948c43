"""Usage records of BuildKit's control service: what was written is read again, and old servers are understood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli import protobuf
from prunecli.kinds.build_cache import CacheRecord, UsageRow
from prunecli.wire.control import read_disk_usage, read_usage_record, write_disk_usage, write_usage_record

INSTANTS = st.integers(0, 2**62)
NUMBERS = st.integers(-1, 2**62)
RECORDS = st.builds(
    CacheRecord,
    id=st.text(min_size=1),
    parents=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    type=st.sampled_from(("regular", "internal", "source.local", "exec.cachemount")),
    description=st.text(),
    mutable=st.booleans(),
    in_use=st.booleans(),
    reported_shared=st.booleans(),
    size=NUMBERS,
    created_at=INSTANTS,
    last_used_at=st.none() | INSTANTS,
    usage_count=NUMBERS,
)


def row(record: CacheRecord) -> UsageRow:
    """Return the row that tells of a record what is in it."""
    return UsageRow(record, record.in_use, record.reported_shared, record.size)


@given(st.lists(RECORDS, max_size=3))
def test_reading_undoes_writing(records: list[CacheRecord]) -> None:
    """Every field comes back, to the nanosecond; never used is not the same as used in 1970."""
    assert read_disk_usage(write_disk_usage(map(row, records))) == tuple(records)


@given(RECORDS)
def test_a_pruned_record_has_no_type(record: CacheRecord) -> None:
    """The rows of a prune tell everything but the type."""
    assert read_usage_record(write_usage_record(row(record), typed=False)) == replace(record, type="")


def test_one_parent_in_its_old_field() -> None:
    """What BuildKit before 0.10 says of the parent is a parent; a newer one says it in both fields, and once counts."""
    assert read_usage_record(protobuf.text(1, "b") + protobuf.text(5, "a")).parents == ("a",)
    both = protobuf.text(1, "b") + protobuf.text(5, "a") + protobuf.texts(12, ["a", "c"])
    assert read_usage_record(both).parents == ("a", "c")


@given(st.binary(max_size=200))
def test_bytes_are_records_or_are_refused(data: bytes) -> None:
    """No bytes do anything else than be read or be refused."""
    try:
        records = read_disk_usage(data)
    except protobuf.WireError:
        return
    assert all(isinstance(record, CacheRecord) for record in records)


def test_broken_text_is_refused() -> None:
    """An id that is no text is no record."""
    with pytest.raises(protobuf.WireError):
        read_usage_record(b"\x0a\x01\xff")
