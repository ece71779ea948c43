"""A connection upgraded to gRPC on every way to an Engine: sockets, TCP, TLS, ssh."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("h2", reason="needs the extra prunecli[engine]")

from prunecli.backends.engine.dialing import dial_grpc
from prunecli.backends.engine.endpoint import Endpoint, Tls
from prunecli.errors import EngineError
from prunecli.grpc.control import Control
from tests.engine_stubs import fake_ssh
from tests.serving import Served, plain_socket, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server over the example, which has three records, to all tests of this module."""
    with serving(tmp_path_factory.mktemp("serve")) as running:
        yield running


def records(endpoint: Endpoint) -> int:
    """Return how many records the service at an endpoint tells of."""
    with closing(dial_grpc(endpoint)) as client:
        return len(Control(client).disk_usage())


@contextmanager
def port_before(path: Path, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Lend a port of this machine that leads to a unix socket."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
                near = tls.wrap_socket(near, server_side=True) if tls else near
            except ssl.SSLError:
                continue
            except OSError:
                return
            far = plain_socket(path)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=pump, args=(one, other), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one side ends."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                side.close()


def test_a_unix_socket(served: Served) -> None:
    """The usual way."""
    assert records(Endpoint(served.url)) == 3


def test_a_port(served: Served) -> None:
    """Plain TCP, with a path before the route as a proxy may have it."""
    with port_before(served.socket) as port:
        assert records(Endpoint(f"tcp://127.0.0.1:{port}")) == 3
        with pytest.raises(EngineError, match="knows no upgrade"):
            records(Endpoint(f"tcp://127.0.0.1:{port}/somewhere"))


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost and its key."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(words, check=True, capture_output=True)
    return cert, key


def test_tls(served: Served, tmp_path: Path) -> None:
    """TLS, where the Engine has to prove itself unless nobody wants it to."""
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with port_before(served.socket, context) as port:
        url = f"tcp://localhost:{port}"
        assert records(Endpoint(url, Tls(ca=str(cert)))) == 3
        assert records(Endpoint(url, Tls(verify=False))) == 3
        assert records(Endpoint(url, Tls(ca=str(cert), cert=str(cert), key=str(key)))) == 3
        with pytest.raises(ssl.SSLCertVerificationError):
            records(Endpoint(url, Tls()))


def test_ssh(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind ssh the docker of the other machine passes the bytes on."""
    monkeypatch.setenv("PATH", f"{fake_ssh(tmp_path, served.socket)}{os.pathsep}{os.environ['PATH']}")
    assert records(Endpoint("ssh://me@far.example:2222")) == 3
    words = (tmp_path / "words").read_text().splitlines()
    assert words == ["-l", "me", "-p", "2222", "--", "far.example", "docker system dial-stdio"]


def test_nobody_there(tmp_path: Path) -> None:
    """Where nobody is there is an OSError, and somebody who hangs up is told."""
    with pytest.raises(FileNotFoundError):
        dial_grpc(Endpoint(f"unix://{tmp_path}/nothing"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"

        def hang_up() -> None:
            listener.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises((EngineError, ConnectionError)):
            dial_grpc(Endpoint(url))
