"""A bell that rings when somebody has changed the store: how a follower sleeps without missing anything for long."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterable
from pathlib import Path

_IN_CLOSE_WRITE = 0x8
_POLL = 0.05  # seconds between two looks where the kernel rings no bell


class Bell:
    """Rings after each change of a store, in this process or another.

    A change ends by closing its lock file, after its transaction is committed; the kernel closes it even for a process
    that is killed, and inotify reports just that. So a listener sleeps until there is something to read, and a writer
    need not know of it. Looking at the database twenty times a second would be nearly as quick, at some 0.3 % of a
    processor for each follower; without inotify (systems other than Linux, all instances in use) that is what happens.
    A bell is a hint: whoever waits looks again after a while in any case, since a network file system may tell nothing
    of what other machines do.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._fd = _inotify([os.fsencode(f) for f in files])

    def wait(self, seconds: float) -> None:
        """Sleep until the bell rings, or for so many seconds at the most; without inotify for a moment."""
        if self._fd is None:
            time.sleep(min(max(seconds, 0), _POLL))
            return
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if poll.poll(max(seconds, 0) * 1000):
            with contextlib.suppress(BlockingIOError):
                os.read(self._fd, 65536)

    def close(self) -> None:
        """Stop listening."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _inotify(files: list[bytes]) -> int | None:
    """Return a descriptor that becomes readable when a writer closes one of the files; None where there is none."""
    import ctypes

    libc = ctypes.CDLL(None)
    try:
        fd = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    except AttributeError:
        return None
    if fd < 0:
        return None
    for file in files:
        if libc.inotify_add_watch(fd, file, _IN_CLOSE_WRITE) < 0:
            os.close(fd)
            return None
    return fd
