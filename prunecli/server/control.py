"""BuildKit's control service, as far as it speaks of what is cached: for `docker buildx du` and `docker buildx prune`.

Messages are written field by field; the numbers are those of BuildKit's `moby.buildkit.v1.Control`.
Source: BuildKit (api/services/control), `build-cache-gc.md` 8 and 9 of the specification.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from prunecli import protobuf
from prunecli.filters import CacheFilter
from prunecli.info import Dialect, PruneRequest
from prunecli.kinds.build_cache import UsageRow, disk_usage
from prunecli.plan import shared_records
from prunecli.server.builds import Builds
from prunecli.server.prunes import carry_out
from prunecli.server.world import ServedWorld
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from prunecli.wire.control import write_disk_usage, write_usage_record

Method = Callable[[bytes, Mapping[str, str]], AsyncIterator[bytes]]
"""Takes a request's message and its metadata, and yields the messages of the answer."""

_SERVICE = "/moby.buildkit.v1.Control/"
_GATEWAY = "/moby.buildkit.v1.frontend.LLBBridge/"
_PACKAGE, _VERSION = "github.com/moby/buildkit", "v0.0.0+unknown"


class Control:
    """The service over one world. `run` does something in a thread, `turn` is held while build cache is pruned."""

    def __init__(self, world: ServedWorld, run: Callable[..., Awaitable[Any]], turn: asyncio.Lock) -> None:
        self._world = world
        self._run = run
        self._turn = turn
        self._builds = Builds(world, run)

    @property
    def methods(self) -> Mapping[str, Method]:
        """The methods by path."""
        return {
            f"{_SERVICE}DiskUsage": self.disk_usage,
            f"{_SERVICE}Prune": self.prune,
            f"{_SERVICE}ListWorkers": self.list_workers,
            f"{_SERVICE}Info": self.info,
            f"{_SERVICE}Solve": self._builds.solve,
            f"{_SERVICE}Status": self._builds.status,
            f"{_GATEWAY}Ping": self._builds.ping,
            f"{_GATEWAY}Return": self._builds.finish,
        }

    async def disk_usage(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield one message with a row for every record that passes the filters."""
        del metadata
        asked = protobuf.read(data)
        rows = await self._run(self._usage, asked.texts(1), asked.number(2))
        yield write_disk_usage(rows)

    def _usage(self, filters: tuple[str, ...], age_limit: int) -> tuple[UsageRow, ...]:
        snapshot = self._world.told().snapshot
        shared = shared_records(snapshot)
        now, wanted = snapshot.taken_at, CacheFilter(filters)
        return disk_usage(snapshot.build_cache, shared, cache_filter=wanted, age_limit=age_limit, now=now)

    async def prune(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield a message for every record that went, in the order in which they went."""
        del metadata
        asked = protobuf.read(data)
        request = PruneRequest(
            (Kind.BUILD_CACHE,),
            all=asked.flag(2),
            selectors=asked.texts(1),
            keep_duration=asked.number(3) or None,
            reserved_space=asked.number(4) or None,
            max_used_space=asked.number(5) or None,
            min_free_space=asked.number(6) or None,
            dialect=Dialect.BUILDX,
        )
        async with self._turn:
            rows = await self._run(self._prune, request)
        for row in rows:
            yield write_usage_record(row, typed=False)

    def _prune(self, request: PruneRequest) -> list[UsageRow]:
        report, before = carry_out(self._world, request, self._world.profile().api)
        rows = _rows_by_id(before)
        return [rows[step.id] for step in report.done]

    async def list_workers(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield the one worker that there is."""
        del data, metadata
        platforms = [protobuf.text(1, "amd64") + protobuf.text(2, "linux")]
        record = protobuf.text(1, "prunecli") + protobuf.mapping(
            2, {"org.mobyproject.buildkit.worker.executor": "none"}
        )
        record += b"".join(protobuf.nested(3, platform) for platform in platforms) + protobuf.nested(5, _version())
        yield protobuf.nested(1, record)

    async def info(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield the version of BuildKit; like Debian's Engines, it does not know its own."""
        del data, metadata
        yield protobuf.nested(1, _version())


def _rows_by_id(snapshot: Snapshot) -> dict[str, UsageRow]:
    return {row.record.id: row for row in disk_usage(snapshot.build_cache, shared_records(snapshot))}


def _version() -> bytes:
    return protobuf.text(1, _PACKAGE) + protobuf.text(2, _VERSION)
