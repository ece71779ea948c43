"""What would a policy do to the build cache of a team? A seeded workload, played against its rules.

The workload, day by day:

- A dozen projects share four base images. A build is of project n with a weight of 1/n, at some instant between 8 and
  18 o'clock.
- A project's Dockerfile has a base image and four steps: system packages, dependencies, sources, compile. Most builds
  change sources, some dependencies, few what lies below; some change nothing. What changes is made anew, and everything
  above it; the rest is used again.
- A build also uses its context (every fourth project: a git checkout), a cache mount, and the frontend. These three
  are made once, and again when they were pruned.
- The newest image of each project is kept, so its layers are shared with the cache; older images are gone.
- Sizes vary around a median for each step; the same seed gives the same workload, whatever the policy.

Garbage is collected as BuildKit does it: one second after a build, and then not for a minute.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from prunecli.info import PruneInfo
from prunecli.kinds.build_cache import CacheRecord, DiskStat, check_limits, decide, keep_bytes
from prunecli.kinds.build_cache.rules import prune_lookup
from prunecli.profile import Profile
from prunecli.units import DAY, HOUR, MINUTE, SECOND, Instant

MB = 10**6
PROJECTS = 12
BASES = 4
REST = MINUTE
"""How long BuildKit rests between two collections."""


class Layer(NamedTuple):
    """One step of a Dockerfile: its name, the median of its size in bytes, and the share of builds that change it."""

    name: str
    size: int
    changed: float


LAYERS = (
    Layer("base image", 120 * MB, 0.004),
    Layer("system packages", 180 * MB, 0.02),
    Layer("dependencies", 260 * MB, 0.10),
    Layer("sources", 15 * MB, 0.70),
    Layer("compile", 140 * MB, 0.0),
)
"""From the bottom up; the builds that are left (17.6 %) change nothing."""

SIDES = {
    "source.local": Layer("context", 30 * MB, 0.0),
    "source.git.checkout": Layer("git checkout", 90 * MB, 0.0),
    "exec.cachemount": Layer("cache mount", 400 * MB, 0.0),
    "frontend": Layer("frontend", 12 * MB, 0.0),
}
SPREAD = 0.5
"""The standard deviation of the logarithm of a size."""


@dataclass(frozen=True, slots=True)
class Workload:
    """How much is built, for how long; the seed decides everything that is left to chance."""

    days: int
    builds_per_day: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a simulation; sizes are bytes, and `records`, `size`, `shared` and `free` are those of its evening.

    `peak` is the largest size of the day. `rebuilt` counts the steps that nothing had changed and that had to be made
    again, since they had been pruned, and `rebuilt_size` their bytes. `free` is None without a known disk.
    """

    number: int
    builds: int
    records: int
    size: int
    shared: int
    peak: int
    pruned: int
    pruned_size: int
    rebuilt: int
    rebuilt_size: int
    free: int | None = None


@dataclass(frozen=True, slots=True)
class _Build:
    """What one build is of, independent of any cache: for each layer its version, and its size."""

    at: Instant
    project: int
    versions: tuple[str, ...]
    sizes: Mapping[str, int]


def simulate(
    workload: Workload, infos: Sequence[PruneInfo], profile: Profile, disk: DiskStat | None, start: Instant = 0
) -> tuple[Day, ...]:
    """Play the workload against these rules, from an empty cache on; returns its days.

    The disk is as it is before the first build, and only the cache grows on it.
    Errors: RefusedError for a min free space without a known disk.
    """
    for info in infos:
        check_limits(info, disk, profile)
    cache = _Cache(infos, profile, disk)
    days: list[Day] = []
    builds = _plan_builds(workload, start)
    for number in range(1, workload.days + 1):
        cache.begin_day()
        for build in builds[(number - 1) * workload.builds_per_day : number * workload.builds_per_day]:
            cache.build(build)
        cache.finish_waiting(start + number * DAY)
        days.append(cache.end_day(number, workload.builds_per_day))
    return tuple(days)


def _plan_builds(workload: Workload, start: Instant) -> list[_Build]:
    """Return all builds in their order; only `random()` is used, whose sequence Python promises for a seed."""
    chance = random.Random(workload.seed)  # noqa: S311 - a rehearsal, no secret
    weights = [1 / n for n in range(1, PROJECTS + 1)]
    built = [[0] * len(LAYERS) for _ in range(PROJECTS)]
    bases = [0] * BASES
    sizes: dict[str, int] = {}
    builds: list[_Build] = []
    for day in range(workload.days):
        opening = start + day * DAY + 8 * HOUR
        instants = sorted(opening + int(chance.random() * 10 * HOUR) for _ in range(workload.builds_per_day))
        for at in instants:
            project = _pick(chance.random(), weights)
            changed = _pick(chance.random(), [layer.changed for layer in LAYERS])
            if changed == 0:
                bases[project % BASES] += 1
            elif changed < len(LAYERS):
                built[project][changed] += 1
            versions = _versions(project, bases, built[project])
            for layer, version in zip(LAYERS, versions, strict=True):
                factor = _vary(chance)
                sizes.setdefault(version, int(layer.size * factor))
            builds.append(_Build(at, project, versions, sizes))
    return builds


def _versions(project: int, bases: Sequence[int], built: Sequence[int]) -> tuple[str, ...]:
    """Return the name of each layer: it says what the layer is made of, so that equal names are equal layers."""
    names = [f"base-{project % BASES}.{bases[project % BASES]}"]
    below = f"{project:02}-{bases[project % BASES]}"
    for place in range(1, len(LAYERS)):
        below = f"{below}.{built[place]}"
        names.append(f"layer-{place}-{below}")
    return tuple(names)


