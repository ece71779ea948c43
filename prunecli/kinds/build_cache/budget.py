"""How many bytes of build cache may stay."""

from __future__ import annotations

from dataclasses import replace

from prunecli.errors import RefusedError
from prunecli.info import PruneInfo
from prunecli.kinds.build_cache.record import DiskStat
from prunecli.profile import Profile


def known_limits(info: PruneInfo, profile: Profile) -> PruneInfo:
    """Return the info with the limits that this BuildKit knows: before 0.17, reserved space alone."""
    return info if profile.cache_space_limits else replace(info, max_used_space=None, min_free_space=None)


def check_limits(info: PruneInfo, disk: DiskStat | None, profile: Profile) -> None:
    """Refuse a limit that cannot be judged here.

    Errors: RefusedError for a min free space when nobody knows how much is free; without it the limit could only be
    ignored, and then everything would go.
    """
    if known_limits(info, profile).min_free_space and disk is None:
        raise RefusedError(
            "min-free-space was given, but the free space of the disk below the build cache is not known here: "
            "use max-used-space or reserved-space, or import a dump that says it"
        )


def keep_bytes(info: PruneInfo, used: int, disk: DiskStat | None) -> int | None:
    """Return how many bytes of build cache may stay, or None when nothing limits it.

    `used` is the unshared cache size in bytes. A low disk lowers the ceiling by what is missing;
    reserved space then lifts it again and always wins. A limit of 0 is none.
    Source: BuildKit `calculateKeepBytes`, which writes 0 where we write None.
    """
    if not info.has_budget:
        return None
    keep = info.max_used_space or 0
    if info.min_free_space:
        missing = info.min_free_space - (disk.free if disk else 0)
        if missing > 0:
            keep = min(keep, used - missing) if keep else used - missing
        elif not keep:
            keep = used  # enough is free, and yet one record goes: eviction stops only below the limit
    return max(keep, info.reserved_space or 0) or None  # BuildKit's 0 is "no limit": everything eligible goes
