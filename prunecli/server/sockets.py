"""The unix socket: made for its owner alone, never taken from somebody who answers on it, gone when we are."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prunecli.errors import PrunecliError

_BACKLOG = 4096
"""Connections that wait to be accepted; the kernel lowers it to `net.core.somaxconn`. Beyond it a connect fails."""
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_BREATH = 0.2  # seconds until the next try, where no further connection could be opened


def default_socket() -> Path:
    """Return where the socket is when nobody says: in `$XDG_RUNTIME_DIR`, else in a directory of the user's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path.home() / ".local" / "run"
    return base / "prunecli" / "docker.sock"


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Lend a socket that listens at a path, mode 0600; the directories that lead to it are made for the owner alone.

    A socket that nobody listens on any more is replaced. Errors: PrunecliError for a path that something alive has,
    that is no socket, or that cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear(path)
        listener = _bind(path)
    except OSError as error:
        why = (
            "the path is too long for a socket" if "too long" in str(error) else (error.strerror or str(error)).lower()
        )
        raise PrunecliError(f"{path} cannot be made a socket: {why}") from error
    made = os.stat(path)
    try:
        with listener:
            yield listener
    finally:
        with suppress(OSError):
            if os.path.samestat(os.stat(path), made):  # somebody else may have put another one there
                path.unlink()


def _clear(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise PrunecliError(f"{path} is there already and is no socket: it stays as it is")
    if _is_alive(path):
        raise PrunecliError(f"{path} is taken: somebody listens there")
    path.unlink()


def _is_alive(path: Path) -> bool:
    """Say whether somebody answers on a socket; one that may not be asked counts as alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.errno != errno.ECONNREFUSED
    return True


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Made under a mask, not changed afterwards: there is no moment in which others could connect. The mask belongs to
    # the whole process, so this happens before any thread is started.
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(mask)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


async def accept(listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
    """Take connections for ever, each with a protocol of its own.

    Where the process or the machine can open no more files, connections wait in the kernel until some are closed.
    asyncio's own servers say so once for every place in the backlog, and try again as often.
    """
    loop = asyncio.get_running_loop()
    short = False
    while True:
        try:
            connection, _ = await loop.sock_accept(listener)
            await loop.connect_accepted_socket(make_protocol, connection)
        except OSError as error:
            if error.errno == errno.ECONNABORTED:
                continue
            if error.errno not in _OUT_OF_RESOURCES:
                raise
            if not short:
                why = (error.strerror or str(error)).lower()
                sys.stderr.write(f"prunecli: no further connection can be opened, new ones wait: {why}\n")
            short = True
            await asyncio.sleep(_BREATH)
            continue
        short = False