def _pick(chance: float, weights: Sequence[float]) -> int:
    """Return which of the weights a number below 1 falls on; one beyond the last where they leave room up to 1."""
    whole = max(sum(weights), 1.0)
    for place, weight in enumerate(weights):
        chance -= weight / whole
        if chance < 0:
            return place
    return len(weights) if sum(weights) < 1 else len(weights) - 1


def _vary(chance: random.Random) -> float:
    """Return a factor around 1, log-normally spread; twelve equal chances make a normal one."""
    return math.exp(SPREAD * (sum(chance.random() for _ in range(12)) - 6))


@dataclass(slots=True)
class _Cache:
    """The cache while it is played with. `chains` maps each project to the layers of its newest image."""

    infos: Sequence[PruneInfo]
    profile: Profile
    disk: DiskStat | None
    records: dict[str, CacheRecord] = field(default_factory=dict)
    chains: dict[int, tuple[str, ...]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    size: int = 0
    due: Instant | None = None
    rested: Instant = 0
    matching: list[dict[str, bool]] = field(default_factory=list)
    peak: int = 0
    pruned: int = 0
    pruned_size: int = 0
    rebuilt: int = 0
    rebuilt_size: int = 0

    def __post_init__(self) -> None:
        self.matching = [{} for _ in self.infos]

    def begin_day(self) -> None:
        self.peak = self.size
        self.pruned = self.pruned_size = self.rebuilt = self.rebuilt_size = 0

    def end_day(self, number: int, builds: int) -> Day:
        shared = sum(self.records[id].size for id in self.protected())
        free = max(self.disk.free - self.size, 0) if self.disk else None
        return Day(
            number,
            builds,
            len(self.records),
            self.size,
            shared,
            self.peak,
            self.pruned,
            self.pruned_size,
            self.rebuilt,
            self.rebuilt_size,
            free,
        )

    def build(self, build: _Build) -> None:
        """Use what is there, make what is not, and let the newest image take the place of the former."""
        self.finish_waiting(build.at)
        parents: tuple[str, ...] = ()
        for layer, version in zip(LAYERS, build.versions, strict=True):
            self.use(version, layer.name, "regular", build.at, build.sizes[version], parents)
            parents = (version,)
        source = "source.git.checkout" if build.project % 4 == 3 else "source.local"
        for type in (source, "exec.cachemount", "frontend"):
            owner = "" if type == "frontend" else f"-{build.project:02}"
            self.use(f"{SIDES[type].name.replace(' ', '-')}{owner}", SIDES[type].name, type, build.at, SIDES[type].size)
        self.chains[build.project] = build.versions
        if self.due is None:
            self.due = max(build.at + SECOND, self.rested)

    def use(self, id: str, name: str, type: str, at: Instant, size: int, parents: tuple[str, ...] = ()) -> None:
        """Use a record, or make it where it is missing."""
        known = self.records.get(id)
        if known is not None:
            self.records[id] = replace(known, last_used_at=at, usage_count=known.usage_count + 1)
            return
        mutable = type in ("source.local", "exec.cachemount")
        self.records[id] = CacheRecord(
            id, parents, type, name, mutable, size=size, created_at=at, last_used_at=at, usage_count=1
        )
        self.size += size
        self.peak = max(self.peak, self.size)
        if id in self.made:
            self.rebuilt += 1
            self.rebuilt_size += size
        self.made.add(id)

    def finish_waiting(self, now: Instant) -> None:
        """Collect garbage if its time came before this instant."""
        if self.due is not None and self.due <= now:
            self.collect(self.due)
            self.rested, self.due = self.due + REST, None

    def protected(self) -> set[str]:
        """Return the records whose layers an image has, with all that they build on."""
        return {id for chain in self.chains.values() for id in chain if id in self.records}

    def shared(self) -> dict[str, str]:
        """Map each directly shared record to its image: with graph drivers every layer, else the topmost alone."""
        shared: dict[str, str] = {}
        for project, chain in self.chains.items():
            for id in chain[-1:] if self.profile.containerd else chain:
                if id in self.records:
                    shared[id] = f"project-{project + 1}:latest"
        return shared

    def collect(self, now: Instant) -> None:
        """Run the rules in their order, each on what the former left; the disk has space again after the last one."""
        disk = replace(self.disk, free=max(self.disk.free - self.size, 0)) if self.disk else None
        for number, info in enumerate(self.infos):
            protected = self.protected()
            used = self.size - sum(self.records[id].size for id in protected)
            if self.nothing_due(number, info, used, disk, now):
                continue
            answer = decide(self.records.values(), self.shared(), info, now, disk, self.profile)
            for step in answer.steps:
                del self.records[step.id]
                self.size -= step.reclaims
                self.pruned += 1
                self.pruned_size += step.reclaims

    def nothing_due(self, number: int, info: PruneInfo, used: int, disk: DiskStat | None, now: Instant) -> bool:
        """Say whether it is plain that a rule removes nothing: the limit holds, or no record is old enough for it."""
        keep = keep_bytes(info, used, disk) if info.has_budget else None
        if keep is not None and used < keep:
            return True
        cutoff = now - max(info.keep_duration or 0, 0)
        known = self.matching[number]
        for record in self.records.values():
            if (record.last_used_at or 0) > cutoff:
                continue
            if record.id not in known:
                known[record.id] = info.cache_filter.match(prune_lookup(record, False, self.profile)) or (
                    info.all and info.cache_filter.match(prune_lookup(record, True, self.profile))
                )
            if known[record.id]:
                return False
        return True
