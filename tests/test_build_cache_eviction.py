"""Eviction: the fast ranking against a sort for every removal, ties, and laws of the whole run."""

from __future__ import annotations

import math
import random
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.build_cache.eviction import Eviction, Removal, evict_all, evict_down_to
from prunecli.kinds.build_cache.family import Family, count_pins, trace
from prunecli.kinds.build_cache.ranking import Ranking
from prunecli.units import HOUR
from prunecli.verdict import Reason, Selection
from tests.cache_worlds import BEFORE_0_22, NOW, World, order, reclaimed, verdict_of, world

ALL = PruneInfo(all=True)


def sort_each_time(family: Family, eligible: set[str], used: int, keep: int, first: int) -> Eviction:
    """Evict as BuildKit does: sort all candidates three times before each removal."""
    left = set(family.records)
    picks: list[tuple[str, int, set[str]]] = []
    while used >= keep:
        leaves = [family.records[id] for id in sorted(eligible & left) if not left & set(family.children[id])]
        if not leaves:
            break
        victim, group = sort_once(leaves, first)
        picks.append((victim.id, used, group))
        left.remove(victim.id)
        used -= victim.size
    removals = (Removal(id, size, len(group) if len(group) > 1 and group & left else 0) for id, size, group in picks)
    rivals = {id for _, _, group in picks if len(group) > 1 for id in group & left}
    return Eviction(tuple(removals), used, frozenset(rivals))


def sort_once(leaves: list[CacheRecord], first: int) -> tuple[CacheRecord, set[str]]:
    """Return who goes, and among whom an Engine's unstable sort may choose."""
    leaves = sorted(leaves, key=lambda r: (r.last_used_at is not None, r.last_used_at or 0, r.id))
    times, latest, rank = {}, None, first
    for r in leaves:
        if r.last_used_at is not None and (latest is None or r.last_used_at > latest):
            latest, rank = r.last_used_at, rank + 1
        times[r.id] = rank
    highest_time = rank
    leaves.sort(key=lambda r: r.usage_count)
    uses, count, rank = {}, 0, first
    for r in leaves:
        if r.usage_count != count:
            count, rank = r.usage_count, rank + 1
        uses[r.id] = rank
    scores = {r.id: divide(times[r.id], highest_time) + divide(uses[r.id], rank) for r in leaves}
    if any(math.isnan(score) for score in scores.values()):
        scores = dict.fromkeys(scores, 0.0)  # no comparison holds, the order stays
    leaves.sort(key=lambda r: scores[r.id])
    victim = leaves[0]
    if len(leaves) > 12:
        return victim, {id for id, score in scores.items() if score == scores[victim.id]}
    alike = (victim.last_used_at, victim.usage_count)
    return victim, {r.id for r in leaves if (r.last_used_at, r.usage_count) == alike}


def divide(a: int, b: int) -> float:
    return float(a) / float(b) if b else math.nan


@st.composite
def worlds(draw: st.DrawFn, most: int = 40) -> World:
    """Draw records that build on earlier ones, with few distinct times, counts and sizes, so that ties abound."""
    number = draw(st.integers(1, most))
    times = st.one_of(st.none(), st.integers(1, draw(st.integers(1, 30))).map(lambda age: NOW - age * HOUR))
    counts = st.integers(0, draw(st.integers(0, 12)))
    records = []
    shared = {}
    for i in range(number):
        parents = draw(st.lists(st.integers(0, i - 1), max_size=2, unique=True)) if i else []
        records.append(
            CacheRecord(
                f"r{i:02}",
                tuple(f"r{p:02}" for p in parents),
                draw(st.sampled_from(["", "regular", "regular", "source.local", "frontend", "internal"])),
                mutable=draw(st.booleans()),
                in_use=draw(st.integers(0, 9)) == 0,
                size=draw(st.sampled_from([0, 1, 2, 5, 30])),
                last_used_at=draw(times),
                usage_count=draw(counts),
            )
        )
        if draw(st.integers(0, 9)) == 0:
            shared[f"r{i:02}"] = ""
    return World(tuple(records), shared)


def random_world(seed: int, number: int, *, counts: int, times: int) -> World:
    """Return a large world of shallow trees; some records were never used, some are in use."""
    dice = random.Random(seed)
    records = [
        CacheRecord(
            f"r{i:05}",
            (f"r{dice.randrange(max(0, i - 50), i):05}",) if i and dice.random() < 0.7 else (),
            in_use=dice.random() < 0.01,
            size=dice.randrange(1_000),
            last_used_at=None if dice.random() < 0.05 else NOW - dice.randrange(times) * HOUR,
            usage_count=dice.randrange(counts),
        )
        for i in range(number)
    ]
    return World(tuple(records))


