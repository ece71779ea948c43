"""What goes wrong between us and an Engine, as one sentence each, in Docker's words where it has some.

Source: docker CLI and client (client/request.go, client/errors.go); `cli-and-api.md` 1.5 and 1.6 of the specification.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prunecli.backends.engine.endpoint import Endpoint
from prunecli.errors import (
    BusyError,
    ConflictError,
    EngineError,
    ForbiddenError,
    NotFoundError,
    PrunecliError,
    RefusedError,
)

if TYPE_CHECKING:
    from ssl import SSLError

_ABSENT = frozenset({errno.ENOENT, errno.ECONNREFUSED, errno.ENOTSOCK, errno.ENOTDIR})
_BUSY = "a prune operation is already running"
_KINDS: dict[int, type[RefusedError]] = {403: ForbiddenError, 404: NotFoundError, 409: ConflictError}


class LostError(EngineError):
    """The Engine was there and went away before it had answered in full."""


class NotHttpError(ValueError):
    """An answer that is no HTTP."""


def unreachable(endpoint: Endpoint, method: str, path: str, error: BaseException) -> EngineError:
    """Return what to tell of a request that got no answer; what caused the error is looked for behind it."""
    import socket
    import ssl

    where = f'{method.capitalize()} "{endpoint.http_base}{path}"'
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return EngineError(f"error during connect: {where}: {_tls_words(cause)}")
        if isinstance(cause, socket.gaierror):
            host = endpoint.url.partition("://")[2].rpartition(":")[0]
            return EngineError(f"error during connect: {where}: dial tcp: lookup {host}: no such host")
    for cause in causes:
        if isinstance(cause, PermissionError) and endpoint.socket:
            return EngineError(
                f"permission denied while trying to connect to the Docker daemon socket at {endpoint.url}: {where}: "
                f"dial unix {endpoint.socket}: connect: permission denied"
            )
        if isinstance(cause, OSError) and cause.errno in _ABSENT:
            return EngineError(f"Cannot connect to the Docker daemon at {endpoint.url}. Is the docker daemon running?")
    return _broken(endpoint, where, causes)


def _broken(endpoint: Endpoint, where: str, causes: list[BaseException]) -> EngineError:
    """Tell of a connection that was there: it broke, took too long, or spoke something else."""
    names = {type(cause).__name__ for cause in causes}
    if names & {"TimeoutError", "ConnectTimeout", "ReadTimeout", "ConnectTimeoutError", "ReadTimeoutError"}:
        return EngineError(f"error during connect: {where}: no answer in time")
    if names & {"BadStatusLine", "NotHttpError"} and not names & {"RemoteDisconnected"}:
        return EngineError(f"{endpoint.url} is no Docker Engine: it does not answer in HTTP")
    lost = {"RemoteDisconnected", "IncompleteRead", "ConnectionResetError", "BrokenPipeError", "ConnectionAbortedError"}
    if names & {*lost, "ProtocolError", "ChunkedEncodingError"}:
        return LostError(f"the Docker daemon at {endpoint.url} went away before it had answered")
    last = causes[-1]
    reason = last.strerror.lower() if isinstance(last, OSError) and last.strerror else last
    return EngineError(f"error during connect: {where}: {reason}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it is made of, outermost first: libraries wrap them in several ways."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]


def _tls_words(error: SSLError) -> str:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {error.verify_message.rstrip('.')}"
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version number" in reason or "record layer failure" in reason:
        return "http: server gave HTTP response to HTTPS client"
    if "key values mismatch" in reason:
        return "tls: private key does not match public key"
    return f"tls: {reason}"


def refused(endpoint: Endpoint, path: str, status: int, body: bytes, content_type: str) -> PrunecliError:
    """Return an Engine's own error as what it is: not found, in use, busy, or refused for another reason."""
    message = _message(body, content_type)
    if message is None:
        return EngineError(
            f"request returned {status} {_phrase(status)} for API route and version {endpoint.http_base}{path}, "
            "check if the server supports the requested API version"
        )
    message = message or f"API returned a {status} ({_phrase(status)}) but provided no error-message"
    error = BusyError() if message == _BUSY else _KINDS.get(status, RefusedError)(message, http_status=status)
    error.from_daemon = True
    return error


def _message(body: bytes, content_type: str) -> str | None:
    """Return an error's text, empty where JSON has none, None for an answer without a body."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return None
    if content_type.partition(";")[0].strip() != "application/json":
        return text
    try:
        document = json.loads(text)
    except ValueError:
        return text
    message = document.get("message") if isinstance(document, dict) else None
    return message.strip() if isinstance(message, str) else ""


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
