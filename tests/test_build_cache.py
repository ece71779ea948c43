"""Build cache: the limit, the reasons, and their words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prunecli.errors import RefusedError
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat, check_limits, keep_bytes, pinned_by, run_policies
from prunecli.profile import DEFAULT_PROFILE
from prunecli.units import HOUR
from prunecli.verdict import Kind, Reason, Row, Selection, Step
from tests.cache_worlds import BEFORE_0_17, NOW, World, only, order, verdict_of, world

BUDGET = [
    pytest.param(1000, 9000, 0, 0, 0, None, id="no limit at all"),
    pytest.param(1000, 9000, 0, 0, 2000, 2000, id="max used space alone"),
    pytest.param(1000, 9000, 0, 700, 0, 700, id="reserved space alone"),
    pytest.param(7000, 3000, 5000, 0, 0, 5000, id="the disk lacks 2000"),
    pytest.param(7000, 3000, 5000, 6000, 0, 6000, id="reserved space wins over a low disk"),
    pytest.param(7000, 3000, 5000, 2000, 4000, 4000, id="max used space is lower than what the disk asks"),
    pytest.param(7000, 3000, 5000, 2000, 6000, 5000, id="what the disk asks is lower"),
    pytest.param(7000, 3000, 3000, 0, 0, 7000, id="enough is free: what is there may stay, short of one record"),
    pytest.param(3000, 3000, 3000, 0, 5000, 5000, id="just enough is free: only the max counts"),
    pytest.param(7000, 3000, 10000, 0, 0, None, id="all of it is missing: no limit, so everything goes"),
    pytest.param(7000, 3000, 11000, 0, 0, None, id="more than all of it is missing"),
    pytest.param(7000, 3000, 11000, 0, 5000, None, id="the same below a max used space"),
    pytest.param(7000, 3000, 11000, 500, 5000, 500, id="reserved space is the floor"),
    pytest.param(0, 3000, 2000, 0, 0, None, id="an empty cache below a disk with enough free"),
    pytest.param(7000, 3000, 2000, 0, 4000, 4000, id="enough is free and the max counts"),
    pytest.param(7000, 3000, 2000, 9000, 4000, 9000, id="reserved space above the max"),
    pytest.param(7000, 0, 0, 1000, 4000, 4000, id="free space is not asked for without a min"),
]


@pytest.mark.parametrize(("used", "free", "min_free", "reserved", "max_used", "keep"), BUDGET)
@pytest.mark.parametrize("given", [True, False], ids=["0 given", "0 left out"])
def test_keep_bytes(
    used: int, free: int, min_free: int, reserved: int, max_used: int, keep: int | None, given: bool
) -> None:
    """The three sizes, the cache and the disk make one limit; a size of 0 is the same as none."""
    zero = 0 if given else None
    info = PruneInfo(reserved_space=reserved or zero, max_used_space=max_used or zero, min_free_space=min_free or zero)

    assert keep_bytes(info, used, DiskStat(100_000, free)) == keep


def test_unknown_disk_is_refused() -> None:
    """A min free space cannot be kept on a disk that nobody knows; to ignore it would remove everything."""
    info = PruneInfo(min_free_space=1)

    with pytest.raises(RefusedError, match="free space of the disk below the build cache is not known"):
        world("a(1,1h)").decide(info)
    with pytest.raises(RefusedError):
        run_policies((), {}, [PruneInfo(), info], NOW, None, DEFAULT_PROFILE)


def test_known_disk_and_other_limits_are_not_refused() -> None:
    """Only a min free space, where BuildKit knows it, needs the disk."""
    check_limits(PruneInfo(min_free_space=1), DiskStat(2, 1), DEFAULT_PROFILE)
    check_limits(PruneInfo(max_used_space=1, reserved_space=1, min_free_space=0), None, DEFAULT_PROFILE)
    check_limits(PruneInfo(min_free_space=1), None, BEFORE_0_17)


def test_older_buildkit_knows_reserved_space_alone() -> None:
    """Before BuildKit 0.17 the two newer sizes do not exist: with nothing else given there is no limit."""
    cache = world("a(100,2h) b(100,1h)")
    newer = PruneInfo(max_used_space=500, min_free_space=1)

    assert order(cache.decide(newer, disk=DiskStat(1000, 500))) == []
    assert order(cache.decide(newer, profile=BEFORE_0_17)) == ["a", "b"]
    assert order(cache.decide(replace(newer, reserved_space=150), profile=BEFORE_0_17)) == ["a"]


REASONS = [
    pytest.param("r(1,3d)", PruneInfo(), Reason.UNUSED, "last used 3 days ago", id="unused"),
    pytest.param("r(1,never)", PruneInfo(), Reason.UNUSED, "never used", id="never used"),
    pytest.param("r(1,3d,busy)", PruneInfo(all=True), Reason.IN_USE, "a running build holds it", id="in use"),
    pytest.param(
        "r(1,3d,busy) c(1,3d,busy)<r",
        PruneInfo(),
        Reason.IN_USE,
        "a record in use builds on it",
        id="in use by a child",
    ),
    pytest.param(
        "r(1,3d,internal)", PruneInfo(), Reason.INTERNAL, "internal record, goes with --all only", id="internal"
    ),
    pytest.param(
        "r(1,3d,frontend)", PruneInfo(), Reason.INTERNAL, "frontend record, goes with --all only", id="frontend"
    ),
    pytest.param(
        "r(1,3d,frontend)", PruneInfo(all=True), Reason.UNUSED, "last used 3 days ago", id="frontend, with all"
    ),
    pytest.param("r(1,3d,shared)", PruneInfo(), Reason.SHARED, "shared with image app:v2", id="shared"),
    pytest.param("r(1,3d,shared)", PruneInfo(all=True), Reason.UNUSED, "last used 3 days ago", id="shared, with all"),
    pytest.param(
        "r(1,3h)",
        PruneInfo(keep_duration=24 * HOUR),
        Reason.TOO_YOUNG,
        "used 3 hours ago, keep is 24 hours",
        id="too young",
    ),
    pytest.param(
        "r(1,24h)", PruneInfo(keep_duration=24 * HOUR), Reason.UNUSED, "last used 24 hours ago", id="old to the instant"
    ),
    pytest.param("r(1,never)", PruneInfo(keep_duration=24 * HOUR), Reason.UNUSED, "never used", id="never is old"),
    pytest.param("r(1,0m)", PruneInfo(keep_duration=0), Reason.UNUSED, "last used less than a second ago", id="keep 0"),
    pytest.param(
        "r(1,3d)",
        PruneInfo(unlabelled=True),
        Reason.LABEL_MISMATCH,
        "build cache carries no labels, so a label filter matches none of it",
        id="a label filter",
    ),
    pytest.param(
        "r(1,3d)",
        PruneInfo(cache_filter=only("type==source.local")),
        Reason.FILTER_MISMATCH,
        "the filter does not match it",
        id="a filter",
    ),
    pytest.param(
        "r(1,3d,shared)",
        PruneInfo(all=True, cache_filter=only("shared")),
        Reason.UNUSED,
        "last used 3 days ago",
        id="the filter shared",
    ),
    pytest.param(
        "r(1,3d) c(1,3h)<r",
        PruneInfo(keep_duration=24 * HOUR),
        Reason.HAS_CHILDREN,
        "1 younger record builds on it",
        id="a younger child",
    ),
    pytest.param(
        "r(1,3d) c(1,3h)<r d(1,2h)<c e(1,1h)<r f(1,3d,busy)<e",
        PruneInfo(keep_duration=24 * HOUR),
        Reason.HAS_CHILDREN,
        "1 record in use and 3 younger records build on it",
        id="several pins, each counted once",
    ),
    pytest.param(
        "r(1,3d) c(1,3d,shared)<r d(1,3d,internal)<r e(1,3d,busy)<r f(1,3d,busy)<r",
        PruneInfo(),
        Reason.HAS_CHILDREN,
        "2 records in use, 1 internal record and 1 shared record build on it",
        id="pins of three kinds",
    ),
    pytest.param(
        "r(1,3d) c(1,3d)<r",
        PruneInfo(cache_filter=only("id==r")),
        Reason.HAS_CHILDREN,
        "1 record that the filter keeps builds on it",
        id="a child that the filter keeps",
    ),
    pytest.param(
        "r(1500,3d)",
        PruneInfo(max_used_space=1000),
        Reason.OVER_LIMIT,
        "last used 3 days ago; the cache held 1.5kB, the limit is 1kB",
        id="over the limit",
    ),
    pytest.param(
        "r(1500,3d)",
        PruneInfo(max_used_space=2000),
        Reason.WITHIN_LIMIT,
        "the cache holds 1.5kB, within the limit of 2kB",
        id="within the limit",
    ),
    pytest.param(
        "r(1500,3d) c(500,3d)<r",
        PruneInfo(max_used_space=1600),
        Reason.WITHIN_LIMIT,
        "the cache holds 1.5kB, within the limit of 1.6kB",
        id="a parent within the limit",
    ),
    pytest.param(
        "r(1500,3d) c(500,3d,busy)<r",
        PruneInfo(max_used_space=1600),
        Reason.HAS_CHILDREN,
        "1 record in use builds on it",
        id="a pin says more than the limit",
    ),
    pytest.param(
        "r(10,3d)<s s(10,3d)<r",
        PruneInfo(),
        Reason.HAS_CHILDREN,
        "records that build on each other build on it",
        id="records in a circle stay",
    ),
]


@pytest.mark.parametrize(("text", "info", "reason", "detail"), REASONS)
def test_reasons(text: str, info: PruneInfo, reason: Reason, detail: str) -> None:
    """The verdict on `r` names the first reason that holds, in words."""
    verdict = verdict_of(world(text).decide(info), "r")

    assert (verdict.reason, verdict.detail) == (reason, detail)
    assert verdict.removed is (reason in (Reason.UNUSED, Reason.OVER_LIMIT))
    assert verdict.reclaims == (verdict.size if verdict.removed else 0)


def test_image_without_a_name() -> None:
    """A record that the Engine calls shared, with nobody knows which image, stays all the same."""
    cache = World((CacheRecord("r"),), {"r": ""})

    assert verdict_of(cache.decide(PruneInfo()), "r").detail == "shared with an image"


def test_step() -> None:
    """A step names the record, reports its id, gives back its bytes and tells no event of its own."""
    record = CacheRecord("r1", description="mount / from exec", size=30, last_used_at=NOW - HOUR, usage_count=4)

    (step,) = World((record,)).decide(PruneInfo()).steps

    assert step == Step(
        Kind.BUILD_CACHE,
        "r1",
        "mount / from exec",
        rows=(Row("r1"),),
        reclaims=30,
        witness=record.witness,
    )


def test_unknown_size_gives_nothing_back() -> None:
    """A record whose size nobody could tell goes, and promises no bytes."""
    decisions = World((CacheRecord("r", size=-1),)).decide(PruneInfo())

    assert [(s.name, s.reclaims) for s in decisions.steps] == [("r", 0)]
    assert verdict_of(decisions, "r").size == -1


def test_order_of_verdicts() -> None:
    """First what goes, in its order; then what stays, never used first, then by last use and id."""
    cache = world("z(1,5h,busy) y(1,never,busy) x(1,5h,busy) w(1,1h) v(1,2h)")

    assert [v.id for v in cache.decide(PruneInfo()).verdicts] == ["v", "w", "y", "x", "z"]


def test_selection() -> None:
    """What an earlier plan did not show stays, and with it its ancestors; so does what was used since."""
    cache = world("root(1,9h) leaf(1,8h)<root used(1,7h) shown(1,6h)")
    shown = {r.id: r.witness for r in cache.records if r.id != "leaf"} | {"used": "0 uses, last None"}

    decisions = cache.decide(PruneInfo(), chosen=Selection(shown))

    assert order(decisions) == ["shown"]
    assert verdict_of(decisions, "leaf").reason is Reason.NOT_IN_PLAN
    assert verdict_of(decisions, "used").reason is Reason.CHANGED
    assert verdict_of(decisions, "used").detail == "it was used after the plan was made"
    assert verdict_of(decisions, "root").reason is Reason.HAS_CHILDREN
    assert verdict_of(decisions, "root").detail == "1 record that is not in the plan builds on it"


def test_selection_below_a_limit() -> None:
    """The rules choose first, and only then the selection takes away: nothing goes in place of what it spares."""
    cache = world("a(10,9h) b(10,8h) c(10,7h)")
    info = PruneInfo(max_used_space=15)
    b_and_c = Selection({r.id: r.witness for r in cache.records if r.id != "a"})

    assert order(cache.decide(info)) == ["a", "b"]
    assert order(cache.decide(info, chosen=b_and_c)) == ["b"]


def test_pinned_by() -> None:
    """The pins of a record are told nearest first, without those in between that are only pinned themselves."""
    cache = world("r(1,3d) mid(1,3d)<r busy(1,3d,busy)<mid young(1,1h)<r old(1,3d)<r")
    decisions = cache.decide(PruneInfo(keep_duration=24 * HOUR))

    pins = pinned_by(cache.records, decisions.verdicts, "r")

    assert [(v.id, v.reason) for v in pins] == [("young", Reason.TOO_YOUNG), ("busy", Reason.IN_USE)]
    assert pinned_by(cache.records, decisions.verdicts, "busy") == ()
    assert pinned_by(cache.records, decisions.verdicts, "nobody") == ()


def test_all_policies_see_the_same_disk() -> None:
    """What the first policy freed is not free yet for the second: BuildKit gives space back after the last one."""
    infos = [PruneInfo(all=True, cache_filter=only("id~=^first")), PruneInfo(all=True, min_free_space=100)]
    cache = world("first(60,9h) x(10,8h) y(10,7h) z(90,6h)")

    answers = run_policies(cache.records, cache.shared, infos, NOW, DiskStat(1000, 90), DEFAULT_PROFILE)
    assert [order(a) for a in answers] == [["first"], ["x", "y"]]
    answers = run_policies(cache.records, cache.shared, infos, NOW, DiskStat(1000, 150), DEFAULT_PROFILE)
    assert [order(a) for a in answers] == [["first"], ["x"]]


def test_what_an_image_shares_does_not_come_back() -> None:
    """A record that goes gives its bytes back to the disk, unless an image has them too: they come with the image."""
    cache = world("first(60,9h,shared) x(10,8h)")
    steps = cache.decide(PruneInfo(all=True)).steps

    assert {step.id: (step.reclaims, step.freed) for step in steps} == {"first": (60, 0), "x": (10, 10)}
