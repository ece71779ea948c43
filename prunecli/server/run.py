"""From the start to SIGTERM: the socket, the server, and an orderly end."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from prunecli.backends.served import ServedStore
from prunecli.clock import Clock
from prunecli.errors import PrunecliError
from prunecli.server.app import App
from prunecli.server.limits import BoundedServer, Limits
from prunecli.server.sockets import accept, listening
from prunecli.server.world import ServedWorld

_OTHER_FILES = 128
"""Descriptors beside those of connections: the store's in each thread, uploads, the standard streams."""
_LEAST_FILES = 64
"""What the loop, the store and a few connections take at least."""
_GRACE = 5.0
"""Seconds that requests get to finish once the end has come."""


def serve(store: ServedStore, path: Path, clock: Clock, ready: Callable[[], None], *, debug: bool = False) -> None:
    """Serve a store on a socket until SIGINT or SIGTERM; `ready` is called once the socket answers.

    Event streams end properly, requests at work are finished, and the socket is gone afterwards. With `debug` a fault
    of the server is told with its traceback.
    Errors: PrunecliError for a socket that cannot be had, or without files or threads enough.
    """
    limits = Limits()
    limits = replace(limits, connections=_affordable(limits.connections))
    with listening(path) as listener:
        world = ServedWorld(store, clock)
        try:
            asyncio.run(_serve(world, listener, ready, limits, debug=debug))
        finally:
            world.close()


def _affordable(connections: int) -> int:
    """Return how many connections the process can hold; it may open as many files as the system lets it.

    Errors: PrunecliError where those are too few to serve at all.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = most == resource.RLIM_INFINITY
    if most < _LEAST_FILES and not endless:
        raise PrunecliError(f"serving takes {_LEAST_FILES} open files at least, and the limit is {most}: raise it")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return connections if endless else max(min(connections, most - _OTHER_FILES), 1)


async def _serve(
    world: ServedWorld, listener: socket.socket, ready: Callable[[], None], limits: Limits, *, debug: bool
) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    app = App(world, limits, debug=debug)
    server = BoundedServer(app.handle, limits)
    app.start()
    accepting = asyncio.create_task(accept(listener, server))
    accepting.add_done_callback(lambda _: over.set())
    try:
        ready()
        await over.wait()
    finally:
        accepting.cancel()
        server.pre_shutdown()
        app.stop()
        await server.shutdown(_GRACE)
        await loop.run_in_executor(None, app.close)
    with suppress(asyncio.CancelledError):
        await accepting
