"""BuildKit's filter language."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prunecli.errors import FilterError
from prunecli.selectors import Condition, Operator, Selector, parse_selector

RECORD = {
    "id": "c0ffee",
    "type": "regular",
    "description": "mount / from exec /bin/sh -c make",
    "mutable": "",
    "private": "",
}


def only(path: str, operator: Operator = Operator.PRESENT, value: str = "") -> Selector:
    return Selector((Condition(tuple(path.split(".")), operator, value),))


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        pytest.param("", Selector(), id="nothing is no condition"),
        pytest.param("mutable", only("mutable"), id="a field alone"),
        pytest.param("type==regular", only("type", Operator.EQUAL, "regular"), id="equal"),
        pytest.param("type!=regular", only("type", Operator.NOT_EQUAL, "regular"), id="not equal"),
        pytest.param("id~=^abc", only("id", Operator.MATCHES, "^abc"), id="matches"),
        pytest.param("type ==regular", only("type", Operator.EQUAL, "regular"), id="a space before an operator"),
        pytest.param("type== regular", only("type", Operator.EQUAL, "regular"), id="a space before a value"),
        pytest.param(" type==regular", only("type", Operator.EQUAL, "regular"), id="a space before a field"),
        pytest.param("1type==x", only("1type", Operator.EQUAL, "x"), id="a digit begins a field"),
        pytest.param("type.x.y==a", only("type.x.y", Operator.EQUAL, "a"), id="a path"),
        pytest.param('"type"=="regular"', only("type", Operator.EQUAL, "regular"), id="quoted"),
        pytest.param("id==sha256:abc", only("id", Operator.EQUAL, "sha256:abc"), id="a colon in a value"),
        pytest.param("type==source.local", only("type", Operator.EQUAL, "source.local"), id="a dot in a value"),
        pytest.param("id==a/b|c=~!\"'", only("id", Operator.EQUAL, "a/b|c=~!\"'"), id="anything inside a value"),
        pytest.param("id==\u00e9\u4e16", only("id", Operator.EQUAL, "\u00e9\u4e16"), id="letters beyond ASCII"),
        pytest.param("id==\x01a", only("id", Operator.EQUAL, "\x01a"), id="a control character may begin a value"),
        pytest.param(
            "description~=/from exec/", only("description", Operator.MATCHES, "from exec"), id="between slashes"
        ),
        pytest.param("description~=|exec|", only("description", Operator.MATCHES, "exec"), id="between bars"),
        pytest.param(r"id~=/\//", only("id", Operator.MATCHES, "/"), id="an escaped slash between slashes"),
        pytest.param(
            r'id=="\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600"',
            only("id", Operator.EQUAL, '\a\b\f\n\r\t\v\\"AA\u00e9\U0001f600'),
            id="all escapes",
        ),
        pytest.param(r'id=="\xc3\xa9"', only("id", Operator.EQUAL, "\u00e9"), id="bytes that make a character"),
        pytest.param(r'id=="\xff"', only("id", Operator.EQUAL, "\udcff"), id="a byte that makes none"),
        pytest.param(r'id=="\ud800"', only("id", Operator.EQUAL, "\ufffd"), id="half of a pair"),
        pytest.param(
            "type==regular, private",
            Selector((Condition(("type",), Operator.EQUAL, "regular"), Condition(("private",)))),
            id="two conditions",
        ),
        pytest.param(
            'type=="a",id==b',
            Selector((Condition(("type",), Operator.EQUAL, "a"), Condition(("id",), Operator.EQUAL, "b"))),
            id="a condition after a quotation",
        ),
    ],
)
def test_parse(text: str, selector: Selector) -> None:
    """Text becomes the conditions that containerd reads in it."""
    assert parse_selector(text) == selector


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "[ ]: expected field or quoted"),
        ("type=regular", '[type >|=|< regular]: unsupported operator "="'),
        ("type==", "[type==]: expected value or quoted"),
        ("type==,", "[type== >|,|< ]: expected value or quoted"),
        ("type== =x", "[type==  >|=|< x]: expected value or quoted"),
        ("type===x", '[type >|=|< ==x]: unsupported operator "==="'),
        ("type==regular,", "[type==regular,]: expected field or quoted"),
        (",type==regular", "[ >|,|< type==regular]: expected field or quoted"),
        ("type.==a", "[type. >|=|< =a]: expected field or quoted"),
        ("description==a b", "[description==a >| |< b]: unexpected input:  "),
        ("description==a\x01", "[description==a >|\x01|< ]: unexpected input: \x01"),
        ("id~=.*", "[id~= >|.|< *]: expected value or quoted"),
        ("description==/bin/sh", "[description== >|/|< bin/sh]: invalid quote encountered"),
        ("/id/", "[ >|/|< id/]: invalid quote encountered"),
        ("description~=/bin/sh", "[description~=/bin/ >|s|< h]: unexpected input: s"),
        ('description=="unterminated', '[description== >|"|< unterminated]: quoted literal not terminated'),
        ('id=="a\nb"', '[id== >|"|< a\nb"]: quoted literal not terminated'),
        (r'id=="\q"', r'[id== >|"|< \q"]: illegal escape sequence'),
        (r'id=="\/"', r'[id== >|"|< \/"]: illegal escape sequence'),
        ('id=="\\', '[id== >|"|< \\]: illegal escape sequence'),
        (r'id=="\x4"', r'[id== >|"|< \x4"]: illegal numeric escape sequence'),
        (r'id=="\08"', r'[id== >|"|< \08"]: illegal numeric escape sequence'),
        (r'id=="\777"', r'[id== >|"|< \777"]: unquoting failed: quote syntax error'),
        (r'id=="\U00110000"', r'[id== >|"|< \U00110000"]: unquoting failed: quote syntax error'),
        ("type-x==a", '[type >|-|< x==a]: expected an operator ("=="|"!="|"~=")'),
        ("type ", '[type ]: expected an operator ("=="|"!="|"~=")'),
        ("type!regular", '[type >|!|< regular]: unsupported operator "!"'),
        ("'x y'", "[ >|'|< x y']: expected field or quoted"),
        ("type\0", "[type >|\0|< ]: unexpected null"),
        ("type==a\0", "[type==a >|\0|< ]: unexpected input: \ufffd"),
        ("type==\ufffd", "[type== >|\ufffd|< \ufffd\ufffd]: rune error"),
        ('id=="\udcff"', '[id== >|"|< \ufffd"]: rune error'),
        ("\u00e9==x", "[ >|\ufffd|< \ufffd==x]: expected field or quoted"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """A mistake is reported in containerd's words, with the byte marked where it was noticed."""
    with pytest.raises(FilterError) as caught:
        parse_selector(text)
    assert caught.value.message == f"filters: parse error: {message}: invalid argument"
    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        pytest.param("", True, id="no condition"),
        pytest.param("mutable", True, id="a flag that is set"),
        pytest.param("shared", False, id="a flag that is not set"),
        pytest.param("nonsense", False, id="an unknown field"),
        pytest.param("type==regular", True, id="the same value"),
        pytest.param("type==Regular", False, id="another case"),
        pytest.param("mutable==true", False, id="a flag is not true but empty"),
        pytest.param('mutable==""', True, id="a flag is empty"),
        pytest.param('shared==""', False, id="an absent flag equals nothing"),
        pytest.param("shared!=true", True, id="an absent flag differs from everything"),
        pytest.param('shared!=""', False, id="but not from the empty value"),
        pytest.param("parent!=x", True, id="so does an unknown field"),
        pytest.param("type.anything==regular", True, id="the rest of a path is not looked at"),
        pytest.param("id~=^c0", True, id="a regular expression"),
        pytest.param("id~=ff", True, id="it may match anywhere"),
        pytest.param("parents~=^$", True, id="an absent field is empty to a regular expression"),
        pytest.param('id~="*"', False, id="a regular expression with a mistake matches nothing"),
        pytest.param("type==regular,mutable", True, id="both hold"),
        pytest.param("type==regular,shared", False, id="one does not hold"),
    ],
)
def test_match(text: str, matches: bool) -> None:
    """A record passes when every condition holds."""
    assert parse_selector(text).match(RECORD.get) is matches


