"""What one client may take: connections, bytes of a request, and time.

An Engine has no such limits, since only its owner reaches it; a rehearsal must not be stopped by a script that hangs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web_protocol import RequestHandler

from prunecli.server.messages import to_json


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what clients do; sizes are bytes, times seconds."""

    connections: int = 512
    """At one time; those beyond get a 503 and are closed."""
    head: int = 64 * 1024
    """Of a request line, and of each header."""
    slack: int = 192 * 1024
    """Of all headers beside the longest."""
    head_seconds: float = 30
    """From the first byte of a connection, or the last answer, to the end of a request's headers."""
    idle_seconds: float = 75
    """That a connection stays open without a request."""
    body: int = 4 * 1024 * 1024
    """Of a request's body, where it is no archive."""
    upload: int = 1 << 30
    """Of an archive, which goes to a temporary file."""
    body_seconds: float = 60
    """Between two pieces of a body."""
    write_seconds: float = 60
    """That a client may leave an answer unread while there is more; a reader of events may wait for ever."""
    threads: int = 16
    """At work on the store at one time; further requests wait."""


_FULL = to_json({"message": "too many connections"})
_REFUSED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_FULL), _FULL)
)
_SILENT = logging.getLogger("prunecli.server.http")
_SILENT.setLevel(logging.CRITICAL + 1)  # what a client does wrong is answered to the client


class BoundedRequest(web.BaseRequest):
    """A request whose answer carries the headers that we gave it, and no others of the library's."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if response.headers.get("Server") == SERVER_SOFTWARE:
            del response.headers["Server"]


def _make_request(*parts: Any) -> BoundedRequest:
    make: Callable[..., BoundedRequest] = BoundedRequest
    return make(*parts, asyncio.get_running_loop())


class BoundedHandler(RequestHandler):
    """One connection, which must not idle in the middle of a request's head."""

    __slots__ = ("_bounds", "_head_bytes", "_head_timer", "_opened", "busy")

    def __init__(self, manager: BoundedServer, bounds: Limits, opened: set[BoundedHandler]) -> None:
        super().__init__(
            manager,
            loop=asyncio.get_running_loop(),
            logger=_SILENT,
            access_log=None,  # type: ignore[arg-type] # how aiohttp is told to write none
            max_line_size=bounds.head,
            max_field_size=bounds.head,
            keepalive_timeout=bounds.idle_seconds,
            lingering_time=1.0,
            read_bufsize=2**16,
            auto_decompress=False,  # a body is taken as it comes: nobody asks an Engine to unpack one
        )
        self._bounds = bounds
        self._opened = opened
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it when there are too many."""
        super().connection_made(transport)
        if len(self._opened) >= self._bounds.connections:
            assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
            transport.write(_REFUSED)
            transport.close()
            return
        self._opened.add(self)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of the connection."""
        self._opened.discard(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, not too many of them before a request's head is whole."""
        if not self.busy:
            self._head_bytes += len(data)
            if self._head_bytes > self._bounds.head + self._bounds.slack:
                self._abort()
                return
            if self._head_timer is None:
                self._expect_head()
        super().data_received(data)

    def head_arrived(self) -> None:
        """Note that a request's head is whole: from here on its handler decides how long it takes."""
        self.busy = True
        self._head_bytes = 0
        self._stop_timer()

    def answered(self) -> None:
        """Note that a request is done; the next one may come, or nothing for as long as keep-alive allows."""
        self.busy = False

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - the library's signature
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what is no HTTP in Go's words, and close."""
        title = f"{status} {HTTPStatus(status).phrase}"
        answer = web.Response(status=status, text=title, content_type="text/plain", charset="utf-8")
        answer.force_close()
        return answer

    def _expect_head(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(self._bounds.head_seconds, self._abort)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class BoundedServer(web.Server):
    """aiohttp's low-level server, with our bounds on each connection."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], bounds: Limits) -> None:
        super().__init__(handler, request_factory=_make_request, handler_cancellation=True)
        self._bounds = bounds
        self._opened: set[BoundedHandler] = set()

    def __call__(self) -> BoundedHandler:
        """Return the protocol of a new connection."""
        return BoundedHandler(self, self._bounds, self._opened)
