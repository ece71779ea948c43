"""`prunecli serve`: the socket, its end, and what no client may take or break."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from prunecli.backends.served import ServedStore
from prunecli.clock import Clock
from prunecli.errors import PrunecliError
from prunecli.events import Event
from prunecli.example import example_world
from prunecli.verdict import Kind
from tests.conftest import NOW
from tests.serving import A_LONG_WAIT, Served, plain_socket, serving

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")


@pytest.fixture
def near() -> Iterator[Path]:
    """Lend a folder whose path is short enough for a socket's address."""
    with tempfile.TemporaryDirectory(prefix="prunecli-") as folder:
        yield Path(folder)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Lend a server over the example."""
    with serving(tmp_path) as served:
        yield served


# The socket


def test_the_socket_is_for_its_owner_alone(served: Served) -> None:
    """It has mode 0600 from its first moment on."""
    assert stat.S_IMODE(served.socket.stat().st_mode) == 0o600


def run_serve(store: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Try to serve on a path that cannot be had."""
    ServedStore.open(store).close()
    command = [sys.executable, "-m", "prunecli", "--store", str(store), "serve", "--socket", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=A_LONG_WAIT, check=False)


def test_a_path_that_is_taken_is_refused(served: Served) -> None:
    """A second server on the same path says so in one sentence, and the first one goes on."""
    second = run_serve(served.store_path, served.socket)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"{served.socket} is taken: somebody listens there\n"
    assert served.ask("GET", "/_ping").status == 200


def test_what_is_no_socket_stays(near: Path) -> None:
    """A file at the path is not replaced."""
    path = near / "file"
    path.write_text("precious")
    ran = run_serve(near / "state.db", path)
    assert (ran.returncode, ran.stderr) == (1, f"{path} is there already and is no socket: it stays as it is\n")
    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_is_one_sentence(near: Path) -> None:
    """A socket's address has little room."""
    path = near / ("x" * 120)
    ran = run_serve(near / "state.db", path)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert "the path is too long for a socket" in ran.stderr


def test_a_stale_socket_is_replaced(near: Path) -> None:
    """A socket that nobody listens on any more is no obstacle; it is removed at the end."""
    from prunecli.server.sockets import listening

    path = near / "docker.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with listening(path) as listener:
        assert listener.getsockname() == str(path)
        with pytest.raises(PrunecliError, match="somebody listens there"), listening(path):
            pass
    assert not path.exists()


def test_without_the_extra_it_says_what_to_install(near: Path) -> None:
    """Without the HTTP server there is one sentence, and exit 1."""
    code = (
        "import sys; sys.modules['aiohttp'] = None; from prunecli.cli.main import run; "
        f"sys.exit(run(['--store', {str(near / 's.db')!r}, 'serve', '--socket', {str(near / 's')!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=A_LONG_WAIT, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "serve needs aiohttp, which is not installed: pip install 'prunecli[serve]'\n"


# Bounds, with small numbers, in this process


@contextmanager
def bounded(folder: Path, near: Path, **limits: float) -> Iterator[Path]:
    """Lend the socket of a server with other bounds than usual; it runs in a thread of this process."""
    import asyncio

    from prunecli.server.app import App
    from prunecli.server.limits import BoundedServer, Limits
    from prunecli.server.sockets import accept, listening
    from prunecli.server.world import ServedWorld

    bounds = Limits(**limits)  # type: ignore[arg-type] # whole numbers where they are asked for
    ready, over = threading.Event(), threading.Event()

    async def run(listener: socket.socket, store: ServedStore) -> None:
        app = App(ServedWorld(store, Clock(NOW)), bounds)
        server = BoundedServer(app.handle, bounds)
        app.start()
        accepting = asyncio.create_task(accept(listener, server))
        ready.set()
        await asyncio.to_thread(over.wait)
        app.stop()
        accepting.cancel()
        await server.shutdown(1)
        await asyncio.to_thread(app.close)

    with ServedStore.open(folder / "state.db") as store, listening(near / "s") as listener:
        store.replace(example_world(NOW), {}, {})
        thread = threading.Thread(target=lambda: asyncio.run(run(listener, store)))
        thread.start()
        try:
            assert ready.wait(A_LONG_WAIT)
            yield near / "s"
        finally:
            over.set()
            thread.join(A_LONG_WAIT)


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes; an abort is an end as well."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def test_too_many_connections_are_turned_away(tmp_path: Path, near: Path) -> None:
    """Those beyond the bound get a 503; when one closes, the next is served."""
    with bounded(tmp_path, near, connections=2) as path:
        held = [plain_socket(path) for _ in range(2)]
        for connection in held:
            connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        with plain_socket(path) as refused:
            assert read_all(refused).startswith(b"HTTP/1.1 503 Service Unavailable")
        held[0].close()
        deadline = time.monotonic() + A_LONG_WAIT
        answer = b""
        while not answer.startswith(b"HTTP/1.1 200") and time.monotonic() < deadline:
            with plain_socket(path) as again:
                again.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = read_all(again)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        held[1].close()


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"GET /_pi", id="half a request line"),
        pytest.param(b"GET /_ping HTTP/1.1\r\nHost: x\r\n", id="headers without an end"),
    ],
)
def test_a_head_that_does_not_come_ends_the_connection(tmp_path: Path, near: Path, start: bytes) -> None:
    """A client that idles in the middle of a request's head is cut off."""
    with bounded(tmp_path, near, head_seconds=0.2) as path, plain_socket(path) as slow:
        slow.sendall(start)
        assert read_all(slow) == b""


