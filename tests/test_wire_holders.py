"""Which layers the build cache holds, and what images of the containerd store consist of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from prunecli.backends.store import Store
from prunecli.clock import Clock
from prunecli.info import PruneRequest
from prunecli.kinds.image import Image
from prunecli.plan import held_blobs
from prunecli.pruning import apply, prepare
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind
from prunecli.wire import read_dump
from prunecli.wire.dump import Dump
from tests.build_worlds import World
from tests.oracle import Case, cases

CASES = cases()
IMAGE_PRUNES = [c for c in CASES if c.argv[0] in ("system", "image") and c.data["exit"] == 0]


def gone(case: Case, snapshot: Snapshot) -> tuple[list[Image], list[Image]]:
    """Return the images that the Engine removed, and those that it left."""
    left = {i["Id"] for i in case.after["images"]}
    return [i for i in snapshot.images if i.id not in left], [i for i in snapshot.images if i.id in left]


def deleted_rows(case: Case) -> set[str]:
    return {line.removeprefix("deleted: ") for line in case.data["stdout"].splitlines() if line.startswith("deleted: ")}


def image_bytes(case: Case) -> tuple[float, float]:
    """Return the bytes of the images in the printed total, and by how much they may be off."""
    number, unit = re.findall(r"Total reclaimed space: ([\d.]+)(\w+)", case.data["stdout"])[0]
    factor = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
    others = sum(case.reclaimed(kind) or 0 for kind in ("container", "volume", "builder"))
    return float(number) * factor - others, factor / 10 ** len(number.partition(".")[2]) / 2 + 40


@pytest.mark.parametrize("case", [c for c in IMAGE_PRUNES if not c.containerd], ids=lambda case: case.name)
def test_layers_vanish_as_in_the_engine(case: Case) -> None:
    """The layers that no image and no record holds any more are those that the Engine deleted, byte for byte."""
    snapshot = read_dump(case.before).snapshot
    removed, left = gone(case, snapshot)
    held = {chain for image in left for chain in image.layers}
    below = {chain: image.layers[: n + 1] for image in snapshot.images for n, chain in enumerate(image.layers)}
    held |= {chain for r in snapshot.build_cache for chain in below.get(r.layer, ())}
    vanished = {chain for image in removed for chain in image.layers} - held

    assert deleted_rows(case) == vanished | {image.id for image in removed}
    assert case.reclaimed("image") == sum(snapshot.layers[chain] for chain in vanished)


@pytest.mark.parametrize("case", [c for c in IMAGE_PRUNES if c.containerd], ids=lambda case: case.name)
def test_blobs_vanish_as_in_the_engine(case: Case) -> None:
    """Of the containerd store, manifests vanish exactly as in the Engine, and the bytes as far as they can be told.

    Since 29.6 the bytes are also those of what nothing else has unpacked.
    """
    snapshot = read_dump(case.before).snapshot
    removed, left = gone(case, snapshot)
    kept = {blob.digest for image in left for blob in image.content} | held_blobs(snapshot)
    vanished = {b.digest: b for image in removed for b in image.content if b.digest not in kept}

    assert deleted_rows(case) == {blob.digest for blob in vanished.values() if blob.manifest}
    size = sum(blob.size for blob in vanished.values())
    if snapshot.profile.snapshot_bytes_counted:
        chains = {chain for image in removed for chain in image.layers} - {c for image in left for c in image.layers}
        size += sum(snapshot.layers[chain] for chain in chains)
    told, tolerance = image_bytes(case)
    assert size == pytest.approx(told, abs=tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_records_are_shared_as_in_the_engine(case: Case) -> None:
    """With the images that are left, every record that is left is shared exactly if the Engine says so."""
    snapshot = read_dump(case.before).snapshot
    _, left = gone(case, snapshot)
    layers = {chain for image in left for chain in (image.layers[-1:] if case.containerd else image.layers)}
    parents = {r.id: r.parents for r in snapshot.build_cache}
    told = {r["ID"]: r["Shared"] for r in case.after["df"].get("BuildCache") or [] if r["ID"] in parents}
    shared = with_ancestors((r.id for r in snapshot.build_cache if r.id in told and r.layer in layers), parents)

    assert {id: id in shared for id in told} == told


def with_ancestors(ids: Iterable[str], parents: dict[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    ready = list(ids)
    while ready:
        id = ready.pop()
        found.add(id)
        ready += [parent for parent in parents[id] if parent not in found]
    return found


def lived(seed: int, steps: int, *, orderly: bool = False) -> World:
    world = World(seed, orderly=orderly)
    for _ in range(world.random.randint(3, steps)):
        world.step()
    return world


def inferred(world: World) -> dict[str, str]:
    dump: Dump = read_dump(world.dump())
    return {r.id: r.layer for r in dump.snapshot.build_cache if r.layer}


@pytest.mark.parametrize("seed", range(120))
def test_an_orderly_world_is_told_exactly(seed: int) -> None:
    """Where nothing was removed and every build left its image, each record's layer is found."""
    world = lived(seed, 30, orderly=True)
    assert inferred(world) == world.holders, f"seed {seed}"


