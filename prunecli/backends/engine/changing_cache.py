"""Build cache changed record by record: what a plan shows and nothing else, and not what was used since.

A record is looked at right before it goes; what is used after that look the Engine itself keeps.
Source: `buildkit-live.md` 0 and 1.5 of the specification.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from prunecli.backends.engine.changing import EngineChange, Outcome, absent, kept
from prunecli.backends.engine.clock import EngineClock
from prunecli.backends.engine.failures import LostError
from prunecli.backends.engine.records import Records, is_record_id, open_records
from prunecli.errors import EngineError, RefusedError
from prunecli.kinds.build_cache import CacheRecord
from prunecli.report import Failure
from prunecli.units import SECOND, Duration, Instant
from prunecli.verdict import Kind, Step

_LOOKS = 5
_BREATH = 0.2  # seconds between two looks that do not agree
_MOMENT: Duration = SECOND
"""How long before we hear of it a record may have gone; a use that is older was none of our doing."""


class CacheChange(EngineChange):
    """Build cache: many records in one request, by their ids and not if they were used since they were looked at."""

    def carry_out(self, steps: Sequence[Step], stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
        """Carry out as many steps at a time as one request takes.

        What builds on a record comes first, so no request needs a later one.
        """
        before = self._photograph(0)
        clock = EngineClock(self._connection)
        ours = _OwnTraces({record.id: record for record in before.build_cache}, clock)
        with open_records(self._connection, clock, until_timestamp=before.profile.cache_until_timestamp) as records:
            for first in range(0, len(steps), records.most):
                if stop():
                    return
                yield from self._prune(_Sweep(records, ours, clock), steps[first : first + records.most])

    def _prune(self, sweep: _Sweep, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Carry out some steps. A connection that ends in the middle is raised after all that is known to be done."""
        outcomes: dict[str, Outcome] = {}
        broken: EngineError | None = None
        try:
            for step, failure in sweep.outcomes(steps):
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


class _OwnTraces:
    """What our own removals left on the records below them, so that it is not taken for a use by somebody else.

    From 0.10 to at least 0.32, BuildKit means to load the parents of a record without counting that as a use, but
    passes the option in a way that is not seen. So once a record that was loaded from disk, after a restart, is
    removed, its parent seems to have been used at that moment, once. `before` are the records as they were before the
    first removal.
    Source: BuildKit (cache/manager.go, `parentsOf`; cache/refs.go, `release`), seen on Docker 28.5 and 29.7.
    """

    def __init__(self, before: Mapping[str, CacheRecord], clock: EngineClock) -> None:
        self._before = before
        self._clock = clock
        self._removals: dict[str, list[tuple[Instant, Instant]]] = {}

    def note(self, record: CacheRecord, began: Instant) -> None:
        """Take a record that just went; `began` is when it was asked for, which may have waited for its turn."""
        span = (max(began, self._clock.earliest() - _MOMENT), self._clock.latest())
        for parent in record.parents:
            self._removals.setdefault(parent, []).append(span)

    def changed(self, step: Step, record: CacheRecord) -> bool:
        """Say whether a record is another than the plan showed, and not by our own doing."""
        if record.witness == step.witness:
            return False
        before, used_at = self._before.get(record.id), record.last_used_at
        once_more = before and before.witness == step.witness and record.usage_count == before.usage_count + 1
        if not once_more or used_at is None:
            return True
        return not any(began <= used_at <= ended for began, ended in self._removals.get(record.id, ()))


class _Sweep:
    """Some records on their way out."""

    def __init__(self, records: Records, ours: _OwnTraces, clock: EngineClock) -> None:
        self._records = records
        self._ours = ours
        self._clock = clock

    def outcomes(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Yield what came of each step as soon as that is known: look at records, remove, and again while some go."""
        named = {step.id: step for step in steps if is_record_id(step.id)}
        yield from ((s, Failure(s, "its id is none that BuildKit makes")) for s in steps if s.id not in named)
        while named:
            seen = _look_until_steady(self._records, list(named))
            for id, step in list(named.items()):
                if failure := self._objection(step, seen.get(id)):
                    yield named.pop(id), failure
            gone = 0
            for id, size in self._remove({id: seen[id] for id in named}):
                gone += 1
                yield replace(named.pop(id), reclaims=max(seen[id].size if size is None else size, 0)), None
            if not gone:
                yield from self._explain(tuple(named.values()))
                return

    def _objection(self, step: Step, record: CacheRecord | None) -> Failure | None:
        """Say why a record stays, None when it is as the plan showed it."""
        if record is None:
            return absent(step)
        if record.in_use:
            return kept(step, "it came into use after the plan was made")
        if self._ours.changed(step, record):
            return kept(step, "it was used after the plan was made")
        return None

    def _remove(self, going: Mapping[str, CacheRecord]) -> Iterator[tuple[str, int | None]]:
        """Remove what was just looked at, unless it was used since: the latest use of all of them is the bound."""
        if not going:
            return
        unused_since = max(max(record.created_at, record.last_used_at or 0) for record in going.values())
        waiting = dict(going)
        began = self._clock.earliest()
        try:
            for id, size in self._records.prune(list(going), unused_since):
                if record := waiting.pop(id, None):
                    self._ours.note(record, began)
                    yield id, size
        except EngineError as error:
            raise LostError(f"{error.message}: some of the {Kind.BUILD_CACHE.value} prune may be done") from error

    def _explain(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Look once more, and say of each step why the Engine did not carry it out."""
        if not steps:
            return
        try:
            there = self._records.all()
        except RefusedError:  # there are more than one message can tell
            why = "the Engine kept it: it is in use, or something builds on it"
            yield from ((step, kept(step, why)) for step in steps)
            return
        children: dict[str, list[str]] = {}
        for record in there.values():
            for parent in record.parents:
                children.setdefault(parent, []).append(record.id)
        for step in steps:
            held = _held(children.get(step.id, ()))
            yield step, self._objection(step, there.get(step.id)) or kept(step, held)


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


def _held(children: Sequence[str]) -> str:
    if not children:
        return "the Engine kept it, and does not say why"
    if len(children) == 1:
        return f"build cache record {children[0]} builds on it"
    return f"{len(children)} build cache records build on it, {min(children)} among them"
