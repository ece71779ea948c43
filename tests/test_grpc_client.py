"""The gRPC client: calls over real sockets, and one sentence for whatever the other end does instead of answering."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import pytest

pytest.importorskip("h2", reason="needs the extra prunecli[engine]")

from prunecli.grpc import client as client_module
from prunecli.grpc.client import LARGEST_MESSAGE, BrokenCallError, CallError, GrpcClient, NotGrpcError
from prunecli.grpc.messages import spell
from prunecli.grpc.streams import ProgramStream, tcp_stream, unix_stream
from tests.grpc_peers import DONE, HEADERS, LONG, Called, HangUp, framed, peer

METHOD = "/some.Service/Method"


def call(script: Callable[[Called], object], message: bytes = b"", *, seconds: float | None = None) -> list[bytes]:
    """Call a method of a peer that follows a script."""
    with peer(script) as other, closing(GrpcClient(other.stream)) as client:
        return list(client.call(METHOD, message, seconds=seconds))


# Answers


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="none"),
        pytest.param([b""], id="an empty one"),
        pytest.param([b"a", b"", b"bc"], id="several in one frame"),
        pytest.param([b"x" * 300_000, b"y"], id="one over many frames"),
    ],
)
def test_messages_come_as_they_were_sent(messages: list[bytes]) -> None:
    """Where frames begin and end has nothing to do with where messages do."""
    assert call(lambda called: called.answer(*messages)) == messages


def test_room_is_given_back() -> None:
    """What was taken makes room for more: all calls together may bring more than the connection ever had room for."""
    large = LARGEST_MESSAGE // 3
    with peer(lambda called: called.answer(bytes(large))) as other, closing(GrpcClient(other.stream)) as client:
        assert [len(*client.call(METHOD)) for _ in range(4)] == [large] * 4


def test_messages_come_before_the_end() -> None:
    """A message is there as soon as it was sent, while the call goes on."""
    go_on = threading.Event()

    def script(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        called.send(framed(b"first") + framed(b"second")[:3])
        assert go_on.wait(LONG)
        called.send(framed(b"second")[3:])
        called.http.send_headers(called.stream, DONE, end_stream=True)

    with peer(script) as other, closing(GrpcClient(other.stream)) as client:
        answer = client.call(METHOD)
        assert next(answer) == b"first"
        go_on.set()
        assert list(answer) == [b"second"]


def test_a_request_larger_than_the_room_for_it() -> None:
    """Flow control holds for what is sent: everything arrives, piece by piece."""
    asked = bytes(range(256)) * 2000
    with peer(lambda called: called.answer(called.body)) as other, closing(GrpcClient(other.stream)) as client:
        (echo,) = client.call(METHOD, asked)
        assert echo == framed(asked)
        headers = other.called[0].headers
    assert (headers[":path"], headers["content-type"], headers["te"]) == (METHOD, "application/grpc", "trailers")
    assert "grpc-timeout" not in headers


def test_one_call_after_the_other() -> None:
    """An error ends its call and not the connection."""

    def script(called: Called) -> None:
        if called.stream == 1:
            trailers_only(2, "no")(called)
        else:
            called.answer(b"yes")

    with peer(script) as other, closing(GrpcClient(other.stream)) as client:
        with pytest.raises(CallError, match=r"^no$"):
            list(client.call(METHOD))
        assert list(client.call(METHOD)) == [b"yes"]


def test_who_stops_listening_cancels() -> None:
    """A call that nobody listens to any more is broken off, and the connection goes on."""

    def script(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        called.send(framed(b"first"))
        if called.stream > 1:
            called.http.send_headers(called.stream, DONE, end_stream=True)

    with peer(script) as other, closing(GrpcClient(other.stream)) as client:
        answer = client.call(METHOD)
        assert next(answer) == b"first"
        answer.close()  # type: ignore[attr-defined]  # an iterator of ours is a generator
        assert list(client.call(METHOD)) == [b"first"]
        assert other.cancelled == [1]


# Errors


def trailers_only(status: int, message: str) -> Callable[[Called], None]:
    """Return a script that answers with an error and nothing before it."""

    def script(called: Called) -> None:
        details = ("grpc-status-details-bin", "c3RhY2s" * 2000)
        trailers = [*HEADERS, ("grpc-status", str(status)), ("grpc-message", spell(message)), details]
        called.http.send_headers(called.stream, trailers, end_stream=True)

    return script


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(12, "unknown method Nothing for service moby.buildkit.v1.Control", id="plain"),
        pytest.param(2, "é%\n 100 % \u202e", id="percent-encoded"),
    ],
)
def test_errors_say_what_the_server_says(status: int, message: str) -> None:
    """The status and the message come through, what the server adds for developers does not."""
    with pytest.raises(CallError) as raised:
        call(trailers_only(status, message))
    assert (raised.value.status, raised.value.message) == (status, message)


def test_an_error_after_messages() -> None:
    """What came before the error is there, and then the error is raised."""

    def script(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        called.send(framed(b"row"))
        called.http.send_headers(called.stream, [("grpc-status", "2")], end_stream=True)

    rows: list[bytes] = []
    with (
        peer(script) as other,
        closing(GrpcClient(other.stream)) as client,
        pytest.raises(CallError, match="the call ended with gRPC status 2"),
    ):
        rows.extend(client.call(METHOD))
    assert rows == [b"row"]


def hang_up(called: Called) -> None:
    """End the connection in the middle of a message."""
    called.http.send_headers(called.stream, HEADERS)
    called.send(framed(b"row") + framed(b"another")[:6])
    raise HangUp


def half_a_message(called: Called) -> None:
    """End well in the middle of a message."""
    called.http.send_headers(called.stream, HEADERS)
    called.send(framed(b"another")[:6])
    called.http.send_headers(called.stream, DONE, end_stream=True)


def reset(called: Called) -> None:
    """Break the call off."""
    called.http.send_headers(called.stream, HEADERS)
    called.http.reset_stream(called.stream, 2)


def go_away(called: Called) -> None:
    """Say good-bye."""
    called.http.send_headers(called.stream, HEADERS)
    called.http.close_connection()
    called.flush()


def nonsense(called: Called) -> None:
    """Send data that belong to no call."""
    called.socket.sendall(bytes(9))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        pytest.param(hang_up, "the connection ended in the middle", id="hangs up"),
        pytest.param(half_a_message, "the answer ended in the middle of a message", id="half a message"),
        pytest.param(reset, "the server broke the call off: HTTP/2 error 2", id="breaks the call off"),
        pytest.param(go_away, "the server ended the connection", id="goes away"),
        pytest.param(nonsense, "the connection broke the rules of HTTP/2", id="speaks nonsense"),
    ],
)
def test_broken_calls(script: Callable[[Called], object], sentence: str) -> None:
    """A call that does not come to its end may have done something: it is an error of its own kind."""
    with pytest.raises(BrokenCallError, match=sentence):
        call(script)


def without_status(called: Called) -> None:
    """End without a word."""
    called.http.send_headers(called.stream, HEADERS)
    called.http.end_stream(called.stream)


def sending(data: bytes) -> Callable[[Called], None]:
    """Return a script that sends these bytes and ends well."""

    def script(called: Called) -> None:
        called.http.send_headers(called.stream, HEADERS)
        called.send(data)
        called.http.send_headers(called.stream, DONE, end_stream=True)

    return script


@pytest.mark.parametrize(
    ("script", "status", "sentence"),
    [
        pytest.param(without_status, 2, "the call ended without a status", id="no status"),
        pytest.param(
            sending(framed(b"", length=LARGEST_MESSAGE + 1)),
            8,
            "the answer has 16777217 bytes, the most are 16777216",
            id="a message that is too large",
        ),
        pytest.param(
            sending(framed(b"a", compressed=True)), 13, "the answer is compressed, which was not asked for", id="zipped"
        ),
    ],
)
def test_answers_that_are_refused(script: Callable[[Called], object], status: int, sentence: str) -> None:
    """What breaks the rules of gRPC is refused before it takes memory."""
    with pytest.raises(CallError, match=f"^{sentence}$") as raised:
        call(script)
    assert raised.value.status == status


def test_a_deadline() -> None:
    """A call that takes too long is over, the server is told of the deadline, and the connection goes on."""

    def script(called: Called) -> None:
        if called.stream > 1:
            called.answer(b"late")

    with peer(script) as other, closing(GrpcClient(other.stream)) as client:
        with pytest.raises(CallError, match="context deadline exceeded") as raised:
            list(client.call(METHOD, seconds=0.05))
        assert raised.value.status == 4
        assert list(client.call(METHOD)) == [b"late"]
        assert other.called[0].headers["grpc-timeout"] == "50m"
        assert other.cancelled == [1]


# Who is no gRPC server


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", id="HTTP/1, and waits"),
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n", id="ssh"),
        pytest.param(bytes(9), id="another frame first"),
    ],
)
def test_who_does_not_greet(said: bytes) -> None:
    """Whoever speaks another protocol is noticed by the first bytes, before anything is asked."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(said)
        with pytest.raises(NotGrpcError, match="it does not speak HTTP/2"):
            GrpcClient(ours)


