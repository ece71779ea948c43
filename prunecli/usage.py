"""Disk usage: what every object takes, shares and serves; the numbers of `system df`, without its words.

All numbers are computed from a snapshot, so they are right after a prune as well.
Source: moby (daemon/disk_usage.go, daemon/images, daemon/containerd, volume/service) and docker CLI (the totals);
`cli-and-api.md` 6.1 of the specification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prunecli.errors import RefusedError
from prunecli.kinds.build_cache import UsageRow, disk_usage
from prunecli.kinds.container import RUNNING_STATES, Container
from prunecli.kinds.image import Image
from prunecli.kinds.image.references import is_id_prefix, parse_any, truncated_id
from prunecli.kinds.volume import Volume
from prunecli.plan import shared_records
from prunecli.profile import parse_version
from prunecli.snapshot import Snapshot

INIT_SNAPSHOT = 28_672
"""Bytes of the snapshot that the containerd store puts between an image and a container's own layer, at most."""

_BLOCK = 4096
"""Bytes in which a file system counts what a snapshot takes."""

_ALL_IMAGES_COUNT = (23, 0)
"""The first Engine for which a layer is shared with images that no list shows, too."""


@dataclass(frozen=True, slots=True)
class Totals:
    """One line of a summary: numbers of objects, and bytes."""

    count: int
    active: int
    size: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class ImageUsage:
    """One image that users see. `shared_size` is the bytes of it that other images hold too, -1 where nobody knows.

    `containers` is how many were made from it, running or not.
    """

    image: Image
    shared_size: int
    containers: int

    @property
    def unique_size(self) -> int:
        """Bytes that no other image holds, -1 where nobody knows."""
        return -1 if -1 in (self.image.size, self.shared_size) else self.image.size - self.shared_size


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """One container; its own layer takes `container.size` bytes, and with its image below it `root_size`.

    `image` is the text it was made from while that still means the same image, else the image's id.
    """

    container: Container
    image: str
    root_size: int

    @property
    def active(self) -> bool:
        """Whether Docker counts it as active: running, paused or restarting."""
        return self.container.state in RUNNING_STATES


