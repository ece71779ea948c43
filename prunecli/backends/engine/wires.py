"""How requests travel: over a unix socket directly when something is read, else through the Docker SDK for Python.

The SDK knows every way to an Engine: sockets, TCP with TLS, ssh. Its import takes longer than reading an idle Engine,
and each of its requests several times what the Engine needs to answer; so what is read from a socket goes there with
the standard library alone, and the SDK is loaded when something is changed, followed, or far away.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from prunecli.backends.engine.endpoint import Endpoint, Tls
from prunecli.backends.engine.failures import NotHttpError, unreachable
from prunecli.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient
    from docker.tls import TLSConfig
    from requests import Response

CONNECT_TIMEOUT = 30.0
"""Seconds to wait for a connection; an answer may take as long as it takes."""
_LONGEST_LINE = 65536
_NO_LIMIT: Any = None  # the SDK takes it, though its types do not say so
_LANES = 8


class Answer(NamedTuple):
    """An answer as it came."""

    status: int
    body: bytes
    content_type: str


def require_sdk() -> None:
    """Raise EngineError unless the Docker SDK for Python is installed; it is not imported for that."""
    if find_spec("docker") is None:
        raise EngineError("a live Docker Engine needs the Docker SDK for Python: install prunecli[engine]")


class SocketWire:
    """Requests over a unix socket, one connection for each thread that asks."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._mine = threading.local()
        self._all: list[_SocketConnection] = []

    def send(self, method: str, target: str) -> Answer:
        """Send a request without a body and return its answer. Errors: EngineError."""
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = _SocketConnection(self._endpoint.socket)
            self._all.append(connection)
        try:
            return connection.ask(method, target)
        except (OSError, ValueError) as error:
            connection.close()
            raise unreachable(self._endpoint, method, target, error) from error

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
        self._mine = threading.local()
        self._all.clear()


class _SocketConnection:
    """HTTP/1.1 on a socket, as far as an Engine's answers need it; it stays open from one request to the next.

    The standard library's client brings ssl and email along, whose import takes as long as all the requests.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._answers: BinaryIO | None = None

    def ask(self, method: str, target: str) -> Answer:
        """Send a request and return its answer.

        Errors: OSError, ConnectionResetError for an end in the middle; NotHttpError for what is no HTTP.
        """
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.connect(self._path)
            self._answers = self._socket.makefile("rb")
        self._socket.sendall(f"{method} {target} HTTP/1.1\r\nHost: api.moby.localhost\r\n\r\n".encode("ascii"))
        first = self._line()
        version, _, rest = first.partition(b" ")
        if not (version.startswith(b"HTTP/1.") and rest[:3].isdigit()):
            raise NotHttpError(f"{first[:40]!r} is no HTTP")
        headers: dict[bytes, bytes] = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        body = self._body(headers)
        if headers.get(b"connection", b"").lower() == b"close":
            self.close()
        return Answer(int(rest[:3]), body, headers.get(b"content-type", b"").decode("latin-1"))

    def _body(self, headers: Mapping[bytes, bytes]) -> bytes:
        if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
            length = headers.get(b"content-length")
            return self._read(None if length is None else int(length))
        chunks: list[bytes] = []
        while size := int(self._line().partition(b";")[0], 16):
            chunks.append(self._read(size))
            self._line()
        while self._line():
            pass  # trailers
        return b"".join(chunks)

    def _line(self) -> bytes:
        assert self._answers is not None  # noqa: S101 - nothing is read before something was sent
        line = self._answers.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the connection ended in the middle of a line")
        return line.rstrip(b"\r\n")

    def _read(self, size: int | None) -> bytes:
        assert self._answers is not None  # noqa: S101 - as above
        data = self._answers.read(-1 if size is None else size)
        if size is not None and len(data) < size:
            raise ConnectionResetError("the connection ended in the middle of an answer")
        return data

    def close(self) -> None:
        """Hang up; the next request dials again."""
        for side in (self._answers, self._socket):
            if side is not None:
                side.close()
        self._socket = self._answers = None


class SdkWire:
    """Requests through the Docker SDK for Python, safe for several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: APIClient | None = None
        self._opening = threading.Lock()

    def open(self) -> APIClient:
        """Return the SDK's client, loaded and made by the first call; nothing is sent."""
        with self._opening:
            self._client = self._client or _open_client(self._endpoint)
            return self._client

    def send(self, method: str, target: str) -> Answer:
        """Send a request without a body and return its answer. Errors: EngineError."""
        import requests

        try:
            response = self._request(method, target)
            content_type = response.headers.get("Content-Type", "")
            return Answer(response.status_code, response.content, content_type)
        except (requests.RequestException, OSError, ValueError) as error:  # urllib3's are ValueErrors
            raise unreachable(self._endpoint, method, target, error) from error

    def stream(self, target: str) -> Stream:
        """Begin to read an answer that goes on; returns when its head is there. Errors: EngineError."""
        import requests

        try:
            return Stream(self._endpoint, target, self._request("GET", target, stream=True))
        except (requests.RequestException, OSError, ValueError) as error:  # urllib3's are ValueErrors
            raise unreachable(self._endpoint, "GET", target, error) from error

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _request(self, method: str, target: str, *, stream: bool = False) -> Response:
        client = self.open()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who turned verification off need not be told for each request
            return client.request(
                method,
                client.base_url + target,
                timeout=(CONNECT_TIMEOUT, None),
                stream=stream,
                allow_redirects=False,
                verify=client.verify,  # or REQUESTS_CA_BUNDLE would win over what the endpoint says
            )


