"""What is said about a policy that may not do what its author expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunecli.filters import CacheFilter
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat, run_policies
from prunecli.policy import Ground, Policy, Rule, built_in, surprises
from prunecli.policy.surprises import RECORD_TYPES, covers, dead_filter
from prunecli.profile import DEFAULT_PROFILE, Profile, make_profile
from prunecli.units import DAY, HOUR

from .cache_worlds import BEFORE_0_17, NOW, OLDEST

NEWEST = make_profile("29.6.0", (1, 52))
DISK = DiskStat(252 * 2**30, 30 * 2**30)
GB = 10**9


def said(*infos: PruneInfo, profile: Profile = NEWEST, enabled: bool | None = None) -> str:
    """Return everything that is said about these rules."""
    policy = Policy("a test", tuple(Rule(info, "here") for info in infos), enabled)
    return "\n".join(surprises(policy, profile, DISK))


def only(*filters: str) -> PruneInfo:
    """Return a rule with a filter and a limit."""
    return PruneInfo(cache_filter=CacheFilter(filters), max_used_space=GB)


# Dead filters

DEAD = [
    pytest.param("type==a", "no record is of such a type", id="a type that is none"),
    pytest.param("type==regular,type==frontend", "at once", id="two types at once"),
    pytest.param("mutable,immutable", "at once", id="a flag and its opposite"),
    pytest.param("inuse", "never there while pruning", id="in use"),
    pytest.param("parents", "never there while pruning", id="parents"),
    pytest.param("parent==x", "it is `parents`", id="Docker's parent"),
    pytest.param("size==5", "no field `size`", id="a field that is none"),
    pytest.param("private==true", "by its name alone", id="a flag with a value"),
    pytest.param("shared", "only with all", id="shared without all"),
    pytest.param("type==frontend", "only with all", id="frontend without all"),
    pytest.param("id==a,id==b", "at once", id="two ids at once"),
    pytest.param("id==a,id~=^b", "at once", id="an id and an expression that it does not match"),
    pytest.param('description~="("', "no regular expression", id="an expression that Go refuses"),
    pytest.param("type~=^x", "no record is of such a type", id="a type that nothing matches"),
]


@pytest.mark.parametrize(("text", "words"), DEAD)
def test_dead_filters(text: str, words: str) -> None:
    """A filter that no record can pass is found, with the reason."""
    assert words in dead_filter(text, NEWEST, all=False)
    assert "rule 1 can match nothing" in said(only(text))


ALIVE = ["", "type==regular", "type!=regular", "private", "mutable", "id==a,id~=a", "description==x", "shared!=true"]


@pytest.mark.parametrize("text", [*ALIVE, "description~=alpine,type~=source"])
def test_living_filters(text: str) -> None:
    """A filter that some record can pass is not called dead."""
    assert dead_filter(text, NEWEST, all=False) == ""
    assert "match nothing" not in said(only(text))


def test_filters_depend_on_the_rule_and_the_engine() -> None:
    """With all, shared and frontend records are there; before BuildKit 0.17 descriptions are not."""
    assert dead_filter("shared", NEWEST, all=True) == ""
    assert dead_filter("type==frontend", NEWEST, all=True) == ""
    assert dead_filter("shared,private", NEWEST, all=True)
    assert "before 0.17" in dead_filter("description==x", BEFORE_0_17, all=True)


def test_one_dead_alternative() -> None:
    """Of several alternatives the dead one is named; the rule itself is not called dead."""
    text = said(only("type==regular", "inuse"))

    assert "rule 1 has a filter that can match nothing, `inuse`" in text
    assert "rule 1 can match nothing" not in text


def test_conditions_that_everything_meets() -> None:
    """`shared!=true` asks nothing, since `shared` has no value."""
    assert "has a condition that every record meets, `shared!=true`" in said(only("shared!=true,type==regular"))


_FIELDS = st.sampled_from([*("type", "mutable", "immutable", "shared", "private", "inuse", "parents", "id", "size")])
_VALUES = st.sampled_from([*RECORD_TYPES, "true", "a", "b"])
_CONDITIONS = st.one_of(
    _FIELDS, st.builds(lambda f, op, v: f"{f}{op}{v}", _FIELDS, st.sampled_from(["==", "!=", "~="]), _VALUES)
)
_FILTERS = st.lists(_CONDITIONS, min_size=1, max_size=3).map(",".join)


def _every_record() -> Iterator[CacheRecord]:
    for number, type in enumerate(RECORD_TYPES):
        for mutable in (False, True):
            for id in ("a", "b", "truea"):
                yield CacheRecord(f"{id}", (), type, "", mutable, size=1, last_used_at=NOW - DAY, usage_count=number)


@settings(max_examples=200, deadline=None)
@given(text=_FILTERS, all=st.booleans())
def test_a_dead_filter_removes_nothing(text: str, all: bool) -> None:
    """What is called dead takes no record of any kind, shared or not; what is not called dead is let be."""
    info = PruneInfo(all=all, cache_filter=CacheFilter((text,)))
    taken = 0
    for record in _every_record():
        for shared in ({}, {record.id: "app"}):
            (answer,) = run_policies([record], shared, [info], NOW, None, NEWEST)
            taken += len(answer.steps)

    if dead_filter(text, NEWEST, all=all):
        assert taken == 0
    elif "id" not in text:
        assert taken > 0


# Rules that come too late

LIMIT = PruneInfo(max_used_space=10 * GB)
THREE = PruneInfo(reserved_space=GB, max_used_space=10 * GB, min_free_space=2 * GB)
USELESS = [
    pytest.param(LIMIT, LIMIT, True, id="the same again"),
    pytest.param(LIMIT, PruneInfo(max_used_space=20 * GB), True, id="a higher limit"),
    pytest.param(LIMIT, PruneInfo(max_used_space=5 * GB), False, id="a lower limit"),
    pytest.param(LIMIT, PruneInfo(max_used_space=10 * GB, keep_duration=DAY), True, id="an age more"),
    pytest.param(replace(LIMIT, keep_duration=DAY), LIMIT, False, id="an age less"),
    pytest.param(replace(LIMIT, keep_duration=DAY), replace(LIMIT, keep_duration=HOUR), False, id="a shorter age"),
    pytest.param(LIMIT, only("private"), False, id="a filter more, but a lower limit"),
    pytest.param(LIMIT, replace(only("private"), max_used_space=10 * GB), True, id="a filter more"),
    pytest.param(PruneInfo(), LIMIT, True, id="everything has gone"),
    pytest.param(PruneInfo(), PruneInfo(all=True), False, id="all takes more"),
    pytest.param(replace(LIMIT, all=True), LIMIT, False, id="shared bytes may have stopped the former early"),
    pytest.param(PruneInfo(reserved_space=10 * GB), LIMIT, True, id="reserved space acts as a cap"),
    pytest.param(LIMIT, PruneInfo(reserved_space=20 * GB), True, id="a floor above the cap"),
    pytest.param(
        PruneInfo(min_free_space=GB), PruneInfo(min_free_space=GB), False, id="one more record goes each time"
    ),
    pytest.param(replace(THREE, min_free_space=3 * GB), THREE, True, id="more free space asked for first"),
    pytest.param(
        replace(THREE, min_free_space=3 * GB, reserved_space=2 * GB), THREE, False, id="but with a higher floor"
    ),
    pytest.param(
        replace(THREE, min_free_space=3 * GB, max_used_space=20 * GB), THREE, False, id="but with a higher cap"
    ),
    pytest.param(THREE, replace(THREE, min_free_space=3 * GB), False, id="more free space asked for later"),
]


@pytest.mark.parametrize(("former", "later", "useless"), USELESS)
def test_useless_rules(former: PruneInfo, later: PruneInfo, useless: bool) -> None:
    """A rule after one that goes at least as far is called useless."""
    assert covers(former, later) is useless
    assert ("rule 2 never removes anything" in said(former, later)) is useless


def test_the_defaults_are_not_useless() -> None:
    """No default rule of any version makes another useless."""
    for profile in (NEWEST, DEFAULT_PROFILE, BEFORE_0_17, OLDEST):
        policy = built_in(Ground(profile, DISK))
        assert "never removes" not in "\n".join(surprises(policy, profile, DISK))


_LIMITS = st.one_of(st.none(), st.sampled_from([0, 50, 100, 200]))
_INFOS = st.builds(
    PruneInfo,
    all=st.booleans(),
    cache_filter=st.sampled_from([CacheFilter(), CacheFilter(("type==source.local",)), CacheFilter(("",))]),
    keep_duration=st.sampled_from([None, 0, -HOUR, HOUR, DAY]),
    reserved_space=_LIMITS,
    max_used_space=_LIMITS,
    min_free_space=_LIMITS,
)


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[CacheRecord], dict[str, str]]:
    records: list[CacheRecord] = []
    flags = st.booleans()
    for number in range(draw(st.integers(0, 7))):
        parents = (records[draw(st.integers(0, number - 1))].id,) if number and draw(flags) else ()
        age = draw(st.sampled_from([None, 30 * 60 * 10**9, 2 * HOUR, 3 * DAY]))
        records.append(
            CacheRecord(
                f"r{number}",
                parents,
                draw(st.sampled_from(RECORD_TYPES)),
                in_use=draw(st.integers(0, 9)) == 0,
                size=draw(st.integers(0, 120)),
                last_used_at=None if age is None else NOW - age,
                usage_count=draw(st.integers(0, 3)),
            )
        )
    return records, {r.id: "app" for r in records if draw(st.integers(0, 4)) == 0}


@settings(max_examples=400, deadline=None)
@given(world=_worlds(), former=_INFOS, later=_INFOS, free=st.integers(0, 300), alike=st.booleans())
def test_a_useless_rule_removes_nothing(
    world: tuple[list[CacheRecord], dict[str, str]], former: PruneInfo, later: PruneInfo, free: int, alike: bool
) -> None:
    """What is called useless removes nothing after the former rule, whatever the cache."""
    later = replace(former, max_used_space=former.max_used_space and former.max_used_space + 50) if alike else later
    if not covers(former, later):
        return
    records, shared = world
    _, second = run_policies(records, shared, [former, later], NOW, DiskStat(1000, free), NEWEST)

    assert second.steps == ()


# Ages, limits, switches

SAYINGS = [
    pytest.param(PruneInfo(), "each run empties all unshared build cache", id="no limit at all"),
    pytest.param(PruneInfo(all=True), "each run empties all build cache", id="none, and all"),
    pytest.param(
        PruneInfo(reserved_space=2 * GB, max_used_space=GB), "which wins over its max used", id="floor over cap"
    ),
    pytest.param(PruneInfo(min_free_space=10**15), "which can never be", id="more free than there is"),
    pytest.param(PruneInfo(min_free_space=GB), "removes one more record in each run", id="min free space alone"),
    pytest.param(PruneInfo(keep_duration=-HOUR, max_used_space=GB), "lies in the future", id="a future age"),
    pytest.param(PruneInfo(keep_duration=5000, max_used_space=GB), "no age to speak of", id="an age of nanoseconds"),
    pytest.param(
        PruneInfo(keep_duration=DAY, max_used_space=GB), "also keeps everything that it builds on", id="an age pins"
    ),
]


@pytest.mark.parametrize(("info", "words"), SAYINGS)
def test_sayings(info: PruneInfo, words: str) -> None:
    """Ages and limits that surprise are told."""
    assert words in said(info)


def test_rules_are_listed() -> None:
    """Several rules with an age are one sentence."""
    aged = PruneInfo(keep_duration=DAY, max_used_space=GB)
    assert "rules 1, 2 and 4 have an age" in said(
        replace(aged, max_used_space=4 * GB), replace(aged, max_used_space=3 * GB), LIMIT, aged
    )


def test_nothing_to_say() -> None:
    """A plain limit is no surprise."""
    assert said(PruneInfo(max_used_space=GB, reserved_space=GB // 2), PruneInfo(all=True, max_used_space=2 * GB)) == ""


def test_the_first_default_rule_of_28_5() -> None:
    """The historic no-op is named as what it is, and the bare nanoseconds of 20.10 too."""
    assert "a defect of Engines before 29.6" in "\n".join(
        surprises(built_in(Ground(DEFAULT_PROFILE, DISK)), DEFAULT_PROFILE, DISK)
    )
    old = "\n".join(surprises(built_in(Ground(OLDEST, DISK)), OLDEST, DISK))
    assert "for nanoseconds" in old
    assert "only with `enabled: true`" in old
    assert "match nothing" not in "\n".join(surprises(built_in(Ground(NEWEST, DISK)), NEWEST, DISK))


def test_switched_off() -> None:
    """A policy that is switched off says so."""
    assert "switches garbage collection off" in said(PruneInfo(max_used_space=GB), enabled=False)
