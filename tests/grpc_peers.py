"""The other end of a gRPC client in tests: an HTTP/2 server on a pair of sockets, with one fault each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset

HEADERS = [(":status", "200"), ("content-type", "application/grpc")]
DONE = [("grpc-status", "0")]
LONG = 20  # seconds after which a test gives up


@dataclass
class Called:
    """A call as a peer sees it, once its request is there in full."""

    http: H2Connection
    socket: socket.socket
    stream: int
    headers: dict[str, str]
    body: bytes

    def send(self, data: bytes) -> None:
        """Send bytes of the answer in frames as large as they may be; the client has made room for them."""
        for at in range(0, len(data), 16384):
            self.http.send_data(self.stream, data[at : at + 16384])
        self.flush()

    def answer(self, *messages: bytes) -> None:
        """Answer with messages, in one piece, and end well."""
        self.http.send_headers(self.stream, HEADERS)
        self.send(b"".join(framed(message) for message in messages))
        self.http.send_headers(self.stream, DONE, end_stream=True)
        self.flush()

    def flush(self) -> None:
        """Send what waits to be sent."""
        self.socket.sendall(self.http.data_to_send())


@dataclass
class Peer:
    """A peer that runs: the client's end, what was called, and the streams that the client broke off."""

    stream: socket.socket
    called: list[Called] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


Script = Callable[[Called], object]


def framed(message: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """Return a message with its prefix, which may lie."""
    return bytes([compressed]) + (len(message) if length is None else length).to_bytes(4, "big") + message


@contextmanager
def peer(script: Script, *, greets: bool = True) -> Iterator[Peer]:
    """Lend a peer that does what the script says once a request is there; after an exception it hangs up."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LONG)
    made = Peer(ours)
    thread = threading.Thread(target=_serve, args=(theirs, script, made, greets), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        ours.close()
        thread.join(LONG)


class HangUp(Exception):
    """What a script raises to end the connection."""


def _serve(connection: socket.socket, script: Script, made: Peer, greets: bool) -> None:
    http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    open_calls: dict[int, Called] = {}
    try:
        if greets:
            http.initiate_connection()
            connection.sendall(http.data_to_send())
        while data := connection.recv(65536):
            for event in http.receive_data(data):
                if isinstance(event, RequestReceived) and event.stream_id:
                    headers = {str(name): str(value) for name, value in event.headers or ()}
                    open_calls[event.stream_id] = Called(http, connection, event.stream_id, headers, b"")
                elif isinstance(event, DataReceived) and event.stream_id:
                    open_calls[event.stream_id].body += event.data or b""
                    http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
                elif isinstance(event, StreamEnded) and event.stream_id:
                    made.called.append(open_calls[event.stream_id])
                    script(open_calls[event.stream_id])
                elif isinstance(event, StreamReset) and event.stream_id:
                    made.cancelled.append(event.stream_id)
            connection.sendall(http.data_to_send())
    except (HangUp, OSError):
        pass
    finally:
        connection.close()
        made.ended.set()
