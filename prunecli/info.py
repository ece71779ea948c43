"""From what was asked to BuildKit's prune info: one validated set of conditions for each kind.

Source: moby (daemon/prune.go, images, volume/service, builder-next); `prune-semantics.md` 2 and 10,
`build-cache-gc.md` 9 and `cli-and-api.md` 1.5 of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from prunecli.errors import DurationError, FilterError, TimestampError, ValueTextError
from prunecli.filters import CacheFilter, Filters, LabelFilter
from prunecli.profile import Profile, parse_version
from prunecli.units import (
    Duration,
    Instant,
    parse_duration,
    parse_go_bool,
    parse_human_duration,
    parse_timestamp,
    parse_until,
)
from prunecli.verdict import Kind


class Dialect(Enum):
    """Who asks: it decides which words are understood, and where prunecli differs from an Engine on purpose."""

    CLI = "cli"
    """The command line: human `until` forms, buildx's operators, `label` matches no cache record."""
    REST = "rest"
    """The Engine API: the Engine's own rules hold."""
    BUILDX = "buildx"
    """BuildKit's control service: filters arrive as selectors."""


@dataclass(frozen=True, slots=True)
class PruneRequest:
    """What was asked, as typed, before any of it is checked.

    `kinds` are in the order of the cascade. Sizes are bytes; None means "not given". `filters` are those of the command
    line or the query, after the merge with `pruneFilters`; the implicit `dangling` and `all` of the command line are
    not among them. `all` widens images and build cache, and volumes only when they are asked for alone: a system prune
    never takes named ones. Over HTTP images and volumes know no such flag, and their filters alone decide.

    BuildKit's control service sends `selectors` and `keep_duration` in the place of `filters`. `exact_until` says that
    the command is one that only buildx has: it reads a duration itself, and an Engine's rounding does not touch it.
    """

    kinds: tuple[Kind, ...]
    all: bool = False
    filters: Filters = field(default_factory=Filters)
    reserved_space: int | None = None
    max_used_space: int | None = None
    min_free_space: int | None = None
    dialect: Dialect = Dialect.CLI
    selectors: tuple[str, ...] = ()
    keep_duration: Duration | None = None
    exact_until: bool = False


@dataclass(frozen=True, slots=True)
class PruneInfo:
    """BuildKit's prune info: the conditions under which objects of one kind go.

    `keep_duration` is nanoseconds: what was made (build cache: used) within it stays; None is no limit, and a negative
    one reaches into the future. `all` widens the kind: every unused image, named volumes, internal cache records.
    Images and build cache read `filter` as their own type says. Sizes are bytes; None means "not given".
    Source: BuildKit `client.PruneInfo`.
    """

    all: bool = False
    filter: LabelFilter = field(default_factory=LabelFilter)
    cache_filter: CacheFilter = field(default_factory=CacheFilter)
    keep_duration: Duration | None = None
    reserved_space: int | None = None
    max_used_space: int | None = None
    min_free_space: int | None = None
    unlabelled: bool = False
    """Build cache: a `label` filter was given, which no record can satisfy (command line only)."""

    @property
    def has_budget(self) -> bool:
        """Whether any of the three sizes is a limit."""
        return bool(self.reserved_space or self.max_used_space or self.min_free_space)


def make_infos(request: PruneRequest, profile: Profile, now: Instant, *, utc_offset: int = 0) -> dict[Kind, PruneInfo]:
    """Check everything that was asked, for every kind of the request, and return the conditions of each.

    `utc_offset` (seconds) holds for dates without a zone. Where an Engine meets values in the order of a hash map, ours
    is sorted, in error messages too.
    Errors: FilterError in the Engine's words and with its HTTP status, for the first kind that refuses; where an Engine
    would crash (`until` without a value), it is an `invalid filter` and a 500.
    """
    asked = _Asked(request, profile, now, utc_offset)
    return {kind: _MAKERS[kind](asked) for kind in request.kinds}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and what it takes to understand it."""

    request: PruneRequest
    profile: Profile
    now: Instant
    utc_offset: int

    @property
    def filters(self) -> Filters:
        return self.request.filters

    @property
    def typed(self) -> bool:
        """Whether a person typed it."""
        return self.request.dialect is Dialect.CLI

    def keep_duration(self, text: str) -> Duration:
        """Return how far back an `until` lies, exactly. Errors: TimestampError."""
        parse = parse_until if self.typed else parse_timestamp
        until = parse(
            text,
            self.now,
            utc_offset=self.utc_offset,
            new_wording=self.profile.new_timestamp_wording,
            floor_durations=not (self.profile.exact_until or self.request.exact_until),
        )
        return self.now - until

    def check_keys(self, filters: Filters, accepted: Iterable[str]) -> None:
        """Refuse the first unknown key, in the order of the alphabet."""
        unknown = sorted(set(filters.values) - set(accepted))
        if unknown:
            error = self.invalid(f"'{unknown[0]}'" if unknown[0] or self.old_wording else "")
            raise error.hinting(f"filters that can be given here: {', '.join(self.common_keys)}{self._operators}")

    @property
    def common_keys(self) -> tuple[str, ...]:
        """The filter keys that every kind of the request takes."""
        first, *others = (FILTER_KEYS[kind] for kind in self.request.kinds)
        unknown = set() if self.profile.volume_all_key else {"all"}
        return tuple(key for key in first if key not in unknown and all(key in keys for keys in others))

    @property
    def _operators(self) -> str:
        return "; the fields of a record also with != and ~=" if self.request.kinds == (Kind.BUILD_CACHE,) else ""

    @property
    def old_wording(self) -> bool:
        return not self.profile.lower_case_filter_errors

    def invalid(self, what: str, *, http_status: int = 400) -> FilterError:
        """Return the Engine's `invalid filter ...`."""
        start = "Invalid filter" if self.old_wording else "invalid filter"
        return FilterError(f"{start} {what}".rstrip(), http_status=http_status)


