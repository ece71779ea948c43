"""The shape of the store's file: its marks, its tables, and the steps from an older shape to the present one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from prunecli.backends.tables import TABLES
from prunecli.errors import StoreError
from prunecli.verdict import Kind

APPLICATION_ID = 0x5072756E
"""`Prun` in the header of the file: what tells our files from those of other programs."""

SCHEMA_VERSION = 2

_IDENTITY = "INSERT OR IGNORE INTO meta (key, value) VALUES ('id', '\"' || lower(hex(randomblob(16))) || '\"')"
"""Gives a store the id that tells it from every other one, whatever file it lies in."""

_CHAIN = (
    "json_extract(layers, '$[' || max(0, CASE WHEN json_extract(blob.value, '$.manifest')"
    " THEN json_array_length(layers) - 1"
    " ELSE blob.key - json_array_length(content) + json_array_length(layers) END) || ']')"
)
"""The chain id of a blob's layer: manifests stand before the layers and go with the topmost one."""

MIGRATIONS: Mapping[int, tuple[str, ...]] = {
    2: (
        _IDENTITY,
        TABLES[Kind.IMAGE].add_column("diff_ids"),
        TABLES[Kind.BUILD_CACHE].add_column("holds"),
        # What holds a blob was noted with the blob, once and for all: it moves to the records of its layer.
        f"CREATE TEMP TABLE held AS SELECT {_CHAIN} AS chain, json_extract(blob.value, '$.digest') AS digest"  # noqa: S608 - text of ours
        " FROM images, json_each(content) AS blob WHERE json_extract(blob.value, '$.held')",
        "CREATE INDEX temp.held_chain ON held (chain)",
        "UPDATE build_cache SET holds ="
        " (SELECT json_group_array(DISTINCT digest) FROM held WHERE chain = build_cache.layer)",
        "DROP TABLE temp.held",
        """UPDATE images SET content = replace(replace(content, ',"held":true}', '}'), ',"held":false}', '}')""",
    ),
}
"""The statements that lead to each version from the one before it, up to `SCHEMA_VERSION`.

A new field of a record is one line: `3: (TABLES[Kind.IMAGE].add_column("annotations"),)`. Past entries never change:
they must lead from the files that are out there.
"""

_JOURNAL = (
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, type TEXT NOT NULL,"
    " action TEXT NOT NULL, actor_id TEXT NOT NULL, attributes TEXT NOT NULL, scope TEXT NOT NULL)",
    # What was told stays told, whoever opens the file.
    "CREATE TRIGGER journal_keeps_events BEFORE DELETE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_keeps_words BEFORE UPDATE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
)


def create(db: sqlite3.Connection) -> None:
    """Give an empty database the present shape, inside the caller's transaction."""
    for table in TABLES.values():
        db.execute(table.ddl)
    db.execute("CREATE TABLE layers (position INTEGER PRIMARY KEY, chain TEXT NOT NULL, size NOT NULL, UNIQUE (chain))")
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL)")
    db.execute(_IDENTITY)
    for statement in _JOURNAL:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def is_empty(db: sqlite3.Connection) -> bool:
    """Say whether this is a database that nobody has put anything into: a new file."""
    marks = (_number(db, "PRAGMA application_id"), _number(db, "PRAGMA user_version"))
    return marks == (0, 0) and not _number(db, "SELECT count(*) FROM sqlite_master")


def version(db: sqlite3.Connection, name: str) -> int:
    """Return the schema version of a store.

    `name` is what messages call the file.
    Errors: StoreError for a database of another program, and for a store that is newer than this program.
    """
    if _number(db, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(f"{name} is not a prunecli state store: it is a SQLite database of another program")
    found = _number(db, "PRAGMA user_version")
    if found > SCHEMA_VERSION:
        raise StoreError(
            f"{name} is from a newer prunecli (schema {found}, this one reads {SCHEMA_VERSION}): update prunecli"
        )
    return found


def upgrade(db: sqlite3.Connection, found: int) -> None:
    """Lead a store from the version found to the newest one, inside the caller's transaction."""
    for target in sorted(v for v in MIGRATIONS if v > found):
        for statement in MIGRATIONS[target]:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {target}")


def _number(db: sqlite3.Connection, question: str) -> int:
    row = db.execute(question).fetchone()
    return int(row[0])
