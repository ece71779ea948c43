"""Streams that a process was started without, and those that cannot take what is written to them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from prunecli.errors import PrunecliError

_FULL = (1, 7)  # the device numbers of /dev/full


class Closed(io.TextIOBase):
    """Stands for a stdout that is closed: writing to it fails in words."""

    def write(self, _text: str) -> int:
        """Raise PrunecliError."""
        raise PrunecliError("stdout is closed: there is nowhere to write to")


class StdoutError(OSError):
    """stdout could not take what was written to it; its text is the sentence to show.

    It has no number: Click would make an exit of a broken pipe.
    """


class _Stdout(io.TextIOWrapper):
    """The stdout of the process; what goes wrong in writing to it is a StdoutError, and nothing else is one.

    Once it is `lost` nothing goes wrong any more: the interpreter's last flush would only complain a second time.
    """

    lost = False

    def write(self, text: str, /) -> int:
        """Take text; raises StdoutError."""
        with _blamed():
            return super().write(text)

    def flush(self) -> None:
        """Write what was taken; raises StdoutError."""
        with contextlib.suppress(OSError) if self.lost else _blamed():
            super().flush()


class _Stderr(io.TextIOWrapper):
    """The stderr of the process; what it does not take is lost, and stops nothing: a prune least of all."""

    def write(self, text: str, /) -> int:
        """Take text."""
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what was taken."""
        with contextlib.suppress(OSError):
            super().flush()


@contextlib.contextmanager
def _blamed() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as e:
        raise StdoutError("stdout was closed before everything was written to it") from e
    except OSError as e:
        raise StdoutError(f"stdout: {e.strerror}") from e


def settle() -> None:
    """Make stdout and stderr what a command writes to, once in a process.

    Docker writes UTF-8 in every locale, and no name may stop a report.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _text(_Stdout, sys.stdout)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _text(_Stderr, sys.stderr)


def _text(made: type[io.TextIOWrapper], stream: io.TextIOWrapper) -> io.TextIOWrapper:
    # The bytes are written by the interpreter itself: a signal between a write and its count would write them twice.
    out = io.BufferedWriter(io.FileIO(stream.fileno(), "w", closefd=False))
    at_once = stream.line_buffering or stream.write_through  # the latter is what PYTHONUNBUFFERED makes
    return made(out, "utf-8", "backslashreplace", newline="\n", line_buffering=at_once)


def drop_stdout() -> None:
    """Point stdout nowhere after it failed, so that what it still holds troubles nobody."""
    if isinstance(sys.stdout, _Stdout):
        sys.stdout.lost = True
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refusal(error: OSError) -> str:
    """Return a sentence for what the system refused, where nobody else has words for it."""
    reason = (error.strerror or str(error)).lower()
    if error.errno == errno.ENOENT and not error.filename:
        return "the current folder was removed: go to another one"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        reason += ": raise the limit (ulimit -n), or close what holds them"
    return f"{os.fsdecode(error.filename)} cannot be used: {reason}" if error.filename else reason


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
