"""Durations: Go's form, Docker's words, what people type, and words for explanations."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TypeAlias

from prunecli.errors import DurationError
from prunecli.units.gotext import INT64_MAX, time_quote

Duration: TypeAlias = int

NANOSECOND: Duration = 1
MICROSECOND: Duration = 1000 * NANOSECOND
MILLISECOND: Duration = 1000 * MICROSECOND
SECOND: Duration = 1000 * MILLISECOND
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

_LIMIT = INT64_MAX + 1  # the magnitude of the most negative duration
_UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,  # micro sign
    "\u03bcs": MICROSECOND,  # Greek letter mu
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")

# Single letters are taken as they are, for 1M may mean a month; words and the letters of days and weeks in any case.
_HUMAN_TERM = (
    r"[0-9]{1,19}(?:\.[0-9]{1,9})? *"
    r"(?:(?i:weeks?|wks?|w|days?|d|hours?|hrs?|minutes?|mins?|seconds?|secs?)|h|m|s)(?![A-Za-z])"
)
_HUMAN = re.compile(rf"{_HUMAN_TERM}(?:(?: *,)? *{_HUMAN_TERM})*")
_SPOKEN_UNITS = (365 * DAY, DAY, HOUR, MINUTE, SECOND)


def parse_duration(text: str) -> Duration:
    """Read a Go duration such as `1h30m`, `-1.5h`, `300ms` or `0`, exact to the nanosecond.

    Errors: DurationError in Go's words: `time: invalid duration "abc"`, also for what does not fit into 64 bits;
    `time: missing unit in duration "10"`; `time: unknown unit "d" in duration "1d"`.
    Source: Go time.ParseDuration.
    """
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise _invalid(text)
    total = 0
    for term in _TERM.finditer(rest):
        if term.group():  # the last match is the empty text behind the last unit
            total += _term_duration(term, text)
        if total > _LIMIT:
            raise _invalid(text)
    if total == _LIMIT and not negative:
        raise _invalid(text)
    return -total if negative else total


def format_duration(d: Duration) -> str:
    """Return Go's Duration.String: `24h0m0s`, `1.5s`, `300ms`, `0s`."""
    if d == 0:
        return "0s"
    sign = "-" if d < 0 else ""
    size = abs(d)
    if size < MICROSECOND:
        return f"{sign}{size}ns"
    if size < MILLISECOND:
        return f"{sign}{_decimal(size, MICROSECOND)}\u00b5s"
    if size < SECOND:
        return f"{sign}{_decimal(size, MILLISECOND)}ms"
    minutes, rest = divmod(size, MINUTE)
    text = f"{_decimal(rest, SECOND)}s"
    if size >= MINUTE:
        text = f"{minutes % 60}m{text}"
    if size >= HOUR:
        text = f"{minutes // 60}h{text}"
    return sign + text


def human_duration(d: Duration) -> str:
    """Return the span in Docker's rough words, without `ago`: `About an hour`, `3 weeks`, `Less than a second`.

    Source: docker/go-units HumanDuration; hours are rounded half up, everything else is cut.
    """
    if d < SECOND:
        return "Less than a second"
    if d < 2 * SECOND:
        return "1 second"
    if d < MINUTE:
        return f"{d // SECOND} seconds"
    if d < 2 * MINUTE:
        return "About a minute"
    if d < HOUR:
        return f"{d // MINUTE} minutes"
    hours = int(_as_float(d, HOUR) + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(_as_float(d, HOUR)) // 24 // 365} years"


def parse_human_duration(text: str) -> Duration | None:
    """Read what people type where Go has no word for it: `1d`, `2 weeks`, `1 day 12 hours`; None for any other text.

    At least one unit is days or weeks, or longer than a letter; units go from large to small. Pure Go forms, bare
    numbers, signs, clock forms (`1:30`) and `1M` (a month to some, a minute to others) are none of these.
    """
    if not _HUMAN.fullmatch(text):
        return None
    if not any(len(unit) > 1 or unit in "dDwW" for unit in re.findall("[A-Za-z]+", text)):
        return None
    from pytimeparse.timeparse import timeparse

    seconds = timeparse(text)
    if seconds is None:
        return None
    duration = seconds * SECOND if isinstance(seconds, int) else round(seconds * SECOND)
    return duration if duration <= INT64_MAX else None


def spoken_duration(d: Duration) -> str:
    """Return the span in words, cut to its two largest units: `1 day`, `3 hours and 12 minutes`.

    A year is 365 days; a thousand years and more stand alone. Below a second it is `less than a second`, and nothing at
    all is `0 seconds`.
    """
    if d < 0:
        return f"minus {spoken_duration(-d)}"
    if d < SECOND:
        return "less than a second" if d else "0 seconds"
    import humanize

    years = d // _SPOKEN_UNITS[0]
    if years >= 1000:  # humanize subtracts a span from today, and would leave the calendar
        return f"{humanize.intword(years) if years >= 1_000_000 else humanize.intcomma(years)} years"
    largest = next(i for i, unit in enumerate(_SPOKEN_UNITS) if d >= unit)
    finest = _SPOKEN_UNITS[min(largest + 1, len(_SPOKEN_UNITS) - 1)]
    # Cut before humanize rounds: 47 hours and 59.9 minutes have not been 2 days yet.
    cut = timedelta(seconds=d // finest * finest // SECOND)
    return humanize.precisedelta(cut, suppress=["months"], format="%d")


def spoken_ago(d: Duration) -> str:
    """Return how long ago something was, in words: `3 hours ago`, `just now`; what is to come is `2 days from now`."""
    if abs(d) < SECOND:
        return "just now"
    return f"{spoken_duration(d)} ago" if d > 0 else f"{spoken_duration(-d)} from now"


def _term_duration(term: re.Match[str], text: str) -> Duration:
    """Return the length of one number with its unit; `text` is the whole duration, for messages."""
    whole, fraction, name = term.groups()
    digits = whole.lstrip("0")
    number = int(digits or "0") if len(digits) <= 19 else _LIMIT + 1
    if number > _LIMIT or not (whole or fraction):
        raise _invalid(text)
    if not name:
        raise DurationError(f"time: missing unit in duration {time_quote(text)}")
    unit = _UNITS.get(name)
    if unit is None:
        raise DurationError(f"time: unknown unit {time_quote(name)} in duration {time_quote(text)}")
    length = number * unit
    if fraction:
        length += _fraction_of(unit, fraction)
    if length > _LIMIT:
        raise _invalid(text)
    return length


def _fraction_of(unit: Duration, digits: str) -> Duration:
    """Return 0.`digits` of the unit, through floats as Go does; digits beyond 64 bits add nothing."""
    value, scale = 0, 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if value > INT64_MAX // 10 or longer > _LIMIT:
            break
        value, scale = longer, scale * 10
    return int(float(value) * (float(unit) / scale))


def _invalid(text: str) -> DurationError:
    return DurationError(f"time: invalid duration {time_quote(text)}")


def _decimal(value: int, unit: int) -> str:
    """Return value/unit exactly, without trailing zeros; the unit is a power of ten."""
    whole, rest = divmod(value, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def _as_float(d: Duration, unit: Duration) -> float:
    """Return the duration in units with Go's rounding: whole and fraction are divided apart."""
    whole, rest = divmod(d, unit)
    return float(whole) + rest / float(unit)
