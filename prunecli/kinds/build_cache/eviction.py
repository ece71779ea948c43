"""Which records go, in which order, once it is known which ones a rule keeps.

Children first: a record with children is held by them, so a parent shows up only after the last of them is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from prunecli.kinds.build_cache.family import Family, leaves
from prunecli.kinds.build_cache.ranking import Key, Pick, Ranking


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
    waiting = {id: len(family.children[id]) for id in family.records}
    current = leaves(family, eligible)
    gone: list[str] = []
    while current:
        gone.extend(sorted(current, key=lambda id: _by_last_use(family, id)))
        current = [p for id in current for p in _release(family, waiting, id) if p in eligible]
    return Eviction(tuple(Removal(id) for id in gone))


def evict_down_to(family: Family, eligible: Collection[str], used: int, keep: int, first_rank: int) -> Eviction:
    """Remove one record at a time, lowest score first, until the cache is smaller than `keep` bytes.

    `used` is the unshared cache size before; removed shared records lower it too, as they do in BuildKit. A size equal
    to `keep` still costs one more record. `first_rank` is 1, or 0 before BuildKit 0.22.
    """
    ranking = Ranking((family.records[id] for id in sorted(eligible)), first_rank)
    waiting = {id: len(family.children[id]) for id in family.records}
    joined = dict.fromkeys(leaves(family, eligible), 0)
    for id in joined:
        ranking.add(id)
    picks: list[Pick] = []
    sizes: list[int] = []
    while ranking and used >= keep:
        pick = ranking.pop()
        picks.append(pick)
        sizes.append(used)
        used -= family.records[pick.id].bytes_on_disk
        for parent in _release(family, waiting, pick.id):
            if parent in eligible:
                joined[parent] = len(picks)
                ranking.add(parent)
    certain, rivals = _find_rivals(ranking, picks, joined)
    rows = zip(picks, sizes, certain, strict=True)
    removals = tuple(Removal(pick.id, size, 0 if sure else pick.equals) for pick, size, sure in rows)
    return Eviction(removals, used, rivals)


def _release(family: Family, waiting: dict[str, int], id: str) -> list[str]:
    """Take a record away; return those of its parents that have no child left."""
    for parent in family.parents[id]:
        waiting[parent] -= 1
    return [parent for parent in family.parents[id] if not waiting[parent]]


def _find_rivals(ranking: Ranking, picks: list[Pick], joined: Mapping[str, int]) -> tuple[list[bool], frozenset[str]]:
    """Tell which picks an Engine is sure to agree with, and which of the candidates left it may take instead.

    A tie whose members all go in this run changes nothing. `joined` maps a candidate to the number of picks before it.
    """
    left = {id: (ranking.key(id), None) for id in ranking.left()}
    earliest: dict[Key | None, int] = {}
    for id, keys in left.items():
        for key in keys:
            earliest[key] = min(joined[id], earliest.get(key, joined[id]))
    certain: list[bool] = []
    latest: dict[Key | None, int] = {}
    for number, pick in enumerate(picks):
        tied = pick.tied or (None,)
        open_keys = [key for key in tied if pick.equals > 1 and earliest.get(key, len(picks)) <= number]
        certain.append(not open_keys)
        latest.update(dict.fromkeys(open_keys, number))
    rivals = (id for id, keys in left.items() if any(joined[id] <= latest.get(key, -1) for key in keys))
    return certain, frozenset(rivals)


def _by_last_use(family: Family, id: str) -> tuple[bool, int, str]:
    last = family.records[id].last_used_at
    return last is not None, last or 0, id
