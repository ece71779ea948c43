"""The cascade: what goes when containers go first, and what each removal frees for the next kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from prunecli.info import PruneInfo
from prunecli.kinds import build_cache, container, network, volume
from prunecli.kinds.image import ImageUse
from prunecli.profile import Profile
from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Decisions, Kind, Selection, Step, Verdict


@dataclass(frozen=True, slots=True)
class KindPlan:
    """What was decided for one kind: a verdict for each of its objects, and the steps in the Engine's order."""

    kind: Kind
    info: PruneInfo
    verdicts: tuple[Verdict, ...]
    steps: tuple[Step, ...]

    @property
    def reclaimable(self) -> int:
        """Bytes that the steps promise to give back."""
        return sum(step.reclaims for step in self.steps)

    @property
    def removals(self) -> tuple[Verdict, ...]:
        """The verdicts of what goes."""
        return tuple(v for v in self.verdicts if v.removed)

    @property
    def selection(self) -> Selection:
        """What this plan removes, so that a later apply can hold itself to it."""
        references: dict[str, set[str]] = {}
        for step in self.steps:
            if step.untags:
                references.setdefault(step.id, set()).add(step.ref)
        return Selection(
            {step.id: step.witness for step in self.steps},
            {id: frozenset(refs) for id, refs in references.items()},
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All kinds of one request, decided on one snapshot; `taken_at` is the only reading of the clock."""

    taken_at: Instant
    profile: Profile
    generation: int
    kinds: tuple[KindPlan, ...]

    @property
    def reclaimable(self) -> int:
        """Bytes that the whole plan promises to give back."""
        return sum(k.reclaimable for k in self.kinds)

    @property
    def empty(self) -> bool:
        """Whether nothing at all would go."""
        return not any(k.steps for k in self.kinds)


def make_plan(
    snapshot: Snapshot,
    infos: Mapping[Kind, PruneInfo],
    chosen: Mapping[Kind, Selection] | None = None,
) -> Plan:
    """Decide for every kind that has a prune info, in the order of the cascade.

    `chosen` limits each kind to what an earlier plan was going to remove.
    """
    plans: list[KindPlan] = []
    world = snapshot
    for kind in Kind:
        if kind in infos:
            plan = plan_kind(world, kind, infos[kind], chosen[kind] if chosen else None)
            world = after(world, plan.steps)
            plans.append(plan)
    return Plan(snapshot.taken_at, snapshot.profile, snapshot.generation, tuple(plans))


def plan_kind(snapshot: Snapshot, kind: Kind, info: PruneInfo, chosen: Selection | None = None) -> KindPlan:
    """Decide for one kind alone, on the world as it is."""
    decisions = _decide(snapshot, kind, info, chosen)
    return KindPlan(kind, info, decisions.verdicts, decisions.steps)


def _decide(world: Snapshot, kind: Kind, info: PruneInfo, chosen: Selection | None) -> Decisions:
    now = world.taken_at
    if kind is Kind.CONTAINER:
        return container.decide(world.containers, info, now, chosen)
    if kind is Kind.NETWORK:
        return network.decide(world.networks, info, now, chosen)
    if kind is Kind.VOLUME:
        return volume.decide(world.volumes, volume_users(world), info, world.profile, chosen)
    if kind is Kind.IMAGE:
        uses = image_uses(world)
        if world.profile.containerd:
            from prunecli.kinds.image import containerd

            return containerd.decide(world.images, uses, held_blobs(world), info, now, world.profile, chosen)
        from prunecli.kinds.image import graph

        held = held_layers(world)
        return graph.decide(world.images, uses, world.layers, held, info, now, world.profile, chosen)
    return build_cache.decide(world.build_cache, shared_records(world), info, now, world.disk, world.profile, chosen)


def volume_users(world: Snapshot) -> dict[str, tuple[str, ...]]:
    """Map each mounted volume's name to the containers that mount it, `web (running)`, in order."""
    users: dict[str, list[str]] = {}
    for c in sorted(world.containers, key=lambda c: (not c.running, c.name, c.id)):
        for name in dict.fromkeys(c.volumes):
            users.setdefault(name, []).append(f"{c.name} ({c.state})")
    return {name: tuple(by) for name, by in users.items()}


def image_uses(world: Snapshot) -> tuple[ImageUse, ...]:
    """Return every claim of a container on an image: the one it was made from, and those it mounts."""
    uses: list[ImageUse] = []
    for c in world.containers:
        uses.append(ImageUse(c.id, c.name, c.running, c.image, c.image_id))
        uses.extend(ImageUse(c.id, c.name, c.running, "", id, mount=True) for id in c.image_mounts)
    return tuple(uses)


def held_layers(world: Snapshot) -> frozenset[str]:
    """Return the chain ids that build cache holds, and with each the chain below it as far as it is known."""
    return frozenset(r.layer for r in world.build_cache if r.layer)


def held_blobs(world: Snapshot) -> frozenset[str]:
    """Return the digests of the blobs that build cache holds, beside images, in the containerd store."""
    return frozenset(digest for r in world.build_cache for digest in r.holds)


def shared_records(world: Snapshot) -> dict[str, str]:
    """Map each directly shared cache record to the image that it shares with.

    With graph drivers a record is shared when its layer is part of some image, with the containerd store when it is an
    image's topmost. Where a record's layer is not known, the Engine's own word stands.
    Source: `build-cache-gc.md` 7 of the specification.
    """
    owners: dict[str, str] = {}
    for image in sorted(world.images, key=lambda i: (not i.tags, i.tags, i.id)):
        for layer in image.layers[-1:] if world.profile.containerd else image.layers:
            owners.setdefault(layer, image.tags[0] if image.tags else image.id)
    shared: dict[str, str] = {}
    for record in world.build_cache:
        if record.layer:
            if record.layer in owners:
                shared[record.id] = owners[record.layer]
        elif record.reported_shared:
            shared[record.id] = ""
    return shared


def after(world: Snapshot, steps: Iterable[Step]) -> Snapshot:
    """Return the world as it is once these steps are done; their bytes have come back to its disk."""
    gone: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    untagged: dict[str, set[str]] = {}
    layers: set[str] = set()
    freed = 0
    for step in steps:
        freed += step.freed
        layers.update(step.layers)
        if step.untags:
            untagged.setdefault(step.id, set()).add(step.ref)
        else:
            gone[step.kind].add(step.id)
    images = tuple(
        replace(
            i,
            tags=tuple(t for t in i.tags if t not in untagged[i.id]),
            digests=tuple(d for d in i.digests if d not in untagged[i.id]),
        )
        if i.id in untagged
        else i
        for i in world.images
        if i.id not in gone[Kind.IMAGE]
    )
    return replace(
        world,
        containers=tuple(c for c in world.containers if c.id not in gone[Kind.CONTAINER]),
        networks=tuple(n for n in world.networks if n.id not in gone[Kind.NETWORK]),
        volumes=tuple(v for v in world.volumes if v.name not in gone[Kind.VOLUME]),
        images=images,
        build_cache=tuple(r for r in world.build_cache if r.id not in gone[Kind.BUILD_CACHE]),
        layers={chain: size for chain, size in world.layers.items() if chain not in layers} if layers else world.layers,
        disk=world.disk and world.disk.with_freed(freed),
    )
