"""How to come by a stream of bytes: a unix socket, TCP with or without TLS, a program's input and output.

All of them raise OSError when it cannot be had, and TimeoutError when that takes longer than `seconds`.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

_PATIENCE = 5.0  # seconds for a program to end once nobody listens to it any more


def unix_stream(path: str, *, seconds: float) -> socket.socket:
    """Connect to a unix socket."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def tcp_stream(host: str, port: int, *, seconds: float, tls: SSLContext | None = None) -> socket.socket:
    """Connect to a port; with `tls` the other end proves to be `host` as the context demands."""
    made = socket.create_connection((host, port), seconds)
    try:
        made.setsockopt(
            socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1
        )  # a call may be silent for long, its peer may be gone
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made if tls is None else tls.wrap_socket(made, server_hostname=host)
    except BaseException:
        made.close()
        raise


class ProgramStream:
    """A program that passes bytes on: what is sent is its input, its output is what is received.

    Its errors go where ours go. Ctrl-C at the terminal does not reach it: whoever uses it decides when it ends.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child inherits what is blocked
        try:
            with theirs:
                self._program = subprocess.Popen(list(argv), stdin=theirs.fileno(), stdout=theirs.fileno())
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._socket = ours
        self.sendall = ours.sendall
        self.recv = ours.recv
        self.settimeout = ours.settimeout

    def close(self) -> None:
        """Hang up, and see the program end."""
        self._socket.close()
        try:
            self._program.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                self._program.kill()
            self._program.wait()