limits = st.builds(
    PruneInfo,
    all=st.booleans(),
    keep_duration=st.one_of(st.none(), st.integers(-2, 30).map(lambda hours: hours * HOUR)),
    reserved_space=st.one_of(st.none(), st.integers(0, 60)),
    max_used_space=st.one_of(st.none(), st.integers(0, 60)),
)


@settings(max_examples=300, deadline=None)
@given(worlds(), st.sets(st.integers(0, 39)), st.integers(1, 200), st.sampled_from([0, 1]))
def test_ranking_equals_a_sort_for_every_removal(cache: World, kept: set[int], keep: int, first: int) -> None:
    """Removals, their order, the remaining size, ties and rivals are those of sorting all candidates each time."""
    family = trace(cache.records)
    eligible = {r.id for i, r in enumerate(cache.records) if i not in kept}
    used = sum(r.size for r in cache.records)

    assert evict_down_to(family, eligible, used, keep, first) == sort_each_time(family, eligible, used, keep, first)


@pytest.mark.parametrize("first", [0, 1], ids=["ranks from 0", "ranks from 1"])
@pytest.mark.parametrize(("counts", "times"), [(1, 1), (3, 1000), (400, 5), (400, 1000), (8, 8)])
@pytest.mark.parametrize("seed", range(3))
def test_ranking_equals_a_sort_in_large_worlds(seed: int, counts: int, times: int, first: int) -> None:
    """The same holds with hundreds of candidates at a time."""
    cache = random_world(seed, 400, counts=counts, times=times)
    family = trace(cache.records)
    eligible = {r.id for r in cache.records if not r.in_use}
    used = sum(r.size for r in cache.records)
    keep = used // 4

    ours = evict_down_to(family, eligible, used, keep, first)

    assert ours == sort_each_time(family, eligible, used, keep, first), f"seed {seed}"


def often_used(number: int, *, odd: int = 0) -> Family:
    """Return records of which the older are the more used, so that all scores are nearly equal; `odd` ones are not."""
    dice = random.Random(number)
    counts = [dice.randrange(number) if i < odd else i for i in range(number)]
    return trace(
        CacheRecord(f"r{i:04}", size=1, last_used_at=NOW - i * HOUR, usage_count=n) for i, n in enumerate(counts)
    )


@pytest.mark.parametrize("first", [0, 1], ids=["ranks from 0", "ranks from 1"])
@pytest.mark.parametrize("keep", [1, 75, 149])
@pytest.mark.parametrize("odd", [0, 30])
def test_old_means_often_used(first: int, keep: int, odd: int) -> None:
    """Every head of every queue stays in the race when the older records are the more used ones."""
    family = often_used(150, odd=odd)
    eligible = set(family.records)

    assert evict_down_to(family, eligible, 150, keep, first) == sort_each_time(family, eligible, 150, keep, first)


@pytest.mark.parametrize("seed", range(150))
def test_ranking_equals_a_sort_in_odd_worlds(seed: int) -> None:
    """The same holds in worlds of every shape: few or many times and counts, parents, what was never used."""
    dice = random.Random(seed)
    number = dice.choice([5, 15, 60, 120])
    counts, times = (dice.choice([1, 2, 3, 9, number]) for _ in range(2))
    cache = random_world(seed, number, counts=counts, times=times)
    family = trace(cache.records)
    eligible = {r.id for r in cache.records if not r.in_use}
    used = sum(r.size for r in cache.records)
    keep, first = used * dice.choice([0, 1, 2, 9]) // 10, seed % 2

    ours = evict_down_to(family, eligible, used, keep, first)

    assert ours == sort_each_time(family, eligible, used, keep, first), f"seed {seed}"


