"""The shape of the store's file: how it grows, and what `state check` finds in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from prunecli.backends import schema
from prunecli.backends.store import Store
from prunecli.backends.tables import TABLES, make_table
from prunecli.errors import StoreError
from prunecli.events import prune_event
from prunecli.kinds.image import Image
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from tests.store_worlds import NOW, SMALL

SCHEMA_2 = {
    "containers": "position id name image image_id state running created_at finished_at labels size volumes"
    " image_mounts raw",
    "networks": "position id name driver created_at labels scope endpoints ingress config_only raw",
    "volumes": "position name driver created_at labels options size scope raw",
    "images": "position id parent created_at labels tags digests layers content recorded_at size attested diff_ids raw",
    "build_cache": "position id parents type description mutable in_use reported_shared layer size created_at"
    " last_used_at usage_count holds raw",
    "layers": "position chain size",
    "meta": "key value",
    "journal": "seq at type action actor_id attributes scope",
}
"""Every table of schema 2 with its columns."""

SCHEMA_1 = Path(__file__).parent / "data" / "schema1.sql"
"""A store of schema 1 with the containerd store's image of a build in it, as `.dump` of SQLite's shell writes it."""


def columns(path: Path) -> dict[str, str]:
    """Return the tables of a file with their columns, but for SQLite's own."""
    with closing(sqlite3.connect(path)) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {n: " ".join(row[1] for row in db.execute(f"PRAGMA table_info({n})")) for n in names}
    return {n: c for n, c in found.items() if not n.startswith("sqlite_")}


def sqlite(path: Path, *statements: str) -> None:
    """Do something to a file behind the store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A sound store with the small world in it, and three events."""
    made = Store.open(tmp_path / "state.db")
    made.replace(SMALL, {Kind.VOLUME: {"data": {"Name": "data"}}}, {"format": "engine-dump/v1"})
    with made.change(Kind.VOLUME) as change:
        for number in range(3):
            change.emit(prune_event(Kind.VOLUME, number, NOW + number))
    return made


# Growing


def test_the_schema_is_what_it_was(tmp_path: Path) -> None:
    """A field that a record gained needs a new schema version with a migration: there are files of the old shape."""
    Store.open(tmp_path / "state.db")

    assert schema.SCHEMA_VERSION == 2
    assert columns(tmp_path / "state.db") == SCHEMA_2


def schema_1(path: Path) -> Path:
    """Make a store of schema 1."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA_1.read_text())
    return path


def test_an_older_store_gets_an_id(tmp_path: Path) -> None:
    """Schema 2 brought an id, made with the store, that an older one gets when it is opened, and then keeps."""
    path = schema_1(tmp_path / "state.db")
    id = Store.open(path).name().id

    assert len(id) == 32
    assert Store.open(path).name().id == id
    assert Store.open(tmp_path / "other.db").name().id not in ("", id)


@dataclass(frozen=True, slots=True)
class LaterContainer:
    """A container as a later program may know it."""

    id: str
    name: str
    tier: str = "it's web"
    weight: int | None = None
    notes: tuple[str, ...] = ("a", "b")
    origin: Mapping[str, str] = field(default_factory=dict)
    paused: bool = True
    blobs: tuple[tuple[str, int], ...] = ()
    groups: frozenset[str] = frozenset({"x"})


def test_a_new_field_is_one_line_of_migration() -> None:
    """An older table gains the column of any new field, with the field's default in every row."""
    table: Any = make_table(Kind.CONTAINER, "containers", LaterContainer)
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE TABLE containers (position INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, raw TEXT)"
        )
        db.execute("INSERT INTO containers (id, name) VALUES ('c1', 'web')")
        for name in ("tier", "weight", "notes", "origin", "paused", "blobs", "groups"):
            db.execute(table.add_column(name))
        old = LaterContainer("c1", "web")
        new = LaterContainer("c2", "db", "", 7, (), {"k": "v"}, False, (("d", 1),), frozenset("cab"))
        db.execute(table.insert, (*table.write(new), None))

        assert table.read_all(db.execute(f"{table.select} ORDER BY id")) == (old, new)


def test_an_older_store_is_upgraded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an older store leads it through every version to the newest, and keeps what is in it."""
    store.close()
    steps = {3: ("CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('3')"), 4: ("INSERT INTO notes VALUES ('4')",)}
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 4)
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(StoreError) as caught:
        Store.open(store.path, read_only=True)
    upgraded = Store.open(store.path)

    assert caught.value.message.endswith("is from an older prunecli: open it once for writing, which upgrades it")
    assert replace(upgraded.snapshot(NOW), generation=0) == SMALL
    assert len(list(upgraded.events())) == 3
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT text FROM notes").fetchall() == [("3",), ("4",)]
        assert db.execute("PRAGMA user_version").fetchone() == (4,)
    assert Store.open(store.path, read_only=True).snapshot(NOW).volumes == SMALL.volumes


def test_what_held_a_blob_moves_to_the_records(tmp_path: Path) -> None:
    """In a store of schema 1 a blob said that it was held; now the records of its layer say which blobs they hold."""
    store = Store.open(schema_1(tmp_path / "state.db"))
    world = store.snapshot(NOW)

    assert store.check() == []
    assert {r.id: r.holds for r in world.build_cache} == {
        "r1": ("sha256:i1", "sha256:d1"),  # the layer, and the manifest of the image that it is the top of
        "r2": ("sha256:d2",),
        "r3": (),
    }
    assert [b.digest for b in world.images[1].content] == [f"sha256:{name}" for name in ("i2", "m2", "d1", "d2", "d3")]
    assert {image.diff_ids for image in world.images} == {()}


def test_a_failed_upgrade_leaves_the_old_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either all steps of an upgrade are taken or none: the older program can still read the file."""
    store.close()
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 4)
    monkeypatch.setattr(schema, "MIGRATIONS", {3: ("CREATE TABLE notes (text)",), 4: ("no such statement",)})
    with pytest.raises(StoreError):
        Store.open(store.path)
    monkeypatch.undo()

    assert columns(store.path) == SCHEMA_2
    assert replace(Store.open(store.path).snapshot(NOW), generation=0) == SMALL


