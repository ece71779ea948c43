"""Durations: Go's form, Docker's rough words, human forms, and words for explanations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import DurationError
from prunecli.units import (
    DAY,
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    format_duration,
    human_duration,
    parse_duration,
    parse_human_duration,
    spoken_ago,
    spoken_duration,
)

INT64_MAX = 2**63 - 1
WEEK = 7 * DAY
DURATIONS = st.integers(-INT64_MAX - 1, INT64_MAX)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0", 0),
        ("+0", 0),
        ("-0", 0),
        ("0s", 0),
        ("24h", DAY),
        ("1h30m", HOUR + 30 * MINUTE),
        ("1.5h", 90 * MINUTE),
        ("90s", 90 * SECOND),
        ("300ms", 300 * MILLISECOND),
        ("1us", MICROSECOND),
        ("1\u00b5s", MICROSECOND),
        ("1\u03bcs", MICROSECOND),
        ("7ns", 7),
        ("-24h", -DAY),
        ("+1h", HOUR),
        (".5h", 30 * MINUTE),
        ("5.h", 5 * HOUR),
        ("30m1h", HOUR + 30 * MINUTE),
        ("1h1h", 2 * HOUR),
        ("1.5ns", 1),
        ("2562047h47m16.854775807s", INT64_MAX),
        ("9223372036854775807ns", INT64_MAX),
        ("-9223372036854775808ns", -(2**63)),
        ("-2562047h47m16.854775808s", -(2**63)),
        ("0.3333333333333333333h", 20 * MINUTE),
        ("0.9223372036854775807h", 3_320_413_933_267),
        ("0.92233720368547758079h", 3_320_413_933_267),
        ("1.0000000000000000000000001h", HOUR),
        (f"0.{'0' * 400}1h", 0),
        (f"{'0' * 5000}1h", HOUR),
    ],
)
def test_go_durations_read(text: str, duration: int) -> None:
    """Go's durations are read exactly to the nanosecond."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("abc", 'time: invalid duration "abc"', id="a word"),
        pytest.param("", 'time: invalid duration ""', id="nothing"),
        pytest.param("-", 'time: invalid duration "-"', id="only a sign"),
        pytest.param("--1h", 'time: invalid duration "--1h"', id="two signs"),
        pytest.param("1h-30m", 'time: unknown unit "h-" in duration "1h-30m"', id="a sign inside is part of the unit"),
        pytest.param(".h", 'time: invalid duration ".h"', id="no digits"),
        pytest.param("1h.", 'time: invalid duration "1h."', id="a dot without digits"),
        pytest.param(" 24h", 'time: invalid duration " 24h"', id="a space in front"),
        pytest.param("10", 'time: missing unit in duration "10"', id="no unit"),
        pytest.param("1h5", 'time: missing unit in duration "1h5"', id="no unit at the end"),
        pytest.param("1.5.5h", 'time: missing unit in duration "1.5.5h"', id="two dots"),
        pytest.param("1d", 'time: unknown unit "d" in duration "1d"', id="days"),
        pytest.param("5w", 'time: unknown unit "w" in duration "5w"', id="weeks"),
        pytest.param("1H", 'time: unknown unit "H" in duration "1H"', id="units are lower case"),
        pytest.param("1h 30m", 'time: unknown unit "h " in duration "1h 30m"', id="spaces"),
        pytest.param('1"', 'time: unknown unit "\\"" in duration "1\\""', id="quotes are escaped"),
        pytest.param("1\u00e9", 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"', id="bytes beyond ASCII"),
        pytest.param("1\t", 'time: unknown unit "\\x09" in duration "1\\x09"', id="control characters are bytes too"),
        pytest.param("\uff11h", 'time: invalid duration "\\xef\\xbc\\x91h"', id="digits are ASCII"),
        pytest.param("3000000h", 'time: invalid duration "3000000h"', id="more than 64 bits in one unit"),
        pytest.param("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"', id="one too many"),
        pytest.param(
            "2562047h47m16.854775808s", 'time: invalid duration "2562047h47m16.854775808s"', id="one too many in sum"
        ),
        pytest.param(
            "-9223372036854775809ns", 'time: invalid duration "-9223372036854775809ns"', id="one too few below zero"
        ),
        pytest.param("18446744073709551616ns", 'time: invalid duration "18446744073709551616ns"', id="2**64"),
        pytest.param("9" * 5000, f'time: invalid duration "{"9" * 5000}"', id="a very long number"),
    ],
)
def test_go_durations_refused(text: str, message: str) -> None:
    """A text that is no Go duration gets Go's words."""
    with pytest.raises(DurationError) as caught:
        parse_duration(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1\u00b5s"),
        (2_200_000, "2.2ms"),
        (300 * MILLISECOND, "300ms"),
        (SECOND, "1s"),
        (1_500_000_000, "1.5s"),
        (MINUTE, "1m0s"),
        (245 * SECOND, "4m5s"),
        (MINUTE + 5 * SECOND + MILLISECOND, "1m5.001s"),
        (HOUR, "1h0m0s"),
        (DAY, "24h0m0s"),
        (1440 * HOUR, "1440h0m0s"),
        (5 * HOUR + 6 * MINUTE + 7 * SECOND + MILLISECOND, "5h6m7.001s"),
        (-1, "-1ns"),
        (-90 * MINUTE, "-1h30m0s"),
        (INT64_MAX, "2562047h47m16.854775807s"),
        (-INT64_MAX - 1, "-2562047h47m16.854775808s"),
    ],
)
def test_go_durations_shown(duration: int, text: str) -> None:
    """Durations are shown as Go shows them."""
    assert format_duration(duration) == text


