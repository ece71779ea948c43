"""`moby.buildkit.v1.Control`, as far as it speaks of what is cached.

Source: BuildKit (api/services/control/control.proto); `buildkit-live.md` 1 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prunecli import protobuf
from prunecli.errors import EngineError
from prunecli.grpc.client import GrpcClient
from prunecli.kinds.build_cache import CacheRecord
from prunecli.units import Duration
from prunecli.wire.control import read_disk_usage, read_usage_record

_SERVICE = "/moby.buildkit.v1.Control/"
_FILTER = 1
_ALL, _KEEP_DURATION = 2, 3


class Control:
    """The service at the other end of a client. Errors everywhere: CallError, BrokenCallError, EngineError."""

    def __init__(self, client: GrpcClient) -> None:
        self._client = client

    def disk_usage(self, filters: Iterable[str] = ()) -> tuple[CacheRecord, ...]:
        """Return the records that one of the filters selects, all of them without any, in no order."""
        answer = self._client.call(f"{_SERVICE}DiskUsage", protobuf.texts(_FILTER, filters))
        try:
            return read_disk_usage(b"".join(answer))
        except protobuf.WireError as error:
            raise EngineError(f"the answer to DiskUsage is none: {error}") from error

    def prune_ids(self, ids: Iterable[str], keep_duration: Duration) -> Iterator[CacheRecord]:
        """Remove the records with these ids, and yield each as it is gone, children first; its type is not told.

        What is in use, has a child that stays, or was used within the duration before the server's now stays, without
        a word. `keep_duration` is positive: 0 would keep nothing. The fields about space are never sent with ids, since
        they would end the prune early.
        """
        filters = protobuf.texts(_FILTER, (f"id=={id}" for id in ids))
        if not filters or keep_duration <= 0:
            raise ValueError("a prune without ids, or without a duration, would remove everything")
        message = filters + protobuf.number(_ALL, True) + protobuf.number(_KEEP_DURATION, keep_duration)
        for row in self._client.call(f"{_SERVICE}Prune", message):
            try:
                yield read_usage_record(row)
            except protobuf.WireError as error:
                raise EngineError(f"a row of Prune is none: {error}") from error
