"""The disk usage report of build cache."""

from __future__ import annotations

import pytest

from prunecli.filters import CacheFilter
from prunecli.kinds.build_cache import CacheRecord, UsageSummary, disk_usage, summarize
from prunecli.units import HOUR
from tests.cache_worlds import NOW, World, only, world

CACHE = (
    "base(100,9h) img(50,8h,shared)<base leaf(30,7h)<img other(20,6h) "
    "tool(8,5h) build(4,4h,busy)<tool idle(2,3h)<tool scratch(500,2h,mutable,busy) last(3,never)"
)


def ids(cache: World, **kwargs: object) -> list[str]:
    return [row.record.id for row in disk_usage(cache.records, cache.shared, **kwargs)]  # type: ignore[arg-type]


def test_rows_are_sorted_by_size_and_id() -> None:
    """The smallest comes first; a mutable record in use has no size."""
    assert ids(world(CACHE)) == ["scratch", "idle", "last", "build", "tool", "other", "leaf", "img", "base"]


def test_in_use_reaches_what_a_build_stands_on() -> None:
    """A record below one in use is in use; a record below idle ones is not."""
    rows = {row.record.id: row for row in disk_usage(world(CACHE).records, ())}

    assert {id for id, row in rows.items() if row.in_use} == {"tool", "build", "scratch"}
    assert rows["scratch"].size == 0


def test_shared_reaches_the_ancestors() -> None:
    """A shared record's ancestors are reported shared, its children are not."""
    cache = world(CACHE)

    assert {row.record.id for row in disk_usage(cache.records, cache.shared) if row.shared} == {"base", "img"}


@pytest.mark.parametrize(
    ("record", "shared"),
    [
        pytest.param(CacheRecord("r", reported_shared=True), True, id="without a layer the Engine's word stands"),
        pytest.param(
            CacheRecord("r", reported_shared=True, layer="sha256:1"), False, id="a known layer decides itself"
        ),
        pytest.param(CacheRecord("r"), False, id="otherwise it is private"),
    ],
)
def test_reported_shared(record: CacheRecord, shared: bool) -> None:
    """The Engine's flag counts only where nothing better is known."""
    (row,) = disk_usage([record], {})

    assert row.shared is shared


@pytest.mark.parametrize(
    ("cache_filter", "expected"),
    [
        pytest.param(only("inuse"), ["scratch", "build", "tool"], id="inuse"),
        pytest.param(only("parents"), ["idle", "build", "leaf", "img"], id="any parent"),
        pytest.param(only("parents==img"), ["leaf"], id="this parent"),
        pytest.param(only("shared"), ["img", "base"], id="shared"),
        pytest.param(only("mutable", "id==last"), ["scratch", "last"], id="several filters are alternatives"),
    ],
)
def test_filters_see_all_fields(cache_filter: CacheFilter, expected: list[str]) -> None:
    """In a report the fields that a prune leaves out can be asked for."""
    assert ids(world(CACHE), cache_filter=cache_filter) == expected


def test_several_parents_are_joined() -> None:
    """A merge's parents are one value, in their own order."""
    cache = world("b(1,1h) a(1,1h) m(1,1h)<b+a")

    assert ids(cache, cache_filter=only('parents=="b;a"')) == ["m"]


def test_age_limit() -> None:
    """With an age limit only what was not used within it is listed, and what was never used."""
    assert ids(world(CACHE), age_limit=7 * HOUR, now=NOW) == ["last", "leaf", "img", "base"]
    assert len(ids(world(CACHE), age_limit=0, now=NOW)) == 9


def test_summary() -> None:
    """Docker leaves shared records out of what is reclaimable, buildx counts all that is idle."""
    cache = world(CACHE)

    summary = summarize(disk_usage(cache.records, cache.shared))

    assert summary == UsageSummary(rows=9, active=3, size=217, reclaimable=55, idle=205, shared=150)
    assert summary.private == 67


def test_unknown_size_counts_as_nothing() -> None:
    """A size that nobody could tell is 0."""
    (row,) = disk_usage([CacheRecord("r", size=-1)], {})

    assert row.size == 0
