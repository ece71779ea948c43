"""The candidates of a storage-limited run in the order of their scores, exact after every change.

BuildKit sorts all candidates anew before each single removal. The score of a record is

    rank by last use / highest such rank + rank by usage count / highest such rank

and the lowest goes. Among records with one usage count the oldest always has the lowest score, so one queue for each
count is enough, oldest first, and only the heads of the queues are compared.

Of the heads, few are near the lowest score, and one removal moves every score by little: a rank by at most one, and the
highest rank by at most one. So all heads are looked at once in a while, those near the lowest become the short list,
and until the scores may have moved by as much as the list is wide, the lowest is on it. A removal then costs a look at
the short list; memory grows with the records alone.

Source: BuildKit `sortDeleteRecords`; `build-cache-gc.md` 5 of the specification.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate
from math import inf, isqrt
from typing import TypeAlias

from prunecli.kinds.build_cache.record import CacheRecord

Key: TypeAlias = tuple[int, int]
"""A usage count and the place of a last use in time: records with the same key are equal to the ranking."""

STABLE_SORT = 12
"""Up to so many candidates Go sorts by insertion, which leaves equal scores in the order of the sort before."""

_BLOCK = 256  # places in time that are counted together
_WIDTH = 2  # of the short list, in ranks by last use for each root of the number of usage counts
_ROUNDING = 1e-9  # far above what sums of floats lose, far below the distance of two ranks


@dataclass(frozen=True, slots=True)
class Pick:
    """The candidate to go next.

    An Engine may choose among all candidates with one of the `tied` keys, its own first (None: among all candidates);
    `equals` is how many they are, 1 when there is no choice.
    """

    id: str
    tied: Sequence[Key] | None
    equals: int


class Ranking:
    """The present candidates; `first` is the lowest rank that BuildKit gives, 1 or (before 0.22) 0.

    `records` are all that may ever become candidates.
    """

    def __init__(self, records: Iterable[CacheRecord], first: int) -> None:
        ordered = sorted(records, key=lambda r: (r.last_used_at is not None, r.last_used_at or 0, r.id))
        self._ids = [r.id for r in ordered]
        self._numbers = {id: number for number, id in enumerate(self._ids)}
        self._keys: list[Key] = []
        place, latest = 0, None  # never used: before all times, and no distinct time of its own
        for record in ordered:
            if record.last_used_at != latest:
                place, latest = place + 1, record.last_used_at
            self._keys.append((record.usage_count, place))
        self._first = self._highest_time = self._highest_count = first
        self._times = _Presence(place + 1)
        self._counts: list[int] = []
        self._queues: dict[int, list[int]] = {}  # for each usage count the numbers of its candidates, a heap
        self._alike = dict.fromkeys(self._keys, 0)
        self._at_place = [0] * (place + 1)
        self._size = 0
        self._short = _ShortList()

    def __len__(self) -> int:
        return self._size

    def key(self, id: str) -> Key:
        """Return what the ranking knows of a record."""
        return self._keys[self._numbers[id]]

    def left(self) -> list[str]:
        """Return the present candidates, in no order."""
        return [self._ids[number] for queue in self._queues.values() for number in queue]

    def add(self, id: str) -> None:
        """Let a record become a candidate."""
        number = self._numbers[id]
        count, place = key = self._keys[number]
        self._size += 1
        self._alike[key] += 1
        self._at_place[place] += 1
        if place and self._at_place[place] == 1:
            self._shift_times(place, 1)
        queue = self._queues.setdefault(count, [])
        head = self._keys[queue[0]] if queue else None
        heappush(queue, number)
        if head is None:
            insort(self._counts, count)
            if count:
                self._shift_counts(count, 1)
        elif head[1] <= place:
            return
        else:
            self._short.drop(head)
        self._put(key)

    def pop(self) -> Pick:
        """Take the candidate with the lowest score; ties go to the lower usage count, the older use, the id."""
        tied: Sequence[Key] | None = None
        if self._highest_time and self._highest_count:
            lowest = self._short.lowest(self._highest_time, self._highest_count)
            if lowest >= self._short.limit:
                lowest = self._look_at_all(lowest)
            tied = self._short.tied(lowest)
        # Else all scores are 0/0: none compares, and the order by usage count, then last use, survives.
        count = self._counts[0] if tied is None else tied[0][0]
        if self._size <= STABLE_SORT:
            tied = (self._keys[self._queues[count][0]],)
        equals = self._size if tied is None else sum([self._alike[key] for key in tied])
        return Pick(self._ids[self._remove(count)], tied, equals)

    def _remove(self, count: int) -> int:
        queue = self._queues[count]
        number = heappop(queue)
        key = self._keys[number]
        place = key[1]
        self._size -= 1
        self._alike[key] -= 1
        self._at_place[place] -= 1
        if not queue:
            self._short.drop(key)
            del self._queues[count], self._counts[bisect_left(self._counts, count)]
            if count:
                self._shift_counts(count, -1)
        elif not self._alike[key]:
            self._short.drop(key)
            self._put(self._keys[queue[0]])
        if place and not self._at_place[place]:
            self._shift_times(place, -1)
        return number

    def _shift_times(self, place: int, change: int) -> None:
        self._times.change(place, change)
        self._highest_time += change
        self._short.shift_times(place, change, self._highest_time)

    def _shift_counts(self, count: int, change: int) -> None:
        self._highest_count += change
        self._short.shift_counts(self._count_rank(count), change, self._highest_count)

    def _put(self, head: Key) -> None:
        """Offer a new head of a queue to the short list."""
        if self._short.limit == -inf:
            return
        time = self._first + self._times.up_to(head[1])
        count = self._count_rank(head[0])
        if time / self._highest_time + count / self._highest_count < self._short.limit:
            self._short.put(head, time, count)

    def _count_rank(self, count: int) -> int:
        # BuildKit counts from 0 uses on: a count of 0 adds no rank.
        return self._first + (self._counts[:1] != [0]) + bisect_left(self._counts, count)

    def _look_at_all(self, bound: float) -> float:
        """Make the short list anew and return the lowest score, which is not above the bound."""
        highest_time, highest_count, lowest = self._highest_time, self._highest_count, self._count_rank(self._counts[0])
        width = _WIDTH * (isqrt(len(self._counts)) + 1) / highest_time
        most = bound + width - self._first / highest_time  # what is used more than that cannot be near
        near = max(int(most * highest_count) - lowest + 2, 1) if most < inf else None
        keys = [self._keys[self._queues[count][0]] for count in self._counts[:near]]
        times = [self._first + rank for rank in self._times.all_up_to([place for _, place in keys])]
        scores = [time / highest_time + count / highest_count for count, time in enumerate(times, lowest)]
        limit = min(scores) + width - _ROUNDING
        rows = [(keys[at], times[at], at + lowest) for at, score in enumerate(scores) if score < limit]
        self._short = _ShortList(limit, sorted(rows, key=lambda row: row[0][1]))
        return self._short.lowest(highest_time, highest_count)


class _ShortList:
    """The heads with a score below `limit`, by last use, with their ranks; no other head has a score below it."""

    def __init__(self, limit: float = -inf, rows: Sequence[tuple[Key, int, int]] = ()) -> None:
        self.limit = limit
        self._keys = [key for key, _, _ in rows]
        self._places = [place for _, place in self._keys]
        self._times = [time for _, time, _ in rows]
        self._counts = [count for _, _, count in rows]
        self._scores: list[float] = []

    def lowest(self, highest_time: int, highest_count: int) -> float:
        """Return the lowest score on the list, infinite when nothing is listed."""
        ranks = zip(self._times, self._counts, strict=True)
        self._scores = [time / highest_time + count / highest_count for time, count in ranks]
        return min(self._scores, default=inf)

    def tied(self, score: float) -> list[Key]:
        """Return the heads that had this score when the lowest was asked for, the latest and so least used first."""
        if self._scores.count(score) == 1:
            return [self._keys[self._scores.index(score)]]
        found = [key for key, other in zip(self._keys, self._scores, strict=True) if other == score]
        found.reverse()  # with one score, a later use is a lower usage count
        return found

    def put(self, key: Key, time: int, count: int) -> None:
        """List a head with its ranks by last use and by usage count."""
        at = bisect_left(self._places, key[1])
        self._places.insert(at, key[1])
        self._times.insert(at, time)
        self._keys.insert(at, key)
        self._counts.insert(at, count)

    def drop(self, key: Key) -> None:
        """Take a head off the list, if it is listed."""
        for at in range(bisect_left(self._places, key[1]), bisect_right(self._places, key[1])):
            if self._keys[at] == key:
                del self._places[at], self._keys[at], self._times[at], self._counts[at]
                return

    def shift_times(self, place: int, change: int, highest: int) -> None:
        """Move the ranks of all later uses by one; `highest` is the highest rank after that."""
        at = bisect_right(self._places, place)
        self._times[at:] = [time + change for time in self._times[at:]]
        self._lower_limit(highest)

    def shift_counts(self, rank: int, change: int, highest: int) -> None:
        """Move all ranks by usage count from this one on by one; `highest` is the highest rank after that."""
        self._counts = [count + change if count >= rank else count for count in self._counts]
        self._lower_limit(highest)

    def _lower_limit(self, highest: int) -> None:
        # A rank among others falls by no more than this when one of them comes or goes: a/n to (a-1)/(n-1) or a/(n+1).
        self.limit -= 1 / highest if highest else inf


class _Presence:
    """Which of the places 0 to size - 1 are taken."""

    def __init__(self, size: int) -> None:
        self._taken = bytearray(size)
        self._blocks = [0] * (size // _BLOCK + 1)

    def change(self, place: int, change: int) -> None:
        """Take a free place (1), or free a taken one (-1)."""
        self._taken[place] += change
        self._blocks[place // _BLOCK] += change

    def up_to(self, place: int) -> int:
        """Count the taken places up to this one, itself included."""
        block = place // _BLOCK
        return sum(self._blocks[:block]) + self._taken.count(1, block * _BLOCK, place + 1)

    def all_up_to(self, places: list[int]) -> list[int]:
        """Count for each of many places."""
        if len(places) > len(self._taken) // 8:
            sums = list(accumulate(self._taken))
            return [sums[place] for place in places]
        before = list(accumulate(self._blocks, initial=0))
        count = self._taken.count
        return [before[p // _BLOCK] + count(1, p // _BLOCK * _BLOCK, p + 1) for p in places]
