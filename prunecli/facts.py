"""What is known of an object beside its verdict: when it was made and used, its tags and its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prunecli.snapshot import Snapshot
from prunecli.units import Instant
from prunecli.verdict import Kind


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one object; None is what its kind does not have, and what nobody knows.

    `last_used_at` is known of build cache, `tags` are an image's, and `labels` all kinds carry but build cache.
    """

    created_at: Instant | None = None
    last_used_at: Instant | None = None
    tags: tuple[str, ...] | None = None
    labels: Mapping[str, str] | None = None

    @property
    def age_from(self) -> Instant | None:
        """The instant that an `until` is held against: build cache counts from its last use."""
        return self.created_at if self.last_used_at is None else self.last_used_at


NO_FACTS = Facts()
"""The facts of an object that a world does not hold (any more)."""

Known = Mapping[tuple[Kind, str], Facts]
"""The facts of every object of a world, by kind and id (volumes: name)."""


def facts_of(world: Snapshot) -> Known:
    """Return the facts of every object of a world."""
    return dict(_facts(world))


def _facts(world: Snapshot) -> Iterator[tuple[tuple[Kind, str], Facts]]:
    for c in world.containers:
        yield (Kind.CONTAINER, c.id), Facts(c.created_at, labels=c.labels)
    for n in world.networks:
        yield (Kind.NETWORK, n.id), Facts(n.created_at, labels=n.labels)
    for v in world.volumes:
        yield (Kind.VOLUME, v.name), Facts(v.created_at, labels=v.labels)
    for i in world.images:
        yield (Kind.IMAGE, i.id), Facts(i.created_at, tags=i.tags, labels=i.labels)
    for r in world.build_cache:
        yield (Kind.BUILD_CACHE, r.id), Facts(r.created_at or None, r.last_used_at)  # 0 is "not told"
