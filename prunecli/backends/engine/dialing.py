"""A connection of its own to an Engine, upgraded to gRPC: over it the Engine's BuildKit is spoken to directly.

Source: Docker Engine API, `POST /grpc`; `cli-and-api.md` 8.4 and `docker-29.md` 2.3 of the specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prunecli.backends.engine.endpoint import Endpoint, Tls
from prunecli.errors import EngineError
from prunecli.grpc.streams import ProgramStream, tcp_stream, unix_stream

if TYPE_CHECKING:
    from ssl import SSLContext

    from prunecli.grpc.client import ByteStream, GrpcClient

_SECONDS = 20.0  # to connect, and as many again for the answer
_LONGEST_HEAD = 1 << 16
_RECEIVE = 1 << 12


def dial_grpc(endpoint: Endpoint) -> GrpcClient:
    """Return a client of the gRPC services of an Engine. Errors: OSError, EngineError; ImportError without `h2`."""
    from prunecli.grpc.client import GrpcClient

    stream = _dial(endpoint)
    try:
        return GrpcClient(stream, received=_upgrade(stream, endpoint))
    except BaseException:
        stream.close()
        raise


def _dial(endpoint: Endpoint) -> ByteStream:
    if endpoint.socket:
        return unix_stream(endpoint.socket, seconds=_SECONDS)
    address = urlsplit(endpoint.url)
    host, port = address.hostname or "localhost", address.port
    if address.scheme == "ssh":
        user = ["-l", address.username] if address.username else []
        return ProgramStream(
            ["ssh", *user, *(["-p", str(port)] if port else []), "--", host, "docker system dial-stdio"]
        )
    tls = _tls_context(endpoint.tls) if endpoint.tls else None
    return tcp_stream(host, port or 0, seconds=_SECONDS, tls=tls)


def _tls_context(tls: Tls) -> SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca:
        context.load_verify_locations(tls.ca)
    else:
        context.load_default_certs()
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key or None)
    return context


def _upgrade(stream: ByteStream, endpoint: Endpoint) -> bytes:
    """Ask for the upgrade, and return what came after its answer. Errors: EngineError for one that is refused."""
    path = "" if endpoint.socket else urlsplit(endpoint.url).path.rstrip("/")
    host = "api.moby.localhost" if endpoint.socket else urlsplit(endpoint.url).netloc.rpartition("@")[2]
    lines = [f"POST {path}/grpc HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: h2c", "", ""]
    stream.sendall("\r\n".join(lines).encode("ascii"))
    stream.settimeout(_SECONDS)
    head = b""
    while b"\r\n\r\n" not in head:
        received = stream.recv(_RECEIVE)
        head += received
        if not received or len(head) > _LONGEST_HEAD:
            raise EngineError(f"the Engine at {endpoint.url} does not answer to an upgrade")
    head, _, rest = head.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"101"]:
        raise EngineError(f"the Engine at {endpoint.url} knows no upgrade to gRPC")
    return rest
