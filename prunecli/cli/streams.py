"""Streams that a process was started without, and those that cannot take what is written to them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import sys
from pathlib import Path

from prunecli.errors import PrunecliError

_FULL = (1, 7)  # the device numbers of /dev/full


class Closed(io.TextIOBase):
    """Stands for a stdout that is closed: writing to it fails in words."""

    def write(self, _text: str) -> int:
        """Raise PrunecliError."""
        raise PrunecliError("stdout is closed: there is nowhere to write to")


def stand_in() -> None:
    """Put something in the place of a stdout or stderr that is closed.

    Without one, writing would fail in other words at each place, and what is meant for stderr would go to stdout.
    """
    if sys.stdout is None:
        sys.stdout = Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays open


def read_stdin() -> bytes:
    """Return everything that stdin holds. Errors: PrunecliError when it is closed or cannot be read."""
    if sys.stdin is None:
        raise PrunecliError("stdin is closed: there is nothing to read")
    try:
        return sys.stdin.buffer.read()
    except OSError as e:
        raise PrunecliError(f"stdin cannot be read: {(e.strerror or str(e)).lower()}") from None


def check_stdout() -> None:
    """Refuse to begin when nobody can read the report: a prune that cannot tell what it did is not begun.

    Raises PrunecliError when stdout is closed, a pipe whose reader is gone, or a file that can take nothing more.
    """
    try:
        fd = sys.stdout.fileno()
        found = os.fstat(fd)
    except (OSError, ValueError):
        raise PrunecliError("stdout is closed, so nobody would learn what was removed: nothing was removed") from None
    if _is_full(fd, found):
        raise PrunecliError("stdout takes no more, its disk is full: nothing was removed")
    with contextlib.suppress(OSError):
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        if any(flags & select.POLLERR for _, flags in poll.poll(0)):
            raise PrunecliError("nobody reads stdout any more: nothing was removed")


def _is_full(fd: int, found: os.stat_result) -> bool:
    if stat.S_ISCHR(found.st_mode):
        return (os.major(found.st_rdev), os.minor(found.st_rdev)) == _FULL
    return stat.S_ISREG(found.st_mode) and os.fstatvfs(fd).f_bfree == 0


def read_whole(path: Path) -> bytes:
    """Return a file's bytes; a pipe will do, a device not, since it may never end. Errors: OSError."""
    mode = path.stat().st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EINVAL, "it is a device", str(path))
    return path.read_bytes()