@given(DURATIONS)
def test_durations_survive_their_text(duration: int) -> None:
    """What is shown can be read back."""
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(alphabet="0123456789.+-hmsnu\u00b5d \u00e9", max_size=16))
def test_a_duration_is_a_number_or_a_refusal(text: str) -> None:
    """Any text is a 64-bit duration or a DurationError."""
    try:
        outcome: int | str = parse_duration(text)
    except DurationError as error:
        outcome = error.message
    assert -INT64_MAX - 1 <= outcome <= INT64_MAX if isinstance(outcome, int) else outcome.startswith("time: ")


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (-DAY, "Less than a second"),
        (0, "Less than a second"),
        (SECOND - 1, "Less than a second"),
        (SECOND, "1 second"),
        (2 * SECOND - 1, "1 second"),
        (2 * SECOND, "2 seconds"),
        (MINUTE - 1, "59 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE - 1, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (59 * MINUTE + 59 * SECOND, "59 minutes"),
        (HOUR, "About an hour"),
        (90 * MINUTE - 1, "About an hour"),
        (90 * MINUTE, "2 hours"),
        (47 * HOUR + 29 * MINUTE, "47 hours"),
        (47 * HOUR + 30 * MINUTE, "2 days"),
        (13 * DAY + 23 * HOUR, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY + 23 * HOUR, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY + 23 * HOUR, "24 months"),
        (730 * DAY - 30 * MINUTE, "1 years"),
        (730 * DAY, "2 years"),
        (2025 * 365 * DAY, "2025 years"),
    ],
)
def test_docker_words(duration: int, words: str) -> None:
    """Rough words are docker/go-units', with its half-up hours and its cut everything else."""
    assert human_duration(duration) == words


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1d", DAY),
        ("1D", DAY),
        ("5w", 5 * WEEK),
        ("2 weeks", 2 * WEEK),
        ("1 wk", WEEK),
        ("1 day 12 hours", 36 * HOUR),
        ("1 Day, 12 Hours", 36 * HOUR),
        ("1d12h", 36 * HOUR),
        ("1d 12h 30m 5s", 36 * HOUR + 30 * MINUTE + 5 * SECOND),
        ("1day12hours", 36 * HOUR),
        ("3 hours", 3 * HOUR),
        ("90 minutes", 90 * MINUTE),
        ("10 min", 10 * MINUTE),
        ("45 secs", 45 * SECOND),
        ("1 hour 30 m", 90 * MINUTE),
        ("1.5 days", 36 * HOUR),
        ("1.5 seconds", 1_500_000_000),
        ("0 days", 0),
        ("15250 weeks", 15250 * WEEK),
    ],
)
def test_human_forms_read(text: str, duration: int) -> None:
    """Days, weeks and spelt-out units are understood."""
    assert parse_human_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1M", id="a month or a minute"),
        pytest.param("1d 1M", id="also beside a day"),
        pytest.param("1H", id="a capital letter"),
        pytest.param("1:30", id="a clock"),
        pytest.param("1 day 1:30:00", id="a clock after a day"),
        pytest.param("-1d", id="a sign"),
        pytest.param("+1d", id="also a plus"),
        pytest.param("- 1 day", id="with a space"),
        pytest.param("10", id="a bare number"),
        pytest.param("1d 10", id="a bare number after a day"),
        pytest.param("1h 30m", id="Go's letters alone, with a space"),
        pytest.param("24h", id="a Go duration"),
        pytest.param("12 hours 1 day", id="units that grow"),
        pytest.param("1 day 1 day", id="a unit twice"),
        pytest.param("1 month", id="months have no length"),
        pytest.param("1 year", id="years are not read"),
        pytest.param("a day", id="words for numbers"),
        pytest.param("1 day ago", id="words after"),
        pytest.param(" 1d", id="a space in front"),
        pytest.param("1d\n", id="a line break"),
        pytest.param("1 fortnight", id="an unknown unit"),
        pytest.param("1.2.3 days", id="no number"),
        pytest.param("\uff11d", id="digits that are not ASCII"),
        pytest.param("15251 weeks", id="more than 64 bits"),
        pytest.param("9" * 5000 + "d", id="a very long number"),
        pytest.param("", id="nothing"),
    ],
)
def test_human_forms_refused(text: str) -> None:
    """What is ambiguous or no length is left to Docker's own error."""
    assert parse_human_duration(text) is None