_LABELS = ("label", "label!")
_CACHE_FIELDS = ("description", "id", "inuse", "parent", "private", "shared", "type")

FILTER_KEYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONTAINER: (*_LABELS, "until"),
    Kind.NETWORK: (*_LABELS, "until"),
    Kind.VOLUME: (*_LABELS, "all"),
    Kind.IMAGE: (*_LABELS, "until"),
    Kind.BUILD_CACHE: (*_CACHE_FIELDS, *_LABELS, "until", "unused-for"),
}
"""The filter keys of each kind. Images also take `dangling`, which is how the Engine API says `all`."""


def _container(asked: _Asked) -> PruneInfo:
    asked.check_keys(asked.filters, FILTER_KEYS[Kind.CONTAINER])
    status = 400 if asked.profile.until_is_client_error else 500
    keep = _single_until(asked, status)
    return PruneInfo(filter=LabelFilter.from_filters(asked.filters), keep_duration=keep)


def _network(asked: _Asked) -> PruneInfo:
    if parse_version(asked.profile.engine) >= (29, 0) and not asked.filters.get("until"):
        asked.check_keys(asked.filters, FILTER_KEYS[Kind.NETWORK])
        return PruneInfo(filter=LabelFilter.from_filters(asked.filters))
    return _container(asked)


def _volume(asked: _Asked) -> PruneInfo:
    filters, profile = asked.filters, asked.profile
    if asked.typed and asked.request.all and asked.request.kinds == (Kind.VOLUME,):
        filters = filters.with_value("all", "true")
    if profile.volume_all_key:
        if profile.volumes_default_to_all:
            filters = filters.with_value("all", "true")  # the Engine adds it for an old client
        every = _volume_all(filters)
        asked.check_keys(filters, FILTER_KEYS[Kind.VOLUME])
    else:
        every = profile.volumes_default_to_all
        asked.check_keys(filters, _LABELS)
    return PruneInfo(all=every, filter=LabelFilter.from_filters(filters))


def _volume_all(filters: Filters) -> bool:
    values = sorted(filters.get("all"))
    if len(values) > 1:
        raise FilterError(f"invalid filter 'all=[{' '.join(values)}]': only one value is expected")
    try:
        return parse_go_bool(values[0]) if values else False
    except ValueTextError as error:
        raise FilterError(f"invalid filter 'all': {error}") from None


def _image(asked: _Asked) -> PruneInfo:
    filters, profile = asked.filters, asked.profile
    if asked.typed:
        filters = filters.with_value("dangling", "false" if asked.request.all else "true")
    asked.check_keys(filters, (*FILTER_KEYS[Kind.IMAGE], "dangling"))
    dangling_only = _dangling(asked, filters)
    status = 400 if profile.image_until_is_client_error else 500
    prefix = "invalid value for 'until' filter: " if profile.new_timestamp_wording else ""
    if profile.containerd:  # several are no mistake: each must hold, and so the earliest
        spans = [_until(asked, text, status, prefix) for text in sorted(filters.get("until"))]
        keep = max(spans, default=None)
    else:
        keep = _single_until(asked, status, prefix)
    labels = LabelFilter.from_filters(filters, each=profile.containerd)
    return PruneInfo(all=not dangling_only, filter=labels, keep_duration=keep)


