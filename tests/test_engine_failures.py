"""What can go wrong on the way to an Engine ends as one clear sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.endpoint import Endpoint, Tls
from prunecli.cli.main import run
from prunecli.errors import BusyError, ConflictError, EngineError, NotFoundError, PrunecliError, RefusedError
from tests.engine_stubs import VERSION, Asked, Said, fake_ssh, stub, tls_server

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def nothing(_request: Asked) -> Said | None:
    """Know no route at all."""
    return None


def refusal(endpoint: Endpoint) -> str:
    """Return the sentence with which an endpoint is refused."""
    with pytest.raises(EngineError) as refused:
        Connection(endpoint)
    assert "\n" not in refused.value.message
    return refused.value.message


def test_no_socket(tmp_path: Path) -> None:
    """A socket that is not there is Docker's question whether the daemon runs."""
    path = tmp_path / "none.sock"
    assert refusal(Endpoint(f"unix://{path}")) == (
        f"Cannot connect to the Docker daemon at unix://{path}. Is the docker daemon running?"
    )


def test_no_listener() -> None:
    """So is a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    assert refusal(Endpoint(url)) == f"Cannot connect to the Docker daemon at {url}. Is the docker daemon running?"


def test_no_such_host() -> None:
    """A host that nobody knows is named."""
    said = refusal(Endpoint("tcp://nowhere.invalid:2375"))
    assert said.startswith('error during connect: Get "http://nowhere.invalid:2375/version": dial tcp: lookup')
    assert said.endswith("no such host")


_AS_NOBODY = """
import contextlib, io, os, sys
from prunecli.cli.main import run
os.environ["HOME"] = "/"
del os.environ["DOCKER_CONFIG"]
with contextlib.redirect_stderr(io.StringIO()):  # while the modules can still be read
    run(["-H", "unix:///nonexistent", *sys.argv[3:]])
os.setgroups([])
os.setegid(65534)
os.seteuid(65534)
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_no_permission() -> None:
    """A socket that is not ours to open is Docker's sentence about permission, exit 1."""
    with stub(nothing) as engine:
        engine.path.chmod(0o600)
        engine.path.parent.chmod(0o755)
        url = engine.url
        ran = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, "-H", url, "system", "prune", "-f"],
            capture_output=True,
            text=True,
            check=False,
        )
    socket_name = url.removeprefix("unix://")
    quoted = socket_name.replace("/", "%2F")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"permission denied while trying to connect to the Docker daemon socket at {url}: "
        f'Get "http://{quoted}/version": dial unix {socket_name}: connect: permission denied\n'
    )


@needs_openssl
def test_another_certificate(tmp_path: Path) -> None:
    """A certificate for another host is refused, with what is wrong about it."""
    with tls_server(tmp_path, "other.example") as (port, ca):
        said = refusal(Endpoint(f"tcp://localhost:{port}", Tls(ca=str(ca))))
    assert said.startswith(
        f'error during connect: Get "https://localhost:{port}/version": tls: failed to verify certificate: x509: '
    )
    assert "Hostname mismatch" in said


@needs_openssl
def test_an_unknown_authority(tmp_path: Path) -> None:
    """So is one that nobody we trust has signed."""
    (tmp_path / "mine").mkdir()
    with tls_server(tmp_path / "mine", "localhost") as (_, ours), tls_server(tmp_path, "localhost") as (port, _):
        said = refusal(Endpoint(f"tcp://localhost:{port}", Tls(ca=str(ours))))
    assert "tls: failed to verify certificate: x509: self-signed certificate" in said


@needs_openssl
@pytest.mark.parametrize("verify", [True, False], ids=["checked", "unchecked"])
def test_tls(verify: bool, tmp_path: Path) -> None:
    """With the right certificate, or when nobody checks, TLS works."""
    host = "localhost" if verify else "other.example"
    with tls_server(tmp_path, host) as (port, ca):
        connection = Connection(Endpoint(f"tcp://localhost:{port}", Tls(ca=str(ca), verify=verify)))
        assert connection.version == VERSION
        connection.close()


