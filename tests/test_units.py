"""Sizes, and Go's quoting, integers and booleans."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import PrunecliError, SizeError, ValueTextError
from prunecli.units import format_size, go_quote, parse_atoi, parse_go_bool, parse_size

K = 1024
INT64_MAX = 2**63 - 1


def test_importing_units_loads_nothing_heavy() -> None:
    """Start-up does not pay for the two helpers that few commands use."""
    code = "import sys, prunecli.units; print({'humanize', 'pytimeparse', 'click', 'rich'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("0", 0, id="zero is a number one may ask for"),
        pytest.param("512", 512, id="a bare number is bytes"),
        pytest.param("512b", 512, id="b is bytes too"),
        pytest.param("10gb", 10 * K**3, id="GB is binary: Docker's 10gb is 10737418240"),
        pytest.param("1GB", 1073741824, id="1GB is 2**30"),
        pytest.param("1GiB", 1073741824, id="and so is 1GiB"),
        pytest.param("20GB", 21474836480, id="the 20GB of the default keep storage"),
        pytest.param("1k", K, id="k is 1024"),
        pytest.param("1m", K**2, id="m"),
        pytest.param("1T", K**4, id="T, upper case"),
        pytest.param("1pib", K**5, id="pib"),
        pytest.param("1.5 KiB", 1536, id="one space may stand before the unit"),
        pytest.param("10 ", 10, id="or at the end"),
        pytest.param(".5g", K**3 // 2, id="a fraction needs no zero in front"),
        pytest.param("1.k", K, id="nor digits behind the dot"),
        pytest.param("1e3", 1000, id="an exponent is a Go float"),
        pytest.param("1e3k", 1000 * K, id="with a unit too"),
        pytest.param("+1", 1, id="a plus sign"),
        pytest.param("-0", 0, id="minus zero is not negative"),
        pytest.param("1.9", 1, id="fractions of a byte are dropped"),
        pytest.param("0x1p4", 16, id="a hexadecimal float"),
        pytest.param("0x1_0.8p1", 33, id="with underscores"),
        pytest.param("1_000.5_0k", 1024512, id="underscores may part digits"),
        pytest.param("1e-400", 0, id="too small to matter is nothing"),
        pytest.param("8191p", 8191 * K**5, id="the largest whole petabytes of 64 bits"),
        pytest.param("1\u212a", K, id="the Kelvin sign is a k in lower case"),
    ],
)
def test_sizes_read(text: str, size: int) -> None:
    """A size is read as Docker's client reads it (observed on 28.2)."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("abc", "invalid size: 'abc'", id="no digit"),
        pytest.param("", "invalid size: ''", id="nothing at all"),
        pytest.param("inf", "invalid size: 'inf'", id="a word"),
        pytest.param("-1", "invalid size: '-1'", id="negative"),
        pytest.param("-1k", "invalid size: '-1k'", id="negative with a unit"),
        pytest.param("bad", "invalid size: 'bad'", id="the example of a bad policy"),
        pytest.param("10%", "invalid suffix: '%'", id="percentages are no sizes"),
        pytest.param("5bb", "invalid suffix: 'bb'", id="nothing may follow b"),
        pytest.param("5 KBI", "invalid suffix: 'kbi'", id="a short suffix is shown in lower case"),
        pytest.param("5kix", "invalid suffix: 'kix'", id="i needs its b"),
        pytest.param("5EB", "invalid suffix: 'eb'", id="exabytes are not known"),
        pytest.param("10 ZZZZ", "invalid suffix: 'ZZZZ'", id="a long suffix is shown as typed"),
        pytest.param("1\u20ac\u20ac", "invalid suffix: '\u20ac\u20ac'", id="long is counted in bytes"),
        pytest.param("1  b", 'strconv.ParseFloat: parsing "1 ": invalid syntax', id="two spaces"),
        pytest.param("1 2", 'strconv.ParseFloat: parsing "1 2": invalid syntax', id="a space between digits"),
        pytest.param(" ", 'strconv.ParseFloat: parsing "": invalid syntax', id="only a space"),
        pytest.param("1,000", 'strconv.ParseFloat: parsing "1,000": invalid syntax', id="thousands separators"),
        pytest.param("1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax', id="two dots"),
        pytest.param("0x10", 'strconv.ParseFloat: parsing "0x10": invalid syntax', id="hexadecimal without exponent"),
        pytest.param("1__0", 'strconv.ParseFloat: parsing "1__0": invalid syntax', id="two underscores"),
        pytest.param("1_.5", 'strconv.ParseFloat: parsing "1_.5": invalid syntax', id="an underscore beside no digit"),
        pytest.param("\uff11 k", 'strconv.ParseFloat: parsing "\uff11": invalid syntax', id="digits are ASCII"),
        pytest.param("1e400", 'strconv.ParseFloat: parsing "1e400": value out of range', id="too large for a float"),
        pytest.param("0x1p1024", 'strconv.ParseFloat: parsing "0x1p1024": value out of range', id="in any base"),
        pytest.param("8192p", "invalid size: '8192p'", id="beyond 64 bits Docker's number turns negative; refused"),
        pytest.param("9223372036854775807", "invalid size: '9223372036854775807'", id="a float cannot hold 2**63 - 1"),
        pytest.param("inf b", "invalid size: 'inf b'", id="infinity"),
        pytest.param("nan b", "invalid size: 'nan b'", id="not a number"),
    ],
)
def test_sizes_refused(text: str, message: str) -> None:
    """A text that is no size gets Docker's words for it."""
    with pytest.raises(SizeError) as caught:
        parse_size(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("size", "four", "three"),
    [
        (0, "0B", "0B"),
        (59, "59B", "59B"),
        (999, "999B", "999B"),
        (1000, "1kB", "1kB"),
        (1001, "1.001kB", "1kB"),
        (999949, "999.9kB", "1e+03kB"),
        (999950, "1000kB", "1e+03kB"),
        (1023456, "1.023MB", "1.02MB"),
        (5242880, "5.243MB", "5.24MB"),
        (15728640, "15.73MB", "15.7MB"),
        (1500000000, "1.5GB", "1.5GB"),
        (123456789012, "123.5GB", "123GB"),
        (9999500000, "9.999GB", "10GB"),
        (105454440, "105.5MB", "105MB"),
        (-1, "-1B", "-1B"),
        (-200, "-200B", "-200B"),
        (-12345, "-1.234e+04B", "-1.23e+04B"),
        (10**24, "1YB", "1YB"),
        (10**28, "1e+04YB", "1e+04YB"),
        (1.5, "1.5B", "1.5B"),
    ],
)
def test_sizes_shown(size: float, four: str, three: str) -> None:
    """A size is shown in decimal units, and not normalised again after rounding."""
    assert (format_size(size), format_size(size, 3)) == (four, three)


