"""Whether a store is sound: the file, its rows, and what its records say about each other."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator

from prunecli.backends import contents, schema
from prunecli.backends.database import Database
from prunecli.backends.tables import TABLES, Table
from prunecli.errors import StoreError
from prunecli.snapshot import Snapshot

_Examine = Callable[[sqlite3.Connection], Iterator[str]]


def check(database: Database) -> list[str]:
    """Return one sentence for each thing that is wrong; what builds on damage is looked at when that is mended."""
    try:
        with database.reading() as db:
            stages: tuple[_Examine, ...] = (_file, _shape, _rows, _meaning)
            for stage in stages:
                if found := list(stage(db)):
                    return found
    except StoreError as e:
        return [e.message]
    return []


def _file(db: sqlite3.Connection) -> Iterator[str]:
    for (line,) in db.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"the file is damaged: {line}"


def _shape(db: sqlite3.Connection) -> Iterator[str]:
    """Compare tables, columns and triggers with those of a new store."""
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        schema.create(fresh)
        wanted = _columns(fresh)
    finally:
        fresh.close()
    found = _columns(db)
    for name in wanted.keys() - found.keys():
        yield f"{name} is missing from the schema"
    for name in wanted.keys() & found.keys():
        for column in wanted[name] - found[name]:
            yield f"table {name} lacks the column {column}"


def _columns(db: sqlite3.Connection) -> dict[str, set[str]]:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger')")]
    return {name: {row[1] for row in db.execute(f'PRAGMA table_info("{name}")')} for name in sorted(names)}


# Rows: whether each of them is what a record would be written as.


def _rows(db: sqlite3.Connection) -> Iterator[str]:
    for table in TABLES.values():
        yield from _record_rows(db, table)
    for name, size in db.execute("SELECT chain, size FROM layers"):
        if not isinstance(size, int):
            yield f"layer {name}: its size is no number: {size!r}"
    for key, value in db.execute("SELECT key, value FROM meta"):
        if not _is_json(str(value)):
            yield f"meta {key}: no JSON"
    yield from _journal(db)


def _record_rows(db: sqlite3.Connection, table: Table) -> Iterator[str]:
    for row in db.execute(f"{table.select} ORDER BY {table.key}"):
        label = f"{table.kind.value} {row[next(i for i, c in enumerate(table.columns) if c.name == table.key)]}"
        for column, cell in zip(table.columns, row, strict=True):
            try:
                sound = column.encode(column.decode(cell)) == cell
            except (ValueError, TypeError, KeyError, AttributeError):
                sound = False
            if not sound:
                yield f"{label}: {column.name} cannot be read: {cell!r:.80}"
    for key, raw in db.execute(f"SELECT {table.key}, raw FROM {table.name} WHERE raw IS NOT NULL"):  # noqa: S608 - names of ours
        if not _is_json(raw):
            yield f"{table.kind.value} {key}: its raw JSON cannot be read"


def _journal(db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute("SELECT seq, type, action, attributes FROM journal ORDER BY seq")
    count = 0
    for count, (seq, type_, action, attributes) in enumerate(rows, 1):
        if seq != count:
            yield f"journal: event {count} is missing"
            return
        if not (type_ and action):
            yield f"journal: event {seq} does not say what happened"
        if not _is_text_mapping(attributes):
            yield f"journal: the attributes of event {seq} cannot be read: {attributes!r:.80}"
    told = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    if (told[0] if told else 0) != count:
        yield f"journal: its last event is {told[0] if told else 0}, but it ends with {count}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_text_mapping(text: str) -> bool:
    if not _is_json(text):
        return False
    value = json.loads(text)
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


# Meaning: what records say about each other. A container may outlive its image (`docker rmi -f`), and two networks may
# share a name in older engines: neither is a fault.


def _meaning(db: sqlite3.Connection) -> Iterator[str]:
    world = contents.read_snapshot(db, 0)
    yield from _twice("container name", (c.name for c in world.containers))
    yield from _twice("tag", (tag for image in world.images for tag in image.tags))
    yield from _dangling(world)


def _twice(what: str, names: Iterator[str]) -> Iterator[str]:
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            yield f"{what} {name} is used {count} times"


def _dangling(world: Snapshot) -> Iterator[str]:
    volumes = {v.name for v in world.volumes}
    for c in world.containers:
        for name in dict.fromkeys(c.volumes):
            if name not in volumes:
                yield f"container {c.name} mounts the volume {name}, which is not there"
    images = {i.id for i in world.images}
    for image in world.images:
        if image.parent and image.parent not in images:
            yield f"image {image.id} has the parent {image.parent}, which is not there"
        for layer in image.layers:
            if layer not in world.layers:
                yield f"image {image.id} has the layer {layer}, whose size is not there"
    records = {r.id for r in world.build_cache}
    for record in world.build_cache:
        for parent in record.parents:
            if parent not in records:
                yield f"build cache record {record.id} has the parent {parent}, which is not there"
