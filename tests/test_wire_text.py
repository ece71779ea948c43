"""What a file must be to be an Engine dump, and what is said when it is not."""

from __future__ import annotations

import json

import pytest

from prunecli.errors import DumpError
from prunecli.wire import parse_dump, read_dump
from tests.oracle import cases

EXPECTED = ": expected an Engine dump (engine-dump/v1)"
SMALL = '{"format": "engine-dump/v1", "text": "é \\u00e9\\n", "n": [-1.5e3, true, null, {"a": false}]}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(b"", "d.json is empty", id="nothing"),
        pytest.param(b" \n", "d.json is empty", id="blanks"),
        pytest.param(b"hello", "d.json is not JSON at line 1, column 1", id="another text"),
        pytest.param(b'{"a" 1}', "d.json is not JSON at line 1, column 6", id="a mistake in JSON"),
        pytest.param(b'{"a": 1} x', "d.json is not JSON at line 1, column 10", id="something behind it"),
        pytest.param(b"\x89PNG\r\n", "d.json is not UTF-8 at byte 0", id="a picture"),
        pytest.param(b"[1, 2]", "d.json is a list", id="a list"),
        pytest.param(b'"x"', "d.json is a text", id="a text"),
        pytest.param(b"{}", 'd.json has no "format"', id="an object without a format"),
        pytest.param(b'{"format": "engine-dump/v2"}', 'd.json has the format "engine-dump/v2"', id="a later format"),
        pytest.param(b'{"format": 1}', "d.json has the format a number", id="a format that is a number"),
        pytest.param(b'{"format": NaN}', "d.json is not JSON: it has the number NaN", id="a number that is none"),
        pytest.param(b'{"a": "\\ud800"}', "d.json holds half of a surrogate pair, which is no text", id="half a pair"),
        pytest.param(b"[" * 100_000, "d.json is nested too deeply", id="a hole without a ground"),
    ],
)
def test_what_is_no_dump_is_refused(text: bytes, sentence: str) -> None:
    """The sentence says what was given, what is wrong with it, and what would be right."""
    with pytest.raises(DumpError) as refused:
        read_dump(text, source="d.json")
    assert refused.value.message == sentence + EXPECTED


@pytest.mark.parametrize("length", range(1, len(SMALL.encode())))
def test_a_dump_cut_anywhere_is_cut_short(length: int) -> None:
    """Wherever a file ends too early, the message tells the byte."""
    with pytest.raises(DumpError) as refused:
        parse_dump(SMALL.encode()[:length], "d.json")
    assert refused.value.message == f"d.json is cut short at byte {length}{EXPECTED}"


def test_text_and_bytes_with_a_mark_are_the_same() -> None:
    """A dump may be given as text, and may begin with a byte order mark."""
    assert parse_dump(SMALL) == parse_dump(b"\xef\xbb\xbf" + SMALL.encode()) == json.loads(SMALL)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        pytest.param(("containers",), ..., "containers is missing", id="a list is missing"),
        pytest.param(("version", "ApiVersion"), ..., "version.ApiVersion is missing: expected a text", id="no version"),
        pytest.param(
            ("version", "ApiVersion"),
            "new",
            'version.ApiVersion is "new": expected an API version such as 1.51',
            id="a version that is none",
        ),
        pytest.param(("networks",), {}, "networks is an object: expected a list", id="an object for a list"),
        pytest.param(("networks", 1), "bridge", "networks[1] is a text: expected an object", id="a text for an object"),
        pytest.param(
            ("networks", 0, "Created"),
            "today",
            'networks[0].Created is "today": expected an RFC 3339 time',
            id="a time that is none",
        ),
        pytest.param(
            ("networks", 0, "Created"),
            "9999-01-01T00:00:00Z",
            'networks[0].Created is "9999-01-01T00:00:00Z", which is not between the years 1678 and 2261',
            id="a time out of reach",
        ),
        pytest.param(
            ("networks", 0, "Labels"), ["a"], "networks[0].Labels is a list: expected an object of texts", id="labels"
        ),
        pytest.param(
            ("df", "LayersSize"), 2**80, "df.LayersSize is a number of more than 64 bits", id="a number too large"
        ),
        pytest.param(("df", "LayersSize"), 1.5, "df.LayersSize is a number: expected a whole number", id="a fraction"),
        pytest.param(
            ("prunecli",), {"version": 9}, "prunecli.version is 9: this prunecli reads 1", id="notes of a later version"
        ),
        pytest.param(
            ("prunecli",),
            {"version": 1, "records": {"network": {"x": {}}}},
            "prunecli.records.network.x is a note on something that is not there",
            id="a note on nothing",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_path(path: tuple[str | int, ...], value: object, sentence: str) -> None:
    """A dump with a mistake deep inside is refused with the path to it."""
    dump = json.loads(json.dumps(cases()[0].before))
    holder = dump
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    with pytest.raises(DumpError) as refused:
        read_dump(dump, source="d.json")
    assert refused.value.message == f"d.json: {sentence}"


def test_the_same_object_twice_is_refused() -> None:
    """An id names one object."""
    dump = json.loads(json.dumps(cases()[0].before))
    dump["networks"].append(dump["networks"][0])
    id, last = dump["networks"][0]["Id"], len(dump["networks"]) - 1
    with pytest.raises(DumpError) as refused:
        read_dump(dump, source="d.json")
    assert refused.value.message == f'd.json: networks[{last}].Id is there twice: "{id}"'
