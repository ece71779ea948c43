"""The state store between processes: kills at any instant, locks, and events that travel."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends import watch
from prunecli.backends.contents import records_of
from prunecli.backends.store import Store
from prunecli.errors import BusyError
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from tests import store_children
from tests.store_children import KINDS
from tests.store_worlds import NOW
from tests.test_backends import Listener

A_LONG_WAIT = 30  # seconds after which a test gives up; none of them waits so long when all is well

EACH = 40
WORLD = Snapshot(
    taken_at=NOW,
    containers=tuple(Container(f"c{n:03}", f"web{n}", "app", "sha256:i000", "exited", False, NOW) for n in range(EACH)),
    networks=tuple(Network(f"n{n:03}", f"net{n}", "bridge", NOW) for n in range(EACH)),
    volumes=tuple(Volume(f"v{n:03}", "local", size=n) for n in range(EACH)),
    images=tuple(Image(f"sha256:i{n:03}", tags=(f"app:{n}",), layers=(f"l{n}",)) for n in range(EACH)),
    build_cache=tuple(CacheRecord(f"r{n:03}", description="x" * 200) for n in range(EACH)),
    layers={f"l{n}": 100 for n in range(EACH)},
)


@pytest.fixture(scope="module")
def processes() -> Any:
    """Processes that are forked from a clean one, so that nothing of ours is open in them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store_children"])
    return context


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with forty objects of each kind."""
    made = Store.open(tmp_path / "state.db")
    made.replace(WORLD, {}, {})
    return made


@contextmanager
def child(processes: Any, act: Any, *arguments: object) -> Iterator[Any]:
    """Run something in another process, which does not outlive the block."""
    process = processes.Process(target=act, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(A_LONG_WAIT)
        process.close()


def assert_whole(store: Store) -> dict[Kind, bool]:
    """Assert that each kind is whole, or gone and told of; returns which are gone."""
    assert store.check() == []
    world = store.snapshot(NOW)
    told = list(store.events())
    gone: dict[Kind, bool] = {}
    for kind in KINDS:
        left = len(records_of(world, kind))
        actions = [e.action for e in told if e.type == kind.event_type]
        assert (left, actions) in [(EACH, []), (0, ["destroy"] * EACH + ["prune"])], kind
        gone[kind] = not left
    assert len(world.layers) == (0 if gone[Kind.IMAGE] else EACH)
    assert world.generation == 1 + sum(gone.values())
    return gone


# Kills


@pytest.mark.parametrize("seed", range(12))
def test_a_kill_at_any_instant(processes: Any, store: Store, seed: int) -> None:
    """Whenever the process is killed, each kind is whole or gone, its events are there exactly if it is gone, and the
    next process finds no lock in its way."""
    chance = random.Random(seed)
    ours, theirs = multiprocessing.Pipe()
    with child(processes, store_children.prune_everything, store.path, theirs) as process:
        assert ours.poll(A_LONG_WAIT)
        assert ours.recv() == "begin"
        time.sleep(chance.uniform(0, 0.03))
        process.kill()
        process.join(A_LONG_WAIT)
        assert process.exitcode in (-signal.SIGKILL, 0)
    gone = assert_whole(store)
    assert sorted(gone.values(), reverse=True) == list(gone.values()), "kinds go in the order of the cascade"

    for kind in KINDS:
        with store.change(kind):
            pass
    assert assert_whole(store) == gone


@pytest.mark.parametrize("instructions", [1, 2, 5, 13, 40, 99, 250, 400, 600, 800, 1000, 1200])
def test_a_kill_at_an_instruction(processes: Any, store: Store, instructions: int) -> None:
    """Wherever SQLite is when the process is killed, nothing of an unfinished change remains."""
    with child(processes, store_children.prune_volumes_and_die, store.path, instructions) as process:
        process.join(A_LONG_WAIT)
        assert process.exitcode == -signal.SIGKILL

    assert not any(assert_whole(store).values())


def test_a_change_that_is_not_killed(processes: Any, store: Store) -> None:
    """The same change runs through when it is left alone: the kills above did hit it on its way."""
    with child(processes, store_children.prune_volumes_and_die, store.path, 10**9) as process:
        process.join(A_LONG_WAIT)
        assert process.exitcode == 0

    assert [kind for kind, gone in assert_whole(store).items() if gone] == [Kind.VOLUME]


# Locks


def test_locks_hold_between_processes_and_die_with_them(processes: Any, store: Store) -> None:
    """While another process prunes, ours is refused; when it is killed, the lock is free at once."""
    ours, theirs = multiprocessing.Pipe()
    with child(processes, store_children.hold, store.path, Kind.CONTAINER, theirs) as process:
        assert ours.poll(A_LONG_WAIT)
        for kind in (Kind.CONTAINER, Kind.NETWORK):
            with pytest.raises(BusyError, match=r"^a prune operation is already running$"), store.change(kind):
                pass
        process.kill()
        process.join(A_LONG_WAIT)
        with store.change(Kind.NETWORK):
            pass


def test_build_cache_waits_for_another_process(processes: Any, store: Store) -> None:
    """A prune of the build cache begins when that of another process has ended."""
    ours, theirs = multiprocessing.Pipe()
    with child(processes, store_children.hold, store.path, Kind.BUILD_CACHE, theirs) as process:
        assert ours.poll(A_LONG_WAIT)
        ours.send("go on")
        with store.change(Kind.BUILD_CACHE) as change:
            assert len(change.snapshot(NOW).build_cache) == EACH
        process.join(A_LONG_WAIT)
        assert process.exitcode == 0


# Events


@pytest.fixture(params=["woken by the kernel", "looking around"])
def waking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow with inotify, and as where there is none."""
    if request.param == "looking around":
        monkeypatch.setattr(watch, "_inotify", lambda _: None)


