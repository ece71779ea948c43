"""Laws: what holds in every world, whatever was asked. The seed in a test's id makes world and request again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from prunecli.backends import World
from prunecli.backends.memory import Memory
from prunecli.backends.store import Store
from prunecli.clock import Clock
from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.plan import KindPlan, Plan, after
from prunecli.pruning import apply, plan_on
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from prunecli.wire import read_dump, write_dump
from tests.image_worlds import NOW
from tests.oracle import Case, cases
from tests.whole_worlds import keys, random_request, random_world, shuffled

SEEDS = range(120)
FEW = range(40)
MIB = 1 << 20
WITHOUT_VOLUMES = tuple(k for k in Kind if k is not Kind.VOLUME)


def plan_for(seed: int) -> tuple[Snapshot, PruneRequest, Plan]:
    """Return a world, what is asked of it, and the plan."""
    world = random_world(seed)
    request = random_request(world, seed)
    return world, request, plan_on(world, request)


def part_of(plan: Plan, kind: Kind) -> KindPlan:
    """Return one kind's part of a plan."""
    return next(k for k in plan.kinds if k.kind is kind)


def gone(plan: Plan, kind: Kind) -> set[str]:
    """Return what goes of a kind."""
    return {v.id for v in part_of(plan, kind).removals}


def left_by(world: Snapshot, plan: Plan) -> Snapshot:
    """Return the world after everything in the plan was done."""
    for part in plan.kinds:
        world = after(world, part.steps)
    return world


def asking(world: Snapshot, kind: Kind, *filters: str, all: bool = False) -> set[str]:
    """Return what goes of a kind when it is pruned alone with these filters."""
    request = PruneRequest((kind,), all=all, filters=Filters.from_flags(filters))
    return gone(plan_on(world, request), kind)


# Accounts


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_gets_one_verdict(seed: int) -> None:
    """Every object of the kinds that were asked for gets exactly one verdict; other kinds are not even looked at."""
    world, request, plan = plan_for(seed)
    assert [k.kind for k in plan.kinds] == list(request.kinds)
    for part in plan.kinds:
        assert sorted(v.id for v in part.verdicts) == keys(world, part.kind)
        assert {v.kind for v in part.verdicts} <= {part.kind}


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes_add_up(seed: int) -> None:
    """What a plan promises is the sum of its verdicts and the sum of its steps; what stays gives nothing back."""
    _, _, plan = plan_for(seed)
    for part in plan.kinds:
        assert part.reclaimable == sum(v.reclaims for v in part.removals) == sum(s.reclaims for s in part.steps)
        assert all(v.reclaims == 0 for v in part.verdicts if not v.removed)
        assert all(s.reclaims >= 0 for s in part.steps)
    assert plan.reclaimable == sum(k.reclaimable for k in plan.kinds)


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_carry_out_the_verdicts(seed: int) -> None:
    """Each object that goes has one step that removes it; each reference that goes has one that takes it."""
    _, _, plan = plan_for(seed)
    for part in plan.kinds:
        assert sorted(s.id for s in part.steps if not s.untags) == sorted(v.id for v in part.removals)
        # An image without a name is listed under its id; a digest that goes with its last tag is not listed at all.
        taken = sorted((s.id, s.ref) for s in part.steps if s.untags and s.rows and s.ref != s.id)
        assert taken == sorted((v.id, ref) for v in part.verdicts for ref in v.untagged)


@pytest.mark.parametrize("seed", FEW)
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    """The same world in another order gives the same plan, to the last detail."""
    world, request, plan = plan_for(seed)
    for order in range(3):
        assert plan_on(shuffled(world, order), request) == plan


