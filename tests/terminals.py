"""Commands run on a pseudo-terminal, as a person runs them: what they show is read while they run."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

PATIENCE = 60.0
"""Seconds after which a command that says nothing is given up."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Terminal:
    """A process whose stdin, stdout and stderr are one terminal of the given width."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], *, columns: int = 80) -> None:
        self._fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.seen = ""
        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(env),
            preexec_fn=_take_terminal,  # noqa: PLW1509 - the tests have no threads, and nothing else makes it the terminal's
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._fd)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def read_until(self, text: str) -> str:
        """Read until the text was seen since the last call, and return what was."""
        start = len(self.seen)
        end = time.monotonic() + PATIENCE
        while text not in self.seen[start:]:
            if not self._read(end):
                raise AssertionError(f"{text!r} never came; this did: {self.seen[start:]!r}")
        return self.seen[start:]

    def type(self, text: str) -> None:
        """Type something; control characters are the terminal's."""
        os.write(self._fd, text.encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        limit = time.monotonic() + PATIENCE
        while self._read(limit):
            pass
        return self._process.wait(PATIENCE)

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(end - time.monotonic(), 0))
        try:
            data = os.read(self._fd, 65536) if ready else b""
        except OSError:  # the other side is closed
            data = b""
        self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def prunecli(*argv: str) -> list[str]:
    """Return the words that start the program."""
    return [sys.executable, "-m", "prunecli", *argv]


def slowed(*argv: str, pause: float = 0.0) -> list[str]:
    """Return the words that start it with a progress bar that does not wait, and a pause after each object."""
    code = (
        "import sys, time\n"
        "from prunecli.backends.store import StoreChange\n"
        "from prunecli.cli import progress\n"
        "from prunecli.cli.main import run\n"
        "progress.PATIENCE = 0\n"
        "remove = StoreChange.remove\n"
        f"StoreChange.remove = lambda self, step: (remove(self, step), time.sleep({pause}))[0]\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    return [sys.executable, "-c", code, *argv]


def environment(store: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person who works on this store."""
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")}
    root = str(Path(__file__).parents[1])
    known = {"PRUNECLI_STORE": str(store), "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": root, "PAGER": ""}
    return env | known | more


def plain(text: str) -> str:
    """Return the text without the terminal's commands."""
    return _ESCAPES.sub("", text)