class Stream:
    """An answer that goes on. `lines` blocks; `close`, from another thread, ends it."""

    def __init__(self, endpoint: Endpoint, target: str, response: Response) -> None:
        self._endpoint = endpoint
        self._target = target
        self._response = response

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._response.status_code

    def whole(self) -> Answer:
        """Return the rest of the answer, for one that is an error."""
        return Answer(self.status, self._response.content, self._response.headers.get("Content-Type", ""))

    def lines(self) -> Iterator[bytes]:
        """Yield line by line until the Engine ends the answer properly. Errors: EngineError for a broken connection."""
        import requests

        rest = b""
        try:
            for chunk in self._response.iter_content(chunk_size=None):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
        except (requests.RequestException, OSError, AttributeError, ValueError) as error:
            raise unreachable(self._endpoint, "GET", self._target, error) from error
        if rest:
            yield rest

    def close(self) -> None:
        """End it, also for a thread that waits for its next line."""
        from docker.errors import DockerException
        from docker.types import CancellableStream

        with contextlib.suppress(DockerException, OSError, AttributeError):
            CancellableStream(iter(()), self._response).close()
        self._response.close()


def _open_client(endpoint: Endpoint) -> APIClient:
    """Return the SDK's client. The version that it is given stands in no request: paths carry their own."""
    from docker import APIClient
    from docker.errors import DockerException

    try:
        client = APIClient(
            base_url=endpoint.url,
            version="1.40",
            timeout=_NO_LIMIT,
            tls=_tls_config(endpoint.tls) if endpoint.tls else False,
            use_ssh_client=endpoint.url.startswith("ssh://"),
            max_pool_size=_LANES,
        )
    except (DockerException, ValueError) as error:
        if "paramiko" in str(error):
            raise EngineError("an Engine behind ssh needs paramiko: install prunecli[engine]") from error
        raise EngineError(f"{endpoint.url} cannot be used: {error}") from error
    except OSError as error:
        raise unreachable(endpoint, "GET", "/version", error) from error
    client.base_url = client.base_url.replace("tcp://", "https://" if endpoint.tls else "http://")
    if endpoint.socket or endpoint.url.startswith("ssh://"):
        client.trust_env = False  # neither proxies nor .netrc concern a socket
    return client


def _tls_config(tls: Tls) -> TLSConfig:
    from docker.errors import TLSParameterError
    from docker.tls import TLSConfig

    try:
        return TLSConfig(
            client_cert=(tls.cert, tls.key) if tls.cert or tls.key else None,
            ca_cert=tls.ca or None,
            verify=tls.verify,
        )
    except TLSParameterError as error:
        files = ", ".join(file for file in (tls.ca, tls.cert, tls.key) if file)
        raise EngineError(f"the TLS files {files} cannot be used: a certificate and its key are needed") from error
