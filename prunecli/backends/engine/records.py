"""The build cache records of an Engine, looked at and removed by their ids: two ways, of which the better is taken.

BuildKit's own service compares ids, takes a duration and tells of each record as it goes. Where it does not answer (an
Engine that does not have it, a proxy that breaks the upgrade), the Engine's API has a filter that is a regular
expression. Both remove only what the ids name, and keep what was used after an instant of the Engine's clock.
Source: `buildkit-live.md` 0 and 1.5, `cli-and-api.md` 9.3 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from prunecli.backends.engine.clock import EngineClock
from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.dialing import dial_grpc
from prunecli.backends.engine.failures import LostError
from prunecli.errors import EngineError, RefusedError
from prunecli.filters import Filters
from prunecli.kinds.build_cache import CacheRecord
from prunecli.units import SECOND, Instant
from prunecli.wire.build_cache import read_record
from prunecli.wire.fields import Reader

if TYPE_CHECKING:
    from prunecli.grpc.client import GrpcClient
    from prunecli.grpc.control import Control

_ID = re.compile(r"[a-z0-9]+", re.ASCII)
"""What BuildKit makes ids of; nothing else gets into a filter."""


def is_record_id(text: str) -> bool:
    """Say whether a text is an id that a filter can name without a second meaning."""
    return bool(_ID.fullmatch(text))


class Records(Protocol):
    """Build cache, one request at a time. Errors everywhere: RefusedError, EngineError."""

    most: int
    """How many ids one request takes."""

    def look(self, ids: Sequence[str]) -> Mapping[str, CacheRecord]:
        """Return those of the records that are there, at least."""

    def all(self) -> Mapping[str, CacheRecord]:
        """Return all records."""

    def prune(self, ids: Sequence[str], unused_since: Instant) -> Iterator[tuple[str, int | None]]:
        """Remove records, and yield the id and bytes (None: not told) of each that went.

        What was used after the instant stays, and so does what is in use or has a child that stays. Errors: LostError
        for a connection that ended before everything was told.
        """


@contextmanager
def open_records(connection: Connection, clock: EngineClock, *, until_timestamp: bool) -> Iterator[Records]:
    """Lend the records of an Engine; `until_timestamp` says that its API takes an instant for `until`."""
    try:
        client = dial_grpc(connection.endpoint)
    except (OSError, EngineError, ImportError):
        yield ApiRecords(connection, None if until_timestamp else clock)
        return
    try:
        control = _find_control(client)
        if control is not None:
            yield ControlRecords(control, clock, connection.endpoint.url)
        else:
            yield ApiRecords(connection, None if until_timestamp else clock)
    finally:
        client.close()


def _find_control(client: GrpcClient) -> Control | None:
    """Return the control service, None where it does not answer: then nothing was changed by asking."""
    from prunecli.grpc.control import Control

    control = Control(client)
    try:
        control.disk_usage(("id==none",))
    except (EngineError, RefusedError):
        return None
    return control


class ControlRecords:
    """Records over BuildKit's control service."""

    most = 100  # each is compared with each id in every pass, under the lock that builds wait for

    def __init__(self, control: Control, clock: EngineClock, url: str) -> None:
        self._control = control
        self._clock = clock
        self._url = url

    def look(self, ids: Sequence[str]) -> Mapping[str, CacheRecord]:
        """Return those of the records that are there."""
        return self._disk_usage(f"id=={id}" for id in ids)

    def all(self) -> Mapping[str, CacheRecord]:
        """Return all records. Errors: RefusedError also for more than fit into one message."""
        return self._disk_usage(())

    def prune(self, ids: Sequence[str], unused_since: Instant) -> Iterator[tuple[str, int | None]]:
        """Remove records, and yield each as it goes."""
        from prunecli.grpc.client import BrokenCallError

        try:
            for record in self._control.prune_ids(ids, self._clock.age(unused_since)):
                yield record.id, record.size
        except BrokenCallError as error:
            raise _lost(self._url) from error

    def _disk_usage(self, filters: Iterable[str]) -> Mapping[str, CacheRecord]:
        from prunecli.grpc.client import BrokenCallError

        try:
            return {record.id: record for record in self._control.disk_usage(filters)}
        except BrokenCallError as error:
            raise _lost(self._url) from error


class ApiRecords:
    """Records over the Engine's API. With a clock `until` is a duration, as older Engines know no instants."""

    most = 20  # the expression is compiled anew for each record in every pass

    def __init__(self, connection: Connection, clock: EngineClock | None) -> None:
        self._connection = connection
        self._clock = clock

    def look(self, ids: Sequence[str]) -> Mapping[str, CacheRecord]:  # noqa: ARG002 - the API tells of all or none
        """Return all records."""
        return self.all()

    def all(self) -> Mapping[str, CacheRecord]:
        """Return all records."""
        df: Mapping[str, Any] = self._connection.get("/system/df", type="build-cache")
        rows = (read_record(Reader(row, "", row["ID"])) for row in df.get("BuildCache") or ())
        return {record.id: record for record in rows}

    def prune(self, ids: Sequence[str], unused_since: Instant) -> Iterator[tuple[str, int | None]]:
        """Remove records, and yield all that went when the Engine is done."""
        if not ids or not all(map(is_record_id, ids)):
            raise ValueError("a prune without ids, or by what is none, would remove something else")
        words = {"id": frozenset({f'"^({"|".join(ids)})$"'}), "until": frozenset({self._until(unused_since)})}
        answer = self._connection.post("/build/prune", {"all": "1", "filters": Filters(words).to_json()}) or {}
        for id in answer.get("CachesDeleted") or ():
            yield id, None

    def _until(self, instant: Instant) -> str:
        """Return the instant as the Engine takes it."""
        if self._clock is None:
            return f"{instant // SECOND}.{instant % SECOND:09d}"
        return f"{self._clock.age(instant)}ns"


def _lost(url: str) -> LostError:
    return LostError(f"the Docker daemon at {url} went away before it had answered")
