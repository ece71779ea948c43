"""Build cache changed record by record: what a plan shows and nothing else, and not what was used since.

A record is looked at right before it goes; what is used after that look the Engine itself keeps.
Source: `buildkit-live.md` 0 and 1.5 of the specification.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from prunecli.backends.engine.changing import EngineChange, Outcome, gone, kept
from prunecli.backends.engine.failures import LostError
from prunecli.backends.engine.records import Records, is_record_id, open_records
from prunecli.errors import EngineError, RefusedError
from prunecli.kinds.build_cache import CacheRecord
from prunecli.report import Failure
from prunecli.verdict import Kind, Step

_LOOKS = 5
_BREATH = 0.2  # seconds between two looks that do not agree


class CacheChange(EngineChange):
    """Build cache: many records in one request, by their ids and not if they were used since they were looked at."""

    def carry_out(self, steps: Sequence[Step], stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """Carry out as many steps at a time as one request takes.

        What builds on a record comes first, so no request needs a later one.
        """
        until_timestamp = self._photograph(0).profile.cache_until_timestamp
        with open_records(self._connection, until_timestamp=until_timestamp) as records:
            for first in range(0, len(steps), records.most):
                if stop():
                    return
                yield from self._prune(records, steps[first : first + records.most])

    def _prune(self, records: Records, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Look at some records, remove those that are as planned, and say of each what came of it.

        A connection that ends in the middle is raised after all that is known to be done.
        """
        outcomes: dict[str, Outcome] = {}
        broken: EngineError | None = None
        try:
            for step, failure in _prune_records(records, steps):
                outcomes[step.id] = step, failure
        except EngineError as error:
            broken = error
        except RefusedError as error:
            outcomes = {step.id: (step, Failure(step, error.message)) for step in steps} | outcomes
        for step in steps:
            if step.id in outcomes:
                done, failure = outcomes[step.id]
                if failure is None:
                    self.removed.append(done)
                yield done, failure
        if broken:
            raise broken


def _prune_records(records: Records, steps: Sequence[Step]) -> Iterator[Outcome]:
    """Yield what came of each step as soon as that is known."""
    named = {step.id: step for step in steps if is_record_id(step.id)}
    yield from ((step, Failure(step, "its id is none that BuildKit makes")) for step in steps if step.id not in named)
    seen = _look_until_steady(records, list(named))
    going: dict[str, CacheRecord] = {}
    for id, step in named.items():
        if failure := _objection(step, seen.get(id)):
            yield step, failure
        else:
            going[id] = seen[id]
    stayed = dict.fromkeys(going)
    for id, size in _remove(records, going):
        stayed.pop(id, None)
        yield replace(named[id], reclaims=max(going[id].size if size is None else size, 0)), None
    if stayed:
        yield from _explain([named[id] for id in stayed], records)


def _remove(records: Records, going: Mapping[str, CacheRecord]) -> Iterator[tuple[str, int | None]]:
    """Remove what was just looked at, unless it was used since: the latest use of all of them is the bound."""
    if not going:
        return
    unused_since = max(max(record.created_at, record.last_used_at or 0) for record in going.values())
    try:
        for id, size in records.prune(list(going), unused_since):
            if id in going:
                yield id, size
    except EngineError as error:
        raise LostError(f"{error.message}: some of the {Kind.BUILD_CACHE.value} prune may be done") from error


def _look_until_steady(records: Records, ids: Sequence[str]) -> Mapping[str, CacheRecord]:
    """Look at records until two looks agree: while something else measures, all of them may seem to be in use.

    After some attempts the last one counts: what differs from the plan stays.
    """
    seen = records.look(ids)
    for _ in range(_LOOKS - 1):
        before, seen = seen, records.look(ids)
        if all(_state(before.get(id)) == _state(seen.get(id)) for id in ids):
            break
        time.sleep(_BREATH)
    return seen


def _state(record: CacheRecord | None) -> tuple[bool, str] | None:
    return None if record is None else (record.in_use, record.witness)


def _objection(step: Step, record: CacheRecord | None) -> Failure | None:
    """Say why a record stays, None when it is as the plan showed it."""
    if record is None:
        return gone(step)
    if record.in_use:
        return kept(step, "it came into use after the plan was made")
    if record.witness != step.witness:
        return kept(step, "it was used after the plan was made")
    return None


def _explain(steps: Sequence[Step], records: Records) -> Iterator[Outcome]:
    """Look once more, and say of each step why the Engine did not carry it out."""
    try:
        there = records.all()
    except RefusedError:  # there are more than one message can tell
        yield from ((step, kept(step, "the Engine kept it: it is in use, or something builds on it")) for step in steps)
        return
    children: dict[str, list[str]] = {}
    for record in there.values():
        for parent in record.parents:
            children.setdefault(parent, []).append(record.id)
    for step in steps:
        yield step, _objection(step, there.get(step.id)) or kept(step, _held(children.get(step.id, ())))


def _held(children: Sequence[str]) -> str:
    if not children:
        return "the Engine kept it, and does not say why"
    if len(children) == 1:
        return f"build cache record {children[0]} builds on it"
    return f"{len(children)} build cache records build on it, {min(children)} among them"