def test_wild_worlds_are_told_but_for_what_left_no_trace() -> None:
    """With images removed, cache pruned and builds that left none, all but one record in a hundred are right."""
    wrong = total = 0
    for seed in range(150):
        world = lived(seed, 30)
        found, truth = inferred(world), world.holders
        assert found.keys() == truth.keys(), f"seed {seed}: a shared record holds a layer, and no other does"
        wrong += sum(found[id] != truth[id] for id in truth)
        total += len(truth)
    assert wrong <= total / 100


def test_a_record_that_nothing_explains_keeps_the_engines_word() -> None:
    """A shared record whose layer no image shows has none, and stays shared."""
    dump = lived(3, 20, orderly=True).dump()
    for image in dump["images"]:
        image["RootFS"] = {"Type": "layers", "Layers": []}
    records = read_dump(dump).snapshot.build_cache

    assert any(r.reported_shared for r in records)
    assert all(not r.layer for r in records)


@pytest.mark.parametrize("case", [c for c in CASES if c.data.get("via") == "buildx"], ids=lambda case: case.name)
def test_mutable_records_are_those_that_buildx_marks(case: Case) -> None:
    """The Engine API does not say what is mutable; buildx does, with a star behind the id."""
    mutable = {r.id: r.mutable for r in read_dump(case.before).snapshot.build_cache}
    marked = dict(re.findall(r"^([a-z0-9]{25})(\*?)\s", case.data["stdout"], re.M))

    assert {id: mutable[id] for id in marked} == {id: star == "*" for id, star in marked.items()}


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name in ("28.5-containerd-505", "28.5-containerd-519")], ids=lambda c: c.name
)
def test_pruned_build_cache_holds_nothing(tmp_path: Path, case: Case) -> None:
    """What build cache holds follows from the records that are there: after its prune, images give those bytes back."""
    told = read_dump(case.before)
    images = PruneRequest((Kind.IMAGE,), all=True)
    with Store.open(tmp_path / "state.db") as store:
        store.replace(told.snapshot, told.raw, told.header)
        held = held_blobs(told.snapshot)
        before = prepare(store, images, 0)
        going = {b.digest: b for i in told.snapshot.images for b in i.content}
        for image in told.snapshot.images:
            if not any(v.id == image.id and v.removed for v in before.kinds[0].verdicts):
                for blob in image.content:
                    going.pop(blob.digest, None)
        list(apply(store, prepare(store, PruneRequest((Kind.BUILD_CACHE,), all=True), 0), Clock(0)))
        later = prepare(store, images, 0)

    assert held & going.keys()
    assert later.reclaimable == before.reclaimable + sum(going[digest].size for digest in held & going.keys())