def test_who_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not greet is not waited for without end; one that hangs up is none either."""
    monkeypatch.setattr(client_module, "GREETING_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    with ours:
        with pytest.raises(NotGrpcError, match="does not greet"):
            GrpcClient(ours)
        theirs.close()
        with pytest.raises(BrokenCallError):
            GrpcClient(ours)


def test_an_http_status() -> None:
    """A server of HTTP/2 that knows no gRPC says so with its status."""

    def script(called: Called) -> None:
        called.http.send_headers(called.stream, [(":status", "404")], end_stream=True)

    with pytest.raises(NotGrpcError, match="HTTP status 404"):
        call(script)


def test_what_was_received_before_counts() -> None:
    """Bytes that came with the answer to an upgrade are the beginning of the server's greeting."""
    with peer(lambda called: called.answer(b"yes")) as other:
        first = other.stream.recv(65536)
        assert first
        with closing(GrpcClient(other.stream, received=first)) as client:
            assert list(client.call(METHOD)) == [b"yes"]


# Streams

ECHO = "import os\nwhile data := os.read(0, 65536):\n    os.write(1, data)\n"


def test_a_program_is_a_stream() -> None:
    """A program that passes bytes on is as good as a socket, and it has ended once the stream is closed."""
    stream = ProgramStream([sys.executable, "-c", ECHO])
    stream.settimeout(LONG)
    stream.sendall(b"hello")
    assert stream.recv(100) == b"hello"
    stream.close()
    assert stream._program.returncode == 0


def test_a_program_that_ends() -> None:
    """A program that ends is the end of the stream."""
    with closing(ProgramStream([sys.executable, "-c", "pass"])) as stream:
        stream.settimeout(LONG)
        assert stream.recv(100) == b""


def test_what_is_not_there(tmp_path: object) -> None:
    """A socket, port or program that is not there is an OSError, as everywhere."""
    with pytest.raises(FileNotFoundError):
        unix_stream(f"{tmp_path}/nothing", seconds=LONG)
    with pytest.raises(FileNotFoundError):
        ProgramStream([f"{tmp_path}/nothing"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        tcp_stream("127.0.0.1", port, seconds=LONG)
