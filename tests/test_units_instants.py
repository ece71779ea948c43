"""Instants: the `until` of filters, the bounds of events, RFC 3339, Go's default form, clocks and time zones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import TimestampError
from prunecli.units import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    event_bound,
    format_duration,
    format_go_time,
    format_instant,
    local_utc_offset,
    local_zone_name,
    parse_clock,
    parse_event_bound,
    parse_human_duration,
    parse_rfc3339,
    parse_timestamp,
    parse_until,
)
from prunecli.units.calendar import RFC3339, parse_layout

EAST = 7200  # seconds: two hours ahead of UTC


def at(text: str) -> int:
    """Read a UTC time by other means than the tested ones: `2026-11-21 12:00:00`, then nanoseconds are added."""
    whole = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * SECOND


NOW = at("2026-11-21 10:00:00") + 123_456_789  # noon at two hours east
THEN = at("2026-01-02 03:04:05")
MIDNIGHT = at("2026-01-02 00:00:00")

READ_BY_ALL_ENGINES = [
    pytest.param("24h", NOW - DAY, id="24h is a day before now"),
    pytest.param("1h30m", NOW - 90 * MINUTE, id="1h30m"),
    pytest.param("1.5h", NOW - 90 * MINUTE, id="1.5h"),
    pytest.param("90s", NOW - 90 * SECOND, id="90s"),
    pytest.param("300ms", NOW - 300 * MILLISECOND, id="300ms"),
    pytest.param("1\u00b5s", NOW - 1000, id="a microsecond"),
    pytest.param("0s", NOW, id="0s is now"),
    pytest.param("-24h", NOW + DAY, id="a negative duration lies in the future"),
    pytest.param("+0", NOW, id="+0 is a duration"),
    pytest.param("0", 0, id="0 alone is the first second of 1970"),
    pytest.param("10", 10 * SECOND, id="a number is Unix seconds"),
    pytest.param("2026", 2026 * SECOND, id="and 2026 is no year"),
    pytest.param("+5", 5 * SECOND, id="a plus sign changes nothing"),
    pytest.param("2026-01-02T03:04:05Z", THEN, id="RFC 3339"),
    pytest.param("2026-01-02T03:04:05+02:00", THEN - 2 * HOUR, id="east of UTC"),
    pytest.param("2026-01-02T03:04:05-02:00", THEN + 2 * HOUR, id="west of UTC"),
    pytest.param("2026-01-02T03:04:05", THEN - 2 * HOUR, id="without a zone it is local"),
    pytest.param("2026-01-02T03:04", at("2026-01-02 01:04:00"), id="minutes, local"),
    pytest.param("2026-01-02T03", at("2026-01-02 01:00:00"), id="hours, local"),
    pytest.param("2026-01-02", at("2026-01-01 22:00:00"), id="a local day starts on the day before in UTC"),
    pytest.param("2026-01-02Z", MIDNIGHT, id="midnight in UTC"),
    pytest.param("2026-01-02+02:00", MIDNIGHT - 2 * HOUR, id="midnight east"),
    pytest.param("2026-01-02-02:00", MIDNIGHT + 2 * HOUR, id="midnight west"),
    pytest.param("2026-01-02T03:04Z", at("2026-01-02 03:04:00"), id="minutes with a zone"),
    pytest.param("2026-01-02T03Z", at("2026-01-02 03:00:00"), id="hours with a zone"),
    pytest.param("2026-01-02T03+01:00", at("2026-01-02 02:00:00"), id="hours east"),
    pytest.param("2026-01-02T03:04-01:00", at("2026-01-02 04:04:00"), id="minutes west"),
    pytest.param("2026-01-02T3", at("2026-01-02 01:00:00"), id="an hour of one digit"),
    pytest.param("2026-01-02T03:04:05.5", THEN - 2 * HOUR + 500 * MILLISECOND, id="a fraction, local"),
    pytest.param("2026-01-02T03:04:05.123456789", THEN - 2 * HOUR + 123_456_789, id="nine digits"),
    pytest.param("2026-01-02T03:04:05.5Z", THEN + 500 * MILLISECOND, id="a fraction with a zone"),
    pytest.param("2026-01-02T03:04:05.1234567899+01:00", THEN - HOUR + 123_456_789, id="a tenth digit is cut"),
    pytest.param("2026-01-02T03:04:05,5Z", THEN + 500 * MILLISECOND, id="a comma is a dot"),
    pytest.param("2026-01-02T03:04:05+24:60", THEN - 25 * HOUR, id="Go's widest offset"),
    pytest.param("2024-02-29Z", at("2024-02-29 00:00:00"), id="a leap day"),
    pytest.param("2000-02-29Z", at("2000-02-29 00:00:00"), id="the leap day of 2000"),
    pytest.param("0001-01-01Z", -62_135_596_800 * SECOND, id="Go's zero time"),
    pytest.param("0000-01-01Z", (-62_135_596_800 - 366 * 86400) * SECOND, id="the year 0, a leap year"),
    pytest.param("1767322800", 1_767_322_800 * SECOND, id="Unix seconds"),
    pytest.param("1767322800.5", 1_767_322_800_500_000_000, id="half a second"),
    pytest.param("1767322800.123456789", 1_767_322_800_123_456_789, id="Unix seconds with nine digits"),
    pytest.param("1767322800.1234567891", 1_767_322_800_123_456_789, id="ten digits"),
    pytest.param("1767322800.000000000", 1_767_322_800 * SECOND, id="nine zeros"),
]


@pytest.mark.parametrize("new_wording", [False, True], ids=["up to 29.3", "from 29.4"])
@pytest.mark.parametrize(("text", "instant"), READ_BY_ALL_ENGINES)
def test_timestamps_read(text: str, instant: int, new_wording: bool) -> None:
    """Every form of an `until` names the instant that the Engine takes it for."""
    read = parse_timestamp(text, NOW, utc_offset=EAST, new_wording=new_wording, floor_durations=False)
    assert read == instant
    assert parse_until(text, NOW, utc_offset=EAST, new_wording=new_wording, floor_durations=False) == instant


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param("1767322800.+5", 50 * MILLISECOND, None, id="a signed fraction was a number of two characters"),
        pytest.param("1767322800.", None, 0, id="a dot alone is fine from 29.4 on"),
        pytest.param("1767322800.12345678901234567890", None, 123_456_789, id="twenty digits were beyond 64 bits"),
        pytest.param("1767322800.1234567890123456789", 123_456_789, 123_456_789, id="nineteen were not"),
        pytest.param(f"1767322800.{'0' * 21}5", 0, None, id="zeros in front were below a nanosecond"),
        pytest.param(f"1767322800.{'0' * 400}5", 0, None, id="however many"),
    ],
)
def test_fractions_of_unix_seconds_changed(text: str, old: int | None, new: int | None) -> None:
    """Up to 29.3 the fraction was a number scaled by floats, since then it is a row of digits."""
    for expected, new_wording in ((old, False), (new, True)):
        if expected is None:
            with pytest.raises(TimestampError):
                parse_timestamp(text, NOW, utc_offset=0, new_wording=new_wording)
        else:
            read = parse_timestamp(text, NOW, utc_offset=0, new_wording=new_wording)
            assert read == 1_767_322_800 * SECOND + expected


FAILED = "failed to parse value as time or duration: "


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("", '""', "value is empty"),
        (" \t", '" \\t"', "value is empty"),
        ("1d", '"1d"', 'invalid seconds "1d": invalid syntax'),
        ("5w", '"5w"', 'invalid seconds "5w": invalid syntax'),
        ("1h 30m", '"1h 30m"', 'invalid seconds "1h 30m": invalid syntax'),
        (" 24h", '" 24h"', 'invalid seconds " 24h": invalid syntax'),
        ("abc", '"abc"', 'invalid seconds "abc": invalid syntax'),
        ("now", '"now"', 'invalid seconds "now": invalid syntax'),
        ("1e3", '"1e3"', 'invalid seconds "1e3": invalid syntax'),
        ("0x10", '"0x10"', 'invalid seconds "0x10": invalid syntax'),
        (".5", '".5"', 'invalid seconds "": invalid syntax'),
        ("3000000h", '"3000000h"', 'invalid seconds "3000000h": invalid syntax'),
        ("9999999999999999999", '"9999999999999999999"', 'invalid seconds "9999999999999999999": value out of range'),
        ("a\u00e9\n", '"a\u00e9\\n"', 'invalid seconds "a\u00e9\\n": invalid syntax'),
    ],
)
def test_timestamps_refused(text: str, old: str, new: str) -> None:
    """A text that is nothing gets the words of its Engine."""
    for words, new_wording in ((old, False), (new, True)):
        with pytest.raises(TimestampError) as caught:
            parse_timestamp(text, NOW, utc_offset=EAST, new_wording=new_wording)
        assert caught.value.message == FAILED + words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1767322800.123456789012345678901", "invalid nanoseconds: length 21 exceeds maximum 20"),
        ("1767322800.+5", "invalid nanoseconds: invalid character '+' at position 0"),
        ("1767322800.5'", "invalid nanoseconds: invalid character '\\'' at position 1"),
        ("1767322800.5\u00e9", "invalid nanoseconds: invalid character '\u00c3' at position 1"),
        ("1767322800.5\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac", "invalid nanoseconds: length 22 exceeds maximum 20"),
    ],
)
def test_bad_fractions_refused(text: str, words: str) -> None:
    """From 29.4 on the fraction has its own errors, which count in bytes."""
    with pytest.raises(TimestampError) as caught:
        parse_timestamp(text, NOW, utc_offset=EAST, new_wording=True)
    assert caught.value.message == FAILED + words


DATE_ERRORS = [
    ("2026-01", '" as "2006-01-02": cannot parse "" as "-"'),
    ("2026-1-2", '" as "2006-01-02": cannot parse "1-2" as "01"'),
    ("2026-01-02 03:04:05", '": extra text: " 03:04:05"'),
    ("2026-01-02T03:04:05z", '" as "2006-01-02T15:04:05Z07:00": cannot parse "z" as "Z07:00"'),
    ("2026-13-02", '": month out of range'),
    ("2026-13-21", '": month out of range'),
    ("2026-00-01", '": month out of range'),
    ("2026-01-02T25:00:00Z", '": hour out of range'),
    ("2026-01-02T03:60", '": minute out of range'),
    ("2026-01-02T03:04:60Z", '": second out of range'),
    ("2026-02-29", '": day out of range'),
    ("1900-02-29", '": day out of range'),
    ("2026-01-00", '": day out of range'),
    ("2026-01-32Z", '": day out of range'),
    ("2026-02-30x", '": extra text: "x"'),
    ("-1", '" as "2006-01-02": cannot parse "-1" as "2006"'),
    ("1h-30m", '" as "2006-01-02": cannot parse "1h-30m" as "2006"'),
    ("2026-01-02T03:04:05+25:00", '": time zone offset hour out of range'),
    ("2026-01-02T03:04:05+24:61", '": time zone offset minute out of range'),
    ("2026-01-02T03:04:05+25:61", '": time zone offset minute out of range'),
    ("2026-01-02T03:04:05+25:6x", '": time zone offset hour out of range'),
    ("2026-01-02T03:04:05+2x:61", '" as "2006-01-02T15:04:05Z07:00": cannot parse "+2x:61" as "Z07:00"'),
    ("2026-01-02T03:04:05+0200", '" as "2006-01-02T15:04Z07:00": cannot parse ":05+0200" as "Z07:00"'),
    ("2026-01-02T03:04:05.", '": extra text: "."'),
    ("2026-01-02T03:04:05.Z", '" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse ".Z" as "Z07:00"'),
    ("2026-01-02T03:04:05Zx", '": extra text: "x"'),
    ("2026-01-02\u00e9", '": extra text: "\\xc3\\xa9"'),
    ("2026/01-02", '" as "2006-01-02": cannot parse "/01-02" as "-"'),
    ("\u0662026-01-02", '" as "2006-01-02": cannot parse "\\xd9\\xa2026-01-02" as "2006"'),
]


@pytest.mark.parametrize("new_wording", [False, True], ids=["up to 29.3", "from 29.4"])
@pytest.mark.parametrize(("text", "tail"), DATE_ERRORS)
def test_dates_refused(text: str, tail: str, new_wording: bool) -> None:
    """A text with a dash gets the words of Go's time.Parse for the first mistake, whatever the Engine's version."""
    quoted = "".join(char if char.isascii() else "".join(f"\\x{byte:02x}" for byte in char.encode()) for char in text)
    for parse in (parse_timestamp, parse_until):
        with pytest.raises(TimestampError) as caught:
            parse(text, NOW, utc_offset=EAST, new_wording=new_wording)
        assert caught.value.message == f'parsing time "{quoted}{tail}'
    with pytest.raises(TimestampError) as caught:
        event_bound(text, NOW, utc_offset=EAST)
    assert caught.value.message == f'parsing time "{quoted}{tail}'


@pytest.mark.parametrize("text", ["24h", "300ms", "0s", "-24h"])
def test_old_engines_floor_durations(text: str) -> None:
    """Up to 29.3 a duration ends on a whole second, the earlier one."""
    exact = parse_timestamp(text, NOW, utc_offset=0, floor_durations=False)
    assert parse_timestamp(text, NOW, utc_offset=0) == exact // SECOND * SECOND


def test_dates_keep_their_fraction_on_old_engines() -> None:
    """Only the result of a duration is floored."""
    assert parse_timestamp("2026-01-02T03:04:05.5Z", NOW, utc_offset=0) == THEN + SECOND // 2


@pytest.mark.parametrize("text", ["9223372036854775807", "-9223372036854775808ns"])
def test_overflow_lands_in_the_past(text: str) -> None:
    """Where Go's time wraps around, so do we: an until of nonsense selects nothing rather than everything."""
    assert parse_timestamp(text, NOW, utc_offset=0) < at("1800-01-01 00:00:00")


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("1d", DAY),
        ("2 weeks", 14 * DAY),
        ("1 day 12 hours", 36 * HOUR),
        ("1d12h", 36 * HOUR),
        ("90 minutes", 90 * MINUTE),
    ],
)
def test_people_may_type_days(text: str, age: int) -> None:
    """An until of a person may be in days, weeks and words; it is floored where the Engine floors."""
    assert parse_until(text, NOW, utc_offset=0, floor_durations=False) == NOW - age
    assert parse_until(text, NOW, utc_offset=0) == (NOW - age) // SECOND * SECOND


