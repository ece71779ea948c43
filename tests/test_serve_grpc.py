"""BuildKit's control service: calls behave on good and on broken connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("h2", reason="needs the extra prunecli[serve]")

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, TrailersReceived
from h2.settings import SettingCodes

from prunecli import protobuf
from tests.conftest import NOW
from tests.serving import Served, plain_socket, serving

CONTROL = "/moby.buildkit.v1.Control/"


# Calls


@dataclass
class Answered:
    """What a call gave: its messages, and the status and message of gRPC."""

    messages: list[bytes] = field(default_factory=list)
    status: str = ""
    message: str = ""


class Client:
    """A gRPC client as small as it can be: one call at a time."""

    def __init__(self, connection: socket.socket, window: int = 65535) -> None:
        self._socket = connection
        self._http = H2Connection(H2Configuration(client_side=True))
        self._http.initiate_connection()
        self._http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self._socket.sendall(self._http.data_to_send())

    def call(self, path: str, data: bytes = b"", *, prefix: bytes | None = None) -> Answered:
        """Call a method and wait for its end."""
        stream = self._http.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")]
        self._http.send_headers(stream, [*headers, ("content-type", "application/grpc"), ("te", "trailers")])
        start = b"\0" + len(data).to_bytes(4, "big") if prefix is None else prefix
        self._http.send_data(stream, start + data, end_stream=True)
        self._socket.sendall(self._http.data_to_send())
        answered, body, ended = Answered(), b"", False
        while not ended:
            received = self._socket.recv(65536)
            assert received, "the server closed the connection"
            for event in self._http.receive_data(received):
                if isinstance(event, ResponseReceived | TrailersReceived):
                    told = dict(event.headers or ())
                    answered.status = told.get(b"grpc-status", answered.status.encode()).decode()
                    answered.message = told.get(b"grpc-message", answered.message.encode()).decode()
                elif isinstance(event, DataReceived):
                    body += event.data or b""
                    self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                ended = ended or isinstance(event, StreamEnded)
            self._socket.sendall(self._http.data_to_send())
        while body:
            length = int.from_bytes(body[1:5], "big")
            answered.messages.append(body[5 : 5 + length])
            body = body[5 + length :]
        return answered


@contextmanager
def upgraded(served: Served, path: str = "/grpc", window: int = 65535) -> Iterator[tuple[Client, socket.socket]]:
    """Lend a client on an upgraded connection."""
    with plain_socket(served.socket) as connection:
        request = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(request.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(1)
        assert answer == b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        yield Client(connection, window), connection


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to all tests of this module."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


@pytest.fixture
def served(running: Served) -> Served:
    """Return the server with the example in its store."""
    running.reset()
    return running


def ids(record: bytes) -> str:
    """Return the id of a usage record."""
    return protobuf.read(record).texts(1)[0]


def test_disk_usage_tells_all_of_a_record(served: Served) -> None:
    """`DiskUsage` answers with one message, a record for each that passes the filters."""
    with upgraded(served) as (client, _):
        (answer,) = client.call(f"{CONTROL}DiskUsage").messages
        records = protobuf.read(answer).data[1]
        assert sorted(map(ids, records)) == [
            "29dfqn86xmb7quv06x4fstsyt",
            "lx3rqxsdy2nwvti5v2zr8gnle",
            "vvm6uixsq27wv19o8sc2npxsy",
        ]
        run = protobuf.read(next(r for r in records if ids(r).startswith("lx3")))
        assert (run.number(4), run.number(8), run.texts(10), run.texts(12)) == (
            52428800,
            1,
            ("regular",),
            ("29dfqn86xmb7quv06x4fstsyt",),
        )
        created = protobuf.read(run.data[6][0])
        assert created.number(1) * 10**9 + created.number(2) < NOW
        (some,) = client.call(f"{CONTROL}DiskUsage", protobuf.texts(1, ["type==source.local"])).messages
        assert [ids(r) for r in protobuf.read(some).data[1]] == ["vvm6uixsq27wv19o8sc2npxsy"]


def test_prune_streams_what_went_and_tells_of_it(served: Served) -> None:
    """`Prune` yields each record without its type, removes just those, and the event is told."""
    with upgraded(served) as (client, _), served.store() as store:
        last = store.last_event()
        answered = client.call(f"{CONTROL}Prune", protobuf.number(2, True) + protobuf.number(4, 10**8))
        assert (answered.messages, answered.status) == ([], "0")
        answered = client.call(f"{CONTROL}Prune", protobuf.texts(1, ["id~=^vvm"]))
        assert [(ids(m), protobuf.read(m).texts(10)) for m in answered.messages] == [("vvm6uixsq27wv19o8sc2npxsy", ())]
        assert [e.attributes["reclaimed"] for _, e in store.events_after(last, None, None)] == ["0", "41"]


@pytest.mark.parametrize(
    ("path", "data", "status", "message"),
    [
        pytest.param(
            f"{CONTROL}Nothing",
            b"",
            "12",
            "unknown method Nothing for service moby.buildkit.v1.Control",
            id="an unknown method",
        ),
        pytest.param(
            f"{CONTROL}Solve", protobuf.text(6, "dockerfile.v0"), "12", "a state store builds nothing", id="a build"
        ),
        pytest.param(
            f"{CONTROL}Prune",
            b"\x0a\xff",
            "13",
            "grpc: error unmarshalling request: unexpected EOF",
            id="half a message",
        ),
    ],
)
def test_calls_that_are_refused(served: Served, path: str, data: bytes, status: str, message: str) -> None:
    """A call that cannot be served ends with a status of gRPC; the connection goes on."""
    with upgraded(served) as (client, _):
        answered = client.call(path, data)
        assert (answered.status, answered.message, answered.messages) == (status, message, [])
        assert client.call(f"{CONTROL}Info").status == "0"
        bad = client.call(f"{CONTROL}Prune", protobuf.texts(1, ["id~=["]))
        assert bad.status in ("0", "3")
    with served.store() as store:
        assert len(store.snapshot(NOW).build_cache) == 3


def test_an_answer_larger_than_the_window_waits_for_it(served: Served) -> None:
    """Flow control holds: a client with a tiny window gets everything, piece by piece."""
    with upgraded(served, window=100) as (client, _):
        (answer,) = client.call(f"{CONTROL}DiskUsage").messages
        assert len(protobuf.read(answer).data[1]) == 3


def test_an_upgrade_needs_its_header(served: Served) -> None:
    """Without `Upgrade: h2c` the route is a 400."""
    assert served.ask("POST", "/grpc").status == 400


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_after_the_upgrade_ends_that_connection_alone(running: Served, data: bytes) -> None:
    """Whatever comes instead of HTTP/2, the server stays, and nothing is changed."""
    with upgraded(running) as (_, connection):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert running.ask("GET", "/_ping").status == 200


def test_sessions_are_kept_open(served: Served) -> None:
    """`POST /session` turns the roles around: the server greets as an HTTP/2 client, and stays."""
    with plain_socket(served.socket) as connection:
        connection.sendall(b"POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        received = b""
        while b"PRI * HTTP/2.0" not in received:
            piece = connection.recv(65536)
            assert piece
            received += piece
        assert received.startswith(b"HTTP/1.1 101 ")
