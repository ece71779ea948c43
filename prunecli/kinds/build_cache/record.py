"""The build cache record, and the disk below it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prunecli.units import Instant


@dataclass(frozen=True, slots=True)
class DiskStat:
    """A file system in bytes; `free` counts root-reserved blocks (f_bfree), as BuildKit does."""

    total: int
    free: int

    def with_freed(self, size: int) -> DiskStat:
        """Return the disk once so many bytes have come back to it."""
        return replace(self, free=max(self.free, min(self.free + size, self.total)))


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """A build cache record as the planner sees it.

    `type` is BuildKit's record type, empty for `regular`. `size` is bytes. `last_used_at` is None for a record never
    used. `in_use` is the Engine's flag (running builds hold it). `reported_shared` is the Engine's own word, which also
    covers the ancestors of a shared record; `layer` is the chain id that the record holds, empty where none is known,
    and decides sharedness wherever it is known. `holds` are the digests of the blobs that stay as long as the record is
    there (containerd store).
    """

    id: str
    parents: tuple[str, ...] = ()
    type: str = "regular"
    description: str = ""
    mutable: bool = False
    in_use: bool = False
    reported_shared: bool = False
    layer: str = ""
    size: int = 0
    created_at: Instant = 0
    last_used_at: Instant | None = None
    usage_count: int = 0
    holds: tuple[str, ...] = ()

    @property
    def record_type(self) -> str:
        """BuildKit's record type, never empty."""
        return self.type or "regular"

    @property
    def name(self) -> str:
        """What a person knows it by: the description, or the id where there is none."""
        return self.description or self.id

    @property
    def bytes_on_disk(self) -> int:
        """The size as it counts in sums: an unknown one is 0."""
        return max(self.size, 0)

    @property
    def witness(self) -> str:
        """What must not have changed between a plan and its apply."""
        return f"{self.usage_count} uses, last {self.last_used_at}"
