"""Which records go, in which order, once it is known which ones a rule keeps.

Children first: a record with children is held by them, so a parent shows up only after the last of them is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from prunecli.kinds.build_cache.family import Family, leaves
from prunecli.kinds.build_cache.ranking import Key, Ranking


@dataclass(frozen=True, slots=True)
class Removal:
    """One record that goes. `used` is the unshared cache size just before, in bytes.

    `equals` is set when an Engine may take another of so many equal records, which this run leaves alone.
    """

    id: str
    used: int = 0
    equals: int = 0


@dataclass(frozen=True, slots=True)
class Eviction:
    """What goes, in order. `used` is the unshared cache size afterwards, in bytes.

    It may be negative: shared records are subtracted without having been counted. `rivals` are the records that stay
    although an Engine may take one of them instead of its equal.
    """

    removals: tuple[Removal, ...]
    used: int = 0
    rivals: frozenset[str] = field(default_factory=frozenset)


def evict_all(family: Family, eligible: Collection[str]) -> Eviction:
    """Remove everything eligible on which nothing else is left to build.

    The order is canonical: pass after pass over the records without children, each by last use (never first), then id.
    An Engine removes the same set in passes of ten, in an order that it leaves to chance.
    """
    waiting = {id: len(below) for id, below in family.children.items()}
    last = {id: -inf if r.last_used_at is None else r.last_used_at for id, r in family.records.items()}
    current = leaves(family, eligible)
    gone: list[str] = []
    while current:
        gone += sorted(current, key=last.__getitem__)
        current = sorted(p for id in current for p in _release(family, waiting, id) if p in eligible)
    return Eviction(tuple(Removal(id) for id in gone))


def evict_down_to(family: Family, eligible: Collection[str], used: int, keep: int, first_rank: int) -> Eviction:
    """Remove one record at a time, lowest score first, until the cache is smaller than `keep` bytes.

    `used` is the unshared cache size before; removed shared records lower it too, as they do in BuildKit. A size equal
    to `keep` still costs one more record. `first_rank` is 1, or 0 before BuildKit 0.22.
    """
    if used < keep:
        return Eviction((), used)
    run = _evict_once(family, eligible, used, keep, first_rank, {})
    left = {id: run.ranking.key(id) for id in run.ranking.left()}
    rivals = frozenset(
        id for id, key in left.items() if run.joined[id] <= max(run.latest.get(key, -1), run.latest.get(None, -1))
    )
    if rivals:
        # Only now it is known who is left. Going through it all again needs no memory of what was tied with what.
        earliest: dict[Key | None, int] = {None: min(run.joined[id] for id in rivals)}
        for id in rivals:
            earliest[left[id]] = min(run.joined[id], earliest.get(left[id], run.joined[id]))
        run = _evict_once(family, eligible, used, keep, first_rank, earliest)
    return Eviction(tuple(run.removals), run.used, rivals)


@dataclass(slots=True)
class _Run:
    """One way through all removals; `used` is the cache size afterwards.

    `joined` maps a candidate to the number of removals before it became one, `latest` a key to the last removal that
    was tied with candidates of this key (None: with all candidates).
    """

    ranking: Ranking
    used: int
    removals: list[Removal] = field(default_factory=list)
    joined: dict[str, int] = field(default_factory=dict)
    latest: dict[Key | None, int] = field(default_factory=dict)


def _evict_once(
    family: Family,
    eligible: Collection[str],
    used: int,
    keep: int,
    first_rank: int,
    earliest: Mapping[Key | None, int],
) -> _Run:
    """Remove one record after the other; `earliest` says from which removal on a key belongs to a rival that stays.

    A tie whose members all go in this run changes nothing, so it is told of a removal only where a rival stays.
    """
    run = _Run(Ranking([family.records[id] for id in eligible], first_rank), used)
    waiting = {id: len(below) for id, below in family.children.items()}
    for id in leaves(family, eligible):
        run.joined[id] = 0
        run.ranking.add(id)
    while run.ranking and run.used >= keep:
        pick = run.ranking.pop()
        number, equals = len(run.removals), 0
        if pick.equals > 1:
            tied: Sequence[Key | None] = pick.tied or (None,)
            run.latest.update(dict.fromkeys(tied, number))
            if earliest and any(earliest.get(key, inf) <= number for key in tied):
                equals = pick.equals
        run.removals.append(Removal(pick.id, run.used, equals))
        run.used -= family.records[pick.id].bytes_on_disk
        for parent in _release(family, waiting, pick.id):
            if parent in eligible:
                run.joined[parent] = len(run.removals)
                run.ranking.add(parent)
    return run


def _release(family: Family, waiting: dict[str, int], id: str) -> list[str]:
    """Take a record away; return those of its parents that have no child left."""
    released = []
    for parent in family.parents[id]:
        waiting[parent] -= 1
        if not waiting[parent]:
            released.append(parent)
    return released
