"""From the start to SIGTERM: the socket, the server, and an orderly end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from prunecli.backends.served import ServedStore
from prunecli.clock import Clock
from prunecli.server.app import App
from prunecli.server.limits import BoundedServer, Limits
from prunecli.server.sockets import listening
from prunecli.server.world import ServedWorld

_GRACE = 5.0
"""Seconds that requests get to finish once the end has come."""


def serve(
    store: ServedStore, path: Path, clock: Clock, ready: Callable[[], None], limits: Limits | None = None
) -> None:
    """Serve a store on a socket until SIGINT or SIGTERM; `ready` is called once the socket answers.

    Event streams end properly, requests at work are finished, and the socket is gone afterwards.
    Errors: PrunecliError for a socket that cannot be had.
    """
    bounds = limits or Limits()
    with listening(path) as listener:
        asyncio.run(_serve(ServedWorld(store, clock), listener, ready, bounds))


async def _serve(world: ServedWorld, listener: socket.socket, ready: Callable[[], None], limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    app = App(world, limits)
    server = BoundedServer(app.handle, limits)
    runner = web.ServerRunner(server)
    await runner.setup()
    app.start()
    try:
        site = web.SockSite(runner, listener, shutdown_timeout=_GRACE)
        await site.start()
        ready()
        await over.wait()
    finally:
        app.stop()
        await runner.cleanup()
        await loop.run_in_executor(None, app.close)
