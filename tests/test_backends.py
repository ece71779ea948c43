"""One contract for every world: what can be photographed and changed behaves alike, wherever it lives."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prunecli.backends import World
from prunecli.backends.memory import Memory
from prunecli.backends.store import Store
from prunecli.errors import BusyError
from prunecli.events import Event, prune_event
from prunecli.plan import after
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Step
from tests.store_worlds import NOW, SMALL, removals, snapshots

Make = Callable[[Snapshot], World]

A_LONG_WAIT = 20  # seconds after which a test gives up; none of them waits so long when all is well


def in_memory(snapshot: Snapshot, directory: Path) -> World:
    """Make a world in memory."""
    return Memory(snapshot)


def in_a_store(snapshot: Snapshot, directory: Path) -> World:
    """Make a world in a file."""
    store = Store.open(directory / "state.db")
    store.replace(snapshot, {}, {})
    return store


@pytest.fixture(params=[in_memory, in_a_store], ids=["memory", "store"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return what makes a world that begins as a given snapshot; each one lives in a directory of its own."""
    number = itertools.count()

    def make_in_its_place(snapshot: Snapshot) -> World:
        directory = tmp_path / str(next(number))
        directory.mkdir()
        world: World = request.param(snapshot, directory)
        return world

    return make_in_its_place