def test_tls_where_there_is_none() -> None:
    """A server without TLS is told from one with it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        said = refusal(Endpoint(f"tcp://localhost:{listener.getsockname()[1]}", Tls(verify=False)))
    assert said.endswith("http: server gave HTTP response to HTTPS client")


@pytest.mark.parametrize(
    ("cert", "key"),
    [
        pytest.param("", "key.pem", id="a key without its certificate"),
        pytest.param("cert.pem", "none.pem", id="no key"),
    ],
)
def test_tls_files(cert: str, key: str, tmp_path: Path) -> None:
    """TLS files that do not fit together are named."""
    (tmp_path / "cert.pem").write_text("")
    (tmp_path / "key.pem").write_text("")
    files = [str(tmp_path / name) if name else "" for name in (cert, key)]
    said = refusal(Endpoint("tcp://localhost:1", Tls(cert=files[0], key=files[1])))
    assert (
        said == f"the TLS files {', '.join(f for f in files if f)} cannot be used: a certificate and its key are needed"
    )


@pytest.mark.parametrize(
    ("version", "said"),
    [
        pytest.param([], "is no Docker Engine: it does not tell the version of its API", id="a list"),
        pytest.param({}, "is no Docker Engine: it does not tell the version of its API", id="no version"),
        pytest.param(b"<html>", "is no Docker Engine: it does not tell the version of its API", id="a web page"),
        pytest.param({"ApiVersion": "new"}, "is no Docker Engine: it does not tell", id="nonsense"),
        pytest.param(
            {"ApiVersion": "1.39"},
            "API version 1.39 is not supported by this client: the minimum supported API version is 1.40",
            id="an Engine that is too old",
        ),
        pytest.param(
            {"ApiVersion": "1.99", "MinAPIVersion": "1.90"},
            "speaks API version 1.90 and newer ones: this prunecli knows versions up to 1.51",
            id="one that is too new",
        ),
    ],
)
def test_not_an_engine(version: object, said: str) -> None:
    """What is no Engine, or speaks another API, is refused before anything else is asked."""
    with stub(nothing, version) as server:
        assert said in refusal(server.endpoint)
        assert [request.path for request in server.asked] == ["/version"]


def test_not_even_http() -> None:
    """A server that speaks something else is no Engine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                line.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        threading.Thread(target=answer, daemon=True).start()
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        assert refusal(Endpoint(url)) == f"{url} is no Docker Engine: it does not answer in HTTP"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            b"SSH-2.0-OpenSSH_9.9\r\n", "is no Docker Engine: it does not answer in HTTP", id="another protocol"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "went away before it had answered", id="cut short"
        ),
        pytest.param(b"HTTP/1.1 200", "went away before it had answered", id="cut in the head"),
        pytest.param(b"", "went away before it had answered", id="nothing"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}", "went away before", id="cut in a chunk"
        ),
    ],
)
def test_sockets_that_are_no_engine(answer: bytes, said: str, tmp_path: Path) -> None:
    """A socket with something else behind it, or an end in the middle of an answer, is one sentence."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def reply() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                line.sendall(answer)

        threading.Thread(target=reply, daemon=True).start()
        assert said in refusal(Endpoint(f"unix://{path}"))


def test_an_answer_in_chunks() -> None:
    """An answer that comes in pieces is put together, and the connection stays in use."""
    with stub(lambda _: Said(lines=iter([b'{"a": ', b"1}"]))) as server:
        connection = server.connect()
        assert connection.get("/info") == {"a": 1}


@pytest.mark.parametrize(
    ("api_version", "said"),
    [
        pytest.param("1.99", "client version 1.99 is too new. Maximum supported API version is 1.51", id="too new"),
        pytest.param("1.10", "client version 1.10 is too old. Minimum supported API version is 1.24", id="too old"),
    ],
)
def test_version_asked_for(api_version: str, said: str) -> None:
    """A version that the Engine does not speak is refused in its words, before anything is planned."""
    with stub(nothing) as server, pytest.raises(RefusedError, match=said):
        server.connect(api_version)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(Said({"message": "No such image: x"}, 404), NotFoundError, "No such image: x", id="not found"),
        pytest.param(Said({"message": "in use"}, 409), ConflictError, "in use", id="a conflict"),
        pytest.param(
            Said({"message": "a prune operation is already running"}, 409), BusyError, "already running", id="busy"
        ),
        pytest.param(Said(b"plain words", 400, "text/plain"), RefusedError, "plain words", id="text"),
        pytest.param(
            Said({}, 500),
            RefusedError,
            r"API returned a 500 \(Internal Server Error\) but provided no error-message",
            id="JSON without a message",
        ),
        pytest.param(
            Said(b"", 500),
            EngineError,
            r"request returned 500 Internal Server Error for API route and version http://.*%2Fdocker.sock/v1.51/info, "
            "check if the server supports the requested API version",
            id="nothing at all",
        ),
        pytest.param(
            Said(b"{", 200), EngineError, "is no Docker Engine: its answer to /v1.51/info is no JSON", id="no JSON"
        ),
        pytest.param(Said(hang_up=True), EngineError, "went away before it had answered", id="half an answer"),
    ],
)
def test_answers(answer: Said, error: type[PrunecliError], said: str) -> None:
    """An Engine's errors keep their words and become what they are."""
    with stub(lambda _: answer) as server, pytest.raises(error, match=said):
        server.connect().get("/info")


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without the extra a sentence says what to install."""
    monkeypatch.setattr("prunecli.backends.engine.wires.find_spec", lambda _: None)
    assert run(["-H", f"unix://{tmp_path}/docker.sock", "system", "df"]) == 1
    assert capfd.readouterr().err == "a live Docker Engine needs the Docker SDK for Python: install prunecli[engine]\n"


def test_ssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An Engine behind ssh is reached through `docker system dial-stdio` on the other side."""
    pytest.importorskip("paramiko")
    with stub(lambda request: Said({"asked": request.path})) as server:
        monkeypatch.setenv("PATH", f"{fake_ssh(tmp_path, server.path)}:{os.environ['PATH']}")
        connection = Connection(Endpoint("ssh://me@box:2222"))
        assert connection.get("/info") == {"asked": "/info"}
        connection.close()
    words = (tmp_path / "words").read_text().split("\n")[:7]
    assert words == ["-l", "me", "-p", "2222", "--", "box", "docker system dial-stdio"]
