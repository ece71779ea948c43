"""A world in memory: for simulations, which want many futures of one snapshot, and for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from prunecli.errors import BusyError
from prunecli.events import Event
from prunecli.kinds.build_cache import DiskStat
from prunecli.plan import after
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, Duration, Instant
from prunecli.verdict import Kind, Step
from prunecli.worlds import WorldName

_BREATH: Duration = SECOND // 2


class Memory:
    """A world that begins as the snapshot given and ends with the process; safe to use from many threads.

    `clock` tells those who follow events when their `until` has passed.
    """

    def __init__(self, snapshot: Snapshot, *, clock: Callable[[], Instant] = time.time_ns) -> None:
        self._world = snapshot
        self._clock = clock
        self._journal: list[Event] = []
        self._told = threading.Condition()  # guards the two above, and wakes those who follow
        containers = threading.Lock()  # an Engine prunes containers and networks under one lock
        self._locks: Mapping[Kind, threading.Lock] = {
            kind: containers if kind in (Kind.CONTAINER, Kind.NETWORK) else threading.Lock() for kind in Kind
        }

    def name(self) -> WorldName:
        """Return its name, which says little: no other program can meet it."""
        return WorldName("memory", "", "", self._world.profile.engine)

    def disk(self) -> DiskStat | None:
        """Return the disk of the snapshot."""
        return self._world.disk

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the world; `now` becomes `taken_at`."""
        with self._told:
            return replace(self._world, taken_at=now)

    @contextmanager
    def change(self, kind: Kind) -> Iterator[MemoryChange]:
        """Begin to change one kind, see `World.change`."""
        lock = self._locks[kind]
        if not lock.acquire(blocking=kind is Kind.BUILD_CACHE):
            raise BusyError
        try:
            change = MemoryChange(self.snapshot)
            yield change
            with self._told:
                self._world = change.snapshot_of(self._world)
                self._journal.extend(change.events)
                self._told.notify_all()
        finally:
            lock.release()

    def events(
        self, since: Instant | None = None, until: Instant | None = None, *, follow: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Yield journal events, see `World.events`; "from now on" means from this call, not from the first `next`."""
        with self._told:
            begin = len(self._journal) if follow is not None and since is None and until is None else 0
        return self._stream(begin, since, until, follow)

    def _stream(
        self, place: int, since: Instant | None, until: Instant | None, follow: Callable[[], bool] | None
    ) -> Iterator[Event]:
        while True:
            # Asked before reading: what was told before the end is still passed on.
            ended = follow is None or not follow() or (until is not None and self._clock() > until)
            with self._told:
                page = self._journal[place:]
            place += len(page)
            for event in page:
                if (since is None or since <= event.at) and (until is None or event.at <= until):
                    yield event
            if ended:
                return
            rest = _BREATH if until is None else min(_BREATH, until - self._clock() + 1)
            with self._told:
                if len(self._journal) == place:
                    self._told.wait(max(rest, 0) / SECOND)


class MemoryChange:
    """One kind being changed: the steps done so far, which take effect when the change ends well."""

    def __init__(self, photograph: Callable[[Instant], Snapshot]) -> None:
        self._photograph = photograph
        self._present = _Present(photograph(0))
        self._steps: list[Step] = []
        self.events: list[Event] = []

    @property
    def generation(self) -> int:
        """The world's generation at this moment, its own removals included."""
        return self._photograph(0).generation + bool(self._steps)

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the world as it is inside this change."""
        return self.snapshot_of(self._photograph(now))

    def snapshot_of(self, world: Snapshot) -> Snapshot:
        """Return the world as this change makes it."""
        if not self._steps:
            return world
        return replace(after(world, self._steps), generation=world.generation + 1)

    def remove(self, step: Step) -> str | None:
        """Carry out one step; returns None, or in words why it could not be done (the world is then as before)."""
        why = self._present.take(step)
        if why is None:
            self._steps.append(step)
        return why

    def emit(self, event: Event) -> None:
        """Tell an event, which becomes visible when the change ends well."""
        self.events.append(event)


class _Present:
    """What can still be removed: kept beside the snapshot, so that each step costs the same in a large world."""

    def __init__(self, world: Snapshot) -> None:
        self._ids = {
            Kind.CONTAINER: {c.id for c in world.containers},
            Kind.NETWORK: {n.id for n in world.networks},
            Kind.VOLUME: {v.name for v in world.volumes},
            Kind.IMAGE: {i.id for i in world.images},
            Kind.BUILD_CACHE: {r.id for r in world.build_cache},
        }
        self._references = {i.id: {*i.tags, *i.digests} for i in world.images}

    def take(self, step: Step) -> str | None:
        """Take what the step removes; returns None, or why it is not there."""
        if not step.untags:
            if step.id not in self._ids[step.kind]:
                return "it is already gone"
            self._ids[step.kind].remove(step.id)
            return None
        if step.id not in self._ids[Kind.IMAGE]:
            return "the image is already gone"
        if step.ref == step.id:
            return None  # an image without a name is listed under its id, which goes with the image
        if step.ref not in self._references[step.id]:
            return "the image does not have this reference any more"
        self._references[step.id].remove(step.ref)
        return None