# Safety


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_in_use_stays(seed: int) -> None:
    """What runs stays, and what stays keeps what it needs: networks, volumes, its image, the records of a build."""
    world, _, plan = plan_for(seed)
    left = left_by(world, plan)
    stays = {kind: set(keys(left, kind)) for kind in Kind}
    assert {c.id for c in world.containers if c.running} <= stays[Kind.CONTAINER]
    assert {n.id for n in world.networks if n.endpoints} <= stays[Kind.NETWORK]
    assert {v.name for v in world.volumes if any(v.name in c.volumes for c in left.containers)} <= stays[Kind.VOLUME]
    assert {r.id for r in world.build_cache if r.in_use} <= stays[Kind.BUILD_CACHE]
    for container in left.containers:
        if world.profile.containerd:  # an Engine with this store protects the name that a container was made from
            named = {i.id for i in world.images if i.id == container.image_id and container.image in i.tags}
            assert named <= {i.id for i in left.images if container.image in i.tags}
        else:
            assert {i.id for i in world.images if i.id == container.image_id} <= stays[Kind.IMAGE]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_left_hanging(seed: int) -> None:
    """What stays keeps what it is built on: parents of images, of records, and the layers of images."""
    world, _, plan = plan_for(seed)
    left = left_by(world, plan)
    there, stays = ({kind: set(keys(w, kind)) for kind in Kind} for w in (world, left))
    for image in left.images:
        assert {image.parent} & there[Kind.IMAGE] <= stays[Kind.IMAGE]
        assert set(image.layers) <= left.layers.keys()
    for record in left.build_cache:
        assert set(record.parents) & there[Kind.BUILD_CACHE] <= stays[Kind.BUILD_CACHE]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_second_time_there_is_nothing(seed: int) -> None:
    """A prune that ran through finds nothing when it is asked again.

    BuildKit has two reasons to take more: a shared record counted when it went and had not counted before, so that the
    cache is still above its limit; and a min free space that is reached, without another limit, costs one record a run.
    """
    world, request, plan = plan_for(seed)
    for _ in range(len(world.build_cache) + 1):
        world = left_by(world, plan)
        before, plan = plan, plan_on(world, request)
        if not plan.empty:
            assert [k.kind for k in plan.kinds if k.steps] == [Kind.BUILD_CACHE]
            reached = request.min_free_space and world.disk and world.disk.free >= request.min_free_space
            one_more = reached and not request.max_used_space and len(part_of(plan, Kind.BUILD_CACHE).steps) == 1
            assert one_more or any(step.shared for step in part_of(before, Kind.BUILD_CACHE).steps)
    assert plan.empty


@pytest.mark.parametrize("seed", SEEDS)
def test_free_space_that_was_asked_for_is_there(seed: int) -> None:
    """A prune for free space leaves at least as much free, or no record that could still go; and then that is that."""
    world = random_world(seed)
    if not world.profile.cache_space_limits or world.disk is None:
        return
    wanted = world.disk.free + 60 * MIB
    request = PruneRequest((Kind.BUILD_CACHE,), min_free_space=wanted, max_used_space=1 << 40)
    left = left_by(world, plan_on(world, request))

    assert left.disk is not None
    if left.disk.free < wanted:
        assert plan_on(left, PruneRequest((Kind.BUILD_CACHE,))).empty
    assert plan_on(left, request).empty


# More asked, more gone


@pytest.mark.parametrize("seed", FEW)
def test_volumes_are_all_that_the_volumes_flag_adds(seed: int) -> None:
    """`--volumes` adds volumes to what a system prune takes, and changes nothing else."""
    world = random_world(seed)
    without = plan_on(world, PruneRequest(WITHOUT_VOLUMES))
    with_them = plan_on(world, PruneRequest(tuple(Kind)))
    assert [k for k in with_them.kinds if k.kind is not Kind.VOLUME] == list(without.kinds)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [Kind.VOLUME, Kind.IMAGE, Kind.BUILD_CACHE])
def test_all_takes_no_less(kind: Kind, seed: int) -> None:
    """With `--all` goes whatever goes without it."""
    world = random_world(seed)
    if kind is Kind.VOLUME:
        world = replace(world, profile=world.profile.speaking(world.profile.max_api))
        if not world.profile.volume_all_key:
            pytest.skip("this Engine has no such flag for volumes")
    assert asking(world, kind) <= asking(world, kind, all=True)


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.NETWORK, Kind.IMAGE, Kind.BUILD_CACHE])
def test_an_earlier_until_takes_no_more(kind: Kind, seed: int) -> None:
    """The longer ago something must be, the less goes; a cutoff in the future is none at all."""
    world = random_world(seed)
    spans = ("-1h", "0s", "30m", "2h", "100h", "1000h", "100000h")
    found = [asking(world, kind, f"until={span}") for span in spans]
    assert all(later >= earlier for later, earlier in pairwise(found))
    if kind in (Kind.CONTAINER, Kind.NETWORK):
        assert found[0] == asking(world, kind)
        assert found[-1] == set()


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.NETWORK, Kind.VOLUME])
@pytest.mark.parametrize("label", ["keep", "keep=1", "tier=", "nosuch"])
def test_a_label_parts_what_goes(kind: Kind, label: str, seed: int) -> None:
    """What has a label and what has it not make up everything, and have nothing in common."""
    world = random_world(seed)
    having, lacking = asking(world, kind, f"label={label}"), asking(world, kind, f"label!={label}")
    assert having | lacking == asking(world, kind)
    assert not having & lacking


