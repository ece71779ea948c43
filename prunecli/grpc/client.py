"""Calls over HTTP/2: a request's one message out, the messages of the answer in, one call at a time.

Source: the gRPC protocol over HTTP/2; `buildkit-live.md` 1.2 and 5 of the specification.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from prunecli.errors import EngineError, RefusedError
from prunecli.grpc.messages import (
    CONTENT_TYPE,
    DEADLINE_EXCEEDED,
    INTERNAL,
    OK,
    PREFIX,
    RESOURCE_EXHAUSTED,
    UNKNOWN,
    prefix,
    unspell,
    wrap,
)

LARGEST_MESSAGE = 16 << 20
"""Bytes; what BuildKit itself sends and takes at the most."""
GREETING_SECONDS = 20.0
"""How long a server may take for its first frame."""
_SOON = 0.001  # seconds; a socket takes 0 for not waiting at all
_FRAME_HEAD, _FRAME_TYPE, _SETTINGS = 9, 3, 4
_FIRST_WINDOW = 65535
_RECEIVE = 1 << 16
_LARGEST_HEADERS = 1 << 16  # an error carries a stack of some kilobytes, which nobody reads


class CallError(RefusedError):
    """A call that the server ended with an error: `status` is gRPC's code, the message the server's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BrokenCallError(EngineError):
    """The connection ended in the middle: what a call has changed by then is not known."""


class NotGrpcError(EngineError):
    """Whoever is at the other end does not speak HTTP/2, or does not speak gRPC over it."""


class ByteStream(Protocol):
    """What a client speaks over: a connected socket, or what behaves like one. Errors are OSErrors."""

    def sendall(self, data: bytes, /) -> object:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Return what is there, at least one byte; none at the end. Raises TimeoutError when it takes too long."""

    def settimeout(self, seconds: float | None, /) -> object:
        """Set how long sending and receiving may take; None is for ever."""

    def close(self) -> object:
        """Hang up."""


class GrpcClient:
    """One connection. `authority` names the server to itself, `received` is what the stream has given up already.

    It is made when the server has greeted. Errors: NotGrpcError; BrokenCallError for a connection that ends before.
    """

    def __init__(self, stream: ByteStream, *, authority: str = "localhost", received: bytes = b"") -> None:
        self._stream = stream
        self._authority = authority
        self._http = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._greeted = False
        self._ended = False
        self._greet(received)

    def close(self) -> None:
        """Say good-bye and hang up."""
        try:
            if not self._ended:
                self._http.close_connection()
                self._flush()
        except (OSError, ProtocolError):
            pass
        self._stream.close()

    def call(self, method: str, message: bytes = b"", *, seconds: float | None = None) -> Iterator[bytes]:
        """Call a method, `/service/Name`, and yield the messages of its answer as they come.

        `seconds` is how long all of it may take, None for as long as it takes. Whoever stops listening cancels the
        call. Errors: CallError, also for a deadline and for a message over `LARGEST_MESSAGE`; BrokenCallError.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        stream = self._begin(method, seconds)
        answer = _Answer(stream)
        try:
            self._send(wrap(message), answer, deadline)
            while not answer.ended:
                yield from answer.messages()
                self._take(self._receive(deadline), answer)
            yield from answer.messages()
        finally:
            if not answer.ended:
                self._cancel(stream)
        answer.check()

    # One call

    def _begin(self, method: str, seconds: float | None) -> int:
        stream = self._http.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", method),
            (":authority", self._authority),
            ("content-type", CONTENT_TYPE),
            ("te", "trailers"),
        ]
        if seconds is not None:
            headers.append(("grpc-timeout", f"{max(int(seconds * 1000), 1)}m"))
        try:
            self._http.send_headers(stream, headers)
        except ProtocolError as error:
            raise BrokenCallError(f"the connection for {method} cannot be used any more: {error}") from error
        return stream

    def _send(self, data: bytes, answer: _Answer, deadline: float | None) -> None:
        """Send the request as the server makes room for it; it may answer before it has read all."""
        view = memoryview(data)
        while view and not answer.ended:
            size = min(
                self._http.local_flow_control_window(answer.stream), self._http.max_outbound_frame_size, len(view)
            )
            if size > 0:
                self._http.send_data(answer.stream, bytes(view[:size]), end_stream=size == len(view))
                view = view[size:]
                self._flush()
            else:
                self._take(self._receive(deadline), answer)

    def _cancel(self, stream: int) -> None:
        try:
            self._http.reset_stream(stream, ErrorCodes.CANCEL)
            self._flush()
        except (OSError, ProtocolError, EngineError):
            pass  # the connection is gone, and the call with it

    def _take(self, events: list[Event], answer: _Answer) -> None:
        for event in events:
            if isinstance(event, DataReceived) and event.stream_id is not None:
                # The room is given back at once: what is there is bounded message by message.
                self._http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            answer.take(event)
        self._flush()

    # The connection

    def _greet(self, received: bytes) -> None:
        """Begin to speak, and wait for the server's settings, which tell a gRPC server before anything is asked."""
        self._http.initiate_connection()
        self._http.update_settings(
            {
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.INITIAL_WINDOW_SIZE: LARGEST_MESSAGE,
                SettingCodes.MAX_HEADER_LIST_SIZE: _LARGEST_HEADERS,
            }
        )
        self._http.increment_flow_control_window(LARGEST_MESSAGE - _FIRST_WINDOW)
        self._flush()
        deadline = time.monotonic() + GREETING_SECONDS
        try:
            while len(received) < _FRAME_HEAD:
                received += self._read(deadline)
            if received[_FRAME_TYPE] != _SETTINGS:  # a server of HTTP/1 says something else, and may then wait
                raise NotGrpcError("it does not speak HTTP/2")
            events = self._parse(received)
            while not any(isinstance(event, RemoteSettingsChanged) for event in events):
                events = self._receive(deadline)
        except CallError as late:
            raise NotGrpcError(f"it does not greet as gRPC does, within {GREETING_SECONDS:.0f} seconds") from late
        self._greeted = True
        self._flush()

    def _receive(self, deadline: float | None) -> list[Event]:
        """Wait for bytes and return what they say."""
        return self._parse(self._read(deadline))

    def _read(self, deadline: float | None) -> bytes:
        left = None if deadline is None else max(deadline - time.monotonic(), _SOON)
        try:
            self._stream.settimeout(left)
            data = self._stream.recv(_RECEIVE)
        except TimeoutError as late:
            raise CallError(DEADLINE_EXCEEDED, "context deadline exceeded") from late
        except OSError as error:
            self._ended = True
            raise BrokenCallError(f"the connection broke: {error.strerror or error}") from error
        if not data:
            self._ended = True
            raise BrokenCallError("the connection ended in the middle")
        return data

    def _parse(self, data: bytes) -> list[Event]:
        try:
            events = self._http.receive_data(data)
        except ProtocolError as error:
            self._ended = True
            if self._greeted:
                raise BrokenCallError(f"the connection broke the rules of HTTP/2: {error}") from error
            raise NotGrpcError("it does not speak HTTP/2") from error
        if any(isinstance(event, ConnectionTerminated) for event in events):
            self._ended = True
            raise BrokenCallError("the server ended the connection")
        return events

    def _flush(self) -> None:
        data = self._http.data_to_send()
        if not data:
            return
        try:
            self._stream.settimeout(None)
            self._stream.sendall(data)
        except OSError as error:
            self._ended = True
            raise BrokenCallError(f"the connection broke: {error.strerror or error}") from error