# Checking


def test_a_sound_store_is_silent(store: Store) -> None:
    """Nothing is wrong with a store that only we have written."""
    assert store.check() == []


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        pytest.param(
            ["UPDATE containers SET labels = '{' WHERE id = 'c1'"],
            ["container c1: labels cannot be read: '{'"],
            id="labels that are no JSON",
        ),
        pytest.param(
            ["UPDATE volumes SET options = '[1]' WHERE name = 'data'"],
            ["volume data: options cannot be read: '[1]'"],
            id="options that are a list",
        ),
        pytest.param(
            ["UPDATE images SET size = 'big' WHERE id = 'sha256:i1'"],
            ["image sha256:i1: size cannot be read: 'big'"],
            id="a size that is a word",
        ),
        pytest.param(
            ["UPDATE networks SET ingress = 7 WHERE id = 'n1'"],
            ["network n1: ingress cannot be read: 7"],
            id="a truth value that is none",
        ),
        pytest.param(
            ["UPDATE volumes SET raw = 'x' WHERE name = 'data'"],
            ["volume data: its raw JSON cannot be read"],
            id="raw JSON that is none",
        ),
        pytest.param(["UPDATE meta SET value = 'x' WHERE key = 'profile'"], ["meta profile: no JSON"], id="no profile"),
        pytest.param(
            ["UPDATE layers SET size = 'x' WHERE chain = 'l1'"],
            ["layer l1: its size is no number: 'x'"],
            id="a layer whose size is a word",
        ),
        pytest.param(
            ["DELETE FROM layers WHERE chain = 'l2'"],
            ["image sha256:i1 has the layer l2, whose size is not there"],
            id="a layer without a size",
        ),
        pytest.param(
            ["DELETE FROM volumes WHERE name = 'data'"],
            ["container web mounts the volume data, which is not there"],
            id="a volume that is missing",
        ),
        pytest.param(
            ["DELETE FROM images WHERE id = 'sha256:i1'"],
            ["image sha256:i2 has the parent sha256:i1, which is not there"],
            id="an image's parent that is missing",
        ),
        pytest.param(
            ["DELETE FROM build_cache WHERE id = 'r1'"],
            ["build cache record r2 has the parent r1, which is not there"],
            id="a record's parent that is missing",
        ),
        pytest.param(
            ["UPDATE containers SET name = 'web'"], ["container name web is used 2 times"], id="a name used twice"
        ),
        pytest.param(["UPDATE images SET tags = '[\"a\"]'"], ["tag a is used 2 times"], id="a tag on two images"),
        pytest.param(
            ["DROP TRIGGER journal_keeps_events", "DELETE FROM journal WHERE seq = 2"],
            ["journal_keeps_events is missing from the schema"],
            id="a missing trigger",
        ),
        pytest.param(
            ["ALTER TABLE images DROP COLUMN digests"],
            ["table images lacks the column digests"],
            id="a missing column",
        ),
        pytest.param(["DROP TABLE layers"], ["layers is missing from the schema"], id="a missing table"),
        pytest.param(
            ["INSERT INTO journal VALUES (9, 0, 'volume', 'prune', '', '{}', 'local')"],
            ["journal: event 4 is missing"],
            id="a gap in the journal",
        ),
        pytest.param(
            ["INSERT INTO journal VALUES (NULL, 0, '', '', '', '{\"a\": 1}', 'local')"],
            [
                "journal: event 4 does not say what happened",
                "journal: the attributes of event 4 cannot be read: '{\"a\": 1}'",
            ],
            id="an event that says nothing",
        ),
        pytest.param(
            ["UPDATE sqlite_sequence SET seq = 5 WHERE name = 'journal'"],
            ["journal: its last event is 5, but it ends with 3"],
            id="a journal that lost its end",
        ),
    ],
)
def test_what_is_wrong_is_said(store: Store, statements: list[str], words: list[str]) -> None:
    """Each thing that is wrong with a store is one sentence."""
    sqlite(store.path, *statements)

    assert store.check() == words


def test_a_damaged_file_is_said(store: Store) -> None:
    """Where the file itself is damaged, that is what the check says, and reading it is an error of one sentence."""
    store.replace(replace(SMALL, images=tuple(Image(f"sha256:{n:064x}") for n in range(500)), layers={}), {}, {})
    store.close()
    size = store.path.stat().st_size
    with store.path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    damaged = Store.open(store.path)

    findings = damaged.check()
    assert findings
    assert all("damaged" in line for line in findings)
    with pytest.raises(StoreError, match=" is damaged: "):
        damaged.snapshot(NOW)


def test_an_empty_snapshot_is_sound(store: Store) -> None:
    """Emptying the world leaves a sound store."""
    store.replace(Snapshot(NOW), {}, {})

    assert store.check() == []


def test_every_kind_has_its_table() -> None:
    """No kind was forgotten."""
    assert list(TABLES) == list(Kind)
