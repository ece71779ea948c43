"""What an Engine counts over all its objects: who uses a volume or an image, and what is shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from prunecli.plan import shared_records
from prunecli.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Derived:
    """Counts and sums as they follow from a snapshot; sizes are bytes.

    `shared_sizes` is what an image has in common with others, by image id; empty for the containerd store, whose rule
    is another. `shared` are the ids of cache records that share a layer with an image, or have a descendant that does.
    """

    volume_users: Counter[str]
    image_users: Counter[str]
    shared_sizes: dict[str, int]
    shared: frozenset[str]
    layers_size: int
    builder_size: int


def derive(snapshot: Snapshot) -> Derived:
    """Count over all objects of a snapshot."""
    holders = Counter(chain for image in snapshot.images for chain in image.layers)
    sizes = snapshot.layers
    shared_sizes: dict[str, int] = {}
    if not snapshot.profile.containerd:
        for image in snapshot.images:
            shared_sizes[image.id] = sum(sizes.get(chain, 0) for chain in image.layers if holders[chain] > 1)
    blobs = {blob.digest: blob.size for image in snapshot.images for blob in image.content}
    return Derived(
        volume_users=Counter(name for c in snapshot.containers for name in set(c.volumes)),
        image_users=Counter(c.image_id for c in snapshot.containers),
        shared_sizes=shared_sizes,
        shared=_shared(snapshot),
        layers_size=sum(sizes.get(chain, 0) for chain in holders) + sum(blobs.values()),
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