@given(DURATIONS)
def test_human_forms_do_not_take_go_forms(duration: int) -> None:
    """No text that Go writes is a human form."""
    assert parse_human_duration(format_duration(duration)) is None


@given(
    st.integers(0, 9999),
    st.integers(0, 6),
    st.integers(0, 23),
    st.sampled_from(["{}w{}d{}h", "{} weeks {} d {} hours"]),
)
def test_human_forms_add_up(weeks: int, days: int, hours: int, form: str) -> None:
    """A human form is the sum of its parts."""
    assert parse_human_duration(form.format(weeks, days, hours)) == weeks * WEEK + days * DAY + hours * HOUR


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (0, "0 seconds"),
        (1, "less than a second"),
        (SECOND - 1, "less than a second"),
        (SECOND, "1 second"),
        (90 * SECOND, "1 minute and 30 seconds"),
        (3 * HOUR, "3 hours"),
        (3 * HOUR + 12 * MINUTE + 59 * SECOND, "3 hours and 12 minutes"),
        (DAY, "1 day"),
        (2 * DAY - 1, "1 day and 23 hours"),
        (1440 * HOUR, "60 days"),
        (400 * DAY, "1 year and 35 days"),
        (1000 * 365 * DAY - 1, "999 years and 364 days"),
        (2025 * 365 * DAY + DAY, "2,025 years"),
        (10**6 * 365 * DAY, "1.0 million years"),
        (292_000_000_000 * 365 * DAY, "292.0 billion years"),
        (-3 * HOUR, "minus 3 hours"),
    ],
)
def test_spoken_durations(duration: int, words: str) -> None:
    """Explanations say the two largest units, cut, so that what has not passed yet is not claimed."""
    assert spoken_duration(duration) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (0, "just now"),
        (SECOND - 1, "just now"),
        (-MILLISECOND, "just now"),
        (SECOND, "1 second ago"),
        (3 * HOUR, "3 hours ago"),
        (-2 * DAY, "2 days from now"),
    ],
)
def test_spoken_ago(duration: int, words: str) -> None:
    """Ages are told from now, into both directions."""
    assert spoken_ago(duration) == words


@given(st.integers(-(10**30), 10**30))
def test_every_span_can_be_spoken(duration: int) -> None:
    """Words are found for any length, however long."""
    assert spoken_duration(duration).isprintable()
    assert spoken_ago(duration).isprintable()