@pytest.mark.parametrize(
    "text", ["1M", "1:30", "-1d", "+1d", "1h 30m", "1 month", "abc", "", "12 hours 1 day", "2026-13-02"]
)
def test_people_get_dockers_words_otherwise(text: str) -> None:
    """What neither reading understands is refused as if there were only one."""
    for new_wording in (False, True):
        with pytest.raises(TimestampError) as docker:
            parse_timestamp(text, NOW, utc_offset=0, new_wording=new_wording)
        with pytest.raises(TimestampError) as ours:
            parse_until(text, NOW, utc_offset=0, new_wording=new_wording)
        assert ours.value.message == docker.value.message


ANY_UNTIL = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(format_duration),
    st.integers(0, 2**40).map(str),
    st.integers(at("0001-01-01 00:00:00"), at("9999-12-31 00:00:00")).map(format_instant),
    st.text(alphabet="0123456789 .:-+TZdwhmsMayourek", max_size=20),
    st.from_regex(r"[0-9]{1,3} ?(d|w|h|m|s|days?|weeks?|hours?)( ?[0-9]{1,2} ?(h|m|s|minutes))?", fullmatch=True),
)


@given(ANY_UNTIL, st.booleans(), st.booleans())
def test_human_forms_never_shadow_docker(text: str, new_wording: bool, floor: bool) -> None:
    """Whatever Docker understands means to a person what it means to Docker, and no human form is one of Docker's."""
    try:
        docker = parse_timestamp(text, NOW, utc_offset=EAST, new_wording=new_wording, floor_durations=floor)
    except TimestampError:
        return
    assert parse_until(text, NOW, utc_offset=EAST, new_wording=new_wording, floor_durations=floor) == docker
    assert parse_human_duration(text) is None


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        pytest.param("10m", str((NOW - 10 * MINUTE) // SECOND), id="a duration becomes whole seconds"),
        pytest.param("0s", str(NOW // SECOND), id="0s is the start of this second"),
        pytest.param("-5s", str(NOW // SECOND + 5), id="a negative one is to come"),
        pytest.param("0", "0", id="0 stays"),
        pytest.param("1.5", "1.5", id="numbers are passed as typed"),
        pytest.param("+5", "+5", id="with their sign"),
        pytest.param("1767322800.1234567891", "1767322800.1234567891", id="and all their digits"),
        pytest.param("2026-01-02T03:04:05Z", f"{THEN // SECOND}.000000000", id="a date gets nine digits"),
        pytest.param("2026-01-02T03:04:05.5", f"{THEN // SECOND - EAST}.500000000", id="a local one too"),
        pytest.param("1969-12-31T23:59:59.5Z", "-1.500000000", id="before 1970 the seconds are floored"),
        pytest.param("2026-01-02", f"{MIDNIGHT // SECOND - EAST}.000000000", id="a day"),
        pytest.param("3d", str((NOW - 72 * HOUR) // SECOND), id="days, which docker does not know"),
        pytest.param("2 weeks", str((NOW - 336 * HOUR) // SECOND), id="weeks"),
    ],
)
def test_event_bounds_sent(text: str, sent: str) -> None:
    """`--since` and `--until` of events go out in the client's form (observed on 28.2), human forms as durations."""
    assert event_bound(text, NOW, utc_offset=EAST) == sent


@pytest.mark.parametrize("text", ["abc", "1M", "1:30", "1e3", "", ".5", "5.", "9999999999999999999", "1.5.5"])
def test_event_bounds_refused_by_the_client(text: str) -> None:
    """What is no bound is refused before any Engine is asked, in Docker's words."""
    with pytest.raises(TimestampError) as caught:
        event_bound(text, NOW, utc_offset=EAST)
    assert caught.value.message == f'{FAILED}"{text}"'


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("0", 0),
        ("-5", -5 * SECOND),
        ("1795246853", 1_795_246_853 * SECOND),
        ("1795246853.182103000", 1_795_246_853_182_103_000),
        ("1.5", 1_500_000_000),
        ("1.05", 1_050_000_000),
        ("1.0000000019", 1_000_000_001),
        ("-1.500000000", -500_000_000),
    ],
)
def test_event_bounds_read(text: str, instant: int) -> None:
    """A query's bound is whole seconds plus a fraction scaled to nanoseconds, which is added also below zero."""
    assert parse_event_bound(text) == instant


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("abc", "abc", "invalid syntax"),
        ("", "", "invalid syntax"),
        ("1.", "", "invalid syntax"),
        (".5", "", "invalid syntax"),
        ("1.x", "x", "invalid syntax"),
        ("10m", "10m", "invalid syntax"),
        ("9223372036854775808", "9223372036854775808", "value out of range"),
        ("1.9223372036854775808", "9223372036854775808", "value out of range"),
    ],
)
def test_event_bounds_refused_by_the_engine(text: str, number: str, reason: str) -> None:
    """Other text in a query gets strconv's words about the part that is no number."""
    with pytest.raises(TimestampError) as caught:
        parse_event_bound(text)
    assert caught.value.message == f'strconv.ParseInt: parsing "{number}": {reason}'


@given(st.integers(-(10**18), 4 * 10**18))
def test_dates_reach_the_engine_unchanged(instant: int) -> None:
    """The client's bound for a date names the same instant to the Engine."""
    assert parse_event_bound(event_bound(format_instant(instant), NOW, utc_offset=0)) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-21T07:49:57.186141222Z", at("2026-11-21 07:49:57") + 186_141_222),
        ("2026-11-21T07:49:57Z", at("2026-11-21 07:49:57")),
        ("2026-11-21T02:49:57.5-05:00", at("2026-11-21 07:49:57") + SECOND // 2),
        ("2026-11-21T07:49:57.1861412229999Z", at("2026-11-21 07:49:57") + 186_141_222),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * SECOND),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_800 * SECOND - 1),
        ("0000-02-29T00:00:00Z", (-62_135_596_800 - (366 - 59) * 86400) * SECOND),
    ],
)
def test_rfc3339_read(text: str, instant: int) -> None:
    """An Engine's times are read to the nanosecond, its zero time included."""
    assert parse_rfc3339(text) == instant


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("", '" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'),
        ("2026-11-21", '" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2026-11-21T07:49:57", '" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'),
        ("2026-02-30T07:49:57Z", '": day out of range'),
        ("2026-11-21T24:00:00Z", '": hour out of range'),
        ("2026-11-21T07:49:57ZZ", '": extra text: "Z"'),
    ],
)
def test_rfc3339_refused(text: str, tail: str) -> None:
    """What is no RFC 3339 gets Go's words."""
    with pytest.raises(TimestampError) as caught:
        parse_rfc3339(text)
    assert caught.value.message == f'parsing time "{text}{tail}'


