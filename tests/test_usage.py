"""Disk usage: the numbers of `system df`, computed from a snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.container import Container
from prunecli.kinds.image import Blob, Image
from prunecli.kinds.volume import Volume
from prunecli.plan import after, make_plan
from prunecli.profile import ImageStore, make_profile
from prunecli.snapshot import Snapshot
from prunecli.usage import INIT_SNAPSHOT, DiskUsage, Totals, measure
from prunecli.verdict import Kind
from prunecli.wire import read_dump
from tests.conftest import NOW
from tests.oracle import Case, cases

OLD_ENGINE = make_profile("20.10.24", (1, 41))
CONTAINERD = make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD)
BASE, APP = "sha256:" + "ba" * 32, "sha256:" + "a9" * 32

each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def image(id: str = BASE, *tags: str, layers: tuple[str, ...] = ("base",), **more: Any) -> Image:
    return Image(id, tags=tags, layers=layers, **more)


def container(id: str = "c1", image: str = "busybox", state: str = "exited", **more: Any) -> Container:
    more = {"image_id": BASE, "created_at": NOW, **more}
    return Container(id, f"name-{id}", image, state=state, running=state in ("running", "paused"), **more)


# What Engines say


def engine_answers(case: Case) -> list[dict[str, Any]]:
    """Return both dumps of a case, as far as the Engine answered when it was asked for its disk usage."""
    return [dump for dump in (case.before, case.after) if "message" not in dump["df"]]


def rows(dump: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return dump["df"].get(kind) or []


@each_case
def test_images_are_measured_as_the_engine_measures_them(case: Case) -> None:
    """The same images in the order of their age, each with the Engine's size, shared size and number of containers."""
    for dump in engine_answers(case):
        ours = measure(read_dump(dump).snapshot).images
        said = {row["Id"]: row for row in rows(dump, "Images")}
        assert [said[i.image.id]["Created"] for i in ours] == [row["Created"] for row in rows(dump, "Images")]
        assert {i.image.id: (i.image.size, i.shared_size, i.containers) for i in ours} == {
            id: (row["Size"], row["SharedSize"], row["Containers"]) for id, row in said.items()
        }


@each_case
def test_containers_are_measured_as_the_engine_measures_them(case: Case) -> None:
    """The same containers, newest first, each with the Engine's text for its image, its sizes and whether it runs."""
    for dump in engine_answers(case):
        ours = measure(read_dump(dump).snapshot).containers
        active = ("running", "paused", "restarting")
        assert [(c.container.id, c.image, c.container.size, c.active) for c in ours] == [
            (row["Id"], row["Image"], row.get("SizeRw", 0), row["State"] in active) for row in rows(dump, "Containers")
        ]
        if not case.containerd:
            assert [c.root_size for c in ours] == [row.get("SizeRootFs", 0) for row in rows(dump, "Containers")]


@each_case
def test_volumes_are_measured_as_the_engine_measures_them(case: Case) -> None:
    """The same volumes, each with the Engine's size and number of containers."""
    for dump in engine_answers(case):
        assert [(v.volume.name, v.links, v.volume.size) for v in measure(read_dump(dump).snapshot).volumes] == sorted(
            (r["Name"], r["UsageData"]["RefCount"], r["UsageData"]["Size"]) for r in rows(dump, "Volumes")
        )


@each_case
def test_build_cache_is_measured_as_the_engine_measures_it(case: Case) -> None:
    """The same records, each with the Engine's size and flags."""
    for dump in engine_answers(case):
        ours = measure(read_dump(dump).snapshot).build_cache
        assert {r.record.id: (r.size, r.in_use, r.shared) for r in ours} == {
            r["ID"]: (r["Size"], r["InUse"], r["Shared"]) for r in rows(dump, "BuildCache")
        }