@pytest.mark.parametrize("seed", SEEDS)
def test_more_reserved_space_never_takes_more(seed: int) -> None:
    """The more space is reserved, the fewer records go; with nothing reserved and no other limit everything may."""
    world = random_world(seed)
    request = PruneRequest((Kind.BUILD_CACHE,), all=True)
    sizes = (1, 1000, 5 << 20, 50 << 20, 200 << 20, 1 << 40)
    plans = [plan_on(world, replace(request, reserved_space=size)) for size in sizes]
    found = [gone(plan, Kind.BUILD_CACHE) for plan in plans]
    assert all(less >= more for less, more in pairwise(found))
    assert found[0] <= gone(plan_on(world, request), Kind.BUILD_CACHE)
    assert found[-1] == set()


# Promise and report


@pytest.mark.parametrize("seed", SEEDS)
def test_a_promise_is_kept(seed: int) -> None:
    """A report says what the plan said, its events tell the same bytes, and the world is as it was to become."""
    world, request, plan = plan_for(seed)
    _carry_out(Memory(world), world, plan)
    assert plan_on(world, request) == plan


@pytest.mark.parametrize("seed", FEW)
def test_a_store_keeps_it_too(tmp_path: Path, seed: int) -> None:
    """A store does what memory does, and is sound after it."""
    world = random_world(seed)
    with Store.open(tmp_path / "state.db") as store:
        store.replace(world, {}, {})
        faults = store.check()
        there = store.snapshot(NOW)
        assert replace(there, generation=0) == world
        _carry_out(store, there, plan_on(there, random_request(there, seed)))
        assert set(store.check()) <= set(faults)


def _carry_out(world: World, before: Snapshot, plan: Plan) -> None:
    reports = list(apply(world, plan, Clock(NOW)))
    assert [r.kind for r in reports] == [k.kind for k in plan.kinds]
    told = list(world.events(None, None))
    for report, part in zip(reports, plan.kinds, strict=True):
        assert (report.done, report.failures, report.interrupted) == (part.steps, (), False)
        assert report.reclaimed == part.reclaimable
    prunes = [(e.type, e.attributes["reclaimed"]) for e in told if e.action == "prune"]
    assert prunes == [(r.kind.event_type, str(r.reclaimed)) for r in reports]
    assert [e.at for e in told] == sorted({e.at for e in told}), "no two events share an instant"
    left = world.snapshot(NOW)
    assert replace(left, generation=0) == replace(left_by(before, plan), generation=0)
    assert left.generation - before.generation == sum(bool(k.steps) for k in plan.kinds)


# Import and export


@pytest.mark.parametrize("case", cases()[::8], ids=lambda case: case.name)
def test_what_was_imported_comes_out_again(tmp_path: Path, case: Case) -> None:
    """A dump that is imported, exported and imported again makes the same world, and the same dump."""
    first = read_dump(case.before)
    once = _through_a_store(tmp_path / "a.db", first.snapshot, first.raw, first.header)
    again = read_dump(once)
    assert again.snapshot == replace(first.snapshot, taken_at=again.snapshot.taken_at)
    assert (again.raw, again.header) == (first.raw, first.header)
    assert _through_a_store(tmp_path / "b.db", again.snapshot, again.raw, again.header) == once


@pytest.mark.parametrize("seed", FEW)
def test_a_made_world_survives_a_dump(tmp_path: Path, seed: int) -> None:
    """A world that no Engine ever said anything of comes back from a dump, and is planned for alike."""
    world = random_world(seed)
    once = _through_a_store(tmp_path / "a.db", world, {}, {})
    again = read_dump(once)
    assert _through_a_store(tmp_path / "b.db", again.snapshot, again.raw, again.header) == once
    for kind in Kind:
        assert keys(again.snapshot, kind) == keys(world, kind)


def _through_a_store(path: Path, snapshot: Snapshot, raw: object, header: object) -> dict[str, object]:
    with Store.open(path) as store:
        store.replace(snapshot, raw, header)  # type: ignore[arg-type] # as they came from a dump
        return write_dump(store.snapshot(snapshot.taken_at), store.raw(), store.header())
