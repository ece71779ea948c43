"""`prunecli serve` and its clients: those that stop sending, do not read, vanish, or are very many at once."""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")

from prunecli.backends.served import ServedStore
from prunecli.server import app, system
from prunecli.server.messages import Answer, Request
from prunecli.server.world import ServedWorld
from tests.conftest import NOW
from tests.serving import A_LONG_WAIT, Served, plain_socket, serving
from tests.test_serve_bounds import bounded, near, read_all

__all__ = ["near"]  # a fixture

PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend a server over the example."""
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


def post(target: str, body: bytes = b"", *, length: int | None = None) -> bytes:
    """Return the bytes of a request; its length can be said to be another."""
    kind = b"Content-Type: application/json\r\n" if body else b""
    size = len(body) if length is None else length
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n%b" % (target.encode(), kind, size, body)


# The end of input ends requests, not answers


@pytest.mark.parametrize("turn", range(5))
def test_a_prune_whose_client_sends_no_more_is_answered(served: Served, turn: int) -> None:
    """It happens, wholly, and its answer comes, whatever the order in which request and end of input are noticed."""
    served.reset()
    answer = served.raw(post("/v1.47/containers/prune"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["SpaceReclaimed"] == 15728640
    with served.store() as store:
        assert len(store.snapshot(NOW).containers) == 1


def test_pipelined_requests_are_all_answered(served: Served) -> None:
    """Many requests and the end of input at once: every answer comes, in the order of the requests."""
    with plain_socket(served.socket) as client:
        client.sendall(b"".join(b"GET /volumes/%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(200)))
        client.shutdown(socket.SHUT_WR)
        told = read_all(client)
    assert [int(part.split(b":")[0]) for part in told.split(b'"message":"get ')[1:]] == list(range(200))


def test_the_oldest_http_is_answered_too(served: Served) -> None:
    """HTTP/1.0, whose connections end with the answer."""
    assert served.raw(b"GET /_ping HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nOK")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        pytest.param(b"", b"", id="nothing gets nothing"),
        pytest.param(b"GET /_pi", BAD_REQUEST, id="half a request line"),
        pytest.param(b"GET /_ping HTTP/1.1\r\nHost: x\r\n", BAD_REQUEST, id="half a head"),
    ],
)
def test_a_head_that_ends_early(served: Served, sent: bytes, told: bytes) -> None:
    """It is refused in Go's words."""
    assert served.raw(sent) == told


def test_a_body_that_ends_early_is_refused(served: Served) -> None:
    """In the Engine's words, after the answers to what came before it; what it asked for is not done."""
    answer = served.raw(PING + post("/volumes/create", b'{"Name":"half"}', length=60))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 400 Bad Request" in answer
    assert answer.endswith(b'{"message":"invalid JSON: unexpected EOF"}\n')
    assert served.ask("GET", "/volumes/half").status == 404


def test_events_end_with_the_input_of_their_client(served: Served) -> None:
    """As with an Engine: the past that was asked for is told, the stream ends, and the next request is answered."""
    served.ask("POST", "/volumes/create", {"Name": "told"})
    answer = served.raw(b"GET /events?since=1 HTTP/1.1\r\nHost: x\r\n\r\n" + PING)
    assert b'"ID":"told"' in answer
    assert b"\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n" in answer
    assert answer.endswith(b"\r\n\r\nOK")


def test_an_upgrade_without_further_input_ends(served: Served) -> None:
    """Nobody could speak on the connection, so it is closed."""
    upgrade = b"POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert served.raw(upgrade).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")


# Clients that vanish, are slow, or never read