@given(st.integers(0, 2**53))
def test_whole_bytes_survive(size: int) -> None:
    """What is typed as plain bytes is exactly those bytes."""
    assert parse_size(str(size)) == parse_size(f"{size} B") == size


@given(st.text(max_size=12))
def test_a_size_is_a_number_or_a_refusal(text: str) -> None:
    """Any text is a non-negative 64-bit size or a SizeError."""
    try:
        outcome: int | str = parse_size(text)
    except SizeError as error:
        outcome = error.message
    if isinstance(outcome, int):
        assert 0 <= outcome <= INT64_MAX
    else:
        assert outcome.startswith(("invalid size: '", "invalid suffix: '", "strconv.ParseFloat: parsing "))


@given(st.integers(0, 10**27), st.integers(0, 10**27))
def test_more_is_never_shown_in_a_smaller_unit(one: int, other: int) -> None:
    """Units grow with the size."""
    units = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    small, large = (format_size(size).lstrip("0123456789.e+") for size in sorted((one, other)))
    assert units.index(small) <= units.index(large)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("+5", 5),
        ("-12", -12),
        ("0000000000000000000000000007", 7),
        ("9223372036854775807", INT64_MAX),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_integers_read(text: str, number: int) -> None:
    """Integers are Go's: decimal, signed, 64 bits."""
    assert parse_atoi(text) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", 'strconv.Atoi: parsing "abc": invalid syntax'),
        ("", 'strconv.Atoi: parsing "": invalid syntax'),
        ("-", 'strconv.Atoi: parsing "-": invalid syntax'),
        ("1.5", 'strconv.Atoi: parsing "1.5": invalid syntax'),
        ("1_000", 'strconv.Atoi: parsing "1_000": invalid syntax'),
        (" 1", 'strconv.Atoi: parsing " 1": invalid syntax'),
        ("1\n", 'strconv.Atoi: parsing "1\\n": invalid syntax'),
        ("\u0663", 'strconv.Atoi: parsing "\u0663": invalid syntax'),
        ("9223372036854775808", 'strconv.Atoi: parsing "9223372036854775808": value out of range'),
        ("-9223372036854775809", 'strconv.Atoi: parsing "-9223372036854775809": value out of range'),
        ("9" * 5000, f'strconv.Atoi: parsing "{"9" * 5000}": value out of range'),
    ],
)
def test_integers_refused(text: str, message: str) -> None:
    """A text that is no integer gets strconv's words."""
    with pytest.raises(ValueTextError) as caught:
        parse_atoi(text)
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true_words(text: str) -> None:
    """These and no others are true."""
    assert parse_go_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false_words(text: str) -> None:
    """These and no others are false."""
    assert parse_go_bool(text) is False