@each_case
def test_the_image_store_weighs_what_the_engine_says(case: Case) -> None:
    """Exact with graph drivers; what the containerd store holds besides images is not told, and so nearly right."""
    for dump in engine_answers(case):
        ours, said = measure(read_dump(dump).snapshot).layers_size, dump["df"].get("LayersSize", 0)
        assert abs(ours - said) <= (said * 6 // 100 if case.containerd else 0)


# Rules

SHARED = Snapshot(
    NOW,
    images=(image(BASE, "busybox:latest", size=100), image(APP, "app:1", layers=("base", "app"), size=130)),
    layers={"base": 100, "app": 30, "of a build": 7},
)


def test_what_images_share_is_counted_once() -> None:
    """A layer that two images hold is shared in both and weighs once; a layer that only builds hold is no image's."""
    usage = measure(SHARED)
    assert usage.layers_size == 130
    assert {i.image.id: (i.shared_size, i.unique_size) for i in usage.images} == {BASE: (100, 0), APP: (100, 30)}


@pytest.mark.parametrize(
    ("containers", "totals"),
    [
        pytest.param((), Totals(2, 0, 130, 130), id="without containers everything could come back"),
        pytest.param((container(),), Totals(2, 1, 130, 130), id="a used image that others contain holds nothing"),
        pytest.param((container(image_id=APP),), Totals(2, 1, 130, 100), id="a used image holds what it has alone"),
    ],
)
def test_image_totals(containers: tuple[Container, ...], totals: Totals) -> None:
    """Reclaimable is everything but what used images hold for themselves alone."""
    assert measure(replace(SHARED, containers=containers)).image_totals == totals


@pytest.mark.parametrize(
    ("images", "seen"),
    [
        pytest.param((image(BASE), image(APP, parent=BASE)), [APP], id="an untagged parent is not listed"),
        pytest.param((image(BASE, "x:1"), image(APP, parent=BASE)), [APP, BASE], id="a tagged parent is"),
        pytest.param((image(BASE, digests=("x@sha256:d",)), image(APP, parent=BASE)), [APP, BASE], id="or a digested"),
        pytest.param((image(BASE, created_at=2), image(APP, created_at=1)), [BASE, APP], id="the newest comes first"),
        pytest.param((image(BASE), image(APP, created_at=1)), [APP, BASE], id="one without a date last"),
    ],
)
def test_which_images_are_listed(images: tuple[Image, ...], seen: list[str]) -> None:
    """A list leaves out what only lies between two images."""
    assert [i.image.id for i in measure(Snapshot(NOW, images=images)).images] == seen


@pytest.mark.parametrize(
    ("profile", "shared"),
    [pytest.param(OLD_ENGINE, 0, id="not before 23.0"), pytest.param(SHARED.profile, 100, id="since 23.0")],
)
def test_sharing_with_an_unlisted_parent(profile: Any, shared: int) -> None:
    """Since 23.0 a layer counts as shared with images that no list shows, too."""
    hidden = (image(BASE, size=100), image(APP, "app:1", layers=("base", "app"), size=130, parent=BASE))
    usage = measure(replace(SHARED, profile=profile, images=hidden))
    assert [i.shared_size for i in usage.images] == [shared]
    assert usage.layers_size == 130


def test_an_image_without_layers_weighs_its_size() -> None:
    """An object that was added by hand, without layers, shares nothing."""
    usage = measure(Snapshot(NOW, images=(image(BASE, layers=(), size=50),)))
    assert (usage.layers_size, usage.images[0].unique_size) == (50, 50)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("busybox", "busybox", id="a name without tag means latest"),
        pytest.param("docker.io/library/busybox:latest", "docker.io/library/busybox:latest", id="a full name stays"),
        pytest.param("ba" * 6, "ba" * 6, id="the beginning of its id"),
        pytest.param(BASE, BASE, id="its whole id"),
        pytest.param("busybox@sha256:" + "dd" * 32, "busybox@sha256:" + "dd" * 32, id="its digest"),
        pytest.param("app:1", BASE, id="a name that means another image by now"),
        pytest.param("gone:1", BASE, id="a name that means nothing any more"),
        pytest.param("a9" * 3, BASE, id="the beginning of another id"),
        pytest.param("NOT A NAME", BASE, id="text that is no reference"),
        pytest.param("", BASE, id="no text"),
    ],
)
def test_the_image_of_a_container(text: str, shown: str) -> None:
    """The text a container was made from is shown while it means the image that it meant then."""
    digested = replace(SHARED.images[0], digests=("busybox@sha256:" + "dd" * 32,))
    world = replace(SHARED, images=(digested, SHARED.images[1]), containers=(container(image=text),))
    assert measure(world).containers[0].image == shown


def test_container_totals() -> None:
    """What does not run could come back: created, exited, dead and half removed containers."""
    states = ("running", "paused", "restarting", "created", "exited", "dead", "removing")
    world = Snapshot(NOW, containers=tuple(container(s, state=s, size=10**n) for n, s in enumerate(states)))
    assert measure(world).container_totals == Totals(7, 3, 1_111_111, 1_111_000)


def test_volume_totals() -> None:
    """Volumes with options or of other drivers are no local space; an unknown size counts nothing."""
    volumes = (
        Volume("used", "local", size=1),
        Volume("free", "local", size=20),
        Volume("unknown", "local", size=-1),
        Volume("nfs", "local", options={"type": "nfs"}, size=300),
        Volume("far", "rexray", size=4000),
    )
    users = (container("c1", volumes=("used", "used")), container("c2", volumes=("used", "nfs")))
    usage = measure(Snapshot(NOW, volumes=volumes, containers=users))
    assert [(v.volume.name, v.links) for v in usage.volumes] == [("free", 0), ("unknown", 0), ("used", 2)]
    assert usage.volume_totals == Totals(3, 1, 21, 20)


