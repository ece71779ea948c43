"""What an Engine counts over all its objects: who uses a volume or an image, and what is shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from prunecli.plan import shared_records
from prunecli.snapshot import Snapshot
from prunecli.usage import measure


@dataclass(frozen=True, slots=True)
class Derived:
    """Counts and sums as they follow from a snapshot; sizes are bytes.

    `listed` are the images that `df` shows: not those without a reference that others were made from.
    `shared_sizes` is what a listed image has in common with others, by image id, where that is known. `shared` are the
    ids of cache records that share a layer with an image, or have a descendant that does.
    """

    listed: frozenset[str]
    volume_users: Counter[str]
    image_users: Counter[str]
    shared_sizes: dict[str, int]
    shared: frozenset[str]
    layers_size: int
    builder_size: int


def derive(snapshot: Snapshot) -> Derived:
    """Count over all objects of a snapshot."""
    usage = measure(snapshot)
    return Derived(
        listed=frozenset(row.image.id for row in usage.images),
        volume_users=Counter(name for c in snapshot.containers for name in set(c.volumes)),
        image_users=Counter(c.image_id for c in snapshot.containers),
        shared_sizes={row.image.id: row.shared_size for row in usage.images if row.shared_size != -1},
        shared=_shared(snapshot),
        layers_size=usage.layers_size,
        builder_size=sum(record.size for record in snapshot.build_cache),
    )


def _shared(snapshot: Snapshot) -> frozenset[str]:
    parents = {record.id: record.parents for record in snapshot.build_cache}
    shared: set[str] = set()
    ready = list(shared_records(snapshot))
    while ready:
        id = ready.pop()
        if id not in shared:
            shared.add(id)
            ready.extend(parents.get(id, ()))
    return frozenset(shared)