@pytest.mark.parametrize("text", ["xyz", "", "tRUE", "yes", "no", "on", " true", "2"])
def test_no_booleans(text: str) -> None:
    """Everything else is refused in strconv's words."""
    with pytest.raises(ValueTextError) as caught:
        parse_go_bool(text)
    assert caught.value.message == f'strconv.ParseBool: parsing "{text}": invalid syntax'


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("abc", '"abc"', id="plain"),
        pytest.param('a"b\\c', r'"a\"b\\c"', id="quotes and backslashes"),
        pytest.param("a'b", '"a\'b"', id="a single quote stays"),
        pytest.param("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"', id="the named escapes"),
        pytest.param("\x00\x1b\x7f", r'"\x00\x1b\x7f"', id="other control characters"),
        pytest.param("\u0085\u00a0\u200b\u2028", r'"\u0085\u00a0\u200b\u2028"', id="what cannot be seen"),
        pytest.param("\u00e9\u20ac\U0001f600", '"\u00e9\u20ac\U0001f600"', id="letters and symbols stay"),
        pytest.param("\U000e0001", r'"\U000e0001"', id="beyond sixteen bits"),
        pytest.param("\udcff\udc80", r'"\xff\x80"', id="bytes that were no UTF-8"),
        pytest.param("\ud800", r'"\ufffd"', id="half a pair is no character"),
    ],
)
def test_quoting(text: str, quoted: str) -> None:
    """Quoting is Go's %q."""
    assert go_quote(text) == quoted


@given(st.text())
def test_quoted_text_is_safe_and_reversible(text: str) -> None:
    """Quoted text is printable, so that no control character reaches a terminal, and nothing of it is lost."""
    quoted = go_quote(text)
    assert quoted.isprintable()
    assert ast.literal_eval(quoted) == text


@given(st.text(alphabet=st.characters(codec=None, categories=None, exclude_categories=()), max_size=20))
def test_messages_are_printable(text: str) -> None:
    """Whatever is typed, also lone surrogates, a refusal can be shown."""
    with pytest.raises(PrunecliError) as caught:
        parse_atoi(f"x{text}")
    assert caught.value.message.isprintable()