@dataclass(frozen=True, slots=True)
class VolumeUsage:
    """One local volume; `links` is how many containers mount it, running or not."""

    volume: Volume
    links: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Everything that `system df` counts: images and containers newest first, volumes by name, build cache by size.

    `layers_size` is the bytes of the whole image store, what images share counted once.
    """

    layers_size: int
    images: tuple[ImageUsage, ...]
    containers: tuple[ContainerUsage, ...]
    volumes: tuple[VolumeUsage, ...]
    build_cache: tuple[UsageRow, ...]

    @property
    def image_totals(self) -> Totals:
        """The images together; reclaimable is what the images of containers do not hold for themselves alone."""
        held = sum(i.unique_size for i in self.images if i.containers and -1 not in (i.image.size, i.shared_size))
        active = sum(i.containers > 0 for i in self.images)
        return Totals(len(self.images), active, self.layers_size, self.layers_size - held)

    @property
    def container_totals(self) -> Totals:
        """The containers together; reclaimable is what those that do not run take."""
        return Totals(
            len(self.containers),
            sum(c.active for c in self.containers),
            sum(c.container.size for c in self.containers),
            sum(c.container.size for c in self.containers if not c.active),
        )

    @property
    def volume_totals(self) -> Totals:
        """The volumes together, sizes that nobody knows left out; reclaimable is what no container mounts."""
        sized = [v for v in self.volumes if v.volume.size != -1]
        return Totals(
            len(self.volumes),
            sum(v.links > 0 for v in self.volumes),
            sum(v.volume.size for v in sized),
            sum(v.volume.size for v in sized if not v.links),
        )

    @property
    def build_cache_totals(self) -> Totals:
        """The build cache together; its bytes are those that no image shares."""
        private = [r for r in self.build_cache if not r.shared]
        size = sum(r.size for r in private)
        used = sum(r.size for r in private if r.in_use)
        return Totals(len(self.build_cache), sum(r.in_use for r in self.build_cache), size, size - used)


def measure(snapshot: Snapshot) -> DiskUsage:
    """Return what everything in the snapshot takes."""
    seen = _seen_images(snapshot.images)
    counted = snapshot.images if parse_version(snapshot.profile.engine) >= _ALL_IMAGES_COUNT else seen
    chains = Counter(chain for image in counted for chain in image.layers)
    users = Counter(container.image_id for container in snapshot.containers)
    cache = disk_usage(snapshot.build_cache, shared_records(snapshot))
    return DiskUsage(
        layers_size=_layers_size(snapshot, seen, cache),
        images=tuple(ImageUsage(i, _shared_size(i, chains, snapshot), users[i.id]) for i in seen),
        containers=_measure_containers(snapshot),
        volumes=_measure_volumes(snapshot),
        build_cache=cache,
    )


def _seen_images(images: Iterable[Image]) -> list[Image]:
    """Return the images that a list shows, newest first: those between two others and without a name are left out."""
    everything = list(images)
    parents = {image.parent for image in everything}
    seen = [i for i in everything if i.tags or i.digests or i.id not in parents]
    return sorted(seen, key=lambda i: (-(i.created_at or 0), i.id))


def _shared_size(image: Image, chains: Mapping[str, int], snapshot: Snapshot) -> int:
    shared = [chain for chain in image.layers if chains[chain] > 1]
    if snapshot.profile.containerd and not (image.layers and all(chain in snapshot.layers for chain in shared)):
        return -1
    return sum(snapshot.layers.get(chain, 0) for chain in shared)


def _layers_size(snapshot: Snapshot, seen: Iterable[Image], cache: Iterable[UsageRow]) -> int:
    if snapshot.profile.containerd:
        return _content_size(snapshot, cache)
    used = {chain for image in seen for chain in image.layers}
    bare = sum(max(image.size, 0) for image in seen if not image.layers)
    return bare + sum(snapshot.layers.get(chain, 0) for chain in used)


def _content_size(snapshot: Snapshot, cache: Iterable[UsageRow]) -> int:
    """Return the bytes of the containerd store: blobs, and every snapshot there is, also of containers and builds.

    The API does not list them, so this is an estimate, mostly within one percent of what an Engine says.
    """
    blobs = {blob.digest: blob for image in snapshot.images for blob in image.content}
    stored = sum(blob.size for blob in blobs.values())
    unpacked = sum(snapshot.layers.get(chain, 0) for chain in {c for image in snapshot.images for c in image.layers})
    bare = sum(max(image.size, 0) for image in snapshot.images if not image.content)
    containers = sum(container.size + INIT_SNAPSHOT for container in snapshot.containers)
    return stored + unpacked + bare + containers + sum(map(_build_snapshot, cache))


def _build_snapshot(row: UsageRow) -> int:
    """Return the bytes of a record's own snapshot.

    A step that went into an image has one beside the image's; the rest of its size, less than a block, is the blob. The
    image that a build began with is unpacked once.
    """
    if not row.shared:
        return row.size
    return row.size // _BLOCK * _BLOCK if row.record.parents else 0


def _measure_containers(snapshot: Snapshot) -> tuple[ContainerUsage, ...]:
    images = {image.id: image for image in snapshot.images}
    resolve = _Resolver(snapshot.images)
    rows: list[ContainerUsage] = []
    for c in sorted(snapshot.containers, key=lambda c: (-c.created_at, c.id)):
        below = _unpacked(images[c.image_id], snapshot) if c.image_id in images else 0
        shown = c.image if c.image == c.image_id or resolve(c.image) == c.image_id else c.image_id
        rows.append(ContainerUsage(c, shown, below + c.size))
    return tuple(rows)


def _unpacked(image: Image, snapshot: Snapshot) -> int:
    """Return the bytes that a container of this image has below its own layer."""
    if not snapshot.profile.containerd:
        return max(image.size, 0)
    return INIT_SNAPSHOT + sum(snapshot.layers.get(chain, 0) for chain in image.layers)


def _measure_volumes(snapshot: Snapshot) -> tuple[VolumeUsage, ...]:
    """Count local volumes; those whose options mount something from elsewhere take no space here."""
    links = Counter(name for c in snapshot.containers for name in set(c.volumes))
    local = [v for v in snapshot.volumes if v.driver == "local" and not v.options]
    return tuple(VolumeUsage(v, links[v.name]) for v in sorted(local, key=lambda v: v.name))


class _Resolver:
    """What a text means to an Engine at this moment: the id of an image, or nothing."""

    def __init__(self, images: Iterable[Image]) -> None:
        self._ids = [image.id for image in images]
        self._named = {ref: image.id for image in images for ref in (*image.tags, *image.digests)}
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text not in self._known:
            self._known[text] = self._resolve(text)
        return self._known[text]

    def _resolve(self, text: str) -> str:
        try:
            reference = parse_any(text)
        except RefusedError:
            return ""
        if not reference.repository:
            return reference.digest if reference.digest in self._ids else ""
        named = self._named.get(reference.with_default_tag().by_digest().familiar, "")
        return named or self._by_prefix(text)

    def _by_prefix(self, text: str) -> str:
        if not truncated_id(text):
            return ""
        found = [id for id in self._ids if is_id_prefix(id, text)]
        return found[0] if len(found) == 1 else ""