class _Answer:
    """What came of one call until now."""

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.ended = False
        self._headers: dict[str, str] = {}
        self._buffer = bytearray()
        self._whole: deque[bytes] = deque()
        self._reset: int | None = None

    def take(self, event: Event) -> None:
        """Take what happened on the connection. Errors: CallError for a message that is too large, or compressed."""
        if getattr(event, "stream_id", None) != self.stream:
            return
        if isinstance(event, ResponseReceived | TrailersReceived):
            self._headers |= {_text(name): _text(value) for name, value in event.headers or ()}
        elif isinstance(event, DataReceived):
            self._buffer += event.data or b""
            self._split()
        elif isinstance(event, StreamEnded):
            self.ended = True
        elif isinstance(event, StreamReset):
            self.ended = True
            self._reset = event.error_code

    def messages(self) -> Iterator[bytes]:
        """Yield the messages that are there in full, each once."""
        while self._whole:
            yield self._whole.popleft()

    def check(self) -> None:
        """Raise what the server ended the call with, if it was no success."""
        status = self._headers.get("grpc-status", "")
        if status == str(OK):
            if self._buffer:
                raise BrokenCallError("the answer ended in the middle of a message")
            return
        if status.isascii() and status.isdecimal():
            message = unspell(self._headers.get("grpc-message", ""))
            raise CallError(int(status), message or f"the call ended with gRPC status {status}")
        if self._reset is not None:
            raise BrokenCallError(f"the server broke the call off: HTTP/2 error {self._reset}")
        if self._headers.get(":status", "200") != "200":
            raise NotGrpcError(f"it answers with HTTP status {self._headers[':status']}")
        raise CallError(UNKNOWN, "the call ended without a status")

    def _split(self) -> None:
        while len(self._buffer) >= PREFIX:
            compressed, length = prefix(self._buffer)
            if compressed:
                raise CallError(INTERNAL, "the answer is compressed, which was not asked for")
            if length > LARGEST_MESSAGE:
                raise CallError(RESOURCE_EXHAUSTED, f"the answer has {length} bytes, the most are {LARGEST_MESSAGE}")
            if len(self._buffer) < PREFIX + length:
                return
            self._whole.append(bytes(self._buffer[PREFIX : PREFIX + length]))
            del self._buffer[: PREFIX + length]


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")