def test_build_cache_totals() -> None:
    """Docker counts neither what images share nor gives back what is in use."""
    records = (
        CacheRecord("idle", size=1),
        CacheRecord("held", in_use=True, size=20),
        CacheRecord("below", size=300),
        CacheRecord("above", parents=("below",), in_use=True, size=4000),
        CacheRecord("shared", reported_shared=True, size=50_000),
    )
    assert measure(Snapshot(NOW, build_cache=records)).build_cache_totals == Totals(5, 3, 4321, 1)


def test_the_containerd_store_weighs_all_it_holds() -> None:
    """Blobs once, unpacked layers once, every container's own two snapshots, every build's."""
    blobs = (Blob("m1", 5, manifest=True), Blob("l1", 40))
    world = Snapshot(
        NOW,
        CONTAINERD,
        containers=(container(size=8192),),
        images=(
            image(BASE, "busybox:latest", content=blobs, size=145),
            image(APP, "app:1", layers=("base", "app"), content=(*blobs[1:], Blob("m2", 6)), size=176),
        ),
        build_cache=(
            CacheRecord("context", size=4096),
            CacheRecord("base", reported_shared=True, size=40),
            CacheRecord("step", ("base",), reported_shared=True, size=12288 + 99),
        ),
        layers={"base": 100, "app": 30},
    )
    assert measure(world).layers_size == 51 + 130 + 8192 + INIT_SNAPSHOT + 4096 + 12288


def test_sharing_that_nobody_told_is_unknown() -> None:
    """In the containerd store an image without known layers has a shared size of -1, and holds nothing in the sums."""
    world = Snapshot(NOW, CONTAINERD, images=(image(BASE, layers=(), size=9),), containers=(container(),))
    usage = measure(world)
    assert (usage.images[0].shared_size, usage.images[0].unique_size) == (-1, -1)
    assert usage.image_totals == Totals(1, 1, 9 + INIT_SNAPSHOT, 9 + INIT_SNAPSHOT)


# Laws

chains = st.integers(1, 4).flatmap(lambda n: st.just(tuple(f"l{i}" for i in range(n)))) | st.just(("l0", "other"))
sizes = {"l0": 1, "l1": 20, "l2": 300, "l3": 4000, "other": 50_000}


@st.composite
def worlds(draw: st.DrawFn) -> Snapshot:
    images = [
        Image(
            f"sha256:{n:064d}", tags=(f"i{n}:1",), layers=layers, size=sum(sizes[c] for c in layers), created_at=n % 3
        )
        for n, layers in enumerate(draw(st.lists(chains, max_size=5)))
    ]
    ids = [i.id for i in images] or ["sha256:gone"]
    containers = [
        container(f"c{n}", state=state, image_id=id, size=n, volumes=(f"v{n % 3}",))
        for n, (state, id) in enumerate(
            draw(
                st.lists(st.tuples(st.sampled_from(["running", "exited", "created"]), st.sampled_from(ids)), max_size=5)
            )
        )
    ]
    volumes = [Volume(f"v{n}", "local", size=n) for n in range(draw(st.integers(0, 4)))]
    used = {c for i in images for c in i.layers}
    return Snapshot(
        NOW,
        containers=tuple(containers),
        images=tuple(images),
        volumes=tuple(volumes),
        layers={c: size for c, size in sizes.items() if c in used},
    )


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_a_snapshot_does_not_matter(world: Snapshot, random: Any) -> None:
    """Shuffled input gives the same report."""
    shuffled = replace(
        world,
        images=tuple(random.sample(world.images, len(world.images))),
        containers=tuple(random.sample(world.containers, len(world.containers))),
        volumes=tuple(random.sample(world.volumes, len(world.volumes))),
    )
    assert measure(shuffled) == measure(world)


@given(worlds())
def test_parts_stay_within_the_whole(world: Snapshot) -> None:
    """No image shares more than it weighs, unique parts fit into the store, nothing gives back more than it takes."""
    usage = measure(world)
    assert all(0 <= i.shared_size <= i.image.size for i in usage.images)
    assert sum(i.unique_size for i in usage.images) <= usage.layers_size
    for totals in (usage.image_totals, usage.container_totals, usage.volume_totals, usage.build_cache_totals):
        assert 0 <= totals.reclaimable <= totals.size
        assert 0 <= totals.active <= totals.count


@given(worlds())
def test_a_prune_takes_from_the_sums_what_it_promised(world: Snapshot) -> None:
    """After a prune of everything each kind weighs less by exactly what the plan reclaims."""

    def weights(usage: DiskUsage) -> list[int]:
        return [usage.container_totals.size, usage.volume_totals.size, usage.layers_size]

    plan = make_plan(world, {kind: PruneInfo(all=True) for kind in Kind})
    left = world
    for kind in plan.kinds:
        left = after(left, kind.steps)
    promised = {kind.kind: kind.reclaimable for kind in plan.kinds}
    assert [a - b for a, b in zip(weights(measure(world)), weights(measure(left)), strict=True)] == [
        promised[Kind.CONTAINER],
        promised[Kind.VOLUME],
        promised[Kind.IMAGE],
    ]