@given(st.text() | st.text("typeid=!~,./|\"'\\ x0\n\0\ufffd\u00e9", max_size=15))
@example("a.")
@example("a==b,\n")
@example('"\\"')
def test_never_surprised(text: str) -> None:
    """Any text at all is either a filter or refused in containerd's words."""
    try:
        selector = parse_selector(text)
    except FilterError as error:
        complaint = error.message
    else:
        complaint = "filters: parse error: []: : invalid argument"
        assert selector.match(RECORD.get) in (True, False)
    assert complaint.startswith("filters: parse error: [")
    assert complaint.endswith(": invalid argument")


@given(st.text("abc.:_-/0", min_size=1).filter(lambda t: t[0] not in "./"), st.text("abc.:_-/0"))
def test_equal_or_not(value: str, other: str) -> None:
    """`==` and `!=` are opposites for a field that is there."""
    equal = parse_selector(f"id=={value}").match({"id": other}.get)
    assert equal is (value == other)
    assert parse_selector(f"id!={value}").match({"id": other}.get) is not equal


@given(st.text(st.characters(exclude_characters="\0\n\ufffd", exclude_categories=["Cs"])))
def test_quoting(value: str) -> None:
    """A quoted value is the value."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_selector(f'id=="{quoted}"').match({"id": value}.get)
