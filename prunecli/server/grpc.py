"""gRPC on a connection that was upgraded to HTTP/2, with `h2` for the frames.

Source: the gRPC protocol over HTTP/2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from prunecli.errors import PrunecliError
from prunecli.grpc.messages import (
    CONTENT_TYPE,
    INTERNAL,
    INVALID_ARGUMENT,
    OK,
    PREFIX,
    UNIMPLEMENTED,
    prefix,
    spell,
    wrap,
)
from prunecli.protobuf import WireError
from prunecli.server.control import Method
from prunecli.server.faults import tell_fault

_STATUS = {400: INVALID_ARGUMENT, 501: UNIMPLEMENTED}

_MOST_STREAMS = 16
_MOST_MESSAGE = 1 << 20


class StatusError(Exception):
    """The end of a call that went wrong: a gRPC status and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class _Call:
    """One stream: the method that it calls, what of the request is there, and what answers it."""

    path: str
    metadata: Mapping[str, str]
    body: bytearray = field(default_factory=bytearray)
    task: asyncio.Task[None] | None = None


class GrpcConnection(asyncio.Protocol):
    """One connection after its upgrade. `methods` maps paths to what answers them; `closed` is set at the end."""

    def __init__(self, methods: Mapping[str, Method], closed: asyncio.Event, *, debug: bool = False) -> None:
        self._debug = debug
        self._methods = methods
        self._closed = closed
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._calls: dict[int, _Call] = {}
        self._transport: asyncio.Transport | None = None
        self._room = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        self._http.initiate_connection()
        self._http.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: _MOST_STREAMS})
        self._flush()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop everything that was answering; what a prune has begun it finishes."""
        del exc
        for call in self._calls.values():
            if call.task:
                call.task.cancel()
        self._calls.clear()
        self._closed.set()

    def pause_writing(self) -> None:
        """Wait with further messages: the client does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Take bytes; whoever breaks the protocol is told and cut off."""
        try:
            for event in self._http.receive_data(data):
                self._take(event)
        except ProtocolError:
            self._flush()
            self.close()
            return
        self._flush()

    def close(self) -> None:
        """Say good-bye and close."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._http.close_connection()
            self._flush()
        except ProtocolError:
            pass
        self._transport.close()

    def _flush(self) -> None:
        if self._transport is not None and (data := self._http.data_to_send()):
            self._transport.write(data)

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.stream_id is not None:
            headers = {_decoded(name): _decoded(value) for name, value in event.headers or ()}
            self._calls[event.stream_id] = _Call(headers.get(":path", ""), headers)
        elif isinstance(event, DataReceived) and event.stream_id is not None:
            self._take_data(event, event.stream_id)
        elif isinstance(event, StreamEnded) and event.stream_id in self._calls:
            call = self._calls[event.stream_id]
            call.task = asyncio.get_running_loop().create_task(self._answer(event.stream_id, call))
        elif isinstance(event, StreamReset) and event.stream_id is not None:
            self._forget(event.stream_id)
        elif isinstance(event, WindowUpdated):
            self._make_room()
        elif isinstance(event, ConnectionTerminated) and self._transport is not None:
            self._transport.close()

    def _take_data(self, event: DataReceived, stream: int) -> None:
        self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
        call = self._calls.get(stream)
        if call is None:
            return
        call.body += event.data or b""
        if len(call.body) > _MOST_MESSAGE + PREFIX:
            self._forget(stream)
            self._http.reset_stream(stream, ErrorCodes.ENHANCE_YOUR_CALM)

    def _forget(self, stream: int) -> None:
        call = self._calls.pop(stream, None)
        if call and call.task:
            call.task.cancel()
        self._make_room()

    def _make_room(self) -> None:
        room, self._room = self._room, asyncio.Event()
        room.set()

    async def _answer(self, stream: int, call: _Call) -> None:
        status, message = OK, ""
        begun = False
        try:
            async for answer in self._method(call.path)(_unwrap(bytes(call.body)), call.metadata):
                if not begun:
                    self._http.send_headers(stream, _headers())
                    begun = True
                await self._send(stream, wrap(answer))
        except StatusError as error:
            status, message = error.status, error.message
        except WireError as error:
            status, message = INTERNAL, f"grpc: error unmarshalling request: {error}"
        except PrunecliError as error:
            status, message = _STATUS.get(error.http_status, INTERNAL), error.message
        except (ProtocolError, asyncio.CancelledError):
            return  # the stream is gone, and with it whoever asked
        except Exception as error:
            tell_fault(repr(call.path), error, debug=self._debug)
            status, message = INTERNAL, "the call could not be served"
        self._end(stream, status, message, begun=begun)

    def _method(self, path: str) -> Method:
        if path not in self._methods:
            service, _, name = path.lstrip("/").rpartition("/")
            raise StatusError(UNIMPLEMENTED, f"unknown method {name} for service {service}")
        return self._methods[path]

    def _end(self, stream: int, status: int, message: str, *, begun: bool) -> None:
        trailers = [("grpc-status", str(status))]
        if message:
            trailers.append(("grpc-message", spell(message)))
        try:
            self._http.send_headers(stream, trailers if begun else _headers() + trailers, end_stream=True)
        except ProtocolError:
            return
        finally:
            self._calls.pop(stream, None)
        self._flush()

    async def _send(self, stream: int, data: bytes) -> None:
        """Send bytes as the client makes room for them."""
        view = memoryview(data)
        while view:
            room = self._room
            size = min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size, len(view))
            if size <= 0:
                await room.wait()
                continue
            await self._writable.wait()
            self._http.send_data(stream, bytes(view[:size]))
            self._flush()
            view = view[size:]


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _headers() -> list[tuple[str, str]]:
    return [(":status", "200"), ("content-type", CONTENT_TYPE)]


def _unwrap(body: bytes) -> bytes:
    """Return the one message of a request. Errors: StatusError."""
    if len(body) < PREFIX:
        raise StatusError(INTERNAL, "grpc: the request is not one message")
    compressed, length = prefix(body)
    if len(body) != PREFIX + length:
        raise StatusError(INTERNAL, "grpc: the request is not one message")
    if compressed:
        raise StatusError(UNIMPLEMENTED, "grpc: compression is not supported")
    return body[PREFIX:]