def test_a_body_that_does_not_come_changes_nothing(tmp_path: Path, near: Path) -> None:
    """A request whose body stops half-way is dropped, and what it asked for is not done."""
    with bounded(tmp_path, near, body_seconds=0.2) as path, plain_socket(path) as slow:
        head = (
            b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
        )
        slow.sendall(head + b'{"Name":"half"')
        assert b"201" not in read_all(slow)
        with ServedStore.open(tmp_path / "state.db") as store:
            assert "half" not in {v.name for v in store.snapshot(NOW).volumes}


def test_a_client_that_hangs_up_in_its_body_changes_nothing(served: Served) -> None:
    """The same for one that closes."""
    served.raw(
        b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
        b'{"Name":"half"'
    )
    assert served.ask("GET", "/volumes/half").status == 404


def test_bodies_and_heads_are_bounded(tmp_path: Path, near: Path) -> None:
    """What is too large is refused, before it is all there."""
    with bounded(tmp_path, near, body=1000, upload=2000, head=4096, slack=4096) as path:
        for target, size in (("/volumes/create", 1001), ("/images/create?fromSrc=-", 2001)):
            with plain_socket(path) as large:
                start = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
                large.sendall(start.encode() + b"x" * size)
                assert read_all(large).startswith(b"HTTP/1.1 413 ")
        for head in (
            b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
        ):
            with plain_socket(path) as large:
                large.sendall(head)
                assert not read_all(large).startswith(b"HTTP/1.1 200")


def test_who_does_not_read_its_events_holds_nothing(tmp_path: Path, near: Path) -> None:
    """Megabytes of events that a listener leaves unread stay in the journal: others go on, and it misses nothing.

    The events take 20 MB as JSON; the listener's share of memory is what the socket and one page hold.
    """
    import tracemalloc

    with bounded(tmp_path, near) as path, plain_socket(path) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lazy.recv(4096).startswith(b"HTTP/1.1 200 OK")
        with ServedStore.open(tmp_path / "state.db") as store:
            tracemalloc.start()
            for n in range(100):
                with store.change(Kind.VOLUME) as change:
                    for m in range(20):
                        change.emit(Event("volume", "destroy", NOW, f"{n}-{m}", {"padding": "x" * 10_000}))
            with plain_socket(path) as other:
                other.sendall(
                    b"GET /events?since=1&until=1&filters={} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                )
                assert read_all(other).startswith(b"HTTP/1.1 200 OK")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        heard = 0
        while heard < 2000:
            heard += lazy.recv(1 << 20).count(b'"Actor"')
        assert heard == 2000
        # 1024 events of 10 kB are kept at hand for everybody; the lazy one adds next to nothing.
        assert peak < 16_000_000
