"""Instants on a calendar: Go layouts and RFC 3339, to text and back, in UTC or at a fixed offset.

Instants are plain ints, so years beyond 9999 and before 1 (Go's zero time has neighbours) are no special case.
"""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from typing import TypeAlias

from prunecli.errors import TimestampError
from prunecli.units.durations import DAY, HOUR, MINUTE, SECOND
from prunecli.units.gotext import go_quote, time_quote, utf8

Instant: TypeAlias = int

RFC3339 = "2006-01-02T15:04:05Z07:00"

_ERA_DAYS = 146_097  # days in 400 years, after which the Gregorian calendar repeats
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_YEAR_1 = -62_135_596_800  # seconds; what datetime and the C library agree on ends here
_YEAR_10000 = 253_402_300_800

# Hours end at 23: newer Pythons take 24:00 for midnight, Go does not.
_ENGINE_FORM = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?Z")
_LAYOUT_ELEMENT = re.compile(r"2006|01|02|15|04|05|\.9{9}|Z07:00")
_FIELDS = {
    "2006": re.compile(r"([0-9]{4})"),
    "01": re.compile(r"([0-9]{2})"),
    "02": re.compile(r"([0-9]{2})"),
    "15": re.compile(r"([0-9]{1,2})"),
    "04": re.compile(r"([0-9]{2})"),
    "05": re.compile(r"([0-9]{2})"),
}
_RANGES = {"01": (1, 12, "month"), "15": (0, 23, "hour"), "04": (0, 59, "minute"), "05": (0, 59, "second")}
_FRACTION = re.compile(r"[.,]([0-9]+)")
_UNIX = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")


def parse_rfc3339(text: str) -> Instant:
    """Read RFC 3339 as the Engine writes it: `Z` or an offset, any number of fraction digits, of which nine count.

    Errors: TimestampError in the words of Go's time.Parse.
    """
    common = _ENGINE_FORM.fullmatch(text)
    if common is None:
        return parse_layout(RFC3339, text)
    whole, fraction = common.groups(default="")
    try:  # a dump has thousands of these
        seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    except ValueError:
        return parse_layout(RFC3339, text)  # which says what is wrong, or knows the year 0
    return seconds * SECOND + int(fraction[:9].ljust(9, "0"))


def parse_clock(text: str) -> Instant:
    """Read what sets a clock: RFC 3339, or Unix seconds with up to nine fraction digits; years 1 to 9999.

    Errors: TimestampError.
    """
    try:
        instant = _parse_unix(text) if _UNIX.fullmatch(text) else parse_rfc3339(text)
    except TimestampError:
        raise _no_clock(text) from None
    if not _YEAR_1 * SECOND <= instant < _YEAR_10000 * SECOND:
        raise _no_clock(text)
    return instant


def format_instant(i: Instant, *, utc_offset: int = 0, digits: int | None = None) -> str:
    """Return RFC 3339 at the offset (seconds; `Z` when 0) with so many fraction digits, cut, not rounded.

    `digits` None drops trailing zeros (Go's RFC3339Nano); 9 is the form of event lines, 0 whole seconds.
    """
    day, clock, nanos = _civil_text(i, utc_offset)
    fraction = f"{nanos:09d}"
    fraction = fraction.rstrip("0") if digits is None else fraction[:digits]
    zone = _offset_text(utc_offset, ":") if utc_offset else "Z"
    return f"{day}T{clock}{'.' + fraction if fraction else ''}{zone}"


def format_go_time(i: Instant, *, utc_offset: int, zone_name: str, nanos: bool) -> str:
    """Return Go's default form of a time: `2026-11-21 07:49:57.186141222 +0000 UTC`.

    With `nanos` the fraction follows without trailing zeros. A zone without a name repeats its offset.
    Source: Go Time.String.
    """
    day, clock, fraction = _civil_text(i, utc_offset)
    tail = f".{fraction:09d}".rstrip("0") if nanos and fraction else ""
    offset = _offset_text(utc_offset, "")
    return f"{day} {clock}{tail} {offset} {zone_name or offset}"


def local_utc_offset(i: Instant) -> int:
    """Return how many seconds local time is ahead of UTC at that instant; `TZ` is honoured."""
    return _local(i).tm_gmtoff


def local_zone_name(i: Instant) -> str:
    """Return the abbreviation of the local time zone at that instant, such as `CET`; `TZ` is honoured."""
    return _local(i).tm_zone