@pytest.mark.usefixtures("waking")
def test_events_of_many_writers_reach_every_follower_once(processes: Any, store: Store) -> None:
    """Followers that begin in the middle hear everything from their beginning on, in one order, and nothing twice."""
    kinds = (Kind.CONTAINER, Kind.VOLUME, Kind.IMAGE)
    store_children.tell(store.path, Kind.VOLUME, 0, 5)
    with (
        child(processes, store_children.tell, store.path, kinds[0], 0, EACH) as first,
        child(processes, store_children.tell, store.path, kinds[1], 5, EACH) as second,
        child(processes, store_children.tell, store.path, kinds[2], 0, EACH) as third,
    ):
        listeners = [Listener(store, since=0) for _ in range(3)]
        heard = [listener.hear(5 + 3 * EACH) for listener in listeners]
        for process in (first, second, third):
            process.join(A_LONG_WAIT)
            assert process.exitcode == 0
    for listener in listeners:
        listener.lose_interest()
    assert [listener.stop() for listener in listeners] == [[], [], []]

    journal = list(store.events())
    assert heard == [journal] * 3
    assert sorted({(e.type, e.actor_id) for e in journal}) == sorted((e.type, e.actor_id) for e in journal)


@pytest.mark.usefixtures("waking")
def test_last_words_are_heard(processes: Any, store: Store) -> None:
    """An event whose writer was killed right after committing it reaches those who follow."""
    listener = Listener(store)
    with child(processes, store_children.tell_and_die, store.path) as process:
        assert [e.actor_id for e in listener.hear(1)] == ["last words"]
        process.join(A_LONG_WAIT)
        assert process.exitcode == -signal.SIGKILL
    assert listener.stop() == []


def test_a_reader_sees_one_instant(processes: Any, store: Store) -> None:
    """A snapshot taken while another process prunes shows each kind whole or gone, never half."""
    _, theirs = multiprocessing.Pipe()
    seen: list[Snapshot] = []
    with child(processes, store_children.prune_everything, store.path, theirs) as process:
        while process.is_alive():
            seen.append(store.snapshot(NOW))
        assert process.exitcode == 0
    seen.append(store.snapshot(NOW))

    for world in seen:
        sizes = [len(records_of(world, kind)) for kind in KINDS]
        assert set(sizes) <= {0, EACH}
        assert world.generation == 1 + sizes.count(0)
    assert records_of(seen[-1], Kind.BUILD_CACHE) == ()
