"""Engine dumps to snapshots and back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from prunecli.errors import DumpError
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.plan import after, make_plan
from prunecli.profile import ImageStore, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import SECOND, parse_rfc3339
from prunecli.verdict import Kind
from prunecli.wire import read_dump, write_dump
from prunecli.wire.notes import key_of, records_by_kind
from tests.oracle import Case, cases

CASES = cases()
KINDS = tuple(Kind)
T = 1_795_250_000 * SECOND

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def dumps(case: Case) -> Iterator[dict[str, Any]]:
    yield case.before
    yield case.after


def pruned(snapshot: Snapshot, raw: Any, *kinds: Kind) -> tuple[Snapshot, Any]:
    """Return a world after everything unused of these kinds went, and the JSON of what is left."""
    plan = make_plan(snapshot, {kind: PruneInfo(all=True) for kind in kinds})
    for kind in plan.kinds:
        snapshot = after(snapshot, kind.steps)
    left = {
        kind: {key_of(r): raw[kind][key_of(r)] for r in records} for kind, records in records_by_kind(snapshot).items()
    }
    return snapshot, left


@each_case
def test_writing_what_was_read_is_the_identity(case: Case) -> None:
    """An unchanged world is told in the Engine's own words, all of them and nothing else."""
    for dump in dumps(case):
        assert write_dump(*read_dump(json.dumps(dump))) == dump


@each_case
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param((Kind.CONTAINER, Kind.NETWORK, Kind.VOLUME), id="after containers, networks and volumes"),
        pytest.param((Kind.IMAGE,), id="after images"),
        pytest.param(KINDS, id="after everything"),
    ],
)
def test_a_changed_world_survives_its_dump(case: Case, kinds: tuple[Kind, ...]) -> None:
    """After a prune, reading what was written gives the same world, and writing that gives the same dump."""
    read = read_dump(case.before)
    world, raw = pruned(read.snapshot, read.raw, *kinds)
    written = write_dump(world, raw, read.header)
    again = read_dump(json.loads(json.dumps(written)))

    assert again.snapshot == world
    assert write_dump(*again) == written


@each_case
def test_counts_agree_with_the_engine(case: Case) -> None:
    """When what the Engine removed is taken away, users and shared flags become what the Engine then says."""
    read, real = read_dump(case.before), read_dump(case.after)
    kept = {kind: {key_of(r) for r in records} for kind, records in records_by_kind(real.snapshot).items()}
    tags = {i.id: (i.tags, i.digests) for i in real.snapshot.images}
    s = read.snapshot
    world = replace(
        s,
        containers=tuple(c for c in s.containers if c.id in kept[Kind.CONTAINER]),
        volumes=tuple(v for v in s.volumes if v.name in kept[Kind.VOLUME]),
        images=tuple(
            replace(i, tags=tags[i.id][0], digests=tags[i.id][1]) for i in s.images if i.id in kept[Kind.IMAGE]
        ),
        build_cache=tuple(r for r in s.build_cache if r.id in kept[Kind.BUILD_CACHE]),
    )
    raw = {kind: {key_of(r): read.raw[kind][key_of(r)] for r in rs} for kind, rs in records_by_kind(world).items()}
    ours, theirs = write_dump(world, raw, read.header)["df"], case.after["df"]

    assert users(ours) == users(theirs)
    flags = {r["ID"]: r["Shared"] for r in theirs.get("BuildCache") or []}
    assert {r["ID"]: r["Shared"] for r in ours.get("BuildCache") or []} == {
        id: flags[id] for id in flags if id in kept[Kind.BUILD_CACHE] & {r.id for r in s.build_cache}
    }
    if not case.containerd:
        assert ours["LayersSize"] == theirs["LayersSize"]
        assert {i["Id"]: i["SharedSize"] for i in ours["Images"]} == {
            i["Id"]: i["SharedSize"] for i in theirs["Images"]
        }


def users(df: dict[str, Any]) -> dict[str, Any]:
    volumes = {v["Name"]: v["UsageData"]["RefCount"] for v in df.get("Volumes") or []}
    images = {i["Id"]: (i["Containers"], i["RepoTags"]) for i in df["Images"]}
    return {"volumes": volumes, "images": images}


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.before["df"].get("BuildCache")][:12], ids=lambda case: case.name
)
def test_order_in_a_dump_does_not_matter(case: Case) -> None:
    """The same dump with all its lists shuffled gives the same snapshot."""
    dump = json.loads(json.dumps(case.before))
    chance = random.Random(1)
    for items in (dump["containers"], dump["images"], dump["networks"], dump["volumes"], dump["df"]["BuildCache"]):
        chance.shuffle(items)

    assert read_dump(dump).snapshot == read_dump(case.before).snapshot


ADDED = Snapshot(
    taken_at=T,
    profile=make_profile("20.10.24", (1, 41), min_api=(1, 12)),
    containers=(
        Container(
            "c1" * 32, "web", "app:1", "sha256:a1", "running", True, T, None, {"a": "b"}, 7, ("v",), ("sha256:a1",)
        ),
        Container("c2" * 32, "old", "", "sha256:gone", "exited", False, T + 1, T + 2),
        Container("c3" * 32, "fresh", "app:1", "sha256:a1", "created", False, T + 3),
    ),
    networks=(Network("n1" * 32, "back", "bridge", T, {"x": ""}, endpoints=("web",)),),
    volumes=(
        Volume("opt", "local", T, {}, {"type": "tmpfs"}, 3),
        Volume("v", "local", T, {"k": "1"}, {}, 12),
        Volume("w", "other", None, size=-1),
    ),
    images=(
        Image("sha256:a1", "", T + 5, {"l": "1"}, ("app:1",), (), ("sha256:low", "sha256:high"), size=30),
        Image("sha256:a2", "sha256:a1", None, None, (), ("app@sha256:d",), ("sha256:low",), size=10),
    ),
    build_cache=(
        CacheRecord("r1", (), "regular", "from local ", layer="sha256:low", reported_shared=True, created_at=T),
        CacheRecord("r2", ("r1",), "", "a step", True, True, False, "", 5, T, T + 9, 3),
        CacheRecord("r3", ("r1", "r2"), "internal", "merge", size=1, created_at=T),
    ),
    layers={"sha256:low": 10, "sha256:high": 20, "sha256:cached": 4},
    disk=DiskStat(1000, 500),
)


