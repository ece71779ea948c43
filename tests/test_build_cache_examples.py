"""Worked examples that were carried out with BuildKit's own code: what goes, in which order, and what comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import DiskStat, run_policies
from prunecli.kinds.build_cache.family import trace
from prunecli.kinds.build_cache.usage import unshared_size
from prunecli.profile import DEFAULT_PROFILE, Profile
from prunecli.units import DAY, HOUR
from prunecli.verdict import Decisions
from tests.cache_worlds import BEFORE_0_17, NOW, OLDEST, World, only, order, reclaimed, world

NO_LIMIT = PruneInfo()
ALL = PruneInfo(all=True)

CHAIN = "a(100,5h) b(50,4h)<a c(20,3h)<b"
SHARED = "base(100,9h) img(50,8h,shared)<base leaf(30,7h)<img other(20,6h)"
SHARED_BASE = SHARED.replace("base(100,9h)", "base(100,9h,shared)")
PRIVATE = "s(100,9h,shared) p(60,8h) q(60,7h)"
BUSY = "a(100,1h) b(50,1h,busy)<a c(20,1h)<b d(5,1h)<a"
AGES = "old(10,49h) new(10,1h) never(10,never) oldparent(7,60h) newchild(3,1h)<oldparent"
TYPES = (
    "regular(1,1h) internal(2,1h,internal) frontend(4,1h,frontend) local(8,1h,local,mutable) "
    "mount(16,1h,mount,mutable) git(32,1h,git) febase(64,1h) feleaf(128,1h,frontend)<febase"
)
POLICY = "loc1(300,72h,u3,local) loc2(200,50h,u1,local) mnt(100,49h,u7,mount) fresh(50,2h,u1,local) reg(1000,90h,u1) "
TREE = (
    "base(500,30h,u9) dep1(200,20h,u1)<base app1(40,19h,u1)<dep1 dep2(210,3h,u4)<base app2(50,2h,u2)<dep2 "
    "ctx(25,1h,u6,local) mnt(300,26h,u2,mount)"
)
SCORES = "r1(10,10h,u5) r2(10,8h,u1) r3(10,6h,u1) r4(10,never,u0) r5(10,1h,u20)"
UNSEEN = "a(100,5h) b(50,4h,mutable)<a u(7,1h,busy)"

CHEAP = only("type==source.local", "type==exec.cachemount", "type==source.git.checkout")
FIRST_POLICY = PruneInfo(cache_filter=CHEAP, keep_duration=48 * HOUR)


def reserved(space: int, info: PruneInfo = NO_LIMIT) -> PruneInfo:
    return replace(info, reserved_space=space)


IN_ORDER = [
    pytest.param(CHAIN, NO_LIMIT, "c b a", 170, id="1: children before parents"),
    pytest.param(CHAIN, reserved(120), "c b", 70, id="2: down to below the reserved space"),
    pytest.param(CHAIN, reserved(150), "c b", 70, id="3: equal to the limit is not below it"),
    pytest.param(CHAIN, reserved(151), "c", 20, id="4: one byte below the limit stops"),
    pytest.param(CHAIN, reserved(170), "c", 20, id="5: at the limit from the start one record goes"),
    pytest.param(CHAIN, reserved(171), "", 0, id="6: below the limit from the start nothing goes"),
    pytest.param(SCORES, reserved(1), "r4 r2 r3 r1 r5", 50, id="7: ranks are taken anew after each removal"),
    pytest.param(
        "x1(10,9h,u3) x2(10,7h,u2) x3(10,5h,u1)", reserved(1), "x3 x2 x1", 30, id="8: equal scores, lower count first"
    ),
    pytest.param(
        "i1(10,2h) i2(10,2h) i3(10,2h) i4(10,2h)", reserved(35), "i1", 10, id="9: identical records, the first by id"
    ),
    pytest.param(SHARED, reserved(40), "leaf", 30, id="10b: shared sizes are no part of the total"),
    pytest.param(SHARED, reserved(15, ALL), "leaf img", 80, id="10c: but are subtracted from it, which may stop early"),
    pytest.param(PRIVATE, reserved(70, ALL), "s", 100, id="11: a shared record hides that the limit is not reached"),
    pytest.param(PRIVATE, reserved(70), "p", 60, id="11b: without all the shared record stays"),
    pytest.param(
        AGES,
        replace(reserved(15), keep_duration=48 * HOUR),
        "never old",
        20,
        id="13b: candidates run out above the limit",
    ),
    pytest.param("l1(10,5h) l2(20,4h) m(1,3h)<l1+l2", reserved(25), "m l1", 11, id="15: a merge frees both parents"),
    pytest.param(UNSEEN, reserved(1), "b a", 150, id="22: a record in use stays and counts"),
    pytest.param(CHAIN, PruneInfo(max_used_space=60, reserved_space=130), "c b", 70, id="16d: reserved wins over max"),
    pytest.param("z1(0,3h) z2(0,2h) z3(10,1h)", reserved(10), "z1 z2 z3", 10, id="17: empty records lower no total"),
    pytest.param(
        POLICY, replace(FIRST_POLICY, max_used_space=512), "loc2 loc1 mnt", 600, id="18: types, age and a max"
    ),
    pytest.param(POLICY, replace(FIRST_POLICY, max_used_space=1400), "loc2 loc1", 500, id="18b: a higher max"),
    pytest.param(TREE, PruneInfo(max_used_space=800), "app1 dep1 mnt", 540, id="20: a base stays below its children"),
    pytest.param(
        TREE, PruneInfo(max_used_space=400), "app1 dep1 mnt app2 dep2 ctx base", 1325, id="20b: only the base is left"
    ),
    pytest.param(
        "a(100,50h,u3) b(100,30h,u1) c(100,2h,u1)",
        replace(reserved(100), keep_duration=24 * HOUR),
        "b a",
        200,
        id="24: at the limit, but what is left is too young",
    ),
]


@pytest.mark.parametrize(("text", "info", "expected", "released"), IN_ORDER)
def test_order_and_bytes(text: str, info: PruneInfo, expected: str, released: int) -> None:
    """What goes, in which order, and the bytes that come back."""
    decisions = world(text).decide(info)

    assert order(decisions) == expected.split()
    assert reclaimed(decisions) == released


SETS = [
    pytest.param(SHARED, NO_LIMIT, "leaf other", 50, id="10: a shared record stays, and with it its ancestors"),
    pytest.param(SHARED, ALL, "leaf other img base", 200, id="10d: all takes shared records too"),
    pytest.param(
        SHARED,
        replace(ALL, cache_filter=only("")),
        "leaf other img base",
        200,
        id="10d: so it does with an empty filter",
    ),
    pytest.param(
        SHARED_BASE,
        replace(ALL, cache_filter=only("private")),
        "leaf other",
        50,
        id="10e: the filter private spares them",
    ),
    pytest.param(BUSY, NO_LIMIT, "c d", 25, id="12: what is in use stays, and what it builds on"),
    pytest.param(BUSY, PruneInfo(cache_filter=only("inuse")), "", 0, id="12b: inuse never holds while pruning"),
    pytest.param(BUSY, PruneInfo(cache_filter=only("parents")), "", 0, id="12b: nor does parents"),
    pytest.param(BUSY, PruneInfo(cache_filter=only("parent==x")), "", 0, id="12b: nor an unknown field"),
    pytest.param(BUSY, PruneInfo(cache_filter=only("parent!=x")), "c d", 25, id="12c: which differs from every value"),
    pytest.param(
        AGES, PruneInfo(keep_duration=48 * HOUR), "old never", 20, id="13: young records stay, never used ones go"
    ),
    pytest.param(
        AGES,
        PruneInfo(keep_duration=-HOUR),
        "old new never newchild oldparent",
        40,
        id="13c: a keep duration below zero spares nothing",
    ),
    pytest.param(TYPES, NO_LIMIT, "regular local mount git", 57, id="14: internal and frontend records stay"),
    pytest.param(
        TYPES, ALL, "regular internal frontend local mount git feleaf febase", 255, id="14b: all takes them too"
    ),
    pytest.param(
        TYPES, PruneInfo(cache_filter=CHEAP), "local mount git", 56, id="14c: several filters are alternatives"
    ),
    pytest.param(
        TYPES, PruneInfo(cache_filter=only("type==frontend")), "", 0, id="14d: a filter for frontends needs all as well"
    ),
    pytest.param(
        TYPES,
        replace(ALL, cache_filter=only("type==frontend")),
        "frontend feleaf",
        132,
        id="14e: and with all it works",
    ),
    pytest.param(TYPES, PruneInfo(cache_filter=only("mutable")), "local mount", 24, id="14f: mutable records"),
    pytest.param(
        TYPES,
        replace(ALL, cache_filter=only("immutable,type!=regular")),
        "internal frontend git feleaf",
        166,
        id="14g: a comma means and",
    ),
    pytest.param(UNSEEN, NO_LIMIT, "b a", 150, id="22: an unfinished commit goes as its mutable half"),
    pytest.param(
        POLICY,
        PruneInfo(cache_filter=only("type==source.local,type==exec.cachemount,type==source.git.checkout")),
        "",
        0,
        id="26: the old first policy can match nothing",
    ),
    pytest.param(
        TREE, replace(ALL, keep_duration=24 * HOUR), "mnt", 300, id="20c: an old base with young children stays"
    ),
]


@pytest.mark.parametrize(("text", "info", "expected", "released"), SETS)
def test_set_and_bytes(text: str, info: PruneInfo, expected: str, released: int) -> None:
    """What goes where an Engine leaves the order to chance, and the bytes that come back."""
    decisions = world(text).decide(info)

    assert sorted(order(decisions)) == sorted(expected.split())
    assert reclaimed(decisions) == released


FREE = [
    pytest.param(PruneInfo(min_free_space=10), 50, "c", 20, id="16: enough is free, and one record goes"),
    pytest.param(PruneInfo(min_free_space=10_000), 50, "c b a", 170, id="16b: out of reach, everything goes"),
    pytest.param(
        PruneInfo(min_free_space=10_000, reserved_space=60),
        50,
        "c b a",
        170,
        id="16c: down to below the reserved space",
    ),
]


@pytest.mark.parametrize(("info", "free", "expected", "released"), FREE)
def test_min_free_space(info: PruneInfo, free: int, expected: str, released: int) -> None:
    """What goes to free the disk."""
    decisions = world(CHAIN).decide(info, disk=DiskStat(20_000, free))

    assert order(decisions) == expected.split()
    assert reclaimed(decisions) == released


DESCRIPTIONS = {
    "d1": "pulled from docker.io/library/alpine:3.20",
    "d2": "mount / from exec /bin/sh -c make",
    "d3": "",
}


@pytest.mark.parametrize(
    ("text", "profile", "expected"),
    [
        pytest.param("description~=alpine", DEFAULT_PROFILE, "d1", id="21: a part of it"),
        pytest.param("description", DEFAULT_PROFILE, "d1 d2", id="21: any at all"),
        pytest.param("description!=foo", DEFAULT_PROFILE, "d1 d2 d3", id="21: a missing one differs from every text"),
        pytest.param('description~="^$"', DEFAULT_PROFILE, "d3", id="21: a missing one is the empty text"),
        pytest.param("description", BEFORE_0_17, "", id="older BuildKits prune without descriptions"),
        pytest.param("description~=alpine", OLDEST, "", id="and so match none of them"),
    ],
)
def test_descriptions(text: str, profile: Profile, expected: str) -> None:
    """The filter field `description` selects by a record's own words, where BuildKit knows them while pruning."""
    cache = world("d1(1,3h) d2(1,2h) d3(1,1h)")
    described = World(tuple(replace(r, description=DESCRIPTIONS[r.id]) for r in cache.records))

    assert order(described.decide(PruneInfo(cache_filter=only(text)), profile=profile)) == expected.split()


