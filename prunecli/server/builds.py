"""The empty build, by which buildx asks what BuildKit can do before it sets `--max-used-space` or `--min-free-space`.

It begins a build of nothing (`Solve`, `Status`), asks the gateway (`Ping`) and ends the build (`Return`), all under one
reference. Any other build is refused: a state store builds nothing.
Source: buildx (commands/prune.go); BuildKit (client/build.go, frontend/gateway/grpcclient).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from prunecli import protobuf
from prunecli.errors import RefusedError
from prunecli.profile import Profile
from prunecli.server.world import ServedWorld

_BUILD_ID = "buildkit-controlapi-buildid"
_SOLVE_REF, _SOLVE_DEFINITION, _SOLVE_FRONTEND = 1, 2, 6
_SPACE_LIMITS = "gc.freespacefilter"
_RETURN = "return"
_LONGEST = 60  # seconds that an empty build may take
_MOST_BUILDS = 16


class Builds:
    """The builds of one connection, by reference; each ends when its client returns from it."""

    def __init__(self, world: ServedWorld, run: Callable[..., Awaitable[Any]]) -> None:
        self._world = world
        self._run = run
        self._ended: dict[str, asyncio.Event] = {}

    async def solve(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield the empty result of an empty build, once it has ended. Errors: RefusedError for any other build."""
        del metadata
        asked = protobuf.read(data)
        if _SOLVE_DEFINITION in asked.data or any(asked.texts(_SOLVE_FRONTEND)):
            raise RefusedError("a state store builds nothing", http_status=501)
        await self._end(asked)
        yield b""

    async def status(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield no message, and end with the build."""
        del metadata
        await self._end(protobuf.read(data))
        no_messages: tuple[bytes, ...] = ()
        for message in no_messages:
            yield message

    async def ping(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield what this BuildKit can do, as far as anybody needs to know."""
        del data, metadata
        profile: Profile = await self._run(self._world.profile)
        can = [_SPACE_LIMITS] if profile.cache_space_limits else ["source.image"]
        yield _capabilities(1, [_RETURN]) + _capabilities(2, can)

    async def finish(self, data: bytes, metadata: Mapping[str, str]) -> AsyncIterator[bytes]:
        """End the build that the metadata names."""
        del data
        self._event(metadata.get(_BUILD_ID, "")).set()
        yield b""

    async def _end(self, asked: protobuf.Message) -> None:
        ref = "".join(asked.texts(_SOLVE_REF)[-1:])
        try:
            await asyncio.wait_for(self._event(ref).wait(), _LONGEST)
        except TimeoutError:
            raise RefusedError(f"the build {ref} did not end") from None

    def _event(self, ref: str) -> asyncio.Event:
        if ref not in self._ended and len(self._ended) >= _MOST_BUILDS:
            raise RefusedError("too many builds on one connection")
        return self._ended.setdefault(ref, asyncio.Event())


def _capabilities(tag: int, ids: list[str]) -> bytes:
    return b"".join(protobuf.nested(tag, protobuf.text(1, id) + protobuf.number(2, True)) for id in ids)
