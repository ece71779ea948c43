"""A server that is killed while clients ask: whatever it answered is so."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prunecli.backends.store import Store
from prunecli.verdict import Kind
from tests.conftest import NOW
from tests.crash.strace import Fault, command, environment
from tests.prune_processes import assert_sound, crowd, make_store
from tests.serving import UnixConnection

_ASKED = (
    ("container", "/containers/prune", Kind.CONTAINER),
    ("volume", '/volumes/prune?filters={"all":["true"]}', Kind.VOLUME),
    ("image", '/images/prune?filters={"dangling":["false"]}', Kind.IMAGE),
    ("network", "/networks/prune", Kind.NETWORK),
    ("builder", "/build/prune?all=1", Kind.BUILD_CACHE),
)


def serve_until_killed(folder: Path, each: int, fault: Fault) -> None:
    """Ask a server for prunes until it is killed, or everything is pruned; then look at what it left."""
    folder.mkdir(parents=True)
    store = make_store(folder / "state.db", crowd(each))
    answered: list[Kind] = []
    with _serving(store, fault) as socket:
        if socket:
            with suppress(OSError, http.client.HTTPException, ValueError):
                for _, target, kind in _ASKED:
                    document = _ask(socket, target.replace('"', "%22"))
                    assert document.get("SpaceReclaimed", 0) in (0, each) or kind is Kind.NETWORK, document
                    answered.append(kind)
    left = assert_sound(store, each)
    assert set(left.values()) <= {0, each}, left
    assert not any(left[kind] for kind in answered), (answered, left)
    with Store.open(store, create=False) as again:
        for kind in Kind:
            with again.change(kind) as change:  # nobody's lock is left
                assert change.snapshot(NOW)


@contextmanager
def _serving(store: Path, fault: Fault) -> Iterator[Path | None]:
    """Lend the socket of a server with a fault; None when that was met before it listened."""
    with tempfile.TemporaryDirectory(prefix="prunecli-") as near:
        socket = Path(near) / "docker.sock"
        with subprocess.Popen(
            command(fault, "serve", "--socket", str(socket)),
            env=environment(store, NOW),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as server:
            assert server.stdout
            try:
                yield socket if server.stdout.readline().startswith("DOCKER_HOST=") else None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)  # strace alone would leave it behind
                server.communicate()


def _ask(socket: Path, target: str) -> dict[str, object]:
    connection = UnixConnection(socket)
    try:
        connection.request("POST", target)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        return dict(json.loads(answer.read()))
    finally:
        connection.close()