def _dangling(asked: _Asked, filters: Filters) -> bool:
    """Return whether only dangling images go."""
    if "dangling" not in filters:
        return True
    values, true_values = sorted(filters.get("dangling")), filters.true_values("dangling")
    says_no, says_yes = bool(true_values & {"0", "false"}), bool(true_values & {"1", "true"})
    if not asked.profile.dangling_conflict_refused and (says_no or not values):
        return False
    if not values:
        raise asked.invalid("'dangling'")
    if says_no == says_yes:
        raise asked.invalid(f"'dangling=[{' '.join(values)}]'")
    return says_yes


def _single_until(asked: _Asked, http_status: int, prefix: str = "") -> Duration | None:
    """Return the keep duration of the one `until`, None when there is none."""
    if "until" not in asked.filters:
        return None
    values = asked.filters.get("until")
    if not values:
        raise asked.invalid("'until'", http_status=500)
    if len(values) > 1:
        raise FilterError("more than one until filter specified", http_status=http_status)
    (text,) = values
    return _until(asked, text, http_status, prefix)


def _until(asked: _Asked, text: str, http_status: int, prefix: str) -> Duration:
    try:
        return asked.keep_duration(text)
    except TimestampError as error:
        raise FilterError(f"{prefix}{error}", http_status=http_status) from None


_CACHE_OPERATORS = ("!", "~")


def _build_cache(asked: _Asked) -> PruneInfo:
    if asked.request.dialect is Dialect.BUILDX:
        return _cache_info(asked, CacheFilter(asked.request.selectors), asked.request.keep_duration or None)
    try:
        _check_cache_keys(asked)
        keep = _cache_until(asked)
        cache_filter = CacheFilter((_cache_selector(asked.filters),))
    except FilterError as error:
        wrapped = FilterError(f"failed to prune build cache: {error}", http_status=error.http_status)
        raise wrapped.hinting(error.hint) from None
    return _cache_info(asked, cache_filter, keep)


def _cache_info(asked: _Asked, cache_filter: CacheFilter, keep: Duration | None) -> PruneInfo:
    request, limits = asked.request, asked.profile.cache_space_limits
    return PruneInfo(
        all=request.all,
        cache_filter=cache_filter,
        keep_duration=keep,
        reserved_space=request.reserved_space,
        max_used_space=request.max_used_space if limits else None,
        min_free_space=request.min_free_space if limits else None,
        unlabelled=asked.typed and bool(request.filters.get("label")),
    )


def _check_cache_keys(asked: _Asked) -> None:
    """Take the Engine's keys, and from a person also buildx's `type!` and `id~`, which no Engine knows."""
    operators = _CACHE_OPERATORS if asked.typed else ()
    fields = (f"{name}{op}" for name in _CACHE_FIELDS for op in operators)
    asked.check_keys(asked.filters, (*FILTER_KEYS[Kind.BUILD_CACHE], *fields))


def _cache_until(asked: _Asked) -> Duration | None:
    """Return the keep duration, None without one; a plain duration of nothing is none either."""
    until, unused_for = asked.filters.get("until"), asked.filters.get("unused-for")
    if until and unused_for:
        raise FilterError('conflicting filters: "until" and "unused-for"')
    key, values = ("unused-for", unused_for) if unused_for else ("until", until)
    if not values:
        return None
    if len(values) > 1:
        raise FilterError("filters expect only one value")
    (text,) = values
    expected = f"\"{key}\" filter expects a duration (e.g., '24h')"
    if asked.profile.cache_until_timestamp:
        return _until(asked, text, 400, f"{expected} or a timestamp: ")
    try:
        return parse_duration(text) or None
    except DurationError as error:
        human = parse_human_duration(text) if asked.typed else None
        if human is None:
            raise FilterError(f"{expected}: {error}", http_status=500) from None
        return human or None


def _cache_selector(filters: Filters) -> str:
    """Return the one selector that an Engine makes of the cache fields; empty without any, which matches everything."""
    parts: list[str] = []
    for name in _CACHE_FIELDS:
        for key, operator in ((name, "~=" if name == "id" else "=="), (f"{name}!", "!="), (f"{name}~", "~=")):
            if key not in filters:
                continue
            values = filters.get(key)
            if len(values) > 1:
                raise FilterError("filters expect only one value")
            parts.append(name if not values else operator.join((name, *values)))
    return ",".join(parts)


_MAKERS: dict[Kind, Callable[[_Asked], PruneInfo]] = {
    Kind.CONTAINER: _container,
    Kind.NETWORK: _network,
    Kind.VOLUME: _volume,
    Kind.IMAGE: _image,
    Kind.BUILD_CACHE: _build_cache,
}