@pytest.mark.parametrize("api", [(1, 41), (1, 51)], ids=["the old spelling", "the new spelling"])
@pytest.mark.parametrize("store", list(ImageStore))
def test_objects_without_an_engine_are_told_as_one_would(api: tuple[int, int], store: ImageStore) -> None:
    """A world made by hand gets complete Engine JSON, and reads back as it was."""
    world = replace(ADDED, profile=make_profile("28.5.2" if api > (1, 50) else "20.10.24", api, store))
    dump = write_dump(world, {}, {})

    assert read_dump(json.dumps(dump)).snapshot == world
    assert dump["containers"][0]["State"]["Status"]
    assert [v["UsageData"] for v in dump["df"]["Volumes"]] == [{"RefCount": 1, "Size": 12}]
    assert dump["images"][1]["Summary"]["RepoTags"] == ([] if api > (1, 50) else None)


def test_an_added_object_leaves_the_engines_words_alone() -> None:
    """What is added to an imported world is told beside the Engine's own JSON, which only changes where counts do."""
    case = next(c for c in CASES if c.before["containers"] and not c.containerd)
    read = read_dump(case.before)
    image = read.snapshot.images[0]
    extra = Container("ab" * 32, "extra", "x", image.id, "exited", False, T, T)
    added = tuple(sorted((*read.snapshot.containers, extra), key=key_of))
    dump = write_dump(replace(read.snapshot, containers=added), read.raw, read.header)

    assert [c for c in dump["containers"] if c["Id"] != extra.id] == case.before["containers"]
    before = {i["Id"]: i["Containers"] for i in case.before["df"]["Images"]}
    assert {i["Id"]: i["Containers"] for i in dump["df"]["Images"]} == before | {image.id: before[image.id] + 1}


def test_now_is_when_the_snapshot_is_taken() -> None:
    """The instant given wins over that of the dump, which then says so."""
    dump = CASES[0].before
    assert read_dump(dump).snapshot.taken_at == parse_rfc3339(dump["taken"])
    read = read_dump(dump, now=T)

    assert read.snapshot.taken_at == T
    assert parse_rfc3339(write_dump(*read)["taken"]) == T


@pytest.mark.parametrize("lists", [{"BuildCache": None, "Volumes": None}, {}], ids=["null", "missing"])
def test_an_old_engine_may_leave_lists_out(lists: dict[str, Any]) -> None:
    """Lists of `df` that are null or missing are empty, and stay as they were said."""
    dump = CASES[0].before | {"df": {"LayersSize": 0, "Images": [], "Containers": [], **lists}}
    read = read_dump(dump)

    assert read.snapshot.build_cache == ()
    assert {v.size for v in read.snapshot.volumes} <= {-1}
    assert write_dump(*read) == dump


def test_a_row_of_df_without_its_object_is_kept() -> None:
    """`df` is read at another moment than the lists: what only it knows is no object, and is not lost."""
    dump = json.loads(json.dumps(next(c for c in CASES if c.before["volumes"]).before))
    gone = dump["volumes"].pop(0)
    read = read_dump(dump)

    assert gone["Name"] not in {v.name for v in read.snapshot.volumes}
    assert write_dump(*read) == dump


@pytest.mark.parametrize("seed", range(150))
def test_no_dump_makes_it_stumble(seed: int) -> None:
    """Whatever stands in a value's place, a dump is refused, or read and then written without loss."""
    chance = random.Random(seed)
    small = min((c for c in CASES if c.before["containers"] and c.before["df"].get("BuildCache")), key=size_of)
    dump = json.loads(json.dumps(small.before))
    for _ in range(chance.randint(1, 3)):
        disturb(dump, chance)
    try:
        read = read_dump(json.dumps(dump))
    except DumpError:
        return  # anything else that is raised fails the test
    assert read_dump(write_dump(*read)).snapshot == read.snapshot, f"seed {seed}"


def size_of(case: Case) -> int:
    return len(json.dumps(case.before))


def disturb(document: Any, chance: random.Random) -> None:
    """Put something else in the place of one value, however deep."""
    places = list(walk(document))
    holder, key = chance.choice(places)
    holder[key] = chance.choice(
        [None, 7, -1, 2**70, "", "x", True, [], {}, [1], {"a": 1}, 1.5, "0001-01-01T00:00:00Z", [None], [{}]]
    )


def walk(document: Any) -> Iterator[tuple[Any, Any]]:
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(items):
        yield document, key
        if isinstance(value, (dict, list)):
            yield from walk(value)


def test_attestations_are_noticed() -> None:
    """An image with an attestation among its manifests says so; it matters to label filters of some Engines."""
    case = next(case for case in cases() if case.name == "28.5-containerd-2004")
    kinds = {i["Id"]: {m["Kind"] for m in i["Summary"]["Manifests"]} for i in case.before["images"]}
    read = {i.id: i.attested for i in read_dump(case.before).snapshot.images}
    assert read == {id: "attestation" in found for id, found in kinds.items()}
    assert set(read.values()) == {True, False}
