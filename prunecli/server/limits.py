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

from aiohttp import StreamReader, web
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web_protocol import RequestHandler

from prunecli.server.messages import to_json


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what clients do; sizes are bytes, times seconds."""

    connections: int = 4096
    """At one time; those beyond get a 503 and are closed. Fewer where the process may open fewer files."""
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
    """That a client may leave an answer unread; a reader of events may wait for ever."""
    threads: int = 16
    """At work on the store at one time; further requests wait."""


_CUT_HEAD = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
)
"""What Go's server says to a head that ends early."""
_FULL = to_json({"message": "too many connections"})
_REFUSED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_FULL), _FULL)
)
_SILENT = logging.getLogger("prunecli.server.http")
_SILENT.setLevel(logging.CRITICAL + 1)  # what a client does wrong is answered to the client


class CutShortError(ConnectionError):
    """The client said that it sends no more, in the middle of a body."""


class BoundedRequest(web.BaseRequest):
    """A request whose answer carries the headers that we gave it, and no others of the library's."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if response.headers.get("Server") == SERVER_SOFTWARE:
            del response.headers["Server"]


def _make_request(
    message: Any, body: StreamReader, connection: RequestHandler, writer: Any, task: Any
) -> BoundedRequest:
    assert isinstance(connection, BoundedHandler)  # noqa: S101 - the server makes no others
    connection.head_arrived(body)
    return BoundedRequest(message, body, connection, writer, task, asyncio.get_running_loop())


class BoundedHandler(RequestHandler):
    """One connection, which must not idle in the middle of a request's head.

    A client that says that it sends no more (`shutdown`, as `socat` and `nc -N` do after their input) still gets the
    answer to every request that it sent whole; asyncio keeps the connection open for that when `eof_received` asks for
    it. One that hangs up altogether looks the same until something is written to it, so its requests are carried out.
    """

    __slots__ = ("_body", "_bounds", "_head_bytes", "_head_timer", "_leave", "_opened", "busy", "input_over")

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
        self._body: StreamReader | None = None
        self._leave: Callable[[], None] | None = None
        self.busy = False
        self.input_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it when there are too many."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        # What is written is either with the kernel or waited for: nobody who does not read piles up answers here.
        transport.set_write_buffer_limits(high=0)
        if len(self._opened) >= self._bounds.connections:
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
        self._end_input()

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

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio's protocols return one, aiohttp's never keeps on
        """Note that the client sends no more; says whether answers are still owed to it."""
        self._end_input()
        # `_messages` are the requests that wait for their turn; the library tells of them in no other way.
        if self.busy or self._messages:
            return True
        if self._head_bytes and self.transport is not None:
            self.transport.write(_CUT_HEAD)
        return False

    def head_arrived(self, body: StreamReader) -> None:
        """Note that a request's head is whole: from here on its handler decides how long it takes."""
        self.busy = True
        self._head_bytes = 0
        self._stop_timer()
        self._body = body
        if self.input_over:
            self._cut_body()

    def at_end_of_input(self, leave: Callable[[], None]) -> None:
        """Call something once the client sends no more or is gone; at once when that has happened."""
        self._leave = leave
        if self.input_over:
            leave()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Finish a request; the next one may come, or nothing for as long as keep-alive allows."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.busy = False
            self._body = self._leave = None
            if self.input_over and not self._messages and self.transport is not None:
                self.transport.close()

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

    def _end_input(self) -> None:
        self.input_over = True
        self._cut_body()
        if self._leave is not None:
            self._leave()

    def _cut_body(self) -> None:
        if self._body is not None and not self._body.is_eof():
            self._body.set_exception(CutShortError())

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
        # A request that arrived whole is carried out and told, whether or not its client waits for the answer.
        super().__init__(handler, request_factory=_make_request, handler_cancellation=False)
        self._bounds = bounds
        self._opened: set[BoundedHandler] = set()

    def __call__(self) -> BoundedHandler:
        """Return the protocol of a new connection."""
        return BoundedHandler(self, self._bounds, self._opened)
