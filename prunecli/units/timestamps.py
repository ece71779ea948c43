"""What Docker takes for a point in time: a duration before now, a date in one of ten layouts, or Unix seconds.

The order of the attempts decides: `2026` is no year but 2026 seconds after 1970, and `-1h` lies in the future.
"""

from __future__ import annotations

from prunecli.errors import DurationError, TimestampError
from prunecli.units.calendar import RFC3339, Instant, parse_layout
from prunecli.units.durations import SECOND, Duration, parse_duration, parse_human_duration
from prunecli.units.gotext import go_quote, number_error, quote_byte, read_int64, utf8

_FAILED = "failed to parse value as time or duration: "
_MAX_FRACTION_DIGITS = 20
_UNIX_TO_YEAR_1 = 62_135_596_800  # seconds from the first of January of the year 1 to 1970


def parse_timestamp(
    text: str, now: Instant, *, utc_offset: int, new_wording: bool = False, floor_durations: bool = True
) -> Instant:
    """Read an `until` as the Engine does: duration before `now`, date, or Unix seconds.

    `utc_offset` (seconds) holds for dates without a zone. `new_wording` is the Engine from 29.4 on: longer messages,
    and fractions of Unix seconds exact instead of through floats. `floor_durations`: up to 29.3 the result of a
    duration lost its fraction of a second.
    Errors: TimestampError; a text with a `-` gets the message of the layout it was held against.
    Source: moby, timestamp.Parse (29.4) and GetTimestamp with ParseTimestamps (before).
    """
    if new_wording and not text.strip():
        raise TimestampError(f"{_FAILED}value is empty")
    duration = _go_duration(text)
    if duration is not None:
        return _before(now, duration, floor_durations)
    try:
        return _parse_date(text, utc_offset)
    except TimestampError:
        if "-" in text:
            raise
    if new_wording:
        return _unix_exact(text)
    try:
        return _unix_through_float(text)
    except ValueError:
        raise TimestampError(f"{_FAILED}{go_quote(text)}") from None


def parse_until(
    text: str, now: Instant, *, utc_offset: int, new_wording: bool = False, floor_durations: bool = True
) -> Instant:
    """Read an `until` typed by a person: all that `parse_timestamp` reads, and after that `1d`, `2 weeks` and the like.

    Errors: TimestampError in Docker's words for what neither understands.
    """
    try:
        return parse_timestamp(
            text, now, utc_offset=utc_offset, new_wording=new_wording, floor_durations=floor_durations
        )
    except TimestampError:
        duration = parse_human_duration(text)
        if duration is None:
            raise
        return _before(now, duration, floor_durations)


