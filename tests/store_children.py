"""What other processes do to a store in the tests: run by multiprocessing, and some of them killed on the way."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from prunecli.backends.store import Store
from prunecli.events import Event, prune_event, step_event
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Step
from tests.store_worlds import NOW, removals

KINDS = (Kind.CONTAINER, Kind.NETWORK, Kind.VOLUME, Kind.IMAGE, Kind.BUILD_CACHE)


def telling(step: Step) -> Step:
    """Return the step with an event to tell."""
    return Step(step.kind, step.id, step.name, step.ref, layers=step.layers, action="destroy")


def steps_of(world: Snapshot, kind: Kind) -> list[Step]:
    """Return the steps that remove everything of a kind."""
    return [telling(step) for step in removals(world, kind) if not step.untags]


def prune_everything(path: Path, report: Connection) -> None:
    """Remove everything, kind by kind, each object with its event; says when it begins and when it has ended."""
    store = Store.open(path)
    world = store.snapshot(NOW)
    report.send("begin")
    for kind in KINDS:
        with store.change(kind) as change:
            for step in steps_of(world, kind):
                assert change.remove(step) is None
                event = step_event(step, NOW)
                assert event
                change.emit(event)
            change.emit(prune_event(kind, 0, NOW))
    report.send("end")


def prune_volumes_and_die(path: Path, instructions: int) -> None:
    """Remove all volumes with their events, and be killed after so many instructions of SQLite's machine."""
    store = Store.open(path)
    steps = steps_of(store.snapshot(NOW), Kind.VOLUME)
    left = instructions

    def count() -> int:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with store.change(Kind.VOLUME) as change:
        change._db.set_progress_handler(count, 1)
        for step in steps:
            change.remove(step)
            event = step_event(step, NOW)
            assert event
            change.emit(event)
        change.emit(prune_event(Kind.VOLUME, 0, NOW))


def hold(path: Path, kind: Kind, report: Connection) -> None:
    """Take a lock, say so, and hold it until told to go on, or killed."""
    with Store.open(path).change(kind):
        report.send("held")
        report.recv()


def tell(path: Path, kind: Kind, begin: int, count: int) -> None:
    """Write numbered events, one change each."""
    store = Store.open(path)
    for number in range(begin, begin + count):
        with store.change(kind) as change:
            change.emit(Event(kind.event_type, "destroy", NOW, str(number)))


def tell_and_die(path: Path) -> None:
    """Write an event and be killed as soon as it is committed, with the lock still held."""
    store = Store.open(path)
    context = store.change(Kind.VOLUME)
    change = context.__enter__()
    change.emit(Event("volume", "destroy", NOW, "last words"))
    change._db.execute("COMMIT")
    os.kill(os.getpid(), signal.SIGKILL)
