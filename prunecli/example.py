"""The example world: what moby's "prune events" change was shown with, and a service that must survive it.

With API 1.41, `system prune -af --volumes` on it gives the events of that change: containers 15728640 bytes, networks
0, volumes 15728640, images 21568540, build cache 52428841, and `Total reclaimed space: 105.5MB`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.image.chains import chain_ids
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR, MINUTE, Instant

MIB = 1 << 20


def example_world(now: Instant) -> Snapshot:
    """Return the example as it looks at `now`; every age in it is counted back from there."""
    layers, images = _images(now)
    by_tag = {image.tags[0] if image.tags else "": image for image in images}
    return Snapshot(
        taken_at=now,
        containers=_containers(now, by_tag),
        networks=_networks(now),
        volumes=_volumes(now),
        images=images,
        build_cache=_build_cache(now),
        layers=layers,
        disk=DiskStat(total=252 * 10**9, free=61 * 10**9),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _containers(now: Instant, images: dict[str, Image]) -> tuple[Container, ...]:
    web = Container(
        id=_digest("container web"),
        name="web",
        image="nginx:1.27",
        image_id=images["nginx:1.27"].id,
        state="running",
        running=True,
        created_at=now - 9 * DAY,
        labels={"com.example.service": "shop"},
        size=MIB // 4,
        volumes=("web-data",),
    )
    stopped = [
        Container(
            id=_digest(f"container {name}"),
            name=name,
            image="alpine:3.20",
            image_id=images["alpine:3.20"].id,
            state="exited",
            running=False,
            created_at=now - age,
            finished_at=now - age + MINUTE,
            size=5 * MIB,
            volumes=(volume,),
        )
        for name, volume, age in (
            ("container_foo", "volume_foo", 30 * HOUR),
            ("container_bar", "volume_bar", 26 * HOUR),
            ("container_baz", _digest("volume baz"), 2 * HOUR),
        )
    ]
    return tuple(sorted([web, *stopped], key=lambda c: c.id))


def _networks(now: Instant) -> tuple[Network, ...]:
    predefined = [
        Network(_digest(f"network {name}"), name, driver, now - 40 * DAY)
        for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"))
    ]
    unused = [
        Network(_digest(f"network {name}"), name, "bridge", now - 30 * HOUR)
        for name in ("network_foo", "network_bar", "network_baz")
    ]
    shop = Network(_digest("network shop"), "shop", "bridge", now - 9 * DAY, endpoints=("web",))
    return tuple(sorted([*predefined, *unused, shop], key=lambda n: n.id))


def _volumes(now: Instant) -> tuple[Volume, ...]:
    named = [Volume(name, "local", now - 30 * HOUR, size=5 * MIB) for name in ("volume_foo", "volume_bar")]
    nameless = Volume(_digest("volume baz"), "local", now - 2 * HOUR, labels={ANONYMOUS_LABEL: ""}, size=5 * MIB)
    data = Volume("web-data", "local", now - 9 * DAY, size=40 * MIB)
    return tuple(sorted([*named, nameless, data], key=lambda v: v.name))


def _images(now: Instant) -> tuple[dict[str, int], tuple[Image, ...]]:
    """Return the layers and the images: two that go with `-a`, one old build without a tag, one in use."""
    shapes = {
        "nginx:1.27": (("debian", 29_150_208), ("nginx", 41_371_648)),
        "alpine:3.20": (("alpine", 7_797_760),),
        "image_foo:latest": (("alpine", 7_797_760), ("foo", 12_582_912)),
        "": (("alpine", 7_797_760), ("old foo", 1_187_868)),
    }
    ages = {"nginx:1.27": 12 * DAY, "alpine:3.20": 60 * DAY, "image_foo:latest": 3 * HOUR, "": 2 * DAY}
    sizes: dict[str, int] = {}
    images: list[Image] = []
    for tag, layers in shapes.items():
        diff_ids = tuple(f"sha256:{_digest('layer ' + name)}" for name, _ in layers)
        chains = chain_ids(diff_ids)
        sizes |= {chain: size for chain, (_, size) in zip(chains, layers, strict=True)}
        image = Image(
            id=f"sha256:{_digest('image ' + tag)}",
            created_at=now - ages[tag],
            labels={},
            tags=(tag,) if tag else (),
            layers=chains,
            size=sum(size for _, size in layers),
            diff_ids=diff_ids,
        )
        images.append(image)
    return sizes, tuple(sorted(images, key=lambda i: i.id))


def _build_cache(now: Instant) -> tuple[CacheRecord, ...]:
    base = CacheRecord(
        id="29dfqn86xmb7quv06x4fstsyt",
        description="pulled from docker.io/library/alpine:3.20",
        created_at=now - 3 * HOUR,
        last_used_at=now - 3 * HOUR,
        usage_count=1,
    )
    step = replace(
        base,
        id="lx3rqxsdy2nwvti5v2zr8gnle",
        parents=(base.id,),
        description="mount / from exec /bin/sh -c dd if=/dev/zero of=bigfile bs=1M count=50",
        size=50 * MIB,
    )
    context = CacheRecord(
        id="vvm6uixsq27wv19o8sc2npxsy",
        type="source.local",
        description="local source for context",
        mutable=True,
        size=41,
        created_at=now - 3 * HOUR,
        last_used_at=now - 3 * HOUR,
        usage_count=1,
    )
    return tuple(sorted([base, step, context], key=lambda r: r.id))
