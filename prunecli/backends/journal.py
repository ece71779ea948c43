"""The journal: every event of a store, in the order in which it became true; nothing is ever taken out of it.

An Engine keeps its last 256 events in memory; a store remembers them all, since they say what became of the data. An
event takes some 200 bytes, so that a million of them still make a file of moderate size.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

from prunecli.backends import locks
from prunecli.backends.database import Database, Marks
from prunecli.backends.tables import storable
from prunecli.backends.watch import Bell
from prunecli.errors import StoreError
from prunecli.events import Event
from prunecli.units import SECOND, Duration, Instant

_FIRST, _LAST = -(2**63), 2**63 - 1
_PAGE = 500
_BREATH: Duration = SECOND // 2
"""A follower looks around this often, whether or not the bell rang."""


def append(db: sqlite3.Connection, event: Event) -> None:
    """Write one event, inside the caller's transaction.

    Errors: StoreError for an instant beyond 64 bits of nanoseconds, which an Engine's events cannot express either.
    """
    if not _FIRST <= event.at <= _LAST:
        raise StoreError("an event cannot be told: its time is outside of the years 1678 to 2262 that events can name")
    told = tuple(storable(text) for text in (event.type, event.action, event.actor_id, event.scope))
    db.execute(
        "INSERT INTO journal (type, action, actor_id, scope, at, attributes) VALUES (?, ?, ?, ?, ?, ?)",
        (*told, event.at, json.dumps(dict(event.attributes), separators=(",", ":"))),
    )


def last(db: sqlite3.Connection) -> int:
    """Return the number of the latest event, 0 before the first."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])


def stream(
    database: Database,
    after: int,
    since: Instant | None,
    until: Instant | None,
    follow: Callable[[], bool] | None,
    clock: Callable[[], Instant],
) -> Iterator[Event]:
    """Yield the events numbered above `after`, and with `follow` go on as they happen; see `World.events`.

    Replay and live are one loop over rising numbers, so that nothing is lost or told twice where one becomes the other.
    Numbers rise in the order of commits, since SQLite has one writer at a time.
    """
    if follow is None:
        for _, event in numbered(database, after, since, until):
            yield event
        return
    seen: Marks | None = None
    with closing(listen(database)) as bell:
        while True:
            # Asked before reading: what was committed before the end is still told.
            ended = not follow() or (until is not None and clock() > until)
            marks = database.marks()
            database.require_current()
            if marks is None or marks != seen:
                for number, event in numbered(database, after, since, until):
                    after = number
                    yield event
                seen = marks
            if ended:
                return
            if seen is not None:
                database.close()  # nothing happens: the store can be moved and replaced
            rest = _BREATH if until is None else min(_BREATH, until - clock() + 1)
            bell.wait(rest / SECOND)


def numbered(
    database: Database, after: int, since: Instant | None, until: Instant | None
) -> Iterator[tuple[int, Event]]:
    """Yield events with their numbers, page by page: a slow reader keeps no transaction open in between."""
    bounds = (_storable(_FIRST if since is None else since), _storable(_LAST if until is None else until))
    while True:
        with database.reading() as db:
            page = db.execute(
                "SELECT seq, type, action, at, actor_id, attributes, scope FROM journal"
                " WHERE seq > ? AND at BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                (after, *bounds, _PAGE),
            ).fetchall()
        for number, type_, action, at, actor_id, attributes, scope in page:
            yield number, Event(type_, action, at, actor_id, json.loads(attributes), scope)
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _storable(instant: Instant) -> Instant:
    return min(max(instant, _FIRST), _LAST)


def listen(database: Database) -> Bell:
    """Return what rings after each change; it does with less where this user may not make the files it listens to."""
    with suppress(StoreError):
        locks.make_all(database.path)
    return Bell(locks.lock_paths(database.path))
