"""The state store: a world in one SQLite file, with locks between processes and a journal of events.

- `schema`, `tables`: the file's shape, and how records become rows
- `database`: the file, its connections and transactions, and their errors
- `contents`: the records as a whole; `journal`, `watch`: events, and waiting for them
- `locks`: who may change what; `check`: whether all of it is sound
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prunecli.backends import contents, journal, locks
from prunecli.backends.check import check
from prunecli.backends.conflicts import refuse_conflicts
from prunecli.backends.contents import Raw
from prunecli.backends.database import Database
from prunecli.backends.tables import KIND_OF, TABLES, Record
from prunecli.events import Event
from prunecli.kinds.build_cache import DiskStat
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, Duration, Instant
from prunecli.verdict import Kind, Step
from prunecli.worlds import STORE, WorldName


class Store:
    """A world in a file, for many threads and processes at once; what goes wrong is a StoreError of one sentence."""

    def __init__(self, database: Database, clock: Callable[[], Instant]) -> None:
        self._database = database
        self._clock = clock
        self._name: WorldName | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        patience: Duration = 10 * SECOND,
        clock: Callable[[], Instant] = time.time_ns,
    ) -> Self:
        """Open a store; `create` makes a missing one, with its directories, readable for its owner alone.

        A store of an older schema is upgraded, a symbolic link followed. `patience` is how long to wait while others
        write. `clock` tells those who follow events when their `until` has passed.
        Errors: StoreError for a missing, foreign, newer or unreadable file.
        """
        database = Database(path, read_only=read_only, patience=patience)
        database.prepare(create=create)
        return cls(database, clock)

    @property
    def given(self) -> Path:
        """The path that it was opened by."""
        return self._database.given

    @property
    def path(self) -> Path:
        """The file itself, symbolic links resolved."""
        return self._database.path

    def close(self) -> None:
        """Let go of the file; a store that is used again opens it again."""
        self._database.close()

    def rest(self) -> None:
        """Let go of the file while nothing is done with it: see `Resting`."""
        self._database.close()

    def is_current(self) -> bool:
        """Say whether the file that was opened is still the one at its path; if not, every use is a StoreError."""
        return self._database.is_current()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # Reading

    def name(self) -> WorldName:
        """Return the store's name; its id was made with it, so that another one under its path is another world."""
        if self._name is None:
            with self._database.reading() as db:
                id, engine = contents.read_id(db), contents.read_profile(db).engine
            self._name = WorldName(STORE, str(self.path), id, engine)
        return self._name

    def disk(self) -> DiskStat | None:
        """Return the disk that the store was told of by its import, None where it was told of none."""
        with self._database.reading() as db:
            return contents.read_disk(db)

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the whole store, consistent in itself; `now` becomes `taken_at`."""
        with self._database.reading() as db:
            return self._counted(contents.read_snapshot(db, now))

    def _counted(self, snapshot: Snapshot) -> Snapshot:
        return replace(snapshot, generation=self._database.counted(snapshot.generation))

    def raw(self) -> dict[Kind, dict[str, Any]]:
        """Map each kind to the Engine's own JSON of its objects, by id (volumes: name), in the order of the import.

        It is as it was imported: what removals changed since then, the tags of an image for instance, the records know.
        Objects that were added one by one may have none.
        """
        with self._database.reading() as db:
            return contents.read_raw(db)

    def header(self) -> dict[str, Any]:
        """Return what the import said beside its objects; empty without an import."""
        with self._database.reading() as db:
            return contents.read_header(db)

    def events(
        self, since: Instant | None = None, until: Instant | None = None, *, follow: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Yield journal events, see `World.events`; "from now on" means from this call, not from the first `next`.

        As with an Engine `until` alone replays everything up to it, and goes on until then with `follow`.
        """
        after = 0
        if follow is not None and since is None and until is None:
            with self._database.reading() as db:
                after = journal.last(db)
        return journal.stream(self._database, after, since, until, follow, self._clock)

    def check(self) -> list[str]:
        """Look for damage and contradictions: one sentence for each that was found, none for a sound store."""
        return check(self._database)

    # Writing

    def replace(self, snapshot: Snapshot, raw: Raw, header: Mapping[str, Any]) -> None:
        """Put a snapshot, its profile included, in the place of everything but the journal; no event is written.

        `raw` maps each kind to the Engine's own JSON by id (volumes: name); it and the header come back, in the same
        order, from the methods of these names. The snapshot's `taken_at` and `generation` mean nothing here.
        """
        with self._database.writing() as db:
            contents.write_snapshot(db, snapshot, raw, header)

    def add(self, record: Record, *, layers: Mapping[str, int] | None = None, raw: Any = None) -> None:
        """Add one object; no event is written. `layers` gives the bytes of an image's layers that are not known yet.

        Errors: ConflictError when its id, its name or a tag is taken, or a layer is known with other bytes or has none.
        """
        table = TABLES[KIND_OF[type(record)]]
        with self._database.writing() as db:
            new_layers = refuse_conflicts(contents.read_snapshot(db, 0), table, record, layers or {})
            contents.add_record(db, table, record, raw)
            contents.add_layers(db, new_layers)
            contents.count_change(db)

    @contextmanager
    def change(self, kind: Kind) -> Iterator[StoreChange]:
        """Begin to change one kind, see `World.change`. The kind's lock comes first, then the transaction.

        Errors: BusyError while another prune of the kind runs.
        """
        self._database.refuse_when_read_only()
        self._database.require_current()
        with locks.held(self.path, kind), self._database.writing() as db:
            yield StoreChange(db, self._database)


class StoreChange:
    """One kind being changed: a transaction, which the store commits at its end."""

    def __init__(self, db: sqlite3.Connection, database: Database) -> None:
        self._db = db
        self._database = database
        self._counted = False

    @property
    def generation(self) -> int:
        """The store's generation at this moment, its own removals included."""
        return self._database.counted(contents.read_generation(self._db))

    def snapshot(self, now: Instant) -> Snapshot:
        """Photograph the store as it is inside this change."""
        return replace(contents.read_snapshot(self._db, now), generation=self.generation)

    def remove(self, step: Step) -> str | None:
        """Carry out one step; returns None, or in words why it could not be done (the store is then as before)."""
        why = self._untag(step) if step.untags else self._delete(step)
        if why is None:
            self._db.executemany("DELETE FROM layers WHERE chain = ?", ((chain,) for chain in step.layers))
            contents.add_free_space(self._db, step.freed)
            self._count()
        return why

    def emit(self, event: Event) -> None:
        """Write an event, which becomes visible when the change is committed."""
        journal.append(self._db, event)

    def _delete(self, step: Step) -> str | None:
        table = TABLES[step.kind]
        gone = self._db.execute(f"DELETE FROM {table.name} WHERE {table.key} = ?", (step.id,))  # noqa: S608 - names of ours
        return None if gone.rowcount else "it is already gone"

    def _untag(self, step: Step) -> str | None:
        row = self._db.execute("SELECT tags, digests FROM images WHERE id = ?", (step.id,)).fetchone()
        if row is None:
            return "the image is already gone"
        references = [json.loads(cell) for cell in row]
        if step.ref != step.id and not any(step.ref in cell for cell in references):  # nameless: its id is its name
            return "the image does not have this reference any more"
        left = [json.dumps([r for r in cell if r != step.ref], separators=(",", ":")) for cell in references]
        self._db.execute("UPDATE images SET tags = ?, digests = ? WHERE id = ?", (*left, step.id))
        return None

    def _count(self) -> None:
        if not self._counted:
            contents.count_change(self._db)
            self._counted = True
