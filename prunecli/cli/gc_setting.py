"""What every `gc` command begins with: the world, the disk below its cache, and the policy with its numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from prunecli.backends import NamedWorld
from prunecli.cli.session import Session, local_utc_offset
from prunecli.cli.streams import read_stdin, read_whole
from prunecli.errors import PolicyError, PrunecliError, SizeError
from prunecli.kinds.build_cache import DiskStat
from prunecli.policy import Amount, Ground, Limits, Policy, built_in, parse_keepstorage, read_policy
from prunecli.policy.buildkitd import keepstorage_policy
from prunecli.profile import Profile
from prunecli.snapshot import Snapshot
from prunecli.units import format_size, parse_size
from prunecli.worlds import NoWorldError

LIMITS = ("reserved_space", "max_used_space", "min_free_space")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that all `gc` commands share, as typed; None is "not given"."""

    config: str | None = None
    worker: str | None = None
    disk: str | None = None
    gc_keepstorage: str | None = None
    limits: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A photographed world and the policy for it. `snapshot.disk` is the disk that the policy is held against."""

    world: NamedWorld
    snapshot: Snapshot
    policy: Policy
    disk_origin: str

    @property
    def profile(self) -> Profile:
        """The Engine that the world follows."""
        return self.snapshot.profile

    @property
    def named(self) -> bool:
        """Whether the world is one that lies somewhere, and not an empty one in its place."""
        return bool(self.world.name().address)


def make_setting(session: Session, asked: Asked, *, needed: bool = True) -> Setting:
    """Return the world and the policy that were asked for.

    Where a world is not needed, an empty one stands for the default store that is not there yet.

    Errors: PolicyError for a mistake in the file, PrunecliError for options that do not fit; nothing was done then.
    """
    text = _read(asked.config) if asked.config is not None else None
    find_disk = disk_finder(session, asked)
    world = _find_world(session, needed=needed)
    snapshot = world.snapshot(session.clock.now())
    disk, origin = find_disk(snapshot)
    snapshot = replace(snapshot, disk=disk, profile=snapshot.profile.speaking(session.api(snapshot.profile)))
    return Setting(world, snapshot, _find_policy(text, asked, snapshot), origin)


def _find_world(session: Session, *, needed: bool) -> NamedWorld:
    try:
        return session.world()
    except NoWorldError:
        if needed:
            raise
    from prunecli.backends.memory import Memory

    return Memory(Snapshot(0), clock=session.clock.now)


def _find_policy(text: bytes | None, asked: Asked, snapshot: Snapshot) -> Policy:
    profile = snapshot.profile
    limits = _limits(asked.limits or {}, profile)
    if asked.gc_keepstorage is not None:
        if limits != Limits():
            raise PrunecliError("conflicting options: --gc-keepstorage gives the three limits at once, give it alone")
        limits = parse_keepstorage(asked.gc_keepstorage)
    offset = local_utc_offset(snapshot.taken_at)
    ground = Ground(profile, snapshot.disk, snapshot.taken_at, offset, limits)
    if text is not None:
        return read_policy(text, asked.config or "", ground, worker=asked.worker)
    if asked.worker is not None:
        raise PrunecliError("--worker chooses from a buildkitd.toml: name the file with --config")
    return keepstorage_policy(ground) if asked.gc_keepstorage is not None else built_in(ground)


def _limits(given: Mapping[str, str | None], profile: Profile) -> Limits:
    amounts: dict[str, Amount] = {}
    for name, text in given.items():
        if text is None:
            continue
        flag = f"--{name.replace('_', '-')}"
        if name != "reserved_space" and not profile.cache_space_limits:
            raise PrunecliError(
                f"{flag} needs BuildKit 0.17, and Docker Engine {profile.engine} has an older one: use --reserved-space"
            )
        amounts[name] = Amount(parse_size(text), f"{flag} {text}")
    return Limits(**amounts)


def _read(name: str) -> bytes:
    if name == "-":
        return read_stdin()
    try:
        return read_whole(Path(name))
    except IsADirectoryError:
        raise PolicyError(f"{name} is a folder: expected a daemon.json or a buildkitd.toml") from None
    except OSError as e:
        raise PolicyError(f"{name} cannot be read: {(e.strerror or str(e)).lower()}") from e


# The disk


def parse_disk(text: str) -> DiskStat:
    """Read `TOTAL:FREE`, two sizes. Errors: SizeError."""
    total, colon, free = text.partition(":")
    if not colon:
        raise SizeError("TOTAL:FREE is expected, such as 252GB:30GB")
    disk = DiskStat(parse_size(total), parse_size(free))
    if not disk.total:
        raise SizeError("a disk has more than 0 bytes")
    if disk.free > disk.total:
        raise SizeError(f"{free} cannot be free on a disk of {total}")
    return disk


def disk_finder(session: Session, asked: Asked) -> Callable[[Snapshot], tuple[DiskStat | None, str]]:
    """Return what finds the disk below a world's cache, and says where it was found.

    In this order: `--disk`, what the store was told by its import, the file system that the store is on.
    """
    given = parse_disk(asked.disk) if asked.disk is not None else None

    def find(snapshot: Snapshot) -> tuple[DiskStat | None, str]:
        if given is not None:
            return given, f"--disk {asked.disk}"
        if snapshot.disk is not None:
            return snapshot.disk, "the Engine" if session.target else "the import"
        if session.target is not None:
            return None, "the Engine does not say"
        return _disk_of(session.store)

    return find


def _disk_of(store: Path) -> tuple[DiskStat | None, str]:
    """Return the file system that a store is on, or would be on."""
    place = next(path for path in (store.absolute(), *store.absolute().parents) if path.exists())
    try:
        found = os.statvfs(place)
    except OSError as e:
        return None, f"the file system of the store cannot be read: {(e.strerror or str(e)).lower()}"
    return DiskStat(found.f_blocks * found.f_bsize, found.f_bfree * found.f_bsize), "the file system of the store"


def shown_disk(disk: DiskStat | None, origin: str) -> str:
    """Return a disk in words."""
    if disk is None:
        return f"unknown ({origin})"
    return f"{format_size(disk.total)}, of which {format_size(disk.free)} are free ({origin})"