@pytest.mark.parametrize(
    ("instant", "offset", "digits", "text"),
    [
        (0, 0, None, "1970-01-01T00:00:00Z"),
        (0, 0, 9, "1970-01-01T00:00:00.000000000Z"),
        (at("2026-11-21 07:48:19") + 182_103_000, 0, 9, "2026-11-21T07:48:19.182103000Z"),
        (at("2026-11-21 07:48:19") + 182_103_000, 0, None, "2026-11-21T07:48:19.182103Z"),
        (at("2026-11-21 07:48:19") + 999_999_999, 0, 0, "2026-11-21T07:48:19Z"),
        (at("2026-11-21 07:48:19") + 999_999_999, 0, 3, "2026-11-21T07:48:19.999Z"),
        (at("2026-11-21 07:48:22") + 219_846_536, -18000, 9, "2026-11-21T02:48:22.219846536-05:00"),
        (at("2026-11-21 20:00:00"), 19800, None, "2026-11-22T01:30:00+05:30"),
        (0, -12600, None, "1969-12-31T20:30:00-03:30"),
        (0, 3208, None, "1970-01-01T00:53:28+00:53"),
        (-1, 0, None, "1969-12-31T23:59:59.999999999Z"),
        (-62_135_596_800 * SECOND, 0, None, "0001-01-01T00:00:00Z"),
        (-62_135_596_801 * SECOND, 0, None, "0000-12-31T23:59:59Z"),
        ((-62_135_596_800 - 366 * 86400) * SECOND - 1, 0, 0, "-0001-12-31T23:59:59Z"),
        (253_402_300_800 * SECOND, 0, None, "10000-01-01T00:00:00Z"),
    ],
)
def test_rfc3339_shown(instant: int, offset: int, digits: int | None, text: str) -> None:
    """Instants are shown with as many digits as asked for, at any offset and in any year."""
    assert format_instant(instant, utc_offset=offset, digits=digits) == text


