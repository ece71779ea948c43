"""The rules that hold where a configuration names none: Docker's own, and those of a stand-alone BuildKit.

Source: moby (builder-next) and BuildKit (cmd/buildkitd/config); `build-cache-gc.md` 11.2 and 11.4 of the specification.
"""

from __future__ import annotations

import math

from prunecli.filters import CacheFilter
from prunecli.info import PruneInfo
from prunecli.policy.rules import BUILT_IN, Amount, Ground, Limits, Policy, Rule, make_rule
from prunecli.profile import Profile
from prunecli.units import DAY, HOUR, format_size

GB = 10**9
SMALLEST_RESERVE = 512 * 10**6
"""Bytes that the cheap records may take in any case; for BuildKit alone that is the limit itself."""
UNKNOWN_DISK = 2 * GB
"""What is reserved, and what a percentage amounts to, where the disk cannot be read."""

_CHEAP_TYPES = ("type==source.local", "type==exec.cachemount", "type==source.git.checkout")
_CHEAP_SHARE = math.e * math.pi * (1 + math.sqrt(5)) / 2  # percent of the reserved space; Docker's own little joke


def built_in(ground: Ground) -> Policy:
    """Return the policy of an Engine whose configuration says nothing."""
    return Policy(f"built-in rules of Docker Engine {ground.profile.engine}", docker_rules(ground))


def share_of_disk(percent: int, ground: Ground) -> Amount:
    """Return a percentage of the disk as Docker counts it: whole GiB, one more, and each of them read as a GB."""
    if ground.disk is None:
        return Amount(UNKNOWN_DISK, f"{percent} % of a disk of unknown size, which counts as 2GB")
    size = (ground.disk.total * percent // 100 // 2**30 + 1) * GB
    return Amount(size, f"{percent} % of the disk of {format_size(ground.disk.total)}")


def docker_rules(ground: Ground, limits: Limits | None = None) -> tuple[Rule, ...]:
    """Return Docker's four rules for these default limits, or for those that follow from the disk.

    As soon as one of the three is given, the others are none. Before Docker 27.5 there is reserved space alone.
    """
    limits = ground.limits.over(limits or Limits())
    if not ground.profile.cache_space_limits:
        reserved = limits.reserved_space if limits.reserved_space and limits.reserved_space.size else None
        keep = reserved or _reserved_of(ground)
        return _four_rules(ground.profile, Limits(_cheap_reserve(keep)), Limits(keep))
    if limits.unset:
        limits = Limits(_reserved_of(ground))
        if ground.disk is not None:
            limits = Limits(limits.reserved_space, share_of_disk(80, ground), share_of_disk(20, ground))
    cheap = _cheap_reserve(limits.reserved_space)
    return _four_rules(ground.profile, Limits(max_used_space=cheap), limits)


def buildkit_rules(ground: Ground, limits: Limits | None = None) -> tuple[Rule, ...]:
    """Return the four rules of a stand-alone BuildKit for these default limits, or for those that follow from the disk.

    As soon as one of the three is given, the others are none. Before BuildKit 0.17 there is reserved space alone.
    """
    limits = ground.limits.over(limits or Limits())
    cheap = Amount(SMALLEST_RESERVE, BUILT_IN)
    if not ground.profile.cache_space_limits:
        reserved = limits.reserved_space if limits.reserved_space and limits.reserved_space.size else None
        return _four_rules(ground.profile, Limits(cheap), Limits(reserved or share_of_disk(10, ground)))
    if limits.unset:
        limits = Limits(
            _at_most(share_of_disk(10, ground), 10 * GB),
            _at_most(share_of_disk(80, ground), 100 * GB),
            share_of_disk(20, ground),
        )
    return _four_rules(ground.profile, Limits(max_used_space=cheap), limits)


def _reserved_of(ground: Ground) -> Amount:
    if ground.disk is None:
        return Amount(UNKNOWN_DISK, "the disk cannot be read")
    return share_of_disk(10, ground)


def _cheap_reserve(reserved: Amount | None) -> Amount:
    """Return how much of the cheapest records may stay: 13.8 % of the reserved space, and not less than 512MB."""
    size = reserved.size if reserved else 0
    share = round(size / 100 * _CHEAP_SHARE)
    if share < SMALLEST_RESERVE:
        return Amount(SMALLEST_RESERVE, "the least that Docker sets, 512MB")
    return Amount(share, f"{_CHEAP_SHARE:.1f} % of the reserved space of {format_size(size)}")


def _at_most(amount: Amount, most: int) -> Amount:
    return amount if amount.size <= most else Amount(most, f"at most {format_size(most)} ({amount.origin} is more)")


def _four_rules(profile: Profile, cheap: Limits, limits: Limits) -> tuple[Rule, ...]:
    """Cheap to make again first, then what is old, then what nothing shares, then everything."""
    # Before Docker 24.0.9 the numbers of seconds were passed on as nanoseconds.
    two_days, sixty_days = (48 * HOUR, 60 * DAY) if profile.gc_durations_work else (48 * 3600, 60 * 24 * 3600)
    # Before Docker 29.6 the three types were one filter, which asks a record to be of all three.
    filters = _CHEAP_TYPES if profile.gc_first_policy_works else (",".join(_CHEAP_TYPES),)
    aged = {"keep_duration": BUILT_IN}
    return (
        make_rule(
            BUILT_IN,
            PruneInfo(cache_filter=CacheFilter(filters), keep_duration=two_days),
            cheap,
            aged | {"filter": BUILT_IN},
        ),
        make_rule(BUILT_IN, PruneInfo(keep_duration=sixty_days), limits, aged),
        make_rule(BUILT_IN, PruneInfo(), limits),
        make_rule(BUILT_IN, PruneInfo(all=True), limits, {"all": BUILT_IN}),
    )
