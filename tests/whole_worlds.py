"""Whole worlds by chance: all five kinds, tied to each other as an Engine would tie them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TypeVar

from prunecli.filters import Filters
from prunecli.info import PruneRequest
from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import RUNNING_STATES, Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import ANONYMOUS_LABEL, Volume
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, make_profile
from prunecli.snapshot import Snapshot
from prunecli.units import DAY, HOUR, MINUTE, Instant
from prunecli.verdict import Kind
from tests.image_worlds import NOW, digest, layer_sizes, random_images, random_records
from tests.store_worlds import ordered

R = TypeVar("R")

PROFILES: tuple[Profile, ...] = (
    DEFAULT_PROFILE,
    DEFAULT_PROFILE.speaking((1, 41)),
    make_profile("20.10.24", (1, 41)),
    make_profile("27.3.1", (1, 47)),
    make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD),
    make_profile("29.6.0", (1, 52), ImageStore.CONTAINERD),
)

LABELS: tuple[dict[str, str], ...] = ({}, {}, {"keep": "1"}, {"keep": "2", "tier": "web"}, {"tier": ""})
STATES = ("created", "running", "running", "paused", "restarting", "removing", "exited", "exited", "dead")
TYPES = ("regular", "regular", "", "source.local", "exec.cachemount", "frontend", "internal")
SIZES = (0, 1, 7, 1000, 5 << 20, 50 << 20)


def random_world(seed: int) -> Snapshot:
    """Return a world; the same seed gives the same one."""
    rng = random.Random(seed)
    profile = rng.choice(PROFILES)
    images = random_records(rng) if profile.containerd else random_images(rng)
    volumes = _volumes(rng)
    containers = _containers(rng, images, volumes)
    world = Snapshot(
        taken_at=NOW,
        profile=profile,
        containers=containers,
        networks=_networks(rng, containers),
        volumes=volumes,
        images=images,
        build_cache=_records(rng, [layer for i in images for layer in i.layers]),
        layers=layer_sizes(images),
        disk=DiskStat(10**11, rng.choice((0, 10**6, 10**9 - 1))),
    )
    return ordered(world)


def random_request(world: Snapshot, seed: int) -> PruneRequest:
    """Return what somebody could ask of this world: a system prune, or one kind alone."""
    rng = random.Random(seed * 7919 + 1)
    without_volumes = tuple(k for k in Kind if k is not Kind.VOLUME)
    kinds = rng.choice((tuple(Kind), without_volumes, *((kind,) for kind in Kind)))
    wide = rng.random() < 0.5 and not (kinds == (Kind.VOLUME,) and world.profile.volumes_default_to_all)
    request = PruneRequest(kinds, all=wide, filters=Filters.from_flags(_filters(rng, kinds)))
    if kinds == (Kind.BUILD_CACHE,):
        sizes = [rng.choice((None, None, *SIZES)) for _ in range(3)]
        request = replace(request, reserved_space=sizes[0], max_used_space=sizes[1], min_free_space=sizes[2])
    return request


def shuffled(world: Snapshot, seed: int) -> Snapshot:
    """Return the same world with everything in another order."""
    rng = random.Random(seed)

    def mixed(records: tuple[R, ...]) -> tuple[R, ...]:
        return tuple(rng.sample(records, len(records)))

    return replace(
        world,
        containers=mixed(world.containers),
        networks=mixed(world.networks),
        volumes=mixed(world.volumes),
        images=mixed(world.images),
        build_cache=mixed(world.build_cache),
        layers=dict(mixed(tuple(world.layers.items()))),
    )


def keys(world: Snapshot, kind: Kind) -> list[str]:
    """Return the ids of all objects of a kind, sorted."""
    found: dict[Kind, list[str]] = {
        Kind.CONTAINER: [c.id for c in world.containers],
        Kind.NETWORK: [n.id for n in world.networks],
        Kind.VOLUME: [v.name for v in world.volumes],
        Kind.IMAGE: [i.id for i in world.images],
        Kind.BUILD_CACHE: [r.id for r in world.build_cache],
    }
    return sorted(found[kind])


def _age(rng: random.Random) -> Instant:
    return NOW - rng.choice((0, MINUTE, HOUR, 5 * HOUR, 30 * HOUR, 9 * DAY, 400 * DAY))


def _volumes(rng: random.Random) -> tuple[Volume, ...]:
    made = []
    for number in range(rng.randint(0, 6)):
        labels = dict(rng.choice(LABELS)) | ({ANONYMOUS_LABEL: ""} if rng.random() < 0.5 else {})
        driver = rng.choice(("local", "local", "local", "nfs"))
        options = rng.choice(({}, {}, {}, {"type": "tmpfs"}))
        made.append(Volume(f"volume{number}", driver, _age(rng), labels, options, rng.choice((*SIZES, -1))))
    return tuple(made)


def _containers(rng: random.Random, images: tuple[Image, ...], volumes: tuple[Volume, ...]) -> tuple[Container, ...]:
    made = []
    for number in range(rng.randint(0, 6)):
        image = rng.choice(images)
        state = rng.choice(STATES)
        created_at = _age(rng)
        text = rng.choice((*image.tags, *image.digests, image.id, "gone:1"))
        made.append(
            Container(
                digest(f"container{number}").removeprefix("sha256:"),
                f"container{number}",
                text,
                rng.choice((image.id, image.id, digest("gone"))),
                state,
                state in RUNNING_STATES,
                created_at,
                None if state == "created" else created_at + MINUTE,
                rng.choice(LABELS),
                rng.choice(SIZES),
                tuple(v.name for v in volumes if rng.random() < 0.25),
                tuple(i.id for i in images if rng.random() < 0.05),
            )
        )
    return tuple(made)


def _networks(rng: random.Random, containers: tuple[Container, ...]) -> tuple[Network, ...]:
    made = [
        Network(digest(f"network {name}").removeprefix("sha256:"), name, driver, NOW - 400 * DAY)
        for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"))
    ]
    running = [c.name for c in containers if c.running]
    for number in range(rng.randint(0, 5)):
        made.append(
            Network(
                digest(f"network{number}").removeprefix("sha256:"),
                f"network{number}",
                rng.choice(("bridge", "overlay")),
                _age(rng),
                rng.choice(LABELS),
                rng.choice(("local", "swarm")),
                tuple(name for name in running if rng.random() < 0.3),
                ingress=rng.random() < 0.05,
                config_only=rng.random() < 0.05,
            )
        )
    return tuple(made)


def _records(rng: random.Random, layers: list[str]) -> tuple[CacheRecord, ...]:
    made: list[CacheRecord] = []
    for number in range(rng.randint(0, 9)):
        used = rng.choice((None, _age(rng), _age(rng)))
        parents = tuple(r.id for r in made if rng.random() < 0.25)
        made.append(
            CacheRecord(
                f"record{number}",
                parents,
                rng.choice(TYPES),
                rng.choice(("", "pulled from docker.io/library/a:1", "mount / from exec /bin/sh")),
                mutable=rng.random() < 0.2,
                in_use=rng.random() < 0.1,
                reported_shared=rng.random() < 0.2,
                layer=rng.choice(layers) if layers and rng.random() < 0.3 else "",
                size=rng.choice(SIZES),
                created_at=NOW - 400 * DAY,
                last_used_at=used,
                usage_count=0 if used is None else rng.randint(1, 4),
            )
        )
    return tuple(made)


def _filters(rng: random.Random, kinds: tuple[Kind, ...]) -> list[str]:
    made = []
    if rng.random() < 0.4 and Kind.VOLUME not in kinds:
        made.append("until=" + rng.choice(("1h", "24h", "10m", "300h")))
    if rng.random() < 0.3:
        made.append(rng.choice(("label=keep", "label=keep=1", "label!=keep", "label!=keep=1", "label!=tier")))
    return made