INSTANTS = st.integers(at("0001-01-02 00:00:00"), at("9999-12-30 00:00:00"))
OFFSETS = st.integers(-24 * 60, 24 * 60).map(lambda minutes: minutes * 60)


@given(INSTANTS, OFFSETS, st.sampled_from([None, 9]))
def test_instants_survive_their_text(instant: int, offset: int, digits: int | None) -> None:
    """What is shown to the nanosecond can be read back, whatever the offset."""
    assert parse_rfc3339(format_instant(instant, utc_offset=offset, digits=digits)) == instant


@given(INSTANTS, st.integers(0, 9))
def test_fewer_digits_never_move_forward(instant: int, digits: int) -> None:
    """Digits are cut, not rounded."""
    unit = 10 ** (9 - digits)
    assert parse_rfc3339(format_instant(instant, digits=digits)) == instant // unit * unit


@given(INSTANTS)
def test_the_short_cut_agrees_with_the_layout(instant: int) -> None:
    """The quick way through an Engine's own form ends where Go's layout ends, and where the standard library ends."""
    text = format_instant(instant)
    assert parse_rfc3339(text) == parse_layout(RFC3339, text)
    by_library = datetime(1970, 1, 1) + timedelta(microseconds=instant // 1000)  # noqa: DTZ001 - both sides are UTC
    assert format_instant(instant, digits=6) == by_library.isoformat(timespec="microseconds") + "Z"


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_impossible_times_are_refused_in_gos_words(year: int, month: int, day: int, hour: int, second: int) -> None:
    """The quick way and the layout refuse the same times with the same words."""
    text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:00:{second:02d}Z"
    outcomes: list[int | str] = []
    for parse in (parse_rfc3339, lambda text: parse_layout(RFC3339, text)):
        try:
            outcomes.append(parse(text))
        except TimestampError as error:
            outcomes.append(error.message)
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[0], int) or outcomes[0].endswith(" out of range")


