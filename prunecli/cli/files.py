"""Files that are written whole or not at all, and of which a killed process leaves nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = ".prunecli-part"
_CANNOT_SYNC = (errno.EBADF, errno.EINVAL)  # a folder that may not be listed, and file systems without it


def replace_whole(path: Path, data: bytes) -> None:
    """Put a file of mode 0600 in its place at once, over what has that name; a symbolic link is replaced, not followed.

    The bytes go to a file without a name, which dies with its process, and gets its name when they are on the disk.
    Since a link replaces nothing, that is another name first, for an instant; where the file system has no nameless
    files, from the beginning. The process has a lock on such a file: one without is dead, and the next save clears it.
    Errors: OSError.
    """
    with _opened(path.parent) as folder:
        _clear(folder, path.name)
        part = f"{_prefix(path.name)}{secrets.token_hex(4)}{_SUFFIX}"
        try:
            fd = _make(folder, part)
            try:
                _write(fd, data)
                if os.fstat(fd).st_nlink == 0:
                    _name(fd, folder, part)
                os.replace(part, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                os.close(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
        try:
            os.fsync(folder)
        except OSError as e:
            if e.errno not in _CANNOT_SYNC:
                raise


def _prefix(name: str) -> str:
    return f".{os.fsdecode(os.fsencode(name)[:100])}."


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # one may write into a folder that one may not list
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _make(folder: int, part: str) -> int:
    """Return a new file, locked: without a name where the system can do that, else under the name of a part."""
    if os.path.isdir("/proc/self/fd"):  # by which it gets its name
        with contextlib.suppress(OSError):
            return _locked(os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder))
    how = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
    while True:
        fd = _locked(os.open(part, how, 0o600, dir_fd=folder))
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)  # somebody saw it before it was locked, and took it for a dead one


def _locked(fd: int) -> int:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _write(fd: int, data: bytes) -> None:
    with os.fdopen(fd, "wb", closefd=False) as file:
        file.write(data)
    os.fsync(fd)


def _name(fd: int, folder: int, part: str) -> None:
    os.link(f"/proc/self/fd/{fd}", part, dst_dir_fd=folder, follow_symlinks=True)


def _clear(folder: int, name: str) -> None:
    """Remove what killed processes left of earlier saves: regular files of ours, so named, that nobody has locked."""
    with contextlib.suppress(OSError):
        for found in os.listdir(folder):
            if found.startswith(_prefix(name)) and found.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    _clear_dead(folder, found)


def _clear_dead(folder: int, part: str) -> None:
    fd = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        file = os.fstat(fd)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISREG(file.st_mode) and file.st_uid == os.geteuid() and stat.S_IMODE(file.st_mode) == 0o600:
            os.unlink(part, dir_fd=folder)
    finally:
        os.close(fd)