def contents(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what is in a snapshot, its instant and its generation left out."""
    s = snapshot
    return s.profile, s.containers, s.networks, s.volumes, s.images, s.build_cache, dict(s.layers), s.disk


def event(number: int) -> Event:
    """Return an event that its attribute tells from others."""
    return Event("volume", "destroy", NOW + number, f"v{number}", {"driver": "local", "number": str(number)})


def tell(world: World, *numbers: int) -> None:
    """Write events, all in one change."""
    with world.change(Kind.VOLUME) as change:
        for number in numbers:
            change.emit(event(number))


FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# Photographs


@FEW
@given(snapshot=snapshots())
def test_a_world_is_what_was_put_into_it(make: Make, snapshot: Snapshot) -> None:
    """A snapshot shows every field of every record, in order, and carries the instant that was asked for."""
    photograph = make(snapshot).snapshot(NOW)

    assert contents(photograph) == contents(snapshot)
    assert photograph.taken_at == NOW


# Changes


@FEW
@given(snapshot=snapshots(), kind=st.sampled_from(Kind), data=st.data())
def test_a_change_does_what_the_planner_expects(
    make: Make, snapshot: Snapshot, kind: Kind, data: st.DataObject
) -> None:
    """After a change the world is what `plan.after` says of its steps; the generation has moved if there were any."""
    possible = removals(snapshot, kind)
    steps = [s for s in possible if data.draw(st.booleans())]
    world = make(snapshot)
    before = world.snapshot(NOW).generation
    with world.change(kind) as change:
        assert [change.remove(step) for step in steps] == [None] * len(steps)
        inside = change.snapshot(NOW)
        assert change.generation == inside.generation == before + bool(steps)

    assert contents(inside) == contents(after(snapshot, steps))
    assert world.snapshot(NOW) == inside


@pytest.mark.parametrize(
    ("first", "then", "why"),
    [
        pytest.param(Step(Kind.VOLUME, "cache", "cache"), None, "it is already gone", id="a volume"),
        pytest.param(Step(Kind.CONTAINER, "c1", "web"), None, "it is already gone", id="a container"),
        pytest.param(Step(Kind.BUILD_CACHE, "r1", "r1"), None, "it is already gone", id="a cache record"),
        pytest.param(Step(Kind.IMAGE, "sha256:i2", ""), None, "it is already gone", id="an image"),
        pytest.param(
            Step(Kind.IMAGE, "sha256:i1", "", ref="busybox:1"),
            None,
            "the image does not have this reference any more",
            id="a tag",
        ),
        pytest.param(
            Step(Kind.IMAGE, "sha256:i1", ""),
            Step(Kind.IMAGE, "sha256:i1", "", ref="busybox:1"),
            "the image is already gone",
            id="a tag of an image that is gone",
        ),
    ],
)
def test_what_is_gone_cannot_be_removed_again(make: Make, first: Step, then: Step | None, why: str) -> None:
    """A step that comes too late says so in words and leaves the world and its generation alone."""
    world = make(SMALL)
    with world.change(first.kind) as change:
        assert change.remove(first) is None
    before = world.snapshot(NOW)
    with world.change(first.kind) as change:
        assert change.remove(then or first) == why

    assert world.snapshot(NOW) == before


def test_untagging_takes_one_reference(make: Make) -> None:
    """A step with a reference takes that one, tag or digest, and leaves the image and its other references."""
    world = make(SMALL)
    with world.change(Kind.IMAGE) as change:
        change.remove(Step(Kind.IMAGE, "sha256:i1", "", ref="busybox:latest"))
        change.remove(Step(Kind.IMAGE, "sha256:i1", "", ref="busybox@sha256:d"))

    image = world.snapshot(NOW).images[0]
    assert (image.tags, image.digests) == (("busybox:1",), ())


def test_layers_vanish_with_their_image(make: Make) -> None:
    """The layers that a step names are gone with it, the others stay."""
    world = make(SMALL)
    with world.change(Kind.IMAGE) as change:
        change.remove(Step(Kind.IMAGE, "sha256:i1", "", layers=("l2",)))

    assert dict(world.snapshot(NOW).layers) == {"l1": 100}


def test_nothing_is_seen_before_the_end(make: Make) -> None:
    """While a change is under way the world outside of it is as before, and silent."""
    world = make(SMALL)
    before = world.snapshot(NOW)
    with world.change(Kind.VOLUME) as change:
        change.remove(Step(Kind.VOLUME, "cache", "cache"))
        change.emit(event(1))
        assert world.snapshot(NOW) == before
        assert list(world.events(None, None)) == []

    assert len(world.snapshot(NOW).volumes) == 1
    assert list(world.events(None, None)) == [event(1)]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, GeneratorExit], ids=lambda f: f.__name__)
def test_a_failed_change_never_was(make: Make, failure: type[BaseException]) -> None:
    """Whatever exception leaves a change undoes its removals and its events, and frees the lock."""
    world = make(SMALL)
    before = world.snapshot(NOW)

    def begin_and_fail() -> None:
        with world.change(Kind.VOLUME) as change:
            change.remove(Step(Kind.VOLUME, "cache", "cache"))
            change.emit(event(1))
            raise failure

    with pytest.raises(failure):
        begin_and_fail()

    assert world.snapshot(NOW) == before
    assert list(world.events(None, None)) == []
    tell(world, 2)
    assert list(world.events(None, None)) == [event(2)]


def test_an_event_alone_moves_no_generation(make: Make) -> None:
    """A prune that removes nothing tells of it, and plans made before it still hold."""
    world = make(SMALL)
    before = world.snapshot(NOW)
    with world.change(Kind.VOLUME) as change:
        change.emit(prune_event(Kind.VOLUME, 0, NOW))

    assert world.snapshot(NOW) == before


# Locks


@pytest.mark.parametrize(
    ("holder", "newcomer"),
    [
        pytest.param(Kind.CONTAINER, Kind.CONTAINER, id="containers twice"),
        pytest.param(Kind.CONTAINER, Kind.NETWORK, id="networks while containers"),
        pytest.param(Kind.NETWORK, Kind.CONTAINER, id="containers while networks"),
        pytest.param(Kind.VOLUME, Kind.VOLUME, id="volumes twice"),
        pytest.param(Kind.IMAGE, Kind.IMAGE, id="images twice"),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["in one thread", "in two threads"])
def test_a_second_prune_is_refused(make: Make, holder: Kind, newcomer: Kind, elsewhere: bool) -> None:
    """Who comes while the lock is taken hears so at once, in the Engine's words; afterwards the lock is free."""
    world = make(SMALL)
    heard: list[str] = []

    def try_it() -> None:
        try:
            with world.change(newcomer):
                heard.append("got in")
        except BusyError as e:
            heard.append(e.message)

    with world.change(holder):
        if elsewhere:
            thread = threading.Thread(target=try_it)
            thread.start()
            thread.join(A_LONG_WAIT)
        else:
            try_it()
    try_it()

    assert heard == ["a prune operation is already running", "got in"]


def test_build_cache_waits_for_its_turn(make: Make) -> None:
    """A second prune of the build cache begins when the first has ended, and sees what it did."""
    world = make(SMALL)
    started = threading.Event()
    seen: list[int] = []

    def second() -> None:
        started.set()
        with world.change(Kind.BUILD_CACHE) as change:
            seen.append(len(change.snapshot(NOW).build_cache))

    thread = threading.Thread(target=second)
    with world.change(Kind.BUILD_CACHE) as change:
        thread.start()
        assert started.wait(A_LONG_WAIT)
        change.remove(Step(Kind.BUILD_CACHE, "r2", "r2"))
        assert seen == []
    thread.join(A_LONG_WAIT)

    assert seen == [1]


def test_kinds_with_locks_of_their_own_all_come_through(make: Make) -> None:
    """Prunes of different kinds at the same time all succeed, and nothing that one of them did is lost."""
    world = make(SMALL)
    kinds = (Kind.CONTAINER, Kind.VOLUME, Kind.IMAGE, Kind.BUILD_CACHE)
    together = threading.Barrier(len(kinds))

    def prune(kind: Kind) -> None:
        together.wait(A_LONG_WAIT)
        with world.change(kind) as change:
            for step in removals(SMALL, kind):
                change.remove(step)
            change.emit(prune_event(kind, 0, NOW))

    threads = [threading.Thread(target=prune, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(A_LONG_WAIT)

    left = world.snapshot(NOW)
    assert (left.containers, left.volumes, left.images, left.build_cache) == ((), (), (), ())
    assert sorted(e.type for e in world.events(None, None)) == ["builder", "container", "image", "volume"]
    assert left.generation == 4 + (1 if isinstance(world, Store) else 0)  # a store counts its import


# Events


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        pytest.param(None, None, [3, 1, 2], id="all of them in the order of telling"),
        pytest.param(NOW + 2, None, [3, 2], id="since an instant, itself included"),
        pytest.param(None, NOW + 2, [1, 2], id="until an instant, itself included"),
        pytest.param(NOW + 2, NOW + 2, [2], id="one instant"),
        pytest.param(NOW + 4, None, [], id="none so late"),
        pytest.param(-(2**80), 2**80, [3, 1, 2], id="bounds beyond all numbers"),
        pytest.param(2**80, None, [], id="since the end of time"),
    ],
)
def test_replay(make: Make, since: int | None, until: int | None, numbers: list[int]) -> None:
    """Without following, the events within the bounds come back whole, in the order in which they were told."""
    world = make(SMALL)
    tell(world, 3, 1)
    tell(world, 2)

    assert list(world.events(since, until)) == [event(n) for n in numbers]


class Listener:
    """Somebody who follows events in a thread."""

    def __init__(self, world: World, since: int | None = None, until: int | None = None) -> None:
        self.heard: queue.Queue[Event] = queue.Queue()
        self._listening = True
        self._events = world.events(since, until, follow=lambda: self._listening)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for told in self._events:
            self.heard.put(told)

    def hear(self, count: int) -> list[Event]:
        """Wait for so many events."""
        return [self.heard.get(timeout=A_LONG_WAIT) for _ in range(count)]

    def stop(self) -> list[Event]:
        """Stop listening; returns what came beyond what was heard."""
        self.lose_interest()
        self.finish()
        return list(self.heard.queue)

    def lose_interest(self) -> None:
        """Stop listening soon."""
        self._listening = False

    def finish(self) -> None:
        """Wait until the stream has ended by itself."""
        self._thread.join(A_LONG_WAIT)
        assert not self._thread.is_alive()


def test_following_begins_now(make: Make) -> None:
    """Without bounds a follower hears what happens from the call on, and nothing that was before."""
    world = make(SMALL)
    tell(world, 1)
    listener = Listener(world)
    tell(world, 2)
    tell(world, 3)

    assert listener.hear(2) == [event(2), event(3)]
    assert listener.stop() == []


def test_following_begins_with_the_call(make: Make) -> None:
    """What happens between asking for events and reading the first of them is not lost."""
    world = make(SMALL)
    reading = iter([True, False])
    events = world.events(None, None, follow=lambda: next(reading, False))
    tell(world, 1)

    assert list(events) == [event(1)]


def test_replay_goes_over_into_following(make: Make) -> None:
    """With `since` the past comes first; around the seam nothing is lost and nothing comes twice."""
    world = make(SMALL)
    tell(world, *range(1200))  # more than are read at once
    listener = Listener(world, since=NOW + 100)
    for number in range(1200, 1230):
        tell(world, number)

    assert listener.hear(1130) == [event(n) for n in range(100, 1230)]
    assert listener.stop() == []


def test_many_follow(make: Make) -> None:
    """Every follower hears everything."""
    world = make(SMALL)
    listeners = [Listener(world) for _ in range(8)]
    for number in range(20):
        tell(world, number)

    for listener in listeners:
        assert listener.hear(20) == [event(n) for n in range(20)]
        listener.lose_interest()
    for listener in listeners:
        assert listener.stop() == []


@pytest.mark.parametrize("since", [None, 1], ids=["alone", "with since"])
def test_an_until_in_the_past_ends_following_at_once(make: Make, since: int | None) -> None:
    """`until` replays everything up to it, also without `since`; a stream whose `until` has passed ends by itself."""
    world = make(SMALL)
    with world.change(Kind.VOLUME) as change:
        for at in (1, 2, 3):
            change.emit(replace(event(at), at=at))
    listener = Listener(world, since=since, until=2)
    listener.finish()

    assert [e.at for e in listener.heard.queue] == [1, 2]


def test_an_until_to_come_ends_following_then(make: Make) -> None:
    """Until that instant the stream is live; then it ends by itself."""
    world = make(SMALL)
    until = time.time_ns() + 500_000_000
    listener = Listener(world, until=until)
    with world.change(Kind.VOLUME) as change:
        change.emit(replace(event(1), at=until - 1))
        change.emit(replace(event(2), at=until + 1))
    listener.finish()

    assert [e.at for e in listener.heard.queue] == [until - 1]
    assert time.time_ns() > until


def test_a_follower_can_be_let_go_in_the_middle(make: Make) -> None:
    """Closing the iterator ends it, and the world goes on."""
    world = make(SMALL)
    tell(world, 1, 2)
    events: Iterator[Event] = world.events(NOW, None, follow=lambda: True)
    with closing(events) as stream:  # type: ignore[type-var] # a generator, which the protocol does not promise
        assert next(stream) == event(1)
    tell(world, 3)

    assert list(world.events(None, None)) == [event(1), event(2), event(3)]
