"""What a dump cannot express in the Engine's own words, kept under one key of ours.

An Engine dump says neither which layer a build cache record holds nor the diff ids of layers that no Engine made.
Reading infers what it can. Where that does not give back what was written, the difference is noted, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from prunecli.wire.fields import Json, Reader

KEY = "prunecli"
VERSION = 1

Record = Container | Network | Volume | Image | CacheRecord
_R = TypeVar("_R", Container, Network, Volume, Image, CacheRecord)

_Read = Callable[[Reader, str], Any]


def key_of(record: Record) -> str:
    """Return what a record goes by: a volume's name, the id of anything else."""
    return record.name if isinstance(record, Volume) else record.id


def records_by_kind(snapshot: Snapshot) -> dict[Kind, tuple[Record, ...]]:
    """Return all records of a snapshot, kind by kind."""
    return {
        Kind.CONTAINER: snapshot.containers,
        Kind.NETWORK: snapshot.networks,
        Kind.VOLUME: snapshot.volumes,
        Kind.IMAGE: snapshot.images,
        Kind.BUILD_CACHE: snapshot.build_cache,
    }


def make_notes(wanted: Snapshot, read: Snapshot) -> Json | None:
    """Return what must be noted so that a dump which reads as `read` gives `wanted`; None when nothing."""
    notes: Json = {}
    read_records = records_by_kind(read)
    for kind, records in records_by_kind(wanted).items():
        others = {key_of(r): r for r in read_records[kind]}
        differing = {key_of(r): _difference(r, others[key_of(r)]) for r in records if r != others[key_of(r)]}
        if differing:
            notes.setdefault("records", {})[kind.value] = differing
    layers: Json = {chain: size for chain, size in wanted.layers.items() if read.layers.get(chain) != size}
    layers |= dict.fromkeys(chain for chain in read.layers if chain not in wanted.layers)
    if layers:
        notes["layers"] = layers
    return {"version": VERSION, **notes} if notes else None


def _difference(record: Record, other: Record) -> Json:
    return {
        f.name: _written(getattr(record, f.name))
        for f in fields(record)
        if getattr(record, f.name) != getattr(other, f.name)
    }


def _written(value: Any) -> Any:
    if isinstance(value, Blob):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value


def apply_notes(snapshot: Snapshot, notes: Reader) -> Snapshot:
    """Return a snapshot in which what was noted stands.

    Errors: DumpError for notes of another version, or of an object that is not there.
    """
    if (version := notes.number("version")) != VERSION:
        raise notes.wrong("version", f"is {version}: this prunecli reads {VERSION}")
    records = notes.sub("records")
    layers = dict(snapshot.layers)
    sizes = notes.sub("layers")
    for chain, size in sizes.data.items():
        if size is None:
            layers.pop(chain, None)
        else:
            layers[chain] = sizes.number(chain)
    return replace(
        snapshot,
        containers=_noted(snapshot.containers, records, Kind.CONTAINER),
        networks=_noted(snapshot.networks, records, Kind.NETWORK),
        volumes=_noted(snapshot.volumes, records, Kind.VOLUME),
        images=_noted(snapshot.images, records, Kind.IMAGE),
        build_cache=_noted(snapshot.build_cache, records, Kind.BUILD_CACHE),
        layers=layers,
    )


def _noted(records: tuple[_R, ...], notes: Reader, kind: Kind) -> tuple[_R, ...]:
    noted = notes.sub(kind.value)
    if not noted.data:
        return records
    known = {key_of(r) for r in records}
    if stranger := next((key for key in noted.data if key not in known), None):
        raise noted.wrong(stranger, "is a note on something that is not there")
    changed = {key: noted.sub(key) for key in noted.data}
    return tuple(_changed(r, changed[key_of(r)]) if key_of(r) in changed else r for r in records)


def _changed(record: _R, note: Reader) -> _R:
    readers = {f.name: _READERS[str(f.type)] for f in fields(record) if f.name not in ("id",)}
    for key in note.data:
        if key not in readers:
            raise note.wrong(key, "is nothing that can be noted")
    values = {key: readers[key](note, key) for key in note.data}
    return replace(record, **values)


def _blobs(note: Reader, key: str) -> tuple[Blob, ...]:
    return tuple(
        Blob(b.name("digest"), b.number("size"), b.flag("manifest"), b.number("unpacked", 0)) for b in note.items(key)
    )


def _number_or_none(note: Reader, key: str) -> int | None:
    return None if note.data[key] is None else note.number(key)


def _labels_or_none(note: Reader, key: str) -> dict[str, str] | None:
    return None if note.data[key] is None else note.labels(key)


_READERS: dict[str, _Read] = {
    "str": Reader.text,
    "int": Reader.number,
    "bool": Reader.flag,
    "Instant": Reader.number,
    "Instant | None": _number_or_none,
    "tuple[str, ...]": Reader.texts,
    "tuple[Blob, ...]": _blobs,
    "Mapping[str, str]": Reader.labels,
    "Mapping[str, str] | None": _labels_or_none,
}
"""How a field of each type is read back; all modules of records write their types as text."""