def test_many_leaves() -> None:
    """25: twenty-five leaves and then their root, in one run."""
    cache = world("root(1000,9h) " + " ".join(f"leaf{i}(1,{i + 1}m)<root" for i in range(25)))

    decisions = cache.decide(NO_LIMIT)

    assert len(decisions.steps) == 26
    assert order(decisions)[-1] == "root"
    assert reclaimed(decisions) == 1025


FOUR = POLICY + "ancient(400,61d,u2) fe(600,70d,u50,frontend) int(250,3h,u2,internal)"
CAPPED = PruneInfo(reserved_space=100, max_used_space=800)
POLICIES = [
    replace(FIRST_POLICY, max_used_space=1400),
    replace(CAPPED, keep_duration=60 * DAY),
    CAPPED,
    replace(CAPPED, all=True),
]


@pytest.mark.parametrize(
    ("text", "infos", "expected", "left"),
    [
        pytest.param(
            FOUR, POLICIES, ["loc2 loc1 mnt", "ancient", "reg fresh", "int"], 600, id="19: four policies, as by default"
        ),
        pytest.param(
            "s(100,9h,shared) p(60,8h) f(80,7h,frontend)",
            [reserved(70), reserved(70, ALL)],
            ["p", "s"],
            80,
            id="23: each starts with a fresh total",
        ),
    ],
)
def test_policies(text: str, infos: list[PruneInfo], expected: list[str], left: int) -> None:
    """Several prune infos run one after the other, each on what the one before left."""
    cache = world(text)

    answers = run_policies(cache.records, cache.shared, infos, NOW, None, DEFAULT_PROFILE)

    assert [order(answer) for answer in answers] == [ids.split() for ids in expected]
    rest = cache.without(id for answer in answers for id in order(answer))
    assert unshared_size(trace(rest.records), cache.shared) == left
    assert gone_once(answers)


def gone_once(answers: tuple[Decisions, ...]) -> bool:
    ids = [id for answer in answers for id in order(answer)]
    return len(ids) == len(set(ids))
