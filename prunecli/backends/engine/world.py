"""A live Engine as a world: what it holds, how it is changed, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.endpoint import Endpoint
from prunecli.backends.engine.lanes import load_aside
from prunecli.backends.engine.reading import Json, Progress, disk_of, read_engine
from prunecli.events import Event
from prunecli.filters import Filters
from prunecli.kinds.build_cache import DiskStat
from prunecli.plan import Plan, after
from prunecli.profile import parse_api
from prunecli.snapshot import Snapshot
from prunecli.units import Duration, Instant
from prunecli.verdict import Kind, Step
from prunecli.worlds import ENGINE, WorldName

if TYPE_CHECKING:
    from prunecli.backends.engine.changing import EngineChange
    from prunecli.backends.engine.native import NativePrune


def _silent(_text: str) -> None:
    return


class Engine:
    """A live Engine. `progress` hears how far a reading is, `notice` gets sentences that a person may want to see.

    An Engine has no transactions and no lock for others to take: a change is what each request does, and the Engine
    itself emits the events of it. Errors everywhere: EngineError when it cannot be reached, or goes away.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        api_version: str = "",
        progress: Progress | None = None,
        notice: Callable[[str], None] = _silent,
    ) -> None:
        load_aside("prunecli.wire")
        self._connection = Connection(endpoint, api_version)
        self._progress = progress
        self._notice = notice
        self._raw: Mapping[Kind, Mapping[str, Any]] = {}
        self._changing: Snapshot | None = None
        self._readings = 0
        self._said: Mapping[str, Any] | None = None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the Engine listens."""
        return self._connection.endpoint.url

    # Reading

    def name(self) -> WorldName:
        """Return what the Engine says of itself: its id stays the same wherever it is reached."""
        said = self._info()
        id, host = (said.get(key) if isinstance(said.get(key), str) else None for key in ("ID", "Name"))
        return WorldName(ENGINE, self.url, id or "", str(self._connection.version.get("Version", "")), host or None)

    def disk(self) -> DiskStat | None:
        """Return the file system below the Engine's data root; only that of a local one can be asked for."""
        found = disk_of(self._connection, self._info())
        return DiskStat(*found) if found else None

    def _info(self) -> Mapping[str, Any]:
        if self._said is None:
            said = self._connection.get("/info")
            self._said = said if isinstance(said, dict) else {}
        return self._said

    def dump(self) -> Json:
        """Return everything that the Engine says of itself, as an Engine dump."""
        return read_engine(self._connection, parse_api(self._connection.version["ApiVersion"]), self._progress)

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the Engine; objects may move while they are read. Each photograph has a generation of its own."""
        from prunecli.wire import read_dump

        dump = read_dump(self.dump(), source=self.url, now=now)
        self._raw = dump.raw
        self._readings += 1
        profile = dump.snapshot.profile.speaking(self._connection.api)
        return replace(dump.snapshot, profile=profile, generation=self._readings)

    def raw(self) -> Mapping[Kind, Mapping[str, Any]]:
        """Map each kind to the Engine's own JSON of its objects in the last snapshot, by id (volumes: name)."""
        return self._raw

    def events(
        self, since: Instant | None = None, until: Instant | None = None, *, follow: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Yield the Engine's events, see `World.events`; it remembers 256, and none from before its start.

        A connection that breaks is made again, and the events go on where they stopped.
        """
        from prunecli.backends.engine.following import follow_events

        return follow_events(self._connection, since, until, follow, self._notice)

    # Changing

    def native(self, plan: Plan, filters: Filters, *, wait: Duration = 0) -> NativePrune:
        """Return the Engine's own prunes under the conditions of a plan; `filters` are those that it was asked with.

        `wait` is how long to wait while another prune of the same kind runs.
        """
        from prunecli.backends.engine.native import NativePrune

        return NativePrune(self._connection, plan, filters, wait)

    @contextmanager
    def change(self, kind: Kind) -> Iterator[EngineChange]:
        """Begin to change one kind object by object, never by force.

        The Engine is read again before the first change; what later ones see is that reading without what was removed
        since. Every object is looked at once more right before it goes.
        """
        change: EngineChange
        if kind is Kind.BUILD_CACHE:
            from prunecli.backends.engine.changing_cache import CacheChange

            change = CacheChange(self._connection, self._now_seen)
        else:
            from prunecli.backends.engine.changing import ObjectChange

            change = ObjectChange(self._connection, self._now_seen)
        try:
            yield change
        finally:
            self._forget(change.removed)

    def _now_seen(self, now: Instant) -> Snapshot:
        if self._changing is None:
            self._changing = self.snapshot(now)
        return replace(self._changing, taken_at=now)

    def _forget(self, steps: list[Step]) -> None:
        if self._changing is not None:
            self._changing = after(self._changing, steps)
