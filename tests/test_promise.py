"""What was shown is a promise: a later look at the world takes the same or less, never more."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from prunecli.backends.memory import Memory, MemoryChange
from prunecli.clock import Clock
from prunecli.example import example_world
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.plan import Plan
from prunecli.planfile import PlanFile, read_plan, write_plan
from prunecli.profile import DEFAULT_PROFILE
from prunecli.promise import hold_plan
from prunecli.pruning import apply, plan_on
from prunecli.report import Cause
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR, MINUTE
from prunecli.verdict import Kind, Reason
from prunecli.wire import read_dump

from .cli_runs import changed, without
from .conftest import NOW
from .occasions import ABOUT, HERE
from .oracle import Case, cases

EVERYTHING = PruneRequest(tuple(Kind), all=True)
WORLD = replace(example_world(NOW), profile=DEFAULT_PROFILE.speaking((1, 41)))  # which takes named volumes too
LATER = NOW + 2 * HOUR

STARTED: dict[str, Any] = {"state": "running", "running": True}


def held(world: Snapshot, edit: Callable[[Snapshot], Snapshot], request: PruneRequest = EVERYTHING) -> dict[str, str]:
    """Return what is held back after a change, and why: words by name."""
    plan = plan_on(world, request)
    again = hold_plan(replace(edit(world), taken_at=LATER), plan)
    assert removed(again.plan) <= removed(plan)
    return {f.step.ref or f.step.name: f.why for fs in again.failures.values() for f in fs}


def removed(plan: Plan) -> set[tuple[str, str]]:
    """Return everything that a plan takes and an Engine tells of: objects, and references."""
    return {(step.id, step.ref) for kind in plan.kinds for step in kind.steps if step.rows or not step.untags}


def test_an_unchanged_world_keeps_the_promise() -> None:
    """Held to the same world, a plan is what it was."""
    plan = plan_on(WORLD, EVERYTHING)
    again = hold_plan(replace(WORLD, taken_at=LATER), plan)
    assert removed(again.plan) == removed(plan)
    assert again.plan.reclaimable == plan.reclaimable
    assert [k.verdicts for k in again.plan.kinds] == [k.verdicts for k in plan.kinds]
    assert not any(again.failures.values())


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        pytest.param(
            lambda w: replace(w, containers=changed(w.containers, "container_foo", **STARTED)),
            {
                "container_foo": "it was started after the plan was made",
                "volume_foo": "it came into use after the plan was made: in use by container container_foo (running)",
                "alpine:3.20": "it came into use after the plan was made: in use by container container_foo (running)",
            },
            id="a container was started, and what it needs stays with it",
        ),
        pytest.param(
            lambda w: replace(w, containers=changed(w.containers, "container_foo", finished_at=NOW + MINUTE)),
            {
                "container_foo": "its state changed after the plan was made",
                "volume_foo": "it came into use after the plan was made: in use by container container_foo (exited)",
                "alpine:3.20": "it came into use after the plan was made: in use by container container_foo (stopped)",
            },
            id="a container ran and stopped again",
        ),
        pytest.param(
            lambda w: replace(w, containers=without(w.containers, "container_foo")),
            {"container_foo": "it is already gone"},
            id="a container is gone",
        ),
        pytest.param(
            lambda w: replace(w, networks=changed(w.networks, "network_foo", endpoints=("web",))),
            {"network_foo": "it came into use after the plan was made: in use by web"},
            id="somebody joined a network",
        ),
        pytest.param(
            lambda w: replace(w, volumes=changed(w.volumes, "volume_foo", created_at=NOW + MINUTE)),
            {"volume_foo": "it was made anew after the plan was made"},
            id="a volume is another of the same name",
        ),
        pytest.param(
            lambda w: replace(w, images=changed(w.images, "image_foo:latest", tags=("image_foo:old",))),
            {"image_foo:latest": "its names changed after the plan was made"},
            id="a tag moved",
        ),
        pytest.param(
            lambda w: replace(w, build_cache=changed(w.build_cache, "vvm6uixsq27wv19o8sc2npxsy", usage_count=2)),
            {"local source for context": "it was used after the plan was made"},
            id="a record was used",
        ),
    ],
)
def test_what_changed_stays(edit: Callable[[Snapshot], Snapshot], told: dict[str, str]) -> None:
    """An object that is not what it was is kept, with the reason in words; everything else still goes."""
    assert held(WORLD, edit) == told


def test_what_came_later_stays() -> None:
    """A container that became prunable after the plan is not in it."""
    new = Container("new", "new", "nginx:1.27", "", "exited", False, NOW - DAY)
    plan = plan_on(WORLD, EVERYTHING)
    again = hold_plan(replace(WORLD, containers=(*WORLD.containers, new), taken_at=LATER), plan)
    assert removed(again.plan) == removed(plan)
    (verdict,) = (v for v in again.plan.kinds[0].verdicts if v.id == "new")
    assert (verdict.reason, verdict.detail) == (Reason.NOT_IN_PLAN, "it was not there when the plan was made")


def test_what_the_plan_kept_stays() -> None:
    """What nothing protects any more stays all the same, because it was not shown."""
    again = hold_plan(replace(WORLD, containers=()), plan_on(WORLD, EVERYTHING))
    image = next(v for v in again.plan.kinds[3].verdicts if v.name == "nginx:1.27")
    assert not image.removed
    assert image.detail == "the plan kept it: in use by container web (running)"


def cache(*ages: int, size: int = 100) -> tuple[CacheRecord, ...]:
    """Return records last used so many hours ago."""
    return tuple(
        CacheRecord(f"r{age}", size=size, created_at=NOW - 99 * HOUR, last_used_at=NOW - age * HOUR, usage_count=1)
        for age in ages
    )


def test_a_limit_is_not_asked_twice() -> None:
    """What a limit chose goes if it is unchanged, although the cache is below the limit by now."""
    world = Snapshot(NOW, build_cache=cache(1, 2, 3, 4))
    request = PruneRequest((Kind.BUILD_CACHE,), reserved_space=250)
    plan = plan_on(world, request)
    assert removed(plan) == {("r4", ""), ("r3", "")}

    shrunk = replace(world, build_cache=without(world.build_cache, "r4"))
    again = hold_plan(shrunk, plan)
    assert removed(again.plan) == {("r3", "")}
    assert [f.cause for f in again.failures[Kind.BUILD_CACHE]] == [Cause.GONE]
    kept = {v.id: v.reason for v in again.plan.kinds[0].verdicts if not v.removed}
    assert kept == {"r1": Reason.WITHIN_LIMIT, "r2": Reason.WITHIN_LIMIT}

    assert again.plan.kinds[0].info == plan.kinds[0].info

    below = replace(world, build_cache=without(without(world.build_cache, "r1"), "r2"))
    assert removed(hold_plan(below, plan).plan) == {("r4", ""), ("r3", "")}


def test_a_limit_takes_no_other_record() -> None:
    """When what a limit chose was used since, no other record goes in its place."""
    world = Snapshot(NOW, build_cache=cache(1, 2, 3, 4))
    plan = plan_on(world, PruneRequest((Kind.BUILD_CACHE,), reserved_space=350))
    used = changed(world.build_cache, "r4", last_used_at=NOW + MINUTE, usage_count=2)
    assert removed(hold_plan(replace(world, build_cache=used), plan).plan) == set()


def test_a_date_without_a_zone_is_in_the_zone_of_the_plan() -> None:
    """The offset from UTC that a plan is made with is that of its dates."""
    request = PruneRequest((Kind.CONTAINER,), filters=Filters.from_flags(["until=2026-11-21T11:00:00"]))
    plans = [plan_on(WORLD, request, utc_offset=hours * 3600) for hours in (0, 2)]
    assert [plan.kinds[0].info.keep_duration for plan in plans] == [-HOUR, HOUR]


def test_time_makes_nothing_old_enough() -> None:
    """`until` is that of the plan: what was too young then does not become old enough by waiting."""
    request = replace(EVERYTHING, filters=Filters.from_flags(["until=3h"]), kinds=(Kind.CONTAINER,))
    plan = plan_on(WORLD, request)
    again = hold_plan(replace(WORLD, taken_at=NOW + 30 * DAY), plan)
    assert removed(again.plan) == removed(plan)
    assert len(again.plan.kinds[0].removals) == 2


def test_a_child_holds_its_parent() -> None:
    """A record on which somebody built since the plan stays."""
    child = CacheRecord("new", ("29dfqn86xmb7quv06x4fstsyt",), size=1, created_at=NOW)
    told = held(WORLD, lambda w: replace(w, build_cache=(*w.build_cache, child)))
    assert told == {
        "pulled from docker.io/library/alpine:3.20": "it changed after the plan was made: "
        "1 record that is not in the plan builds on it"
    }


def test_a_gone_image_is_told_once() -> None:
    """An image with several tags that is gone is one line, not one for each tag."""
    image = Image("sha256:x", tags=("a:1", "a:2", "b:1"), layers=())
    world = Snapshot(NOW, images=(image,))
    assert held(world, lambda w: replace(w, images=())) == {"a:1": "it is already gone"}


def test_a_kind_that_went_otherwise_moves_the_next() -> None:
    """When a container is kept after all, the image that it needs is kept, though nobody touched that."""
    plan = plan_on(WORLD, EVERYTHING)
    started = replace(WORLD, containers=changed(WORLD.containers, "container_foo", **STARTED), generation=1)
    world = Memory(started)
    reports = {r.kind: r for r in apply(world, plan, Clock(NOW))}
    left = world.snapshot(NOW)
    assert [c.name for c in left.containers] == ["container_foo", "web"]
    assert "alpine:3.20" in {tag for i in left.images for tag in i.tags}
    assert [f.why for f in reports[Kind.IMAGE].failures] == [
        "it came into use after the plan was made: in use by container container_foo (running)"
    ]


class Stubborn(Memory):
    """A world in which one object cannot be removed."""

    @contextmanager
    def change(self, kind: Kind) -> Iterator[MemoryChange]:
        with super().change(kind) as change:
            remove = change.remove
            change.remove = lambda step: "it is stuck" if step.name == "container_foo" else remove(step)  # type: ignore[method-assign]
            yield change


def test_a_removal_that_failed_moves_the_next_kind() -> None:
    """When a container cannot be removed, its volume and its image stay, though nobody else changed anything."""
    world = Stubborn(WORLD)
    reports = {r.kind: r for r in apply(world, plan_on(WORLD, EVERYTHING), Clock(NOW))}
    left = world.snapshot(NOW)
    assert [f.why for f in reports[Kind.CONTAINER].failures] == ["it is stuck"]
    assert "container_foo" in {c.name for c in left.containers}
    assert "volume_foo" in {v.name for v in left.volumes}
    assert "alpine:3.20" in {tag for i in left.images for tag in i.tags}
    assert [f.why for f in reports[Kind.VOLUME].failures] == [
        "it came into use after the plan was made: in use by container container_foo (exited)"
    ]


def test_no_kind_begins_after_a_stop() -> None:
    """A stop between two kinds ends the run: the later kinds tell no event."""
    world = Memory(WORLD)
    stopped: list[Kind] = []
    for report in apply(world, plan_on(WORLD, EVERYTHING), Clock(NOW), stop=lambda: bool(stopped)):
        stopped.append(report.kind)
    assert stopped == [Kind.CONTAINER]
    assert {e.type for e in world.events(None, None)} == {"container"}


SEEDS = 3


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_recorded_worlds_keep_the_promise(case: Case) -> None:
    """On recorded worlds a plan read from its file takes the same, and after changes at random never anything else."""
    world = read_dump(case.before, source=case.name).snapshot
    kinds = tuple(Kind)
    requests = [
        PruneRequest(kinds),
        PruneRequest(kinds, all=True),
        PruneRequest((Kind.BUILD_CACHE,), all=True, reserved_space=3_000_000),
    ]
    for request in requests:
        plan = plan_on(world, request)
        shown = from_file(plan, request, world)
        same = hold_plan(world, shown)
        assert removed(same.plan) == removed(plan)
        assert [k.reclaimable for k in same.plan.kinds] == [k.reclaimable for k in plan.kinds]
        assert not any(same.failures.values())
        for seed in range(SEEDS):
            other = disturbed(world, random.Random(f"{case.name} {seed}"))
            again = hold_plan(other, shown)
            assert removed(again.plan) <= removed(plan), seed
            for k in again.plan.kinds:
                told = {f.step.id for f in again.failures[k.kind]} | {s.id for s in k.steps}
                assert {id for id, _ in removed_of(plan, k.kind)} == told, seed


def removed_of(plan: Plan, kind: Kind) -> set[tuple[str, str]]:
    """Return what a plan takes of one kind."""
    return {(s.id, s.ref) for k in plan.kinds if k.kind is kind for s in k.steps if s.rows or not s.untags}


def from_file(plan: Plan, request: PruneRequest, world: Snapshot) -> Plan:
    """Return the plan as somebody reads it from its file."""
    file = PlanFile.of(plan, request, "system prune", HERE, api=world.profile.api, utc_offset=0)
    return read_plan(write_plan(file, plan, ABOUT), source="plan").plan(world.profile)


def disturbed(world: Snapshot, chance: random.Random) -> Snapshot:
    """Return the world after somebody worked in it: containers started, tags moved, records used, things removed."""

    containers = [
        replace(c, **STARTED) if chance.random() < 0.2 else c for c in world.containers if chance.random() > 0.2
    ]
    networks = [
        replace(n, endpoints=("somebody",)) if chance.random() < 0.2 else n
        for n in world.networks
        if chance.random() > 0.2
    ]
    images = [
        replace(i, tags=i.tags[1:]) if chance.random() < 0.2 else i for i in world.images if chance.random() > 0.2
    ]
    records = [
        replace(r, usage_count=r.usage_count + 1) if chance.random() < 0.2 else r
        for r in world.build_cache
        if chance.random() > 0.2
    ]
    return replace(
        world,
        containers=tuple(containers),
        networks=tuple(networks),
        volumes=tuple(v for v in world.volumes if chance.random() > 0.2),
        images=tuple(images),
        build_cache=tuple(records),
        generation=world.generation + 1,
    )