def event_bound(text: str, now: Instant, *, utc_offset: int) -> str:
    """Return what `docker events` sends for its `--since` or `--until`; after all that docker reads also for `3d`.

    A duration becomes whole Unix seconds, a date `seconds.nnnnnnnnn`, and Unix seconds stay as they were typed.
    Errors: TimestampError, raised before any Engine is asked, in Docker's words.
    Source: docker CLI 28, GetTimestamp.
    """
    duration = _go_duration(text)
    if duration is not None:
        return str(_before(now, duration, True) // SECOND)
    try:
        return _docker_bound(text, utc_offset)
    except TimestampError:
        duration = parse_human_duration(text)
        if duration is None:
            raise
        return str(_before(now, duration, True) // SECOND)


def _docker_bound(text: str, utc_offset: int) -> str:
    try:
        seconds, nanos = divmod(_parse_date(text, utc_offset), SECOND)
    except TimestampError:
        if "-" in text:
            raise
    else:
        return f"{seconds}.{nanos:09d}"
    try:
        _unix_through_float(text)
    except ValueError:
        raise TimestampError(f"{_FAILED}{go_quote(text)}") from None
    return text


def parse_event_bound(text: str) -> Instant:
    """Read `since` or `until` as they stand in an events query: `int` or `int.fraction`, nothing else.

    Errors: TimestampError with strconv's message, `strconv.ParseInt: parsing "abc": invalid syntax`.
    """
    try:
        return _unix_through_float(text)
    except _NumberError as problem:
        raise TimestampError(number_error("ParseInt", problem.text, problem.reason)) from None


class _NumberError(ValueError):
    """A part of Unix seconds that is no integer of 64 bits."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(reason)
        self.text = text
        self.reason = reason


def _go_duration(text: str) -> Duration | None:
    """Return the Go duration, or None: `0` alone is a date, the first second of 1970."""
    if text == "0":
        return None
    try:
        return parse_duration(text)
    except DurationError:
        return None


def _before(now: Instant, duration: Duration, floor: bool) -> Instant:
    instant = now - duration if duration != -(2**63) else now + duration  # Go cannot negate its most negative duration
    return instant // SECOND * SECOND if floor else instant


def _parse_date(text: str, utc_offset: int) -> Instant:
    """Read the text by the one layout that its characters call for."""
    zoned = any(char in text for char in "zZ+") or text.count("-") == 3
    zone = "Z07:00" if zoned else ""
    if "." in text:
        layout = f"2006-01-02T15:04:05.999999999{zone}"
    elif "T" in text:
        colons = text.count(":")
        if zoned and colons and "z" not in text and "Z" not in text:
            colons -= 1  # the one of a numeric offset
        layout = ("2006-01-02T15", "2006-01-02T15:04", RFC3339.removesuffix("Z07:00"))[min(colons, 2)] + zone
    else:
        layout = f"2006-01-02{zone}"
    return parse_layout(layout, text, utc_offset)


def _unix_exact(text: str) -> Instant:
    """Read `seconds[.fraction]` digit by digit, as Engines from 29.4 do; digits beyond the ninth are cut."""
    whole, _, fraction = text.partition(".")
    try:
        seconds = read_int64(whole)
    except ValueError as reason:
        raise TimestampError(f"{_FAILED}invalid seconds {go_quote(whole)}: {reason}") from None
    digits = utf8(fraction)
    if len(digits) > _MAX_FRACTION_DIGITS:
        problem = f"length {len(digits)} exceeds maximum {_MAX_FRACTION_DIGITS}"
        raise TimestampError(f"{_FAILED}invalid nanoseconds: {problem}")
    for position, byte in enumerate(digits):
        if byte not in b"0123456789":
            problem = f"invalid character {quote_byte(byte)} at position {position}"
            raise TimestampError(f"{_FAILED}invalid nanoseconds: {problem}")
    return _unix(seconds, int(fraction[:9].ljust(9, "0")))


def _unix_through_float(text: str) -> Instant:
    """Read `int[.int]` as Engines up to 29.3 do: the fraction is a signed number, scaled by floats.

    Errors: _NumberError for the part that is no integer.
    """
    whole, dot, fraction = text.partition(".")
    seconds = _read_part(whole)
    if not dot:
        return _unix(seconds, 0)
    number = _read_part(fraction)
    exponent = 9 - len(fraction)
    if exponent < -22:
        return _unix(seconds, 0)  # zeros in front: below a nanosecond
    scale = 10.0**exponent if exponent >= 0 else 1 / 10.0**-exponent
    return _unix(seconds, int(number * scale))


def _read_part(text: str) -> int:
    try:
        return read_int64(text)
    except ValueError as reason:
        raise _NumberError(text, str(reason)) from None


def _unix(seconds: int, nanos: int) -> Instant:
    """Return the instant; Go counts from the year 1 in 64 bits, so the largest numbers turn up in the far past.

    The safe direction is Go's here: read plainly, such an `until` would select everything.
    """
    since_year_1 = (seconds + _UNIX_TO_YEAR_1 + 2**63) % 2**64 - 2**63
    return (since_year_1 - _UNIX_TO_YEAR_1) * SECOND + nanos
