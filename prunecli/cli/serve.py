"""`serve`: the store as a Docker Engine API on a unix socket."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import PrunecliError
from prunecli.printable import printable


@click.command(
    "serve",
    cls=DockerCommand,
    params=[Flag(["--socket"], type=Text("path"), help="Where to listen (default in $XDG_RUNTIME_DIR)")],
    help="""Serve the state store as a Docker Engine API on a unix socket, until SIGINT or SIGTERM.

    docker, buildx and docker-py work on it when DOCKER_HOST is set to the address that is printed. A store that is put
    in the place of the one before is served from then on; while there is none, requests fail.
    """,
)
@click.pass_obj
def serve(session: Session, socket: str | None) -> int:
    """Open the store and answer on the socket."""
    if session.flags.names_engine:
        raise PrunecliError(
            "conflicting options: serve answers from a state store, and another option names a live Engine"
        )
    try:
        from prunecli.server.run import serve as answer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "prunecli":
            raise
        raise PrunecliError(
            f"serve needs {error.name}, which is not installed: pip install 'prunecli[serve]'"
        ) from None
    from prunecli.backends.served import ServedStore
    from prunecli.server.sockets import default_socket
    from prunecli.server.world import SharedClock

    path = Path(socket).absolute() if socket else default_socket()
    clock = SharedClock.from_environment()

    def ready() -> None:
        sys.stdout.write(printable(f"DOCKER_HOST=unix://{shlex.quote(str(path))}") + "\n")
        sys.stdout.flush()

    session.require_store()
    store = ServedStore.open(session.store, create=False, clock=clock.now)
    with store:
        answer(store, path, clock, ready, debug=session.log_level == "debug")
    return 0
