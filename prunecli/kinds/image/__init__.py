"""Images: the record that both image stores share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prunecli.units import Instant


@dataclass(frozen=True, slots=True)
class Blob:
    """One piece of content of an image in the containerd store. `size` is its bytes as stored.

    `manifest` says whether it is a manifest or an index, whose loss an Engine reports; `unpacked` is what its snapshots
    take on disk, 0 where unknown.
    """

    digest: str
    size: int
    manifest: bool = False
    unpacked: int = 0


@dataclass(frozen=True, slots=True)
class ImageUse:
    """A container's claim on an image.

    `image` is the text it was created from; `mount` says that it only mounts the image.
    """

    container_id: str
    container: str
    running: bool
    image: str
    image_id: str
    mount: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the planner sees it.

    `tags` and `digests` are its references in familiar form (`busybox:latest`, `busybox@sha256:...`). `labels` is None
    where its config is missing. `layers` are chain ids, bottom first (graph drivers); `content` are its blobs
    (containerd store; an image that lists none counts as one manifest of its own size). `created_at` is the build time,
    None when the config does not say; `recorded_at` is when the containerd store first knew the name. `size` is bytes,
    shared ones included. `attested` says that attestations are among the content. `diff_ids` are the digests of the
    layers themselves, from which their chain ids follow; none where only those are known.
    """

    id: str
    parent: str = ""
    created_at: Instant | None = None
    labels: Mapping[str, str] | None = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    content: tuple[Blob, ...] = ()
    recorded_at: Instant | None = None
    size: int = 0
    attested: bool = False
    diff_ids: tuple[str, ...] = ()

    @property
    def witness(self) -> str:
        """What must not have changed between a plan and its apply."""
        return " ".join(sorted((*self.tags, *self.digests)))
