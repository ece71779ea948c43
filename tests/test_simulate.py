"""A seeded workload against a policy: the same seed, the same builds, and the rules of BuildKit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from prunecli import simulate as module
from prunecli.errors import RefusedError
from prunecli.filters import CacheFilter
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import DiskStat
from prunecli.policy import Ground, built_in
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, make_profile
from prunecli.simulate import LAYERS, PROJECTS, Workload, simulate
from prunecli.units import DAY, HOUR

NEWEST = make_profile("29.6.0", (1, 52))
CONTAINERD = make_profile("29.6.0", (1, 52), ImageStore.CONTAINERD)
DISK = DiskStat(100 * 10**9, 80 * 10**9)
GB = 10**9
WEEK = Workload(7, 20, seed=3)


def test_the_seed_decides() -> None:
    """The same seed gives the same days, another seed other ones."""
    assert simulate(WEEK, (), NEWEST, DISK) == simulate(WEEK, (), NEWEST, DISK)
    assert simulate(WEEK, (), NEWEST, DISK) != simulate(replace(WEEK, seed=4), (), NEWEST, DISK)


def test_a_seed_is_a_promise() -> None:
    """The numbers of a seed stay what they are, on every machine and with every Python."""
    days = simulate(Workload(2, 10, seed=1), (), NEWEST, None)

    assert [(day.records, day.builds, day.rebuilt, day.free) for day in days] == [(44, 10, 0, None), (71, 10, 0, None)]


def test_without_rules_the_cache_only_grows() -> None:
    """Nothing is pruned, nothing has to be built again, and the disk loses what the cache takes."""
    days = simulate(WEEK, (), NEWEST, DISK)

    assert len(days) == 7
    assert [day.size for day in days] == sorted(day.size for day in days)
    assert all(day.pruned == 0 and day.rebuilt == 0 and day.peak == day.size for day in days)
    assert all(day.free == max(DISK.free - day.size, 0) for day in days)
    assert all(0 < day.shared <= day.size for day in days)


def test_the_workload_is_the_same_whatever_the_policy() -> None:
    """What a policy costs is seen in what is built again: without that the days add up to the same bytes."""
    free = simulate(WEEK, (), NEWEST, DISK)
    capped = simulate(WEEK, [PruneInfo(max_used_space=5 * GB)], NEWEST, DISK)
    made = sum(day.rebuilt_size for day in capped)

    assert capped[-1].size + sum(day.pruned_size for day in capped) - made == free[-1].size
    assert sum(day.pruned for day in capped) > 0


def test_everything_goes_is_paid_for() -> None:
    """A rule that empties the cache after every build makes steps be built again."""
    days = simulate(WEEK, [PruneInfo(all=True)], NEWEST, DISK)

    assert all(day.records < len(LAYERS) + 4 for day in days)
    assert sum(day.rebuilt for day in days) > 100


def test_a_limit_holds_for_what_is_not_shared() -> None:
    """In the evening the cache that no image shares is below the limit."""
    limit = 4 * GB
    days = simulate(WEEK, [PruneInfo(max_used_space=limit)], NEWEST, DISK)

    assert all(day.size - day.shared < limit for day in days)


def test_a_disk_can_fill_up() -> None:
    """A disk that is too small shows as full, never as less than empty."""
    days = simulate(WEEK, (), NEWEST, DiskStat(10 * GB, 5 * GB))

    assert days[-1].free == 0


def test_min_free_space_needs_a_disk() -> None:
    """Nobody can keep a disk free that nobody knows."""
    with pytest.raises(RefusedError, match="free space"):
        simulate(WEEK, [PruneInfo(min_free_space=GB)], NEWEST, None)


POLICIES = [
    pytest.param(NEWEST, None, id="the default rules"),
    pytest.param(CONTAINERD, None, id="the default rules with the containerd store"),
    pytest.param(DEFAULT_PROFILE, None, id="the default rules of 28.5, with their defect"),
    pytest.param(NEWEST, [PruneInfo(max_used_space=3 * GB)], id="a cap"),
    pytest.param(NEWEST, [PruneInfo(keep_duration=DAY)], id="an age"),
    pytest.param(
        NEWEST,
        [PruneInfo(cache_filter=CacheFilter(("type==exec.cachemount", "shared")), keep_duration=6 * HOUR, all=True)],
        id="filters and an age",
    ),
    pytest.param(NEWEST, [PruneInfo(min_free_space=78 * GB, max_used_space=50 * GB)], id="room on the disk"),
    pytest.param(NEWEST, [PruneInfo(all=True, max_used_space=2 * GB)], id="a cap for all, shared records too"),
]


@pytest.mark.parametrize(("profile", "infos"), POLICIES)
def test_shortcuts_change_nothing(
    profile: Profile, infos: list[PruneInfo] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Skipping a rule where it is plain that it removes nothing gives what asking it gives."""
    rules = built_in(Ground(profile, DISK)).infos if infos is None else infos
    work = Workload(5, 15, seed=2)
    quick = simulate(work, rules, profile, DISK)
    monkeypatch.setattr(module._Cache, "nothing_due", lambda *_: False)

    assert simulate(work, rules, profile, DISK) == quick
    assert infos is None or any(day.pruned for day in quick)


def test_garbage_rests_for_a_minute() -> None:
    """Builds that follow one another closely share one collection: fewer collections than builds."""
    asked: list[int] = []
    original = module._Cache.collect

    def collect(cache: module._Cache, now: int) -> None:
        asked.append(now)
        original(cache, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._Cache, "collect", collect)
        simulate(Workload(1, 2000), (), NEWEST, None)

    assert 0 < len(asked) < 2000
    assert all(b - a >= module.REST for a, b in itertools.pairwise(asked))


def test_projects_and_bases() -> None:
    """The workload has the projects that its description says, the first built most."""
    builds = module._plan_builds(Workload(20, 50), 0)
    counts = [sum(b.project == n for b in builds) for n in range(PROJECTS)]

    assert all(counts)
    assert counts[0] == max(counts)
    assert all(8 * HOUR <= b.at % DAY < 18 * HOUR for b in builds)
    assert [b.at for b in builds] == sorted(b.at for b in builds)
