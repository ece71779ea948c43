"""An Engine's own prunes, asked for under the conditions of a plan, so that it emits their events.

Source: Docker Engine API, the five prune routes; `cli-and-api.md` 9.3 of the specification.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prunecli.backends import Pruned
from prunecli.backends.engine.connection import Connection
from prunecli.backends.engine.failures import LostError
from prunecli.errors import BusyError
from prunecli.filters import Filters
from prunecli.info import PruneInfo
from prunecli.plan import KindPlan, Plan
from prunecli.units import SECOND, Duration, Instant
from prunecli.verdict import Kind, Row

_ROUTES = {
    Kind.CONTAINER: ("/containers/prune", "ContainersDeleted"),
    Kind.NETWORK: ("/networks/prune", "NetworksDeleted"),
    Kind.VOLUME: ("/volumes/prune", "VolumesDeleted"),
    Kind.IMAGE: ("/images/prune", "ImagesDeleted"),
    Kind.BUILD_CACHE: ("/build/prune", "CachesDeleted"),
}
_CACHE_FIELDS = frozenset({"description", "id", "inuse", "parent", "private", "shared", "type"})
_ANSWERED_ELSEWHERE = frozenset({"until", "unused-for", "label", "label!"})
_BREATH = 0.1  # seconds between two attempts while another prune runs


class NativePrune:
    """The prune routes of one Engine, for the kinds of one plan.

    `filters` are those that the plan was asked with, `wait` how long to wait while another prune of the kind runs.
    """

    def __init__(self, connection: Connection, plan: Plan, filters: Filters, wait: Duration) -> None:
        self._connection = connection
        self._plan = plan
        self._filters = filters
        self._patience = wait / SECOND

    def prune(self, shown: KindPlan, stop: Callable[[], bool] = lambda: False) -> Pruned | None:
        """Let the Engine prune one kind; returns what it says it did, None for conditions that it cannot express.

        A `label` filter never reaches the route of build cache, which ignores it: then nothing is asked for.
        Errors: BusyError when `wait` is over, KeyboardInterrupt when `stop` says yes meanwhile; EngineError, which says
        so, when the Engine goes away in the middle.
        """
        if shown.info.unlabelled:
            return Pruned((), 0)
        self._connection.prepare()  # a plain duration counts from when it arrives
        query = self._query(shown.kind, shown.info)
        if query is None:
            return None
        path, key = _ROUTES[shown.kind]
        try:
            answer = self._post(path, query, stop) or {}
        except LostError as error:
            raise LostError(f"{error.message}: some of the {shown.kind.value} prune may be done") from error
        return Pruned(tuple(_rows(answer.get(key) or ())), answer.get("SpaceReclaimed") or 0)

    def _post(self, path: str, query: Mapping[str, str], stop: Callable[[], bool]) -> Any:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._connection.post(path, query)
            except BusyError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
            if stop():
                raise KeyboardInterrupt
            time.sleep(min(_BREATH, left))

    def _query(self, kind: Kind, info: PruneInfo) -> dict[str, str] | None:
        """Return the parameters of a route, None where its language has no words for the conditions."""
        if kind is Kind.BUILD_CACHE:
            return self._cache_query(info)
        values = {"label": info.filter.required or None, "label!": info.filter.excluded}
        words = {key: labels for key, labels in values.items() if labels is not None}
        if info.keep_duration is not None:
            words["until"] = frozenset({_timestamp(self._plan.taken_at - info.keep_duration)})
        if kind is Kind.IMAGE:
            words["dangling"] = frozenset({"false" if info.all else "true"})
        profile = self._plan.profile
        if kind is Kind.VOLUME and info.all and profile.volume_all_key and not profile.volumes_default_to_all:
            words["all"] = frozenset({"true"})
        return _with_filters({}, words)

    def _cache_query(self, info: PruneInfo) -> dict[str, str] | None:
        given = self._filters.values
        if not given.keys() <= _CACHE_FIELDS | _ANSWERED_ELSEWHERE:
            return None  # buildx's operators, which the route does not know
        words = {key: given[key] for key in given.keys() & _CACHE_FIELDS}
        profile = self._plan.profile
        if info.keep_duration is not None:
            cutoff = self._plan.taken_at - info.keep_duration
            # Before 24.0.9 only a duration is understood, and it counts from when it arrives.
            text = _timestamp(cutoff) if profile.cache_until_timestamp else f"{max(time.time_ns() - cutoff, 0)}ns"
            words["until"] = frozenset({text})
        reserved = "reserved-space" if profile.takes_space_limits else "keep-storage"
        sizes = {
            reserved: info.reserved_space,
            "max-used-space": info.max_used_space,
            "min-free-space": info.min_free_space,
        }
        query = {name: str(size) for name, size in sizes.items() if size is not None}
        return _with_filters({**query, **({"all": "1"} if info.all else {})}, words)


def _with_filters(query: dict[str, str], words: Mapping[str, frozenset[str]]) -> dict[str, str]:
    return {**query, "filters": Filters(words).to_json()} if words else query


def _timestamp(at: Instant) -> str:
    """Return an instant as every Engine reads it exactly; none is before 1970, when nothing was made."""
    at = max(at, 0)
    return f"{at // SECOND}.{at % SECOND:09d}"


def _rows(said: Iterable[str | Mapping[str, str]]) -> Iterable[Row]:
    for item in said:
        if isinstance(item, str):
            yield Row(item)
        elif "Untagged" in item:
            yield Row(item["Untagged"], "untagged")
        else:
            yield Row(item["Deleted"], "deleted")
