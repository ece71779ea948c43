"""Worlds for the tests of the stores: a small one made by hand, and strategies for any."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from hypothesis import strategies as st

from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.profile import DEFAULT_PROFILE, ImageStore, make_profile
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Step

R = TypeVar("R")

NOW = 1_795_262_400_000_000_000  # 2026-11-21T12:00:00Z

SMALL = Snapshot(
    taken_at=NOW,
    containers=(
        Container("c1", "web", "busybox", "sha256:i1", "exited", False, NOW, NOW + 1, {"tier": "web"}, 10, ("data",)),
        Container("c2", "db", "busybox", "sha256:i1", "running", True, NOW),
    ),
    networks=(Network("n1", "front", "bridge", NOW), Network("n2", "back", "bridge", NOW, {"x": ""})),
    volumes=(Volume("cache", "local", NOW, size=5), Volume("data", "local", None, {"a": "b"}, {"type": "nfs"}, -1)),
    images=(
        Image("sha256:i1", tags=("busybox:latest", "busybox:1"), digests=("busybox@sha256:d",), layers=("l1", "l2")),
        Image("sha256:i2", "sha256:i1", None, None, layers=("l1",)),
    ),
    build_cache=(CacheRecord("r1", size=7), CacheRecord("r2", ("r1",), "source.local", "context", True)),
    layers={"l1": 100, "l2": 20},
    disk=DiskStat(1000, 400),
)


def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Any text that a database can hold."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=max_size)


def instants() -> st.SearchStrategy[int]:
    """Any instant, those included that 64 bits of nanoseconds cannot hold."""
    return st.one_of(st.integers(0, 2 * NOW), st.integers(-(2**70), 2**70))


references = st.lists(st.text("ab:@", min_size=1, max_size=6), max_size=3, unique=True).map(tuple)
blobs = st.lists(st.builds(Blob, texts(), st.integers(0, 2**40), st.booleans(), st.integers(0, 2**40)), max_size=2)

BY_NAME: dict[str, st.SearchStrategy[Any]] = {"tags": references, "digests": references, "content": blobs.map(tuple)}
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts(),
    "bool": st.booleans(),
    "int": st.integers(-1, 2**63 - 1),
    "Instant": instants(),
    "Instant | None": st.none() | instants(),
    "tuple[str, ...]": st.lists(texts(), max_size=3).map(tuple),
    "Mapping[str, str]": st.dictionaries(texts(), texts(), max_size=3),
    "Mapping[str, str] | None": st.none() | st.dictionaries(texts(), texts(), max_size=3),
}


def records(record: type[R]) -> st.SearchStrategy[R]:
    """Any record of a type, whatever fields it has: a new field of a new type needs a line above."""
    drawn = {f.name: BY_NAME[f.name] if f.name in BY_NAME else BY_TYPE[str(f.type)] for f in fields(cast(Any, record))}
    return st.builds(record, **drawn)


PROFILES = st.sampled_from(
    [
        DEFAULT_PROFILE,
        DEFAULT_PROFILE.speaking((1, 41)),
        make_profile("20.10.24+dfsg1", (1, 41), min_api=(1, 12)),
        make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD),
    ]
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any world, its tuples ordered by id as a snapshot's are."""
    drawn = Snapshot(
        taken_at=draw(instants()),
        profile=draw(PROFILES),
        containers=tuple(draw(st.lists(records(Container), unique_by=lambda r: r.id, max_size=4))),
        networks=tuple(draw(st.lists(records(Network), unique_by=lambda r: r.id, max_size=4))),
        volumes=tuple(draw(st.lists(records(Volume), unique_by=lambda r: r.name, max_size=4))),
        images=tuple(draw(st.lists(records(Image), unique_by=lambda r: r.id, max_size=4))),
        build_cache=tuple(draw(st.lists(records(CacheRecord), unique_by=lambda r: r.id, max_size=4))),
        layers=draw(st.dictionaries(texts(), st.integers(0, 2**40), max_size=4)),
        disk=draw(st.none() | st.builds(DiskStat, st.integers(0, 2**50), st.integers(0, 2**50))),
    )
    return ordered(drawn)


def ordered(snapshot: Snapshot) -> Snapshot:
    """Return the same world with its tuples in the order that snapshots have."""
    return replace(
        snapshot,
        containers=tuple(sorted(snapshot.containers, key=lambda c: c.id)),
        networks=tuple(sorted(snapshot.networks, key=lambda n: n.id)),
        volumes=tuple(sorted(snapshot.volumes, key=lambda v: v.name)),
        images=tuple(sorted(snapshot.images, key=lambda i: i.id)),
        build_cache=tuple(sorted(snapshot.build_cache, key=lambda r: r.id)),
    )


def removals(snapshot: Snapshot, kind: Kind) -> list[Step]:
    """Return a step for everything of a kind that can be taken away alone: objects, and each reference of an image."""
    if kind is Kind.IMAGE:
        untag = [
            Step(kind, i.id, i.id, ref=ref) for i in snapshot.images for ref in dict.fromkeys((*i.tags, *i.digests))
        ]
        return untag + [Step(kind, i.id, i.id, layers=i.layers) for i in snapshot.images]
    if kind is Kind.VOLUME:
        return [Step(kind, v.name, v.name) for v in snapshot.volumes]
    if kind is Kind.BUILD_CACHE:
        return [Step(kind, r.id, r.id) for r in snapshot.build_cache]
    named = snapshot.containers if kind is Kind.CONTAINER else snapshot.networks
    return [Step(kind, o.id, o.name) for o in named]
