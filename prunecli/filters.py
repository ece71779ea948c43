"""The filter language of prune commands: reading what was given, and matching labels and build cache.

Source: docker CLI (opts, PruneFilters) and moby (daemon/internal/filters); `prune-semantics.md` 2 and `cli-and-api.md`
4 and 5 of the specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prunecli.errors import FilterError, UsageError
from prunecli.filters_json import read_members
from prunecli.profile import DEFAULT_PROFILE, Profile
from prunecli.selectors import GO_SPACES, Lookup, Selector, parse_selector

if TYPE_CHECKING:
    from prunecli.goregexp import Effort

_NOTHING: frozenset[str] = frozenset()
_MAX_LABEL = 4096  # bytes of key and value together; containerd's limit
_SHOWN_LABEL_KEY = 64  # bytes of it that the error message repeats


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters as given: each key with its set of values, unchecked.

    A key may stand there with no values (`{"label!":{}}` over HTTP), which is not the same as no key. `untrue` holds
    the values that came with `false` in JSON: only what asks for a boolean (`dangling`) cares.
    """

    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    untrue: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def from_flags(cls, texts: Iterable[str]) -> Filters:
        """Read `--filter` flags: `key=value` each; an empty text is ignored.

        The key is trimmed and lower-cased, the value trimmed.
        Errors: UsageError for a text without `=`.
        """
        filters = cls()
        for text in texts:
            if not text:
                continue
            key, equals, value = text.partition("=")
            if not equals:
                raise UsageError("bad format of filter (expected name=value)")
            filters = filters.with_value(key.strip(GO_SPACES).lower(), value.strip(GO_SPACES))
        return filters

    @classmethod
    def from_json(cls, text: str, profile: Profile = DEFAULT_PROFILE) -> Filters:
        """Read the `filters` parameter of the Engine API: `{"key":{"value":true}}`, or `{"key":["value"]}` of old.

        Empty text and `null` are no filters.
        Errors: FilterError `invalid filter`; Engines before 23.0 show what Go's JSON package says, and answer 500.
        """
        if not text:
            return cls()
        try:
            members = read_members(text)
        except ValueError as complaint:
            if profile.lower_case_filter_errors:
                raise FilterError("invalid filter") from None
            raise FilterError(str(complaint), http_status=500) from None
        untrue = {key: frozenset(v for v, true in given.items() if not true) for key, given in members.items()}
        return cls({key: frozenset(given) for key, given in members.items()}, {k: v for k, v in untrue.items() if v})

    def to_json(self) -> str:
        """Return Docker's JSON, keys and values sorted; empty without any key, as Docker omits the parameter then."""
        if not self.values:
            return ""
        body = {
            key: {v: v not in self.untrue.get(key, _NOTHING) for v in sorted(self.values[key])}
            for key in sorted(self.values)
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return _UNSAFE_IN_HTML.sub(lambda m: f"\\u{ord(m[0]):04x}", _LONE_SURROGATE.sub("\ufffd", text))

    def with_value(self, key: str, value: str) -> Filters:
        """Return these filters with one more value, given as true."""
        return self.union(Filters({key: frozenset({value})}))

    def union(self, other: Filters) -> Filters:
        """Return what is in either; a value that is true in one of them is true."""
        keys = dict.fromkeys([*self.values, *other.values])
        values = {key: self.get(key) | other.get(key) for key in keys}
        untrue = {key: values[key] - self.true_values(key) - other.true_values(key) for key in keys}
        return Filters(values, {key: held for key, held in untrue.items() if held})

    def merge_config(self, entries: Iterable[str]) -> Filters:
        """Return these filters with `pruneFilters` of Docker's configuration file.

        An entry without `=` is dropped, and so is a label whose very value is there already under the opposite key;
        nothing is trimmed or lower-cased. Source: docker CLI up to 28.0 and from 29.0 on.
        """
        merged = self
        for entry in entries:
            key, equals, value = entry.partition("=")
            opposed = key in _OPPOSITE and value in merged.get(_OPPOSITE[key])
            if equals and not opposed:
                merged = merged.with_value(key, value)
        return merged

    def get(self, key: str) -> frozenset[str]:
        """Return the values of a key, none when it is absent."""
        return self.values.get(key, _NOTHING)

    def true_values(self, key: str) -> frozenset[str]:
        """Return the values of a key that were not given as `false`."""
        return self.get(key) - self.untrue.get(key, _NOTHING)

    def __contains__(self, key: object) -> bool:
        """Whether a key was given, with values or without."""
        return key in self.values


_OPPOSITE = {"label": "label!", "label!": "label"}
_UNSAFE_IN_HTML = re.compile("[<>&\u2028\u2029]")  # Go's JSON package escapes them
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGIT_RUNS = re.compile(r"[0-9]+|[^0-9]")


def prompt_filters(filters: Filters) -> list[str]:
    """Return the lines `key=value` that a prompt lists: labels and until, in natural order (`5m` before `10m`).

    Other keys are not listed, though they hold. Source: docker CLI, system prune; fvbommel/sortorder.
    """
    lines = [f"{key}={value}" for key in ("label", "label!", "until") for value in filters.get(key)]
    return sorted(lines, key=natural_key)


def natural_key(text: str) -> list[tuple[int, int, str, int]]:
    """Return a sort key: digits before anything else, numbers by size and then by leading zeros, the rest by byte."""
    key: list[tuple[int, int, str, int]] = []
    for run in _DIGIT_RUNS.findall(text):
        number = run.lstrip("0")
        if run[0] in "0123456789":
            key.append((0, len(number), number, len(run) - len(number)))
        else:
            key.append((1, ord(run), "", 0))
    return key


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """`label` and `label!`, checked.

    An object passes when it has all of `required`, and not all of `excluded` together; `excluded` None is "not given",
    while an empty set rejects everything. With `each`, which is how the containerd image store judges, every value
    stands alone: all of `required` and none of `excluded`, and a `!` at the end of a label's key turns that one around.
    """

    required: frozenset[str] = _NOTHING
    excluded: frozenset[str] | None = None
    each: bool = False

    @classmethod
    def from_filters(cls, filters: Filters, *, each: bool = False) -> LabelFilter:
        """Return the label part of some filters.

        Errors: FilterError with `each` for a label of more than 4096 bytes.
        """
        excluded = filters.get("label!") if "label!" in filters else None
        made = cls(filters.get("label"), excluded, each)
        if each:
            for label in (*sorted(made.required), *sorted(excluded or ())):
                _check_length(label)
        return made

    def match(self, labels: Mapping[str, str] | None) -> bool:
        """Say whether an object with these labels passes.

        None is an image whose configuration is missing: it passes, but in the containerd store no test is passed.
        """
        if self.each:
            return self._match_each(labels)
        if labels is None:
            return True
        if not _has_all(labels, self.required):
            return False
        return self.excluded is None or not _has_all(labels, self.excluded)

    def _match_each(self, labels: Mapping[str, str] | None) -> bool:
        tests = [(v, False) for v in self.required] + [(v, True) for v in self.excluded or ()]
        if labels is None:
            return not tests
        return all(_passes(labels, value, absent) for value, absent in tests)


def _has_all(labels: Mapping[str, str], values: frozenset[str]) -> bool:
    return all(_has(labels, *value.partition("=")) for value in values)


def _has(labels: Mapping[str, str], key: str, equals: str, value: str) -> bool:
    """Say whether a label is there, with that value if one is asked for."""
    return key in labels and (not equals or labels[key] == value)


def _passes(labels: Mapping[str, str], label: str, absent: bool) -> bool:
    """Say whether one test of the containerd store holds: the label is there, or `absent`, is not."""
    key, equals, value = label.partition("=")
    if key.endswith("!"):
        key, absent = key[:-1], not absent
    return _has(labels, key, equals, value) != absent


def _check_length(label: str) -> None:
    key, _, value = (part.encode("utf-8", "replace") for part in label.partition("="))
    if len(key) + len(value) > _MAX_LABEL:
        shown = key[:_SHOWN_LABEL_KEY].decode("utf-8", "replace")
        raise FilterError(
            f"label key and value length ({len(key) + len(value)} bytes) greater than maximum size "
            f"({_MAX_LABEL} bytes), key: {shown}: invalid argument"
        )


@dataclass(frozen=True, slots=True)
class CacheFilter:
    """The filters of build cache, as given and parsed: a record passes when any of them matches; without any, all do.

    A list that holds only the empty filter matches everything too, but is no empty list: BuildKit then asks which
    records are shared.
    Errors: FilterError `failed to parse prune filters [...]: ...` for a filter that does not parse.
    """

    given: tuple[str, ...] = ()
    _selectors: tuple[Selector, ...] = field(init=False, repr=False, compare=False)
    _equal: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    _effort: Effort | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        effort = _bound_effort() if any("~=" in text for text in self.given) else None
        object.__setattr__(self, "_effort", effort)
        try:
            selectors = tuple(parse_selector(text, effort) for text in self.given)
        except FilterError as error:
            raise FilterError(f"failed to parse prune filters [{' '.join(self.given)}]: {error}") from None
        equal: dict[str, set[str]] = {}
        for selector in selectors:
            if (pair := selector.only_equal) is not None:
                equal.setdefault(pair[0], set()).add(pair[1])
        object.__setattr__(self, "_equal", {name: frozenset(values) for name, values in equal.items()})
        object.__setattr__(self, "_selectors", tuple(s for s in selectors if s.only_equal is None))

    def match(self, lookup: Lookup) -> bool:
        """Say whether a record passes; `lookup` gives the value of a field, or None where the record has none.

        Errors: FilterError when the work of regular expressions gets too much.
        """
        if self._effort is not None:
            self._effort.look()
        if any(lookup(name) in values for name, values in self._equal.items()):
            return True  # thousands of `id==...` are one question
        if self._selectors:
            return any(selector.match(lookup) for selector in self._selectors)
        return not self._equal


def _bound_effort() -> Effort:
    from prunecli.goregexp import Effort

    return Effort()
