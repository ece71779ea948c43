"""Requests and answers: paths with the API version in front, JSON out, an Engine's errors raised as what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from prunecli.backends.engine.endpoint import Endpoint
from prunecli.backends.engine.failures import refused
from prunecli.backends.engine.wires import Answer, SdkWire, SocketWire, Stream, require_sdk
from prunecli.errors import EngineError, RefusedError
from prunecli.profile import format_api, parse_api

OLDEST_API = (1, 40)
"""Docker 19.03: older ones do not tell enough to foretell a prune."""
NEWEST_API = (1, 51)
"""The newest version whose answers we read; an Engine that knows newer ones is asked in this one."""

_ERRORS_FROM = 400


class Connection:
    """A line to one Engine, which is asked for its version first; safe for several threads.

    `api_version`, as typed, is the version in which prunes are asked for; reading uses the newest that both know, since
    older ones leave things out. The SDK must be installed, and is imported when something is changed or followed.
    Errors: EngineError for an Engine that cannot be reached, is none, or is too old; RefusedError, in the Engine's
    words, for a version that it does not speak.
    """

    def __init__(self, endpoint: Endpoint, api_version: str = "") -> None:
        require_sdk()
        self.endpoint = endpoint
        self._sdk = SdkWire(endpoint)
        self._reading: SdkWire | SocketWire = SocketWire(endpoint) if endpoint.socket else self._sdk
        self.version = self._handshake()
        self._read_api = format_api(min(parse_api(self.version["ApiVersion"]), NEWEST_API))
        self._change_api = self._agree(api_version)

    def prepare(self) -> None:
        """Load what changes need, so that the next request leaves at once."""
        self._sdk.open()

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON of an answer. Errors: NotFoundError and its like, EngineError."""
        return self._json(self._reading.send("GET", target := self._target(self._read_api, path, query)), target)

    def post(self, path: str, query: Mapping[str, str]) -> Any:
        """Ask the Engine to do something, and return the JSON of its answer. Errors: as `get`, and BusyError."""
        return self._json(self._sdk.send("POST", target := self._target(self._change_api, path, query)), target)

    def delete(self, path: str, **query: str) -> Any:
        """Ask the Engine to remove one object; returns the JSON of the answer, None where it has none."""
        return self._json(self._sdk.send("DELETE", target := self._target(self._change_api, path, query)), target)

    def stream(self, path: str, query: Mapping[str, str]) -> Stream:
        """Begin to read an answer that goes on. Errors: as `get`."""
        stream = self._sdk.stream(target := self._target(self._read_api, path, query))
        if stream.status >= _ERRORS_FROM:
            self._json(stream.whole(), target)
        return stream

    @property
    def api(self) -> tuple[int, int]:
        """The API version in which changes are asked for."""
        return parse_api(self._change_api)

    @property
    def local(self) -> bool:
        """Whether the Engine is reached over a unix socket."""
        return bool(self.endpoint.socket)

    def close(self) -> None:
        """Hang up; the next request dials again."""
        self._reading.close()
        self._sdk.close()

    def _target(self, api: str, path: str, query: Mapping[str, str]) -> str:
        return f"/v{api}{path}" + (f"?{urlencode(query)}" if query else "")

    def _json(self, answer: Answer, target: str) -> Any:
        if answer.status >= _ERRORS_FROM:
            raise refused(self.endpoint, target, answer.status, answer.body, answer.content_type)
        if not answer.body.strip():
            return None
        try:
            return json.loads(answer.body)
        except ValueError:
            raise EngineError(f"{self.endpoint.url} is no Docker Engine: its answer to {target} is no JSON") from None

    def _handshake(self) -> dict[str, Any]:
        """Return what the Engine says of its version, which tells whether it is one, and whether it is new enough."""
        answer = self._reading.send("GET", "/version")
        if answer.status == _ERRORS_FROM:  # `Client sent an HTTP request to an HTTPS server.`
            raise refused(self.endpoint, "/version", answer.status, answer.body, answer.content_type)
        try:
            version = json.loads(answer.body) if answer.status < _ERRORS_FROM else None
            newest = parse_api(version["ApiVersion"]) if isinstance(version, dict) else None
        except (ValueError, KeyError, AttributeError):
            newest = None
        if newest is None:
            raise EngineError(f"{self.endpoint.url} is no Docker Engine: it does not tell the version of its API")
        assert isinstance(version, dict)  # noqa: S101 - or there were no newest
        oldest = version.get("MinAPIVersion")
        if oldest and parse_api(oldest) > NEWEST_API:
            raise EngineError(
                f"the Engine at {self.endpoint.url} speaks API version {oldest} and newer ones: "
                f"this prunecli knows versions up to {format_api(NEWEST_API)}"
            )
        if newest < OLDEST_API:
            raise EngineError(
                f"API version {format_api(newest)} is not supported by this client: "
                f"the minimum supported API version is {format_api(OLDEST_API)}"
            )
        return version

    def _agree(self, asked: str) -> str:
        """Return the version in which changes are asked for, the one that was asked for if there is one."""
        asked = asked.removeprefix("v")
        if not asked:
            return self._read_api
        try:
            api = parse_api(asked)
        except ValueError:
            raise EngineError(f'"{asked}" is not an API version: give one like {self._read_api}') from None
        newest, oldest = self.version["ApiVersion"], self.version.get("MinAPIVersion") or "1.24"
        if api > parse_api(newest):
            raise RefusedError(f"client version {asked} is too new. Maximum supported API version is {newest}")
        if api < parse_api(oldest):
            raise RefusedError(
                f"client version {asked} is too old. Minimum supported API version is {oldest}, "
                "please upgrade your client to a newer version"
            )
        return format_api(api)


def segment(name: str) -> str:
    """Return a name as one segment of a path; image references keep their slashes, as the Engine's routes take them."""
    return quote(name, safe="/:@")
