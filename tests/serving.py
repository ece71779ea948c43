"""A running `prunecli serve` for tests, and clients that speak to its socket byte by byte or through docker-py."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prunecli.backends.served import ServedStore
from prunecli.example import example_world
from prunecli.snapshot import Snapshot
from tests.conftest import NOW

NOW_TEXT = "2026-11-21T10:00:00Z"
A_LONG_WAIT = 30  # seconds after which a test gives up; none of them waits so long when all is well

DOCKER = shutil.which("docker")


def _find_buildx() -> Path | None:
    """Return Docker's configuration directory with the buildx plugin in it, or any directory where it is installed."""
    folders = [Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"]
    folders += [
        Path(p) / "docker/cli-plugins" for p in ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
    ]
    return next((f / "docker-buildx" for f in folders if (f / "docker-buildx").exists()), None)


BUILDX = _find_buildx()  # looked for before any test hides the user's settings


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


class UnixConnection(http.client.HTTPConnection):
    """A connection to a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=A_LONG_WAIT)
        self._path = path

    def connect(self) -> None:
        self.sock = plain_socket(self._path)


def plain_socket(path: Path) -> socket.socket:
    """Connect to a unix socket; the path may be longer than its address can be."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(A_LONG_WAIT)
    made.connect(str(path))
    return made


@dataclass(frozen=True)
class Served:
    """A server that runs: its socket, its store and its process."""

    socket: Path
    store_path: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Mapping[str, Any] | None = None,
        filters: Mapping[str, Any] | None = None,
        /,
        **headers: str,
    ) -> Reply:
        """Send one request on a connection of its own; a mapping goes as JSON."""
        sent: dict[str, str] = {key.replace("_", "-"): value for key, value in headers.items()}
        data: bytes | None = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None and not isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        if filters is not None:
            target += ("&" if "?" in target else "?") + "filters=" + quote(json.dumps(filters))
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, target, body=data, headers=sent)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are, and return all that comes until the server closes."""
        with plain_socket(self.socket) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := connection.recv(65536):
                pieces.append(piece)
            return b"".join(pieces)

    def store(self) -> ServedStore:
        """Open the store beside the server."""
        return ServedStore.open(self.store_path, create=False)

    def reset(self, world: Snapshot | None = None) -> None:
        """Put the example, or another world, in the place of what is there."""
        with self.store() as store:
            store.replace(world or example_world(NOW), {}, {})

    def stop(self) -> tuple[int, str]:
        """Send SIGTERM; returns the exit code and what was said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, stderr = self.process.communicate(timeout=A_LONG_WAIT)
        return self.process.returncode, stderr


@contextmanager
def serving(
    folder: Path, *, world: Snapshot | None = None, dump: Any = None, now: str | None = NOW_TEXT, check: bool = True
) -> Iterator[Served]:
    """Lend a server over the example, another world, or an Engine dump; it must end without a word.

    Without `now` its clock is the machine's, by which docker counts ages.
    """
    from prunecli.wire import read_dump

    path = folder / "state.db"
    with ServedStore.open(path) as store:
        if dump is not None:
            told = read_dump(dump)
            store.replace(told.snapshot, told.raw, told.header)
        else:
            store.replace(world or example_world(NOW), {}, {})
    # Socket addresses are short, and the folders of tests are deep.
    with tempfile.TemporaryDirectory(prefix="prunecli-") as near:
        socket_path = Path(near) / "docker.sock"
        process = subprocess.Popen(
            [sys.executable, "-m", "prunecli", "--store", str(path), "serve", "--socket", str(socket_path)],
            env={**os.environ, **({"PRUNECLI_NOW": now} if now else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        served = Served(socket_path, path, process)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"DOCKER_HOST=unix://{socket_path}\n"
            yield served
        finally:
            if process.poll() is None:
                code, stderr = served.stop()
                if check:
                    assert (code, stderr) == (0, "")
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
