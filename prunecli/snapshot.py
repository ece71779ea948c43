"""A photograph of a world: everything that a plan depends on, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prunecli.kinds.build_cache import CacheRecord, DiskStat
from prunecli.kinds.container import Container
from prunecli.kinds.image import Image
from prunecli.kinds.network import Network
from prunecli.kinds.volume import Volume
from prunecli.profile import DEFAULT_PROFILE, Profile
from prunecli.units import Instant


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of a world at one instant; every tuple is ordered by id (volumes: by name).

    `layers` maps each chain id of the graph drivers' layer store to its own bytes on disk. `generation` counts the
    changes of a world that knows such a number. `disk` is the file system below the build cache, if it is known.
    """

    taken_at: Instant
    profile: Profile = DEFAULT_PROFILE
    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[Volume, ...] = ()
    images: tuple[Image, ...] = ()
    build_cache: tuple[CacheRecord, ...] = ()
    layers: Mapping[str, int] = field(default_factory=dict)
    disk: DiskStat | None = None
    generation: int = 0
