"""The store's file: finding or making it, its connections and transactions, and the words for what goes wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from prunecli.backends import locks, schema
from prunecli.errors import StoreError
from prunecli.units import SECOND, Duration
from prunecli.uri import in_uri

T = TypeVar("T")

Marks = tuple[tuple[int, ...], ...]
Identity = tuple[int, int]
"""The device and the number of a file, which stay with it wherever it is moved."""

_NAP = 0.1  # seconds that SQLite itself waits for a lock; between two such waits an interrupt gets through

_FRESH = 2 * SECOND  # changes so short ago may share their time of modification with the next one
_UNCOUNTED = 1 << 40  # more than a store's own count will reach

_HEADER_SIZE = 100
_NOT_SQLITE = "is not a prunecli state store: its header is not SQLite's"
_LOG = ("-wal", "-shm")
_LONGEST = 500  # bytes of a path: SQLite takes 512, for what stands beside the store too
_AT_ONCE = 3  # files that SQLite has open: the store, its log, its shared memory
_READ_ONLY = "cannot be changed: the file or its directory is read-only"
_FULL = "cannot grow: the disk is full"
_INDEX_SIZE = 1 << 15  # bytes that the index of SQLite's log grows by


class Database:
    """A store's file and its connections; each of them serves one thread at a time.

    `name` is what messages call the file. Whatever SQLite meets becomes a StoreError of one sentence.

    It stands for the one file that it was opened on. Once another one has its path, or none, every use is a StoreError:
    what was seen in the old file is never carried out on the new one. Whoever wants to go on opens the store anew.
    What lies in the log beside an old file goes into that file; it is never left for the new one to take for its own.
    """

    def __init__(self, path: Path, *, read_only: bool, patience: Duration) -> None:
        self.name = str(path)
        # The file itself: whoever comes through a symbolic link is to meet the same locks.
        self.path = Path(os.path.realpath(path))
        self.read_only = read_only
        self._refusal = "was opened for reading only"
        self._patience = patience
        self._how = "mode=ro" if read_only else "mode=rw"
        self.given = path
        self._identity: Identity | None = None
        self._log: tuple[Identity | None, ...] = ()
        self._left: Marks = ()
        self._absences = 0
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    def prepare(self, *, create: bool) -> None:
        """Make sure that the file is a store of the present shape; a missing one is made, an older one upgraded."""
        may_make = create and not self.read_only
        if not self._is_there():
            if not may_make:
                raise StoreError(f"{self.name} does not exist: there is no state store yet")
            self._make_file()
        self._identity = self._anchor()
        with self._explained():
            self._settle_for_reading()
        with self._connection() as db:
            if not self._patiently(lambda: schema.is_empty(db)):
                self._bring_up_to_date(db)
            elif may_make:
                self._fill(db)
            else:
                raise StoreError(f"{self.name} is empty: it is no state store yet")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one consistent view of the store."""
        with self._connection() as db, self._transaction(db, "DEFERRED"):
            schema.version(db, self.name)
            self._log = self._log_files()
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one transaction: committed at the end, undone when an exception leaves it."""
        self.refuse_when_read_only()
        with self._connection() as db, self._transaction(db, "IMMEDIATE"):
            schema.version(db, self.name)  # a newer program may have upgraded the store while it was open here
            self._log = self._log_files()
            yield db
        # Between the first look and the commit the file can have been replaced: then nobody is told that it was done.
        if not self.is_current():
            raise StoreError(f"{self.name} was replaced or removed while it was being changed: the change is not in it")

    def refuse_when_read_only(self) -> None:
        """Raise StoreError when the store can only be read."""
        if self.read_only:
            raise StoreError(f"{self.name} {self._refusal}")

    def is_current(self) -> bool:
        """Say whether the file that was opened is still the one at its path."""
        return self._identity is not None and _identity(self.given) == self._identity

    def require_current(self) -> None:
        """Raise StoreError when another file is at the path by now, or none."""
        if self.is_current():
            return
        if _identity(self.given) is None:
            raise StoreError(f"{self.name} is gone: it was removed or moved away while it was in use")
        raise StoreError(f"{self.name} was replaced by another file while it was in use: nothing more is done here")

    def marks(self) -> Marks | None:
        """Return what differs after every change of the store; None while the latest is too fresh to tell the next."""
        found = _marks(self.path), _marks(_beside(self.path, "-wal"))
        newest = max((mark[2] for mark in found if mark), default=0)
        return None if time.time_ns() - newest < _FRESH else found

    def counted(self, generation: int) -> int:
        """Return a generation with what may have happened while no connection was open.

        A file that was written then can be another one with the same count: a backup copied over it.
        """
        return generation + self._absences * _UNCOUNTED

    def close(self) -> None:
        """Close the idle connections; a later use opens new ones.

        With none left the file is all there is to the store: it can be moved, copied and replaced without harm.
        """
        with self._guard:
            idle, self._idle = self._idle, []
        if not idle:
            return
        current = self.is_current()
        if not current and (ours := self._our_log()):
            with suppress(sqlite3.Error):
                idle[0].execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            for file in ours:  # SQLite leaves them when their store was moved away, for the next one to stumble over
                with suppress(OSError):
                    file.unlink(missing_ok=True)
        for db in idle:
            db.close()
        if current:
            self._left = (_marks(self.path),)

    def _log_files(self) -> tuple[Identity | None, ...]:
        return tuple(_identity(_beside(self.path, suffix)) for suffix in _LOG)

    def _our_log(self) -> list[Path]:
        """Return the files beside the path that belong to the file that was opened."""
        known = {found for found in self._log if found}
        return [file for file in (_beside(self.path, suffix) for suffix in _LOG) if _identity(file) in known]

    # The file

    def _is_there(self) -> bool:
        # Looked at, never opened: closing a descriptor of ours would drop the locks that SQLite has in this process.
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return False
        except OSError as e:
            raise StoreError(f"{self.name} cannot be opened: {_reason(e)}") from e
        if stat.S_ISDIR(found.st_mode):
            raise StoreError(f"{self.name} is a directory, not a state store")
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"{self.name} is not a regular file")
        if 0 < found.st_size < _HEADER_SIZE:  # SQLite would take a file of one byte for a new one
            raise StoreError(f"{self.name} {_NOT_SQLITE}")
        return True

    def _anchor(self) -> Identity | None:
        """Return the file's identity, and keep it from being given to another file when this one is removed.

        A descriptor for nothing but the name holds it, where there is such a thing: closing any other one would drop
        the locks that SQLite has in this process. Systems without it do not use the numbers of files again so soon.
        """
        if not hasattr(os, "O_PATH"):
            return _identity(self.given)
        try:
            fd = os.open(self.given, os.O_PATH | os.O_CLOEXEC)
        except OSError as e:
            raise StoreError(f"{self.name} cannot be opened: {_reason(e)}") from e
        weakref.finalize(self, os.close, fd)
        found = os.fstat(fd)
        return found.st_dev, found.st_ino

    def _make_file(self) -> None:
        """Make an empty file and the directories that lead to it, all for the owner alone."""
        missing = [p for p in self.path.parents if not os.path.lexists(p)]
        try:
            for directory in reversed(missing):
                directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as e:
            raise StoreError(f"{self.name} cannot be made: {e.filename}: {_reason(e)}") from e
        # SQLite takes the mode of the new file, its log and its shared memory from our lock file.
        model = locks.make_all(self.path)[0]
        with self._explained():
            self._connect(f"mode=rwc&modeof={in_uri(model)}").close()

    def _fill(self, db: sqlite3.Connection) -> None:
        # With a write-ahead log readers never wait for a writer, nor a writer for readers. Where the file system cannot
        # do it, SQLite stays with its rollback journal, which is as safe and merely slower.
        self._patiently(lambda: db.execute("PRAGMA journal_mode = WAL").fetchone())
        with self._transaction(db, "IMMEDIATE"):
            if schema.is_empty(db):  # another process may have been faster
                schema.create(db)

    def _bring_up_to_date(self, db: sqlite3.Connection) -> None:
        if self._patiently(lambda: schema.version(db, self.name)) == schema.SCHEMA_VERSION:
            return
        if self.read_only:
            raise StoreError(f"{self.name} is from an older prunecli: open it once for writing, which upgrades it")
        with self._transaction(db, "IMMEDIATE"):
            schema.upgrade(db, schema.version(db, self.name))

    def _settle_for_reading(self) -> None:
        """Fall back to reading the file as it lies there when SQLite cannot work in its directory: a read-only medium.

        Without a log beside it nobody is at work on the file; with one it cannot be read without writing.
        """
        db = self._connect(self._how)
        try:
            self._patiently(lambda: db.execute("PRAGMA user_version").fetchone())
            self._idle.append(db)
        except sqlite3.Error as e:
            db.close()
            settles = _code(e) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and not self._hindrance()
            if not settles or os.path.lexists(f"{self.path}-wal"):
                raise
            if not self.read_only:
                self.read_only, self._refusal = True, _READ_ONLY
            self._how = "immutable=1"

    # Connections and transactions

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            self._let_go_of_others()
            with self._guard:
                db = self._idle.pop() if self._idle else None
            if db is None:
                db = self._reconnect()
            try:
                yield db
            except BaseException:
                db.close()
                raise
            with self._guard:
                self._idle.append(db)
            if not self.is_current():
                self.close()

    def _let_go_of_others(self) -> None:
        if not self.is_current():
            self.close()
        self.require_current()

    def _reconnect(self) -> sqlite3.Connection:
        if self._left and self._left != (_marks(self.path),):
            self._absences += 1
        self._left = ()
        db = self._connect(self._how)
        try:
            self.require_current()  # the file that was opened is the one that was looked at
        except StoreError:
            db.close()
            raise
        return db

    def _connect(self, how: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{in_uri(self.path)}?{how}",
            uri=True,
            timeout=_NAP,
            isolation_level=None,  # transactions begin and end where we say so
            check_same_thread=False,  # a connection wanders between threads, but serves one at a time
        )

    @contextmanager
    def _transaction(self, db: sqlite3.Connection, mode: str) -> Iterator[None]:
        def begin() -> None:
            try:
                db.execute(f"BEGIN {mode}")
                db.execute("PRAGMA user_version").fetchone()  # a deferred transaction begins with its first reading
            except BaseException:
                _roll_back(db)
                raise

        self._patiently(begin)
        try:
            yield
            db.execute("COMMIT")
        finally:
            _roll_back(db)

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do something that may find the file locked, again and again until patience ends."""
        deadline = time.monotonic() + self._patience / SECOND
        while True:
            try:
                return act()
            except sqlite3.OperationalError as e:
                if _code(e) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise
                time.sleep(0.001)  # some locks are refused without SQLite waiting at all

    # Words

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as e:
            raise StoreError(self._explain(e)) from e

    def _explain(self, error: sqlite3.Error) -> str:
        code = _code(error)
        if code == sqlite3.SQLITE_BUSY:
            return f"{self.name} is locked by another program: it did not come free in {self._patience / SECOND:g}s"
        words = {
            sqlite3.SQLITE_NOTADB: _NOT_SQLITE,
            sqlite3.SQLITE_CORRUPT: f"is damaged: {error}",
            sqlite3.SQLITE_READONLY: _READ_ONLY,
            sqlite3.SQLITE_PERM: "cannot be opened: permission denied",
            sqlite3.SQLITE_CANTOPEN: f"cannot be opened: {self._obstacle()}",
            sqlite3.SQLITE_FULL: _FULL,
            sqlite3.SQLITE_IOERR: self._disk_error(),
        }
        return f"{self.name} {words[code]}" if code in words else f"{self.name} cannot be used: {error}"

    def _is_full(self) -> bool:
        try:
            disk = os.statvfs(self.path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < _INDEX_SIZE

    def _obstacle(self) -> str:
        """Find out what SQLite does not say: why a file cannot be opened."""
        if found := self._hindrance():
            return found
        if len(os.fsencode(self.path)) > _LONGEST:
            return f"SQLite takes paths of at most {_LONGEST} bytes, with its additions"
        if not os.path.lexists(self.path.parent):
            return f"there is no directory {self.path.parent}"
        if not self.path.exists() and os.access(self.path.parent, os.W_OK | os.X_OK):
            return "it does not exist"
        return "permission denied"

    def _hindrance(self) -> str:
        """Return what keeps SQLite from its files, whatever it makes of that; empty when nothing does.

        The store's own file is not touched for it: see `_is_there`.
        """
        for beside in (f"{self.path}{ending}" for ending in ("-wal", "-shm", "-journal")):
            if os.path.lexists(beside) and not os.path.isfile(beside):
                return f"{beside} is in the way, which is no regular file"
        try:
            with contextlib.ExitStack() as opened:
                for _ in range(_AT_ONCE):
                    opened.callback(os.close, os.open("/", os.O_RDONLY | os.O_CLOEXEC))
        except OSError as e:
            return _reason(e)
        return ""

    def _disk_error(self) -> str:
        """Find out what an error of the disk is: the index of the log fails so where there is merely no room for it."""
        if found := self._hindrance():
            return f"cannot be read or written: {found}"
        if self._is_full():
            return _FULL
        return "cannot be read or written: the disk, or a limit on the size of files, refuses it"


def _identity(path: Path) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _marks(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:  # SQLite itself ends a transaction on some errors
        db.execute("ROLLBACK")


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary error code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
