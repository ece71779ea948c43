"""Filters of lists: which keys a list takes, and how an Engine holds their values against its objects.

Source: moby (api/types/filters); `cli-and-api.md` 5 of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prunecli.errors import FilterError
from prunecli.filters import Filters, LabelFilter
from prunecli.goregexp import Effort, Matcher, RegexpError, compile_regexp
from prunecli.profile import Profile


def check_keys(filters: Filters, accepted: Iterable[str], profile: Profile) -> None:
    """Refuse the first unknown key, in the order of the alphabet. Errors: FilterError."""
    unknown = sorted(set(filters.values) - set(accepted))
    if unknown:
        raise invalid(f"'{unknown[0]}'" if unknown[0] or not profile.lower_case_filter_errors else "", profile)


def invalid(what: str, profile: Profile) -> FilterError:
    """Return the Engine's `invalid filter ...`."""
    start = "invalid filter" if profile.lower_case_filter_errors else "Invalid filter"
    return FilterError(f"{start} {what}".rstrip())


def truth(filters: Filters, key: str, profile: Profile) -> bool | None:
    """Return the truth value of a key, None when it is absent. Errors: FilterError."""
    if key not in filters:
        return None
    values, true_values = sorted(filters.get(key)), filters.true_values(key)
    says_no, says_yes = bool(true_values & {"0", "false"}), bool(true_values & {"1", "true"})
    if not values:
        raise invalid(f"'{key}'", profile)
    if says_no == says_yes:
        raise invalid(f"'{key}=[{' '.join(values)}]'", profile)
    return says_yes


def has_labels(filters: Filters, labels: Mapping[str, str] | None) -> bool:
    """Say whether an object has all labels of the key `label`; one whose labels nobody knows has none."""
    required = filters.get("label")
    return not required or (bool(labels) and LabelFilter(required).match(labels))


def is_exactly(filters: Filters, key: str, text: str) -> bool:
    """Say whether a text is one of a key's values; without values every text is."""
    values = filters.get(key)
    return not values or text in filters.true_values(key)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A key whose values are patterns: a text fits when it is one of them, or any of them matches somewhere in it.

    A value that is no pattern matches nothing but itself.
    """

    values: frozenset[str]
    matchers: tuple[Matcher, ...]
    effort: Effort

    @classmethod
    def of(cls, filters: Filters, key: str) -> Pattern:
        """Return the pattern of a key; one without values fits every text. Errors: FilterError for too large ones."""
        effort = Effort()
        matchers = (_compile(text, effort) for text in sorted(filters.get(key)))
        return cls(filters.get(key), tuple(m for m in matchers if m is not None), effort)

    def fits(self, *texts: str) -> bool:
        """Say whether one of the texts fits. Errors: FilterError when that is too much work."""
        self.effort.look()
        return not self.values or any(text in self.values or any(m(text) for m in self.matchers) for text in texts)


def _compile(pattern: str, effort: Effort) -> Callable[[str], bool] | None:
    try:
        return compile_regexp(pattern, effort)
    except RegexpError:
        return None
