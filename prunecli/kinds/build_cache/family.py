"""Which record builds on which: parents and children, and walks along them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prunecli.kinds.build_cache.record import CacheRecord
from prunecli.verdict import Reason


@dataclass(frozen=True, slots=True)
class Family:
    """Records by id, each with its parents and children, in the order of their ids; unknown parents are left out."""

    records: Mapping[str, CacheRecord]
    parents: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """Return everything that these records build on, without themselves unless they build on each other."""
        return _reach(ids, self.parents)

    def descendants(self, id: str) -> Iterator[str]:
        """Yield everything that builds on this record, nearest first."""
        seen = {id}
        queue = deque(self.children.get(id, ()))
        while queue:
            child = queue.popleft()
            if child not in seen:
                seen.add(child)
                yield child
                queue.extend(self.children[child])


def trace(records: Iterable[CacheRecord]) -> Family:
    """Return the records with who builds on whom; the order in which they are given does not matter."""
    by_id = {r.id: r for r in sorted(records, key=lambda r: r.id)}
    parents = {id: tuple(sorted({p for p in r.parents if p in by_id})) for id, r in by_id.items()}
    children: dict[str, list[str]] = {id: [] for id in by_id}
    for id, above in parents.items():
        for parent in above:
            children[parent].append(id)
    return Family(by_id, parents, {id: tuple(below) for id, below in children.items()})


def count_pins(family: Family, causes: Mapping[str, Reason]) -> dict[str, Counter[Reason]]:
    """Count, for each ancestor of a record that stays for a cause of its own, those records by cause.

    A record that several ways lead to counts once. Records that build on each other in a circle are left out.
    """
    # One bit for each cause, so that a union of many sets is a single `or`; a set is dropped once its parents have it.
    bits = {id: 1 << i for i, id in enumerate(sorted(causes))}
    by_reason = dict.fromkeys(sorted(set(causes.values()), key=lambda reason: reason.value), 0)
    for id, reason in causes.items():
        by_reason[reason] |= bits[id]

    concerned = family.ancestors(causes) | set(causes)
    waiting = {id: sum(child in concerned for child in family.children[id]) for id in concerned}
    below = dict.fromkeys(concerned, 0)
    ready = [id for id, children in waiting.items() if not children]
    pins: dict[str, Counter[Reason]] = {}
    while ready:
        id = ready.pop()
        beneath = below.pop(id)
        if beneath:
            pins[id] = Counter({reason: n for reason, mask in by_reason.items() if (n := (mask & beneath).bit_count())})
        for parent in family.parents[id]:
            below[parent] |= beneath | bits.get(id, 0)
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
    return pins


def leaves(family: Family, within: Collection[str]) -> list[str]:
    """Return those of `within` on which nothing builds, in the order of their ids."""
    return sorted(id for id in within if not family.children[id])


def _reach(starts: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    stack = list(starts)
    while stack:
        for next_id in edges.get(stack.pop(), ()):
            if next_id not in seen:
                seen.add(next_id)
                stack.append(next_id)
    return seen