def test_a_prune_whose_client_vanishes_happens_once(served: Served) -> None:
    """A request that came whole is carried out, although nobody hears of it: with its one event, and never half."""
    served.reset()
    with served.store() as store:
        before = store.last_event()
    client = plain_socket(served.socket)
    client.sendall(post("/containers/prune"))
    client.close()
    with served.store() as store:
        deadline = time.monotonic() + A_LONG_WAIT
        while not (heard := store.events_after(before, None, None)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [event.action for _, event in heard].count("prune") == 1
        assert len(store.snapshot(NOW).containers) == 1


def test_a_byte_at_a_time_is_a_request_too(served: Served) -> None:
    """Line, headers and body in single bytes."""
    with plain_socket(served.socket) as client:
        for byte in post("/volumes/create", b'{"Name":"slowly"}'):
            client.sendall(bytes([byte]))
        assert client.recv(65536).startswith(b"HTTP/1.1 201 Created")


def test_who_reads_no_answer_holds_one(tmp_path: Path, near: Path) -> None:
    """Requests wait until the answers before them are read, and a client that never reads is cut off."""
    served: Counter[str] = Counter()

    def counted(world: ServedWorld, request: Request) -> Answer:
        served[request.path] += 1
        return Answer(200, b"x" * 1_000_000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "ROUTES", (("GET", "/info", counted), ("GET", "/_ping", system.ping)))
        with bounded(tmp_path, near, write_seconds=0.5) as path, plain_socket(path) as lazy:
            lazy.sendall(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            with plain_socket(path) as other:
                other.sendall(PING)
                assert other.recv(65536).startswith(b"HTTP/1.1 200 OK")
            lazy.settimeout(A_LONG_WAIT)
            assert hung_up(lazy)
            assert len(read_all(lazy)) < 2_000_000
            assert served["/info"] == 1


def test_the_end_of_an_answer_is_not_kept_for_ever(tmp_path: Path, near: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that the kernel takes nearly whole is unread as well."""
    with socket.socket(socket.AF_UNIX) as any_socket:
        size = any_socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) + 16_000

    def large(world: ServedWorld, request: Request) -> Answer:
        return Answer(200, b"x" * size)

    monkeypatch.setattr(app, "ROUTES", (("GET", "/info", large),))
    with bounded(tmp_path, near, write_seconds=0.2, idle_seconds=3600) as path, plain_socket(path) as lazy:
        lazy.sendall(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n")
        assert hung_up(lazy)


def hung_up(client: socket.socket) -> bool:
    """Wait, without reading, until the other side is gone."""
    poll = select.poll()
    poll.register(client, 0)
    return bool(poll.poll(A_LONG_WAIT * 1000))


# Very many


def burst(path: Path, connections: int) -> Counter[str]:
    """Connect so often without waiting in between, then ask on every connection; returns how each of them went."""
    outcome: Counter[str] = Counter()
    with ExitStack() as stack:
        clients = []
        for _ in range(connections):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            try:
                client.connect(str(path))
            except OSError as error:
                outcome[type(error).__name__] += 1
                continue
            clients.append(client)
        for client in clients:
            client.settimeout(A_LONG_WAIT)
            client.sendall(PING)
        for client in clients:
            outcome[client.recv(65536)[:15].decode()] += 1
    return outcome


def test_a_burst_of_connections_is_served(served: Served) -> None:
    """Two thousand at once: none is refused by the kernel, and each gets its answer."""
    most = int(Path("/proc/sys/net/core/somaxconn").read_text()) if sys.platform == "linux" else 128
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(2000, most, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    try:
        assert burst(served.socket, count) == {"HTTP/1.1 200 OK": count}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_files_to_serve_at_all(tmp_path: Path, near: Path) -> None:
    """A limit that leaves no room for a server is told before anything is opened."""
    store = tmp_path / "state.db"
    ServedStore.open(store).close()
    serve = f'ulimit -n 32; exec "$0" -m prunecli --store {store} serve --socket {near / "s"}'
    ran = subprocess.run(["sh", "-c", serve, sys.executable], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "serving takes 64 open files at least, and the limit is 32: raise it\n"


def test_out_of_file_descriptors_connections_wait(tmp_path: Path, near: Path) -> None:
    """The server says so once, and serves those who waited once there is room."""
    store = tmp_path / "state.db"
    ServedStore.open(store).close()
    path = near / "s"
    process = subprocess.Popen(
        [sys.executable, "-m", "prunecli", "--store", str(store), "serve", "--socket", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("DOCKER_HOST=")
        with plain_socket(path) as client:
            client.sendall(PING)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (40, 40))
        with ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(plain_socket(path))
            late = plain_socket(path)
            late.sendall(PING)
            assert process.stderr is not None
            said = process.stderr.readline()
            time.sleep(0.5)  # for a second try, which says nothing
        with late:
            assert late.recv(65536).startswith(b"HTTP/1.1 200 OK")
    finally:
        process.terminate()
        _, more = process.communicate(timeout=A_LONG_WAIT)
    assert said == "prunecli: no further connection can be opened, new ones wait: too many open files\n"
    assert (process.returncode, more) == (0, "")


# Faults of the server's own


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_is_told_on_stderr_alone(capfd: pytest.CaptureFixture[str], debug: bool) -> None:
    """One line, and with `debug` the traceback above it; names from outside stay harmless in both."""
    from prunecli.server.faults import tell_fault

    def fail() -> None:
        raise ValueError("a\n\x1b[31mb")

    try:
        fail()
    except ValueError as error:
        tell_fault("GET '/x'", error, debug=debug)
    out, told = capfd.readouterr()
    lines = told.splitlines()
    assert out == ""
    assert lines[-1] == "prunecli: GET '/x' failed: ValueError: a\\x0a\\x1b[31mb"
    assert ("Traceback (most recent call last):" in lines, any("in fail" in line for line in lines)) == (debug, debug)
    assert "\x1b" not in told


def test_a_fault_answers_with_no_word_about_it(
    tmp_path: Path, near: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client gets a 500 in one sentence, and the server goes on."""

    def broken(world: ServedWorld, request: Request) -> Answer:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(app, "ROUTES", (("GET", "/info", broken), ("GET", "/_ping", system.ping)))
    with bounded(tmp_path, near) as path, plain_socket(path) as client:
        client.sendall(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n" + PING)
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert b'{"message":"the request could not be served"}' in answer
    assert answer.endswith(b"OK")
    assert b"secret" not in answer
    assert capfd.readouterr().err == "prunecli: GET '/info' failed: ZeroDivisionError: a secret\n"


def test_bad_clients_in_a_random_mix(tmp_path: Path) -> None:
    """The short form of `python -m tests.fuzz.clients`."""
    from tests.fuzz.clients import run

    outcome = run(3, 8, folder=tmp_path)
    assert outcome.faults == []
    assert outcome.answered.total() > 0
