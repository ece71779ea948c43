"""The candidates of a storage-limited run in the order of their scores, exact after every change.

BuildKit sorts all candidates anew before each single removal. The score of a record is

    rank by last use / highest such rank + rank by usage count / highest such rank

and the lowest goes. Among records with one usage count the oldest always has the lowest score, so one queue for each
count is enough, oldest first, and only the heads of the queues are compared. A removal then costs a look at the heads
and about the square root of the number of distinct times, instead of a sort.

Source: BuildKit `sortDeleteRecords`; `build-cache-gc.md` 5 of the specification.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import isqrt
from typing import TypeAlias

from prunecli.kinds.build_cache.record import CacheRecord
from prunecli.units import Instant

Key: TypeAlias = tuple[int, int]
"""A usage count and the place of a last use in time: records with the same key are equal to the ranking."""

STABLE_SORT = 12
"""Up to so many candidates Go sorts by insertion, which leaves equal scores in the order of the sort before."""


@dataclass(frozen=True, slots=True)
class Pick:
    """The candidate to go next.

    An Engine may choose among all candidates with one of the `tied` keys, its own first (None: among all candidates);
    `equals` is how many they are, 1 when there is no choice.
    """

    id: str
    tied: tuple[Key, ...] | None
    equals: int


class Ranking:
    """The present candidates; `first` is the lowest rank that BuildKit gives, 1 or (before 0.22) 0.

    `records` are all that may ever become candidates.
    """

    def __init__(self, records: Iterable[CacheRecord], first: int) -> None:
        self._records = {r.id: r for r in records}
        instants = {r.last_used_at for r in self._records.values() if r.last_used_at is not None}
        self._places: dict[Instant | None, int] = {t: i for i, t in enumerate(sorted(instants), 1)}
        self._places[None] = 0  # never used: before all times, and no distinct time of its own
        self._first = first
        self._times = _Tally(len(self._places))
        self._at_place = [0] * len(self._places)
        self._counts: list[int] = []
        self._heads: list[int] = []  # for each usage count, the place of its oldest candidate
        self._queues: dict[int, list[tuple[int, str]]] = {}
        self._alike: Counter[Key] = Counter()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def key(self, id: str) -> Key:
        """Return what the ranking knows of a record."""
        record = self._records[id]
        return record.usage_count, self._places[record.last_used_at]

    def left(self) -> list[str]:
        """Return the present candidates, in no order."""
        return [id for queue in self._queues.values() for _, id in queue]

    def add(self, id: str) -> None:
        """Let a record become a candidate."""
        count, place = key = self.key(id)
        queue = self._queues.setdefault(count, [])
        heappush(queue, (place, id))
        at = bisect_left(self._counts, count)
        if len(queue) == 1:
            self._counts.insert(at, count)
            self._heads.insert(at, place)
        else:
            self._heads[at] = queue[0][0]
        self._alike[key] += 1
        self._size += 1
        self._at_place[place] += 1
        if place and self._at_place[place] == 1:
            self._times.add(place, 1)

    def pop(self) -> Pick:
        """Take the candidate with the lowest score; ties go to the lower usage count, the older use, the id."""
        at, tied = self._lowest()
        count = self._counts[at]
        if self._size <= STABLE_SORT:
            tied = ((count, self._heads[at]),)
        equals = self._size if tied is None else sum(self._alike[key] for key in tied)
        pick = Pick(self._queues[count][0][1], tied, equals)
        self._remove(at)
        return pick

    def _lowest(self) -> tuple[int, tuple[Key, ...] | None]:
        """Return the position of the lowest head, and the keys of all candidates with its score."""
        counts, heads, rank = self._counts, self._heads, self._times.up_to
        first = self._first
        first_count = first + (counts[0] != 0)  # BuildKit counts from 0 uses on: a count of 0 has no rank of its own
        times, uses = first + self._times.total, first_count + len(counts) - 1
        if not times or not uses:
            return 0, None  # 0/0: no score compares, and the order by usage count, then last use, survives

        best, lowest, oldest, last = float("inf"), [0], len(self._places), len(counts)
        for at, place in enumerate(heads):
            if at > last:
                break
            if place >= oldest:
                continue  # used more and not older than another head: higher in both ranks
            oldest = place
            score = (first + rank(place)) / times + (first_count + at) / uses
            if score < best:
                best, lowest = score, [at]
                # From some count on even the oldest possible use could not win; one more for the rounding of floats.
                last = int((best - first / times) * uses) - first_count + 2
            elif score == best:
                lowest.append(at)
        return lowest[0], tuple((counts[at], heads[at]) for at in lowest)

    def _remove(self, at: int) -> None:
        count = self._counts[at]
        queue = self._queues[count]
        place, _ = heappop(queue)
        if queue:
            self._heads[at] = queue[0][0]
        else:
            del self._queues[count], self._counts[at], self._heads[at]
        self._alike[count, place] -= 1
        self._size -= 1
        self._at_place[place] -= 1
        if place and not self._at_place[place]:
            self._times.add(place, -1)


class _Tally:
    """Counts at places 0 to size - 1: the sum up to a place is two look-ups, a change costs the root of the size."""

    def __init__(self, size: int) -> None:
        self._block = isqrt(size) + 1
        self._within = [0] * size
        self._before = [0] * (size // self._block + 1)
        self.total = 0

    def add(self, place: int, change: int) -> None:
        block = place // self._block
        end = (block + 1) * self._block
        self._within[place:end] = [n + change for n in self._within[place:end]]
        self._before[block + 1 :] = [n + change for n in self._before[block + 1 :]]
        self.total += change

    def up_to(self, place: int) -> int:
        return self._before[place // self._block] + self._within[place]