def parse_layout(layout: str, text: str, utc_offset: int = 0) -> Instant:
    """Read text by a Go layout made of `2006 01 02 15 04 05 .999999999 Z07:00`; without a zone `utc_offset` holds.

    As in Go a fraction may follow the seconds even when the layout has none, after a dot or a comma; digits beyond the
    ninth are cut; an hour may have one digit; an offset may reach 24:60.
    Errors: TimestampError in Go's words, the first mistake from the left; the day of the month is judged last.
    Source: Go time.Parse.
    """
    rest = utf8(text).decode("latin-1")  # one character a byte, as Go sees it
    fields = dict.fromkeys(_FIELDS, 0) | {"02": 1, "01": 1}
    nanos = 0
    position = 0
    for element in _LAYOUT_ELEMENT.finditer(layout):
        rest = _skip(layout[position : element.start()], rest, layout, text)
        position = element.end()
        name = element.group()
        if name == "Z07:00":
            utc_offset, rest = _read_zone(rest, layout, text)
        elif name in _FIELDS:  # the fraction has been read with the seconds
            fields[name], rest = _read_field(name, rest, layout, text)
            fraction = _FRACTION.match(rest) if name == "05" else None
            if fraction:
                nanos = int(fraction.group(1)[:9].ljust(9, "0"))
                rest = rest[fraction.end() :]
    if rest:
        raise TimestampError(f"parsing time {time_quote(text)}: extra text: {_quote_rest(rest)}")
    try:
        days = _days(fields["2006"], fields["01"], fields["02"])
    except ValueError:
        raise _out_of_range("day", text) from None
    seconds = fields["15"] * 3600 + fields["04"] * 60 + fields["05"] - utc_offset
    return days * DAY + seconds * SECOND + nanos


def _parse_unix(text: str) -> Instant:
    whole, _, fraction = text.removeprefix("-").partition(".")
    instant = int(whole) * SECOND + int(fraction.ljust(9, "0"))
    return -instant if text.startswith("-") else instant


def _no_clock(text: str) -> TimestampError:
    return TimestampError(
        f"{go_quote(text)} sets no clock: "
        "expected a time such as 2026-11-21T12:00:00Z or Unix seconds such as 1795262400.5"
    )


def _skip(literal: str, rest: str, layout: str, text: str) -> str:
    if not rest.startswith(literal):
        raise _cannot_parse(rest, literal, layout, text)
    return rest[len(literal) :]


def _read_field(name: str, rest: str, layout: str, text: str) -> tuple[int, str]:
    match = _FIELDS[name].match(rest)
    if match is None:
        raise _cannot_parse(rest, name, layout, text)
    number = int(match.group())
    low, high, noun = _RANGES.get(name, (0, 9999, ""))
    if not low <= number <= high:
        raise _out_of_range(noun, text)
    return number, rest[match.end() :]


def _read_zone(rest: str, layout: str, text: str) -> tuple[int, str]:
    """Return the offset in seconds; Go lets a bad range win over a bad sign, and minutes over hours."""
    if rest.startswith("Z"):
        return 0, rest[1:]
    if len(rest) < 6 or rest[3] != ":":
        raise _cannot_parse(rest, "Z07:00", layout, text)
    hours = _two_digits(rest[1:3])
    minutes = None if hours is None else _two_digits(rest[4:6])
    if (minutes or 0) > 60:
        raise _out_of_range("time zone offset minute", text)
    if (hours or 0) > 24:
        raise _out_of_range("time zone offset hour", text)
    if hours is None or minutes is None or rest[0] not in "+-":
        raise _cannot_parse(rest, "Z07:00", layout, text)
    seconds = hours * 3600 + minutes * 60
    return (-seconds if rest[0] == "-" else seconds), rest[6:]


def _two_digits(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{2}", text) else None


def _cannot_parse(rest: str, element: str, layout: str, text: str) -> TimestampError:
    return TimestampError(
        f"parsing time {time_quote(text)} as {time_quote(layout)}: "
        f"cannot parse {_quote_rest(rest)} as {time_quote(element)}"
    )


def _out_of_range(noun: str, text: str) -> TimestampError:
    return TimestampError(f"parsing time {time_quote(text)}: {noun} out of range")


def _quote_rest(rest: str) -> str:
    return time_quote(rest.encode("latin-1").decode("utf-8", "surrogateescape"))


def _days(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01, any year; ValueError when the month has no such day."""
    eras, year_of_era = divmod(year, 400)
    return date(year_of_era + 400, month, day).toordinal() - _EPOCH_ORDINAL + (eras - 1) * _ERA_DAYS


def _civil_text(i: Instant, utc_offset: int) -> tuple[str, str, int]:
    """Return the date, the time of day and the nanoseconds at an offset."""
    days, of_day = divmod(i + utc_offset * SECOND, DAY)
    eras, day_of_era = divmod(days + _EPOCH_ORDINAL - 1, _ERA_DAYS)
    civil = date.fromordinal(day_of_era + 1)
    year = civil.year + 400 * eras
    sign = "-" if year < 0 else ""
    seconds, nanos = divmod(of_day, SECOND)
    clock = f"{of_day // HOUR:02d}:{of_day // MINUTE % 60:02d}:{seconds % 60:02d}"
    return f"{sign}{abs(year):04d}-{civil.month:02d}-{civil.day:02d}", clock, nanos


def _offset_text(utc_offset: int, separator: str) -> str:
    """Return an offset in hours and minutes; seconds, which a few historic zones have, are cut."""
    minutes = int(utc_offset / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{separator}{abs(minutes) % 60:02d}"


def _local(i: Instant) -> time.struct_time:
    return time.localtime(min(max(i // SECOND, _YEAR_1), _YEAR_10000 - 1))
