"""In which order objects are explained: what goes, then what stays, and within that as `--sort` says.

Names are in natural order everywhere: 1.9 stands before 1.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from prunecli.cli.options import AGE, SIZE
from prunecli.facts import NO_FACTS, facts_of
from prunecli.filters import natural_key
from prunecli.kinds.image.references import short_id
from prunecli.snapshot import Snapshot
from prunecli.verdict import Kind, Verdict

Order: TypeAlias = Callable[[Iterable[Verdict]], list[Verdict]]

_BY_NAME = frozenset({Kind.NETWORK, Kind.VOLUME, Kind.IMAGE})
"""Kinds that a plan has in the order of their names; containers are newest first, build cache as it goes."""


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return what goes, then what stays, of one kind, in the order of the plan, but names in natural order."""
    return sorted(verdicts, key=lambda v: (not v.removed, *(_by_name(v) if v.kind in _BY_NAME else ())))


def order_of(sort: str | None, world: Snapshot) -> Order:
    """Return the order that was asked for: largest first, oldest first (unknown ages last), by name, or the usual one.

    Build cache is as old as its last use, as it is for filters.
    """
    if sort is None:
        return in_order
    known = facts_of(world) if sort == AGE else {}

    def key(v: Verdict) -> tuple[Any, ...]:
        name = _by_name(v)
        if sort == SIZE:
            return not v.removed, -v.size, *name
        since = known.get((v.kind, v.id), NO_FACTS).age_from
        return not v.removed, since is None, since or 0, *name

    return lambda verdicts: sorted(verdicts, key=key)


def _by_name(verdict: Verdict) -> tuple[Any, ...]:
    nameless = verdict.kind is Kind.IMAGE and verdict.name == short_id(verdict.id)
    return nameless, natural_key(verdict.name), verdict.id
