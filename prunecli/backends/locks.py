"""Locks between processes, as an Engine has them between its prunes: containers and networks share one, and so on.

Each lock is a file of its own beside the store, held with flock: it belongs to an open file, so it also keeps two
threads apart, and it dies with its process. The store's own file is never used for it, since opening and closing that
would drop the locks that SQLite has on it. The files stay when nobody holds them: removing one could leave two
processes with a lock each, on two files of the same name.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prunecli.errors import BusyError, StoreError
from prunecli.verdict import Kind

_NAMES: Mapping[Kind, str] = {
    Kind.CONTAINER: "containers",
    Kind.NETWORK: "containers",
    Kind.VOLUME: "volumes",
    Kind.IMAGE: "images",
    Kind.BUILD_CACHE: "build-cache",
}


def lock_paths(store: Path) -> tuple[Path, ...]:
    """Return all lock files of a store, whether or not they exist."""
    return tuple(_beside(store, name) for name in dict.fromkeys(_NAMES.values()))


def make_all(store: Path) -> tuple[Path, ...]:
    """Make the lock files that are missing, for their owner alone, and return them all; raises StoreError."""
    paths = lock_paths(store)
    for path in paths:
        os.close(_open(path))
    return paths


@contextmanager
def held(store: Path, kind: Kind) -> Iterator[None]:
    """Hold the lock of a kind. Raises BusyError when somebody else has it; build cache waits for its turn instead."""
    fd = _open(_beside(store, _NAMES[kind]))
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if kind is Kind.BUILD_CACHE else fcntl.LOCK_NB))
        except BlockingIOError:
            raise BusyError from None
        yield
    finally:
        # Closing unlocks, and wakes those who follow the journal: they watch for it (see watch.py).
        os.close(fd)


@contextmanager
def sole(store: Path, name: str) -> Iterator[int | None]:
    """Be the only one of a kind at this store: yields None, or the id of the process that is it already (0: unknown).

    The file also holds the id of the process that has the lock.
    """
    fd = _open(_beside(store, name))
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.pread(fd, 32, 0).strip()
            yield int(written) if written.isdigit() else 0
            return
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield None
    finally:
        os.close(fd)


def _beside(store: Path, name: str) -> Path:
    return store.with_name(f"{store.name}.{name}.lock")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as e:
        if e.errno == errno.ELOOP:
            raise StoreError(f"{path} is a symbolic link: a lock must be a file of its own") from e
        raise StoreError(f"{path} cannot be opened: {(e.strerror or str(e)).lower()}") from e
