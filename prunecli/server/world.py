"""The store as the views see it: everything of one moment in the Engine's JSON, and the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from prunecli.backends.served import Contents, ServedStore
from prunecli.clock import Clock
from prunecli.kinds.volume import Volume
from prunecli.profile import Profile
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind
from prunecli.wire import write_dump

Json = dict[str, Any]


class SharedClock(Clock):
    """A clock that many threads read."""

    def __init__(self, first: Instant | None = None) -> None:
        super().__init__(first)
        self._guard = threading.Lock()

    def now(self) -> Instant:
        """Read the clock."""
        with self._guard:
            return super().now()


class Said:
    """What an Engine of the store's profile says of everything, in its newest API; put together once it is asked for.

    `document` is an Engine dump (`engine-dump/v1`); the mappings find the JSON of one object by its id (volumes: name).
    """

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self._guard = threading.Lock()
        self._document: Json | None = None

    @property
    def document(self) -> Json:
        """Everything."""
        with self._guard:
            if self._document is None:
                self._document = write_dump(*self.contents)
            return self._document

    @cached_property
    def containers(self) -> Mapping[str, Json]:
        """The inspections of containers."""
        return {c["Id"]: c for c in self.document["containers"]}

    @cached_property
    def images(self) -> Mapping[str, Json]:
        """The inspections of images, each with its `History` and its list row as `Summary`."""
        return {i["Id"]: i for i in self.document["images"]}

    @cached_property
    def networks(self) -> Mapping[str, Json]:
        """The inspections of networks."""
        return {n["Id"]: n for n in self.document["networks"]}

    @cached_property
    def volumes(self) -> Mapping[str, Json]:
        """The items of the list of volumes."""
        return {v["Name"]: v for v in self.document["volumes"]}

    @cached_property
    def usage(self) -> Mapping[str, Any]:
        """The answer of `GET /system/df`."""
        return self.document.get("df") or {}

    @cached_property
    def rows(self) -> Mapping[Kind, Mapping[str, Json]]:
        """The rows of disk usage by kind and id, as far as an Engine counts the object there."""
        return _rows(self.usage)

    def row(self, kind: Kind, id: str) -> Json:
        """Return an object's row of disk usage, made up where an import has inspections alone."""
        return self.rows[kind].get(id) or self._made_up[kind].get(id) or {}

    @cached_property
    def _made_up(self) -> Mapping[Kind, Mapping[str, Json]]:
        return _rows(write_dump(self.contents.snapshot, {}, {}).get("df") or {})


def _rows(usage: Mapping[str, Any]) -> dict[Kind, dict[str, Json]]:
    return {
        Kind.CONTAINER: {r["Id"]: r for r in usage.get("Containers") or ()},
        Kind.IMAGE: {r["Id"]: r for r in usage.get("Images") or ()},
        Kind.VOLUME: {r["Name"]: r for r in usage.get("Volumes") or ()},
        Kind.BUILD_CACHE: {r["ID"]: r for r in usage.get("BuildCache") or ()},
    }


def new_volume(volume: Volume, now: Instant) -> Json:
    """Return what an Engine says of a volume that was just made."""
    said: Json = write_dump(Snapshot(now, volumes=(volume,)), {}, {})["volumes"][0]
    return said


@dataclass(frozen=True, slots=True)
class Told:
    """Everything in the store at one moment: the records, and what an Engine says of them."""

    snapshot: Snapshot
    said: Said


class ServedWorld:
    """The store at a path and its clock, for many threads at once.

    Another file in the store's place is another store, and served from then on. While there is none, requests fail.
    """

    def __init__(self, store: ServedStore, clock: Clock) -> None:
        self.clock = clock
        self._store = store
        self._replacing = threading.Lock()
        self._guard = threading.Lock()
        self._last: tuple[ServedStore, Said] | None = None
        self.replaced: Callable[[ServedStore, int], None] | None = None
        """Hears of a store in the place of the one before, and of its latest event, before anybody reads it."""

    @property
    def store(self) -> ServedStore:
        """The store that is at the path now. Errors: StoreError when it cannot be opened."""
        with self._replacing:
            if not self._store.is_current():
                self._store.close()
                fresh = ServedStore.open(self._store.given, create=False, clock=self.clock.now)
                last = fresh.last_event()
                self._store = fresh
                if self.replaced:
                    self.replaced(fresh, last)
            return self._store

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def told(self) -> Told:
        """Return everything as it is now; nothing is read twice while the store does not change."""
        now = self.clock.now()
        store = self.store
        generation = store.generation()
        with self._guard:
            known, said = self._last or (None, None)
            if said is None or known is not store or said.contents.snapshot.generation != generation:
                said = Said(store.contents(now))
                self._last = store, said
        return Told(replace(said.contents.snapshot, taken_at=now), said)

    def profile(self) -> Profile:
        """Return the profile of the Engine that the store stands for, in its newest API."""
        profile = self.told().snapshot.profile
        return profile.speaking(profile.max_api)