@pytest.mark.parametrize(
    ("instant", "offset", "zone", "nanos", "text"),
    [
        (186_141_222, 0, "UTC", True, "2026-11-21 07:49:57.186141222 +0000 UTC"),
        (186_141_222, 0, "UTC", False, "2026-11-21 07:49:57 +0000 UTC"),
        (186_100_000, 0, "UTC", True, "2026-11-21 07:49:57.1861 +0000 UTC"),
        (0, 0, "UTC", True, "2026-11-21 07:49:57 +0000 UTC"),
        (0, 3600, "CET", True, "2026-11-21 08:49:57 +0100 CET"),
        (0, -12600, "NST", False, "2026-11-21 04:19:57 -0330 NST"),
        (0, -10800, "", False, "2026-11-21 04:49:57 -0300 -0300"),
    ],
)
def test_go_times_shown(instant: int, offset: int, zone: str, nanos: bool, text: str) -> None:
    """A time in Go's default form names its offset and its zone, with or without the fraction."""
    start = at("2026-11-21 07:49:57")
    assert format_go_time(start + instant, utc_offset=offset, zone_name=zone, nanos=nanos) == text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-21T12:00:00Z", at("2026-11-21 12:00:00")),
        ("2026-11-21T12:00:00.000000001+02:00", at("2026-11-21 10:00:00") + 1),
        ("0", 0),
        ("1795262400", 1_795_262_400 * SECOND),
        ("1795262400.5", 1_795_262_400_500_000_000),
        ("1795262400.123456789", 1_795_262_400_123_456_789),
        ("-1.5", -1_500_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * SECOND),
    ],
)
def test_clocks_read(text: str, instant: int) -> None:
    """A clock is set by RFC 3339 or by Unix seconds, exactly."""
    assert parse_clock(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "24h",
        "2026-11-21",
        "2026-13-21T12:00:00Z",
        "1.",
        ".5",
        "1.1234567890",
        "+1",
        "1e9",
        "253402300800",
        "999999999999",
        "-62135596801",
        "0000-12-31T23:59:59Z",
        "9" * 5000,
    ],
)
def test_clocks_refused(text: str) -> None:
    """Anything else, and any year a calendar cannot show, is refused with an example of what would be right."""
    with pytest.raises(TimestampError) as caught:
        parse_clock(text)
    assert caught.value.message == (
        f'"{text}" sets no clock: expected a time such as 2026-11-21T12:00:00Z or Unix seconds such as 1795262400.5'
    )


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that moves this process to another time zone until the test ends."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("tz", "text", "offset", "name"),
    [
        ("UTC", "2026-07-01T00:00:00Z", 0, "UTC"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-01T00:00:00Z", 3600, "CET"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01T00:00:00Z", 7200, "CEST"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59.999999999Z", 3600, "CET"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200, "CEST"),
        ("NST3:30", "2026-01-01T00:00:00Z", -12600, "NST"),
        ("XST-5:30", "0001-01-01T00:00:00Z", 19800, "XST"),
    ],
)
def test_local_time_honours_tz(zone: Callable[[str], None], tz: str, text: str, offset: int, name: str) -> None:
    """The local offset and its name are those of the instant, summer time included."""
    zone(tz)
    instant = parse_rfc3339(text)
    assert (local_utc_offset(instant), local_zone_name(instant)) == (offset, name)


def test_local_time_never_runs_out(zone: Callable[[str], None]) -> None:
    """Instants that no calendar shows still have an offset."""
    zone("XST-5:30")
    assert {local_utc_offset(i) for i in (-(2**63) * SECOND, 2**63 * SECOND)} == {19800}
