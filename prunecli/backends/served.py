"""The state store as a server needs it: everything of one moment, the journal page by page, single objects changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from prunecli.backends import contents, journal
from prunecli.backends.conflicts import refuse_conflicts
from prunecli.backends.database import Marks
from prunecli.backends.store import Store, StoreChange
from prunecli.backends.tables import KIND_OF, TABLES, Record
from prunecli.backends.watch import Bell
from prunecli.events import Event
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind

PAGE = 256
"""How many events a listener gets at a time: what it has not read yet stays in the journal, not in memory."""


class Contents(NamedTuple):
    """Everything in a store at one moment: the records, the Engine's own JSON beside them, and what the import said."""

    snapshot: Snapshot
    raw: dict[Kind, dict[str, Any]]
    header: dict[str, Any]


class ServedStore(Store):
    """A state store with what single requests need beside prunes."""

    def generation(self) -> int:
        """Return how often the store was changed."""
        with self._database.reading() as db:
            return self._database.counted(contents.read_generation(db))

    def contents(self, now: Instant) -> Contents:
        """Photograph everything in one transaction; `now` becomes `taken_at`."""
        with self._database.reading() as db:
            snapshot = self._counted(contents.read_snapshot(db, now))
            return Contents(snapshot, contents.read_raw(db), contents.read_header(db))

    def last_event(self) -> int:
        """Return the number of the latest event in the journal, 0 before the first."""
        with self._database.reading() as db:
            return journal.last(db)

    def events_after(self, number: int, since: Instant | None, until: Instant | None) -> list[tuple[int, Event]]:
        """Return a page of the events above a number of the journal, oldest first, each with its own number.

        Numbers rise in the order of commits, so whoever asks again with the last one misses nothing and hears nothing
        twice. `since` and `until` bound the instants, both included.
        """
        return list(islice(journal.numbered(self._database, number, since, until), PAGE))

    def marks(self) -> Marks | None:
        """Return what differs after every change; None while the latest is too fresh to tell the next."""
        return self._database.marks()

    def bell(self) -> Bell:
        """Return what rings after each change of the store, whichever process made it; to be closed."""
        return journal.listen(self._database)

    @contextmanager
    def edit(self) -> Iterator[Edit]:
        """Begin to change single objects of any kind: one transaction, and no prune's lock, as with an Engine.

        Leaving by an exception undoes everything.
        """
        with self._database.writing() as db:
            yield Edit(db, self._database)


class Edit(StoreChange):
    """Single objects being changed, and what is told of it, in one transaction."""

    def add(self, record: Record, *, layers: Mapping[str, int] | None = None, raw: Any = None) -> None:
        """Add one object; see `Store.add`. Errors: ConflictError."""
        table = TABLES[KIND_OF[type(record)]]
        new_layers = refuse_conflicts(contents.read_snapshot(self._db, 0), table, record, layers or {})
        contents.add_record(self._db, table, record, raw)
        contents.add_layers(self._db, new_layers)
        self._count()

    def put(self, record: Record) -> None:
        """Put a record in the place of the one with its id (volumes: name); the Engine's JSON beside it stays."""
        table = TABLES[KIND_OF[type(record)]]
        columns = ", ".join(f'"{column.name}" = ?' for column in table.columns)
        change = f"UPDATE {table.name} SET {columns} WHERE {table.key} = ?"  # noqa: S608 - names of ours
        self._db.execute(change, (*table.write(record), table.id_of(record)))
        self._count()
