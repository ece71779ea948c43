"""What a store holds, read and written as a whole: snapshots, the Engine's own JSON, and what was said on import."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, cast

from prunecli.backends.tables import TABLES, Record, Table, storable
from prunecli.errors import StoreError
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, format_api, make_profile, parse_api
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind

Raw = Mapping[Kind, Mapping[str, Any]]


def read_snapshot(db: sqlite3.Connection, now: Instant) -> Snapshot:
    """Photograph the store inside the caller's transaction."""
    records = {kind: _read_records(db, table) for kind, table in TABLES.items()}
    layers = db.execute("SELECT chain, size FROM layers ORDER BY position")
    return Snapshot(
        taken_at=now,
        profile=read_profile(db),
        containers=cast(tuple[Container, ...], records[Kind.CONTAINER]),
        networks=cast(tuple[Network, ...], records[Kind.NETWORK]),
        volumes=cast(tuple[Volume, ...], records[Kind.VOLUME]),
        images=cast(tuple[Image, ...], records[Kind.IMAGE]),
        build_cache=cast(tuple[CacheRecord, ...], records[Kind.BUILD_CACHE]),
        layers={chain: int(size) for chain, size in layers},
        disk=read_disk(db),
        generation=read_generation(db),
    )


def _read_records(db: sqlite3.Connection, table: Table) -> tuple[Record, ...]:
    return table.read_all(db.execute(f"{table.select} ORDER BY {table.key}"))


def records_of(snapshot: Snapshot, kind: Kind) -> tuple[Record, ...]:
    """Return a snapshot's records of one kind."""
    by_kind: dict[Kind, tuple[Record, ...]] = {
        Kind.CONTAINER: snapshot.containers,
        Kind.NETWORK: snapshot.networks,
        Kind.VOLUME: snapshot.volumes,
        Kind.IMAGE: snapshot.images,
        Kind.BUILD_CACHE: snapshot.build_cache,
    }
    return by_kind[kind]


def write_snapshot(db: sqlite3.Connection, snapshot: Snapshot, raw: Raw, header: Mapping[str, Any]) -> None:
    """Put a snapshot in the place of everything but the journal; see `Store.replace`."""
    for kind, table in TABLES.items():
        db.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a name of ours
        _write_records(db, table, records_of(snapshot, kind), raw.get(kind, {}))
    db.execute("DELETE FROM layers")
    add_layers(db, snapshot.layers)
    _write_meta(db, "profile", _profile_data(snapshot.profile))
    _write_meta(db, "header", header)
    _write_disk(db, snapshot.disk)
    count_change(db)


def _write_records(db: sqlite3.Connection, table: Table, records: tuple[Record, ...], raw: Mapping[str, Any]) -> None:
    known = {table.id_of(record) for record in records}
    if len(known) < len(records):
        twice = next(id for id in known if sum(table.id_of(r) == id for r in records) > 1)
        raise StoreError(f"{table.kind.value} {twice} is there twice: an id names one object")
    if strangers := raw.keys() - known:
        raise ValueError(f"raw JSON of {table.kind.value} objects without a record: {sorted(strangers)}")
    place = {id: number for number, id in enumerate(raw)}
    ordered = sorted(records, key=lambda r: place.get(table.id_of(r), len(place)))  # stable: the rest as they came
    db.executemany(table.insert, ([*table.write(r), _raw_text(raw.get(table.id_of(r)))] for r in ordered))


def add_record(db: sqlite3.Connection, table: Table, record: Record, raw: Any) -> None:
    """Write one record; its id must be free."""
    db.execute(table.insert, [*table.write(record), _raw_text(raw)])


def add_layers(db: sqlite3.Connection, layers: Mapping[str, int]) -> None:
    """Write the sizes of layers that are not there yet."""
    rows = ((storable(chain), size) for chain, size in layers.items())
    db.executemany("INSERT INTO layers (chain, size) VALUES (?, ?)", rows)


def read_raw(db: sqlite3.Connection) -> dict[Kind, dict[str, Any]]:
    """Map each kind to the Engine's own JSON of its objects, by id, in the order of the import."""
    found: dict[Kind, dict[str, Any]] = {}
    for kind, table in TABLES.items():
        rows = db.execute(f"SELECT {table.key}, raw FROM {table.name} WHERE raw IS NOT NULL ORDER BY position")  # noqa: S608 - names of ours
        found[kind] = {id: json.loads(text) for id, text in rows}
    return found


def read_header(db: sqlite3.Connection) -> dict[str, Any]:
    """Return what the import said beside its objects; empty without an import."""
    return cast(dict[str, Any], _read_meta(db, "header") or {})


def read_id(db: sqlite3.Connection) -> str:
    """Return what tells this store from every other one."""
    return str(_read_meta(db, "id") or "")


def read_disk(db: sqlite3.Connection) -> DiskStat | None:
    """Return the disk that the store was told of, None for none."""
    disk = _read_meta(db, "disk")
    return None if disk is None else DiskStat(**disk)


def read_generation(db: sqlite3.Connection) -> int:
    """Return how often the store was changed."""
    return int(_read_meta(db, "generation") or 0)


def count_change(db: sqlite3.Connection) -> None:
    """Raise the generation by one: plans made before are to be made again."""
    _write_meta(db, "generation", read_generation(db) + 1)


def add_free_space(db: sqlite3.Connection, size: int) -> None:
    """Note that so many bytes came back to the disk, where one is known."""
    disk = read_disk(db) if size else None
    if disk is not None:
        _write_disk(db, disk.with_freed(size))


def _write_disk(db: sqlite3.Connection, disk: DiskStat | None) -> None:
    _write_meta(db, "disk", None if disk is None else {"total": disk.total, "free": disk.free})


def _raw_text(document: Any) -> str | None:
    return None if document is None else json.dumps(document, separators=(",", ":"))


def _read_meta(db: sqlite3.Connection, key: str) -> Any:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def _write_meta(db: sqlite3.Connection, key: str, value: Any) -> None:
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, json.dumps(value)))


# A profile is told by four facts; what follows from them is this program's knowledge, and may grow.


def _profile_data(profile: Profile) -> dict[str, str]:
    return {
        "engine": profile.engine,
        "api": format_api(profile.api),
        "max_api": format_api(profile.max_api),
        "min_api": format_api(profile.min_api),
        "image_store": profile.image_store.value,
    }


def read_profile(db: sqlite3.Connection) -> Profile:
    """Return the profile of the Engine that the store stands for."""
    data = _read_meta(db, "profile")
    if data is None:
        return DEFAULT_PROFILE
    profile = make_profile(
        data["engine"],
        parse_api(data["max_api"]),
        ImageStore(data["image_store"]),
        min_api=parse_api(data["min_api"]),
    )
    return profile.speaking(parse_api(data["api"]))
