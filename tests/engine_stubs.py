"""Small servers in the place of an Engine, each with one fault, and an ssh that stays on this machine."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.endpoint import Endpoint

VERSION = {"Version": "28.5.2", "ApiVersion": "1.51", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64"}


@dataclass(frozen=True)
class Asked:
    """A request as a stub sees it: the path without its version, and each parameter's last value."""

    method: str
    path: str
    query: Mapping[str, str]
    api: str


@dataclass
class Said:
    """An answer: `lines` go out one by one, and with `hang_up` the connection ends in the middle."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json"
    hang_up: bool = False
    lines: Iterator[bytes] | None = None


Script = Callable[[Asked], "Said | None"]


@dataclass
class Stub:
    """A server that runs: where it listens, and what it was asked."""

    path: Path
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url)

    def connect(self, api_version: str = "") -> Connection:
        return Connection(self.endpoint, api_version)


@contextmanager
def stub(script: Script, version: Any = VERSION) -> Iterator[Stub]:
    """Lend a server that says `version`, answers what the script answers, and 404 for everything else."""
    with tempfile.TemporaryDirectory(prefix="prunecli-") as near:
        made = Stub(Path(near) / "docker.sock")
        with _serve(made.path, _handler(script, version, made.asked)):
            yield made


class _UnixServer(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def _serve(path: Path, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    server = _UnixServer(str(path), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: Script, version: Any, asked: list[Asked]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            first, _, rest = parts.path.removeprefix("/").partition("/")
            api = first if first.startswith("v1.") else ""
            path = f"/{rest}" if api else parts.path
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            request = Asked(self.command, path, query, api)
            asked.append(request)
            said = Said(version) if path == "/version" else script(request)
            self._send(said or Said({"message": "page not found"}, 404))

        def _send(self, said: Said) -> None:
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            if said.lines is not None or said.hang_up:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for line in said.lines or ():
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                    self.wfile.flush()
                if said.hang_up:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.wfile.write(b"0\r\n\r\n")
                return
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def tls_server(folder: Path, host: str) -> Iterator[tuple[int, Path]]:
    """Lend a TLS server that holds a certificate for `host`; yields its port on localhost and the CA's file."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}"),
            *("-addext", f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    thread = threading.Thread(target=_accept_tls, args=(listener, context, ended), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], cert
    finally:
        ended.set()
        listener.close()
        thread.join()


def _accept_tls(listener: socket.socket, context: ssl.SSLContext, ended: threading.Event) -> None:
    listener.settimeout(0.05)
    body = json.dumps(VERSION).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    while not ended.is_set():
        try:
            plain, _ = listener.accept()
            plain.settimeout(5)
            with context.wrap_socket(plain, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(head % len(body) + body)
        except OSError:
            continue


def fake_ssh(folder: Path, target: Path) -> Path:
    """Make a program `ssh` that notes its words and joins its own streams to a unix socket; returns its folder."""
    python = shutil.which("python3")
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f"""#!{python}
import os, socket, sys, threading
open({str(folder / "words")!r}, "a").write("\\n".join(sys.argv[1:]) + "\\n")
line = socket.socket(socket.AF_UNIX)
line.connect({str(target)!r})
def back():
    while data := line.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    line.sendall(data)
"""
    )
    program.chmod(0o755)
    return program.parent
