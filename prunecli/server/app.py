"""The Engine API over HTTP: requests in, views in threads, answers out.

The server is aiohttp's low-level one. It speaks HTTP/1.1 on a unix socket, parses requests in C, lets a handler take
over the bare connection, which `POST /grpc` needs, and can be bounded connection by connection. ASGI servers hide the
transport, and those that know h2c take the upgrading request for the first HTTP/2 stream, which is not what BuildKit's
client means by it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from importlib import resources
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from aiohttp import web
from aiohttp.web import BaseRequest

from prunecli.errors import PrunecliError, StoreError
from prunecli.profile import Profile, format_api
from prunecli.server import containers, images, imports, networks, prunes, system, volumes
from prunecli.server.control import Control
from prunecli.server.faults import tell_fault
from prunecli.server.grpc import GrpcConnection
from prunecli.server.limits import BoundedHandler, CutShortError, Limits
from prunecli.server.messages import JSON, NOT_FOUND, TEXT, Answer, Request, refusal
from prunecli.server.query import Form, clean_path, decode_path, parse_form, split_target
from prunecli.server.router import Found, Router, VersionMismatch, negotiate
from prunecli.server.session import SessionConnection
from prunecli.server.stream import Journal, Listener, make_listener
from prunecli.server.world import ServedWorld

T = TypeVar("T")
View = Callable[[ServedWorld, Request], Answer]

_BAD_REQUEST = Answer(400, b"400 Bad Request", TEXT, anonymous=True)
_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_CHUNK = 1 << 16


def describe(world: ServedWorld, request: Request) -> Answer:
    """Answer `GET /openapi.json`: the description of all this."""
    del world, request
    return Answer(200, resources.files("prunecli.server").joinpath("openapi.json").read_bytes(), JSON)


def _taken_over(world: ServedWorld, request: Request) -> Answer:
    """Stand for a route that takes the connection over; it is never called."""
    raise AssertionError(f"{request.path} of {world} is no view")


def events(world: ServedWorld, request: Request) -> Answer:
    """Stand for `GET /events` in the table of routes."""
    return _taken_over(world, request)


def grpc(world: ServedWorld, request: Request) -> Answer:
    """Stand for `POST /grpc` in the table of routes."""
    return _taken_over(world, request)


def session(world: ServedWorld, request: Request) -> Answer:
    """Stand for `POST /session` in the table of routes."""
    return _taken_over(world, request)


ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/_ping", system.ping),
    ("HEAD", "/_ping", system.ping),
    ("GET", "/version", system.version),
    ("GET", "/info", system.info),
    ("GET", "/system/df", system.disk_usage),
    ("GET", "/events", events),
    ("POST", "/grpc", grpc),
    ("POST", "/session", session),
    ("GET", "/openapi.json", describe),
    ("GET", "/prunecli/disk", system.disk),
    ("GET", "/containers/json", containers.list_containers),
    ("GET", "/containers/{name}/json", containers.inspect_container),
    ("POST", "/containers/prune", prunes.prune_containers),
    ("DELETE", "/containers/{name}", containers.delete_container),
    ("GET", "/images/json", images.list_images),
    ("GET", "/images/{name}/history", images.image_history),
    ("GET", "/images/{name}/json", images.inspect_image),
    ("POST", "/images/create", imports.create_image),
    ("POST", "/images/{name}/tag", images.tag),
    ("POST", "/images/prune", prunes.prune_images),
    ("DELETE", "/images/{name}", images.delete_image),
    ("GET", "/networks", networks.list_networks),
    ("GET", "/networks/", networks.list_networks),
    ("GET", "/networks/{name}", networks.inspect_network),
    ("POST", "/networks/create", networks.create_network),
    ("POST", "/networks/prune", prunes.prune_networks),
    ("DELETE", "/networks/{name}", networks.delete_network),
    ("GET", "/volumes", volumes.list_volumes),
    ("GET", "/volumes/{name}", volumes.inspect_volume),
    ("POST", "/volumes/create", volumes.create_volume),
    ("POST", "/volumes/prune", prunes.prune_volumes),
    ("DELETE", "/volumes/{name}", volumes.delete_volume),
    ("POST", "/build/prune", prunes.prune_build_cache),
    ("OPTIONS", "/{path}", system.options),
)
"""Every route that is served; a name may hold slashes, so the more telling paths come first."""

_UPLOADS: frozenset[View] = frozenset({imports.create_image})


class App:
    """The routes over one world. `handle` serves one request of aiohttp's server; `stop` ends what would not end."""

    def __init__(self, world: ServedWorld, limits: Limits, *, debug: bool = False) -> None:
        self.world = world
        self._debug = debug
        self.journal = Journal(world)
        self._limits = limits
        self._router: Router[View] = Router(ROUTES)
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="view")
        # Prunes of build cache wait for each other. They do it here, where waiting takes no thread.
        self._cache_turn = asyncio.Lock()
        self._upgraded: set[GrpcConnection | SessionConnection] = set()

    def start(self) -> None:
        """Begin to follow the journal."""
        self.journal.start()

    def stop(self) -> None:
        """End event streams and upgraded connections, so that the server can close."""
        self.journal.stop()
        for connection in list(self._upgraded):
            connection.close()

    def close(self) -> None:
        """Wait for what is still at work on the store."""
        self.journal.join()
        self._threads.shutdown(wait=True)

    async def run(self, act: Callable[..., T], *args: object) -> T:
        """Do something that reads or changes the store, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *args)

    async def handle(self, request: BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong in it is an answer too."""
        try:
            return await self._serve(request)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            tell_fault(f"{request.method} {request.path!r}", error, debug=self._debug)
            raise

    async def _serve(self, request: BaseRequest) -> web.StreamResponse:
        encoded, query = split_target(request.raw_path)
        path = decode_path(encoded)
        if path is None:
            return await self._send(request, _BAD_REQUEST)
        if (clean := clean_path(path)) != path:
            location = quote(clean, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
            return await self._send(request, Answer(301, headers={"Location": location}, anonymous=True))
        found = self._router.find(request.method, path)
        if found is None:
            return await self._send(request, NOT_FOUND)
        if found.handler in (grpc, session):
            return await self._upgrade(request, found.handler)
        async with AsyncExitStack() as held:
            body, upload = b"", None
            if found.handler in _UPLOADS:
                upload = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            try:
                body = await self._read_body(request, upload)
            except _TooMuchError:
                return await self._send(request, refusal("the body of the request is too large", 413))
            except CutShortError:
                return await self._send(request, refusal("invalid JSON: unexpected EOF", 400))
            content_type = request.headers.get("Content-Type")
            call = _Call(self.world, found, request.method, path, query, content_type, body, upload, self._debug)
            if found.handler is events:
                return await self._stream(request, call)
            if found.handler is prunes.prune_build_cache:
                await held.enter_async_context(self._cache_turn)
            return await self._send(request, await self.run(call.answer))

    async def _read_body(self, request: BaseRequest, upload: BinaryIO | None) -> bytes:
        """Return the whole body, or put it into a file.

        Nothing is done before all of it is there: a request that breaks half-way changes nothing.
        """
        if not request.can_read_body:
            return b""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        most = self._limits.body if upload is None else self._limits.upload
        body = bytearray()  # one piece may be a single byte
        size = 0
        while True:
            try:
                piece = await asyncio.wait_for(request.content.read(_CHUNK), self._limits.body_seconds)
            except TimeoutError:
                raise ConnectionResetError("the body does not come") from None
            if not piece:
                break
            size += len(piece)
            if size > most:
                raise _TooMuchError
            if upload is None:
                body += piece
            else:
                await self.run(upload.write, piece)
        if upload is not None:
            await self.run(upload.seek, 0)
        return bytes(body)

    async def _send(self, request: BaseRequest, answer: Answer) -> web.StreamResponse:
        headers = dict(answer.headers)
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        response = web.Response(status=answer.status, body=answer.body, headers=headers)
        try:
            async with asyncio.timeout(self._limits.write_seconds):
                await response.prepare(request)
                await response.write_eof()
                await request.writer.drain()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the client does not read its answer") from None
        return response

    async def _stream(self, request: BaseRequest, call: _Call) -> web.StreamResponse:
        listener = await self.run(call.listener)
        if isinstance(listener, Answer):
            return await self._send(request, listener)
        headers = await self.run(call.headers)
        response = web.StreamResponse(headers={"Content-Type": JSON, **headers})
        await response.prepare(request)
        await response.write(b"")
        # A store that cannot be read any more has nothing further to tell.
        with self.journal.listening(listener, self.world.clock.now, self.run) as ear, suppress(StoreError):
            # Without a client that could still ask for something, an Engine ends the stream once the past is told.
            _connection(request).at_end_of_input(ear.leave)
            while (page := await ear.next()) is not None:
                lines = [line for event in page if (line := listener.line(event)) is not None]
                if lines:
                    await response.write(b"".join(lines))
                    await request.writer.drain()
        await response.write_eof()
        return response

    async def _upgrade(self, request: BaseRequest, purpose: View) -> web.StreamResponse:
        """Hand the connection over to HTTP/2, until it is closed."""
        transport, before = request.transport, _connection(request)
        if transport is None:
            raise ConnectionResetError("the client is gone")
        if request.headers.get("Upgrade", "").lower() != "h2c":
            return await self._send(request, refusal("no upgrade", 400))
        closed = asyncio.Event()
        connection = self._make_connection(purpose, closed)
        self._upgraded.add(connection)
        try:
            transport.write(_SWITCHING)
            transport.set_protocol(connection)
            connection.connection_made(transport)
            if before.input_over:  # nobody tells the new protocol of it
                connection.close()
            with suppress(asyncio.CancelledError):
                await closed.wait()
        finally:
            self._upgraded.discard(connection)
            transport.abort()
            before.connection_lost(None)
        raise ConnectionResetError("the upgraded connection was closed")

    def _make_connection(self, purpose: View, closed: asyncio.Event) -> GrpcConnection | SessionConnection:
        if purpose is session:
            return SessionConnection(closed)
        methods = Control(self.world, self.run, self._cache_turn).methods
        return GrpcConnection(methods, closed, debug=self._debug)


def _connection(request: BaseRequest) -> BoundedHandler:
    connection = request.protocol
    assert isinstance(connection, BoundedHandler)  # noqa: S101 - the server makes no others
    return connection


class _TooMuchError(Exception):
    """A body that is larger than it may be."""


class _Call:
    """One request on its way through a thread: version, parameters, view."""

    def __init__(
        self,
        world: ServedWorld,
        found: Found[View],
        method: str,
        path: str,
        query: str,
        content_type: str | None,
        body: bytes,
        upload: BinaryIO | None,
        debug: bool,
    ) -> None:
        self._debug = debug
        self._world, self._found, self._method, self._path = world, found, method, path
        self._query, self._content_type, self._body, self._upload = query, content_type, body, upload

    def answer(self) -> Answer:
        """Return the view's answer, or that of what went wrong, with the headers of every answer."""
        return self._guarded(lambda request: self._found.handler(self._world, request))

    def listener(self) -> Listener | Answer:
        """Return what to listen for, or the answer that refuses it."""
        return self._guarded(lambda request: make_listener(self._world, request))

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        return common_headers(self._world.profile())

    def _guarded(self, act: Callable[[Request], T]) -> T | Answer:
        result: T | Answer
        try:
            profile = self._world.profile()
        except PrunecliError as error:
            return refusal(error.message, error.http_status)
        try:
            result = act(self._request(negotiate(self._found.version, profile)))
        except VersionMismatch as mismatch:
            return _with_headers(_mismatch(mismatch), profile, experimental=False)
        except PrunecliError as error:
            result = refusal(error.message, error.http_status)
        except Exception as error:
            tell_fault(f"{self._method} {self._path!r}", error, debug=self._debug)
            result = refusal("the request could not be served", 500)
        return _with_headers(result, profile) if isinstance(result, Answer) else result

    def _request(self, profile: Profile) -> Request:
        has_form = self._method == "POST" and self._upload is None
        form: Form = parse_form(self._query, self._body, self._content_type if has_form else None)
        return Request(
            self._method, self._path, profile, self._found.names, form, self._content_type, self._body, self._upload
        )


def common_headers(profile: Profile) -> dict[str, str]:
    """Return the headers that an Engine gives to every answer."""
    return {
        "Api-Version": format_api(profile.max_api),
        "Docker-Experimental": "false",
        "Ostype": "linux",
        "Server": f"Docker/{profile.engine} (linux)",
    }


def _with_headers(answer: Answer, profile: Profile, *, experimental: bool = True) -> Answer:
    headers = common_headers(profile)
    if not experimental:
        del headers["Docker-Experimental"]
    return Answer(answer.status, answer.body, answer.content_type, {**headers, **answer.headers})


def _mismatch(mismatch: VersionMismatch) -> Answer:
    if mismatch.too_old:
        nosniff = {"X-Content-Type-Options": "nosniff"}
        return Answer(400, mismatch.message.encode() + b"\n", TEXT, nosniff)
    return refusal(mismatch.message, 400)