def test_memory_grows_with_the_records() -> None:
    """What was tied with what is not remembered: with all scores nearly equal that would be all with all."""
    family = often_used(800)
    eligible = set(family.records)
    tracemalloc.start()
    try:
        evict_down_to(family, eligible, 800, 1, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000 * len(family.records)


def test_seldom_looks_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the usage counts there are, a removal looks at a few: all of them together only once in a while."""
    looked: list[float] = []
    look = Ranking._look_at_all

    def look_and_count(ranking: Ranking, bound: float) -> float:
        looked.append(bound)
        return look(ranking, bound)

    monkeypatch.setattr(Ranking, "_look_at_all", look_and_count)
    cache = random_world(3, 4_000, counts=100, times=10**6)
    family = trace(cache.records)

    gone = evict_down_to(family, set(family.records), sum(r.size for r in cache.records), 1_000_000, 1).removals

    assert len(gone) > 1_000
    assert len(looked) < len(gone) / 8


def test_twenty_thousand_records() -> None:
    """A cache of 20,000 records is brought down to its limit, one by one, and stops at the first size below it."""
    cache = random_world(7, 20_000, counts=60, times=5_000)
    sizes = {r.id: r.size for r in cache.records}
    total = sum(sizes.values())
    limit = total // 3

    gone = order(cache.decide(PruneInfo(all=True, reserved_space=limit)))

    assert total - sum(sizes[id] for id in gone) < limit <= total - sum(sizes[id] for id in gone[:-1])


@settings(max_examples=150, deadline=None)
@given(worlds(), limits, st.randoms(use_true_random=False))
def test_input_order_does_not_matter(cache: World, info: PruneInfo, dice: random.Random) -> None:
    """Shuffled records get the same answer."""
    shuffled = list(cache.records)
    dice.shuffle(shuffled)

    assert World(tuple(shuffled), cache.shared).decide(info) == cache.decide(info)


@settings(max_examples=150, deadline=None)
@given(worlds(), limits)
def test_every_answer_is_sound(cache: World, info: PruneInfo) -> None:
    """Each record has one verdict, the bytes add up, children go before parents, and nothing kept loses its parent."""
    decisions = cache.decide(info)
    gone = order(decisions)
    family = trace(cache.records)

    assert sorted(v.id for v in decisions.verdicts) == sorted(family.records)
    assert [v.id for v in decisions.verdicts if v.removed] == gone
    assert sum(v.reclaims for v in decisions.verdicts) == reclaimed(decisions)
    for at, id in enumerate(gone):
        assert not family.records[id].in_use
        assert set(family.children[id]) <= set(gone[:at])


@settings(max_examples=150, deadline=None)
@given(worlds(), limits, st.integers(0, 60))
def test_more_reserved_space_never_removes_more(cache: World, info: PruneInfo, more: int) -> None:
    """Raising the reserved space keeps all that stayed before; with a limit in both runs, the order is a prefix."""
    richer = PruneInfo(
        all=info.all,
        keep_duration=info.keep_duration,
        reserved_space=(info.reserved_space or 0) + more,
        max_used_space=info.max_used_space,
    )
    poorer_order, richer_order = order(cache.decide(info)), order(cache.decide(richer))

    assert set(richer_order) <= set(poorer_order)
    if info.has_budget:
        assert poorer_order[: len(richer_order)] == richer_order


@settings(max_examples=150, deadline=None)
@given(worlds(), limits)
def test_a_second_run_removes_nothing(cache: World, info: PruneInfo) -> None:
    """What is left after a run meets the same conditions, unless shared sizes were subtracted that never counted."""
    first = cache.decide(info)
    counted = not info.has_budget or not any(id in shared_with_ancestors(cache) for id in order(first))

    if counted:
        assert order(cache.without(order(first)).decide(info)) == []


def shared_with_ancestors(cache: World) -> set[str]:
    return set(cache.shared) | trace(cache.records).ancestors(cache.shared)


def test_enough_free_space_costs_a_record_in_every_run() -> None:
    """The exception to the law above: a min free space that is met sets the limit to what is there."""
    cache = world("a(100,5h) b(50,4h)")
    info, disk = PruneInfo(min_free_space=1), DiskStat(1000, 500)
    first = order(cache.decide(info, disk=disk))

    assert first == ["a"]
    assert order(cache.without(first).decide(info, disk=disk)) == ["b"]


@settings(max_examples=150, deadline=None)
@given(worlds(), limits, st.sets(st.integers(0, 39)))
def test_a_selection_only_takes_away(cache: World, info: PruneInfo, dropped: set[int]) -> None:
    """With a selection nothing outside it goes, nothing goes that the rules keep, and what stays keeps its parents."""
    free = order(cache.decide(info))
    shown = {r.id: r.witness for i, r in enumerate(cache.records) if i not in dropped}

    held = order(cache.decide(info, chosen=Selection(shown)))

    outside = set(free) - set(shown)
    pinned = outside | trace(cache.records).ancestors(outside)
    assert held == [id for id in free if id not in pinned]


@settings(max_examples=100, deadline=None)
@given(worlds(), limits)
def test_its_own_selection_changes_nothing(cache: World, info: PruneInfo) -> None:
    """A plan that is carried out on the world it was made for does all that it showed."""
    decisions = cache.decide(info)
    own = Selection({step.id: step.witness for step in decisions.steps})

    assert cache.decide(info, chosen=own).steps == decisions.steps


@settings(max_examples=150, deadline=None)
@given(worlds(most=20), st.dictionaries(st.integers(0, 19), st.sampled_from([Reason.IN_USE, Reason.SHARED])))
def test_pins_are_counted_once_each(cache: World, causes: dict[int, Reason]) -> None:
    """For every record the pins are its descendants with a cause of their own, however many ways lead to them."""
    by_id = {f"r{i:02}": reason for i, reason in causes.items() if i < len(cache.records)}
    family = trace(cache.records)

    pins = count_pins(family, by_id)

    for id in family.records:
        expected = Counter(by_id[child] for child in family.descendants(id) if child in by_id)
        assert pins.get(id, Counter()) == expected


def test_batch_order_is_canonical() -> None:
    """Without a limit the records without children go first, by last use (never before all) and id; then parents."""
    cache = world("b(1,2h) a(1,2h) old(1,9h) new(1,never) root(1,90h) leaf(1,1h)<root")

    assert order(cache.decide(ALL)) == ["new", "old", "a", "b", "leaf", "root"]
    family = trace(cache.records)
    assert [r.id for r in evict_all(family, set(family.records)).removals] == order(cache.decide(ALL))


TIES = [
    pytest.param("x1(10,9h,u3) x2(10,7h,u2) x3(10,5h,u1)", ["x3", "x2", "x1"], id="the lower usage count goes first"),
    pytest.param("b(1,2h) a(1,2h)", ["a", "b"], id="identical records go by id"),
    pytest.param("a(1,1h,u1) b(1,2h,u1)", ["b", "a"], id="within one count the older goes first"),
    pytest.param("b(1,never,u3) a(1,never,u3) c(1,1h,u3)", ["a", "b", "c"], id="never used comes before any time"),
]


@pytest.mark.parametrize(("text", "expected"), TIES)
def test_ties(text: str, expected: list[str]) -> None:
    """Equal scores are told apart by usage count, then last use, then id."""
    assert order(world(text).decide(PruneInfo(reserved_space=1))) == expected


def test_ranks_from_zero_can_reverse_the_order() -> None:
    """Before BuildKit 0.22 the lowest ranks were 0, which weighs last use more."""
    cache = world("old(1,9h,u4) n1(1,1h,u1) n2(1,1h,u2) n3(1,1h,u3) n5(1,1h,u5) n6(1,1h,u6) n7(1,1h,u7)")
    info = PruneInfo(max_used_space=7)

    assert order(cache.decide(info)) == ["n1"]
    assert order(cache.decide(info, profile=BEFORE_0_22)) == ["old"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("c(1,never,u3) a(1,never,u5) b(1,never,u4)", ["c", "b", "a"], id="all never used: by usage count"),
        pytest.param("c(1,3h,u0) a(1,5h,u0) b(1,4h,u0) n(1,never)", ["n", "a", "b", "c"], id="no counts: by last use"),
        pytest.param("b(1,never) a(1,never)", ["a", "b"], id="nothing known at all: by id"),
    ],
)
def test_no_scores_before_0_22(text: str, expected: list[str]) -> None:
    """With ranks from 0 all scores can be 0/0; the order of the sort before them survives."""
    assert order(world(text).decide(PruneInfo(reserved_space=1), profile=BEFORE_0_22)) == expected


def test_tie_at_the_boundary_is_told() -> None:
    """One of four identical records goes: its verdict and those of the other three say that it might be another."""
    decisions = world("a(10,2h) b(10,2h) c(10,2h) d(10,2h)").decide(PruneInfo(reserved_space=35))

    assert order(decisions) == ["a"]
    assert "tie: an Engine may pick another of 4 equal records" in verdict_of(decisions, "a").detail
    for id in "bcd":
        assert "tie: an Engine may pick it instead of an equal record" in verdict_of(decisions, id).detail


def test_tie_within_the_run_is_not_told() -> None:
    """When all of the equal records go, their order makes no difference, and nothing is said."""
    decisions = world("a(10,2h) b(10,2h) c(50,1h)").decide(PruneInfo(reserved_space=51))

    assert order(decisions) == ["a", "b"]
    assert not any("tie" in v.detail for v in decisions.verdicts)


@pytest.mark.parametrize(("number", "told"), [(12, False), (13, True)])
def test_equal_scores_of_different_records(number: int, told: bool) -> None:
    """Up to twelve candidates Go's sort is stable, and different records with one score have a certain order."""
    lone = [CacheRecord(f"z{i}", size=1, last_used_at=NOW - HOUR, usage_count=1) for i in range(number - 2)]
    pair = [
        CacheRecord("a", size=1, last_used_at=NOW - 9 * HOUR, usage_count=1),
        CacheRecord("b", size=1, last_used_at=None, usage_count=2),
    ]
    cache = World((*pair, *lone))

    decisions = cache.decide(PruneInfo(reserved_space=number))

    assert order(decisions) == ["a"]
    assert ("tie" in verdict_of(decisions, "a").detail) is told
    assert ("tie" in verdict_of(decisions, "b").detail) is told


def test_a_limit_that_holds_ranks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy of hundreds of rules, most of which are met, does not rank all records for each of them."""
    monkeypatch.delattr("prunecli.kinds.build_cache.eviction.Ranking")

    assert order(world("a(10,2h) b(10,2h)").decide(PruneInfo(reserved_space=21))) == []
