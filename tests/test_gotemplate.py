"""Go templates: what comes out, and the words for what does not fit.

Expectations were taken from Go 1.24's `text/template` with the functions of docker/cli 28.
"""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import TemplateError
from prunecli.gotemplate import Struct, go_json, go_quote, parse, typed
from tests.fuzz.templates import cases, check

EVENT = Struct(
    "*events.Message",
    {
        "Status": "",
        "ID": "",
        "From": "",
        "Type": typed("network", "events.Type"),
        "Action": typed("prune", "events.Action"),
        "Actor": Struct("events.Actor", {"ID": "", "Attributes": {"reclaimed": "0"}}),
        "Scope": "local",
        "Time": typed(1795247302, "int64"),
        "TimeNano": typed(1795247302134511218, "int64"),
    },
    json_value={
        "Type": "network",
        "Action": "prune",
        "Actor": Struct("events.Actor", {"ID": "", "Attributes": {"reclaimed": "0"}}),
        "scope": "local",
        "time": 1795247302,
        "timeNano": 1795247302134511218,
    },
)

ROW = Struct(
    "*formatter.diskUsageImagesContext",
    {"Type": "Images", "TotalCount": "2", "Active": "1", "Size": "54.49MB", "Reclaimable": "54.49MB (100%)"},
    methods=True,
)

WORLD = Struct(
    "*main.World",
    {
        "S": "hello world",
        "U": "héllo 日本",
        "E": "",
        "I": 42,
        "F": 2.5,
        "T": True,
        "Z": False,
        "L": ["b", "a", "c"],
        "LE": typed([], "[]string"),
        "LN": typed(None, "[]string"),
        "A": ["x", 1, None, 2.5, True, ["q", "r"]],
        "M": {"b": "2", "a": "1"},
        "MA": {"s": "str", "i": 7, "n": None, "l": ["p"]},
        "C": [ROW],
        "X": None,
        "Q": "a\"b\\c\n\t'<&>\u2028\x01",
    },
)


def output(text: str, data: object = WORLD) -> str:
    return parse(text).execute(data)


def mistake(text: str, data: object = WORLD) -> str:
    with pytest.raises(TemplateError) as caught:
        parse(text).execute(data)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{.Type}} {{.Action}} {{.Actor.ID}}", "network prune ", id="fields of an event"),
        pytest.param("{{.Actor.Attributes.reclaimed}}", "0", id="a map's element by its key"),
        pytest.param("{{.Actor.Attributes.nope}}", "<no value>", id="a missing key has no value"),
        pytest.param("{{.Actor.Attributes.nope.x}}", "<no value>", id="nor has anything in it"),
        pytest.param('{{index .Actor.Attributes "nope"}}|', "|", id="but index gives the zero value"),
        pytest.param("{{.Time}} {{.TimeNano}}", "1795247302 1795247302134511218", id="integers in full"),
        pytest.param("{{.Actor}}", "{ map[reclaimed:0]}", id="a struct shows its fields"),
        pytest.param('{{printf "%+v" .Actor}}', "{ID: Attributes:map[reclaimed:0]}", id="with their names"),
        pytest.param(
            "{{json .}}",
            '{"Type":"network","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":"0"}},'
            '"scope":"local","time":1795247302,"timeNano":1795247302134511218}',
            id="json in struct order",
        ),
        pytest.param('{{printf "%T %T" . .Type}}', "*events.Message events.Type", id="named types"),
        pytest.param('{{eq .Type "network"}} {{eq .Time 1795247302}}', "true true", id="they still compare"),
        pytest.param("{{with .Actor}}{{$.Type}}:{{.ID}}{{end}}", "network:", id="the dollar sign is the whole"),
        pytest.param(r"{{.Type}}\t{{.Scope}}", r"network\tlocal", id="a backslash stays one"),
    ],
)
def test_an_event_through_a_template(text: str, expected: str) -> None:
    """What `docker events --format` prints for a prune event."""
    assert output(text, EVENT) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("plain }} text", "plain }} text", id="text without actions"),
        pytest.param("{{.}}", "<no value>", id="nil data"),
        pytest.param("{{/* a comment */}}x", "x", id="a comment"),
        pytest.param("a {{- /* c */ -}} b", "ab", id="a comment that trims"),
        pytest.param('a \n {{- "x" -}} \t b', "axb", id="trim markers"),
        pytest.param("{{- 3}} {{-3}} {{3 -}} x", "3 -3 3x", id="a minus without space is a sign"),
        pytest.param('{{"\\xff\\u00e9\\101"}}', "\udcfféA", id="escapes in a string"),
        pytest.param("{{`raw\\n`}}", "raw\\n", id="a raw string"),
        pytest.param("{{'a'}} {{'\\n'}} {{'\\x41'}}", "97 10 65", id="characters are numbers"),
        pytest.param("{{0x1F}} {{0b11}} {{0o17}} {{017}} {{1_000}}", "31 3 15 15 1000", id="bases and underscores"),
        pytest.param("{{1.5}} {{1e3}} {{.5}} {{-5}} {{+5}} {{0x1p4}}", "1.5 1000 0.5 -5 5 16", id="floats and signs"),
        pytest.param("{{1i}} {{1+2i}}", "(0+1i) (1+2i)", id="complex numbers"),
        pytest.param("{{true}} {{false}}", "true false", id="booleans"),
    ],
)
def test_literals_and_text(text: str, expected: str) -> None:
    """Text passes, literals mean what they mean in Go."""
    assert output(text, None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{.S}} {{.I}} {{.F}} {{.T}}", "hello world 42 2.5 true", id="plain values"),
        pytest.param("{{.L}} {{.M}} {{.A}}", "[b a c] map[a:1 b:2] [x 1 <nil> 2.5 true [q r]]", id="lists and maps"),
        pytest.param("{{.LE}} {{.LN}} {{.X}}", "[] [] <no value>", id="what is empty or nil"),
        pytest.param("{{.MA.n}}|{{.MA.zz}}", "<no value>|<no value>", id="a nil element and a missing one"),
        pytest.param("{{if .E}}a{{else if .S}}b{{else}}c{{end}}", "b", id="else if"),
        pytest.param("{{with .E}}a{{else with .S}}{{.}}{{else}}c{{end}}", "hello world", id="else with"),
        pytest.param("{{if and .T (not .Z)}}yes{{end}}", "yes", id="and with a parenthesised pipeline"),
        pytest.param("{{if or .E .LE .LN .X .Z 0}}a{{else}}all false{{end}}", "all false", id="what counts as false"),
        pytest.param("{{range .L}}<{{.}}>{{end}}", "<b><a><c>", id="range over a list keeps its order"),
        pytest.param("{{range $i, $e := .L}}{{if $i}}, {{end}}{{$e}}{{end}}", "b, a, c", id="index and element"),
        pytest.param("{{range $k, $v := .M}}{{$k}}={{$v}};{{end}}", "a=1;b=2;", id="range over a map sorts the keys"),
        pytest.param("{{range 3}}{{.}}{{end}}", "012", id="range over an integer"),
        pytest.param("{{range .LE}}x{{else}}none{{end}}", "none", id="range over nothing"),
        pytest.param('{{range .L}}{{if eq . "a"}}{{continue}}{{end}}{{.}}{{end}}', "bc", id="continue"),
        pytest.param("{{range 9}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}}", "01", id="break"),
        pytest.param("{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{end}}{{$x}}", "2", id="assignment reaches outwards"),
        pytest.param("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1", id="declaration does not"),
        pytest.param("{{$x := 0}}{{range $x = .L}}{{end}}{{$x}}", "c", id="range can assign"),
        pytest.param(
            '{{define "t"}}[{{.}}]{{end}}{{template "t" .I}}{{template "t"}}', "[42][<no value>]", id="define"
        ),
        pytest.param('{{block "b" .S}}<{{.}}>{{end}}{{template "b" .I}}', "<hello world><42>", id="block"),
        pytest.param('{{define "a"}} {{end}}{{define "a"}}x{{end}}{{template "a"}}', "x", id="space is no definition"),
        pytest.param("{{(index .C 0).Size}} {{(.S)}}", "54.49MB hello world", id="fields of a pipeline"),
        pytest.param('{{.S | printf "%s-%s" "a"}}', "a-hello world", id="the pipe brings the last argument"),
        pytest.param("{{and 1 0 2}} {{or 0 `` `x`}} {{0 | or 5}}", "0 x 5", id="and, or give the deciding value"),
        pytest.param("{{and false (index .L 99)}}", "false", id="and stops early"),
        pytest.param("{{range .C}}{{.Type}}: {{.Size}}{{end}}", "Images: 54.49MB", id="structs in a list"),
        pytest.param("{{.I | }}", "42", id="Go lets a pipe end in nothing"),
    ],
)
def test_control_and_pipelines(text: str, expected: str) -> None:
    """Branches, loops, variables, definitions and pipelines do what Go does."""
    assert output(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{upper .S}} {{.S | upper | lower | title}}", "HELLO WORLD Hello World", id="case"),
        pytest.param("{{title `a_b c-d éa 1x`}}", "A_b C-D Éa 1x", id="what begins a word"),
        pytest.param("{{upper `straße ŉ ᾳ`}}", "STRAßE ŉ ᾼ", id="one character stays one"),
        pytest.param('{{join .L ","}} {{join (split .S " ") "+"}} {{join nil ","}}|', "b,a,c hello+world |", id="join"),
        pytest.param('{{split "a,b" ","}} {{split "héy" ""}}', "[a b] [h é y]", id="split"),
        pytest.param('{{pad .S 1 2}}|{{pad "" 1 1}}|', " hello world  ||", id="pad leaves nothing alone"),
        pytest.param("{{truncate .S 3}} {{truncate .S 99}}", "hel hello world", id="truncate"),
        pytest.param("{{truncate .U 2}}", "h\udcc3", id="truncate cuts bytes"),
        pytest.param("{{len .S}} {{len .U}} {{len .L}} {{len .M}}", "11 13 3 2", id="len of text is in bytes"),
        pytest.param("{{index .L 1}} {{index .M `a`}} {{index .S 1}}", "a 1 101", id="index"),
        pytest.param("{{index .A 5 0}} {{index .MA `zz`}}", "q <no value>", id="index twice, and a missing key"),
        pytest.param("{{slice .S 1 3}} {{slice .L 1}} {{slice .L 1 2 3}}", "el [a c] [a]", id="slice"),
        pytest.param('{{print 1 2 "a" "b" 3 nil}} {{println 1 "a"}}', "1 2ab3 <nil> 1 a\n", id="print and println"),
        pytest.param("{{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}}", "true true true true", id="comparisons"),
        pytest.param('{{gt "b" "a"}} {{ge 2.5 2.5}} {{eq .X nil}}', "true true true", id="of text, floats and nil"),
        pytest.param("{{not .S}} {{not 0}} {{not nil}}", "false true true", id="not"),
        pytest.param("{{html `<a>&'\"`}}", "&lt;a&gt;&amp;&#39;&#34;", id="html"),
        pytest.param("{{js `'<é>=`}}", "\\'\\u003Cé\\u003E\\u003D", id="js"),
        pytest.param("{{urlquery `a b&c/~é`}}", "a+b%26c%2F~%C3%A9", id="urlquery"),
        pytest.param("{{json .L}} {{json .LN}} {{json .X}} {{json .M}}", '["b","a","c"] null null {"a":"1","b":"2"}'),
        pytest.param("{{json .Q}}", '"a\\"b\\\\c\\n\\t\'<&>\\u2028\\u0001"', id="json leaves HTML alone"),
    ],
)
def test_functions(text: str, expected: str) -> None:
    """Docker's functions and Go's own."""
    assert output(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{printf "%d|%5d|%-5d|%05d|%+d|% d" 42 42 42 42 5 5}}', "42|   42|42   |00042|+5| 5"),
        ('{{printf "%x %X %o %b %c %q %U %#U" 255 255 8 5 65 65 65 65}}', "ff FF 10 101 A 'A' U+0041 U+0041 'A'"),
        ('{{printf "%#x %#o %O %08b %.5d" 255 8 8 5 42}}', "0xff 010 0o10 00000101 00042"),
        (
            '{{printf "%s|%10s|%-10s|%.2s|%q" .S "ab" "ab" "hello" .Q}}',
            'hello world|        ab|ab        |he|"a\\"b\\\\c\\n\\t\'<&>\\u2028\\x01"',
        ),
        ('{{printf "%x|% x|%#x" "abc" "abc" "abc"}}', "616263|61 62 63|0x616263"),
        ('{{printf "%f %.2f %8.3f %g %e" 2.5 2.5 2.5 2.5 2.5}}', "2.500000 2.50    2.500 2.5 2.500000e+00"),
        ('{{printf "%v %v %v %v" 1e20 1000000.0 100000.0 0.00001}}', "1e+20 1e+06 100000 1e-05"),
        ('{{printf "%x %b %#g" 1.5 2.5 1.0}}', "0x1.8p+00 5629499534213120p-51 1.00000"),
        ('{{printf "%t %5t|%v %T" true false .L .M}}', "true false|[b a c] map[string]string"),
        ('{{printf "%q %d %x" .L .L .L}}', '["b" "a" "c"] [%!d(string=b) %!d(string=a) %!d(string=c)] [62 61 63]'),
        ('{{printf "%#v %#v" .L .M}}', '[]string{"b", "a", "c"} map[string]string{"a":"1", "b":"2"}'),
        ('{{printf "%d" "x"}} {{printf "%s" 5}} {{printf "%z" 1}}', "%!d(string=x) %!s(int=5) %!z(int=1)"),
        ('{{printf "%d"}} {{printf "%d" 1 2}} {{printf "%"}}', "%!d(MISSING) 1%!(EXTRA int=2) %!(NOVERB)"),
        ('{{printf "%s %v" nil nil}}', "%!s(<nil>) <nil>"),
        ('{{printf "%*d|%-*d|%.*f" 5 42 5 42 2 2.5}}', "   42|42   |2.50"),
        ('{{printf "%[2]d %[1]d" 1 2}} {{printf "%[5]d" 1}} {{printf "%[x]d" 1}}', "2 1 %!d(BADINDEX) %!d(BADINDEX)"),
        ('{{printf "%%|%5%"}}', "%|%"),
    ],
)
def test_printf(text: str, expected: str) -> None:
    """Go's formatting verbs, with flags, widths and the marks for what does not fit."""
    assert output(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{.Foo", ":1: unclosed action", id="an action without end"),
        pytest.param("{{\n\n.Foo", ":3: unclosed action started at :1", id="over several lines"),
        pytest.param("{{.Foo }", ':1: unexpected "}" in operand', id="half an end"),
        pytest.param("{{.}x}", ":1: bad character U+007D '}'", id="half an end, then more"),
        pytest.param("{{nope}}", ':1: function "nope" not defined', id="an unknown function"),
        pytest.param("{{if .S}}", ":1: unexpected EOF", id="a branch without end"),
        pytest.param("{{end}}", ":1: unexpected {{end}}", id="an end without branch"),
        pytest.param("{{else}}", ":1: unexpected {{else}}", id="an else without branch"),
        pytest.param("{{if}}{{end}}", ":1: missing value for if", id="a branch without value"),
        pytest.param("{{}}", ":1: missing value for command", id="an empty action"),
        pytest.param("{{$x}}", ':1: undefined variable "$x"', id="an unknown variable"),
        pytest.param("{{if true}}{{$y := 1}}{{end}}{{$y}}", ':1: undefined variable "$y"', id="a variable that ended"),
        pytest.param("{{$a, $b := .L}}", ":1: too many declarations in command", id="two variables outside range"),
        pytest.param("{{range $a, 1 := .L}}{{end}}", ":1: range can only initialize variables"),
        pytest.param("{{.S | 1}}", ":1: non executable command in pipeline stage 2", id="a number as a command"),
        pytest.param("{{(.S}}", ":1: unclosed left paren", id="an open parenthesis"),
        pytest.param("{{.S)}}", ":1: unexpected right paren", id="a closing one"),
        pytest.param("{{()}}", ":1: missing value for parenthesized pipeline", id="nothing in parentheses"),
        pytest.param('{{"a}}', ":1: unterminated quoted string"),
        pytest.param("{{`a}}", ":1: unterminated raw quoted string"),
        pytest.param("{{'a}}", ":1: unterminated character constant"),
        pytest.param("{{'ab'}}", ":1: malformed character constant: 'ab'"),
        pytest.param('{{"\\z"}}', ":1: invalid syntax", id="an unknown escape"),
        pytest.param("{{1x}}", ':1: bad number syntax: "1x"'),
        pytest.param("{{089}}", ':1: integer overflow: "089"', id="no octal number"),
        pytest.param("{{99999999999999999999}}", ':1: integer overflow: "99999999999999999999"'),
        pytest.param("{{/* c }}", ":1: unclosed comment"),
        pytest.param("{{/* c */ }}", ":1: comment ends before closing delimiter"),
        pytest.param("{{.S“}}", ":1: bad character U+201C '“'", id="a typographic quote"),
        pytest.param("{{x := 1}}", ':1: function "x" not defined'),
        pytest.param("{{:}}", ":1: expected :="),
        pytest.param("{{nil.x}}", ':1: unexpected . after term "nil"'),
        pytest.param("{{break}}", ":1: {{break}} outside {{range}}"),
        pytest.param('{{range .L}}{{block "x" .}}{{continue}}{{end}}{{end}}', ":1: {{continue}} outside {{range}}"),
        pytest.param(
            '{{define "a"}}x{{end}}{{define "a"}}y{{end}}', ':1: template: multiple definition of template "a"'
        ),
        pytest.param("{{template .S}}", ':1: unexpected ".S" in template clause'),
        pytest.param("{{define}}", ':1: unexpected "}}" in define clause'),
        pytest.param("{{if .S}}{{else}}{{else}}{{end}}", ":1: expected end; found {{else}}"),
        pytest.param("{{range .L}}{{else if .S}}{{end}}", ":1: unexpected <if> in input", id="range has no else if"),
        pytest.param("{{pad .S 1 123456789012x}}", ':1: bad number syntax: "123456789012x"', id="long items"),
        pytest.param("{{.ABCDEFGHIJKLM =}}", ':1: unexpected "=" in operand'),
    ],
)
def test_what_does_not_parse(text: str, expected: str) -> None:
    """A mistake in the text is told in Go's words, with its line."""
    assert mistake(text) == f"template: {expected}"


@pytest.mark.parametrize(
    ("text", "column", "at", "expected"),
    [
        ("{{.Foo}}", "1:2", ".Foo", "can't evaluate field Foo in type *main.World"),
        ("{{.S.Foo}}", "1:4", ".S.Foo", "can't evaluate field Foo in type string"),
        ("é\né{{.L.Foo}}", "2:6", ".L.Foo", "can't evaluate field Foo in type []string"),
        ("{{.MA.s.x}}", "1:5", ".MA.s.x", "can't evaluate field x in type interface {}"),
        ("{{.MA.n.x}}", "1:5", ".MA.n.x", "nil pointer evaluating interface {}.x"),
        ("{{.S 1}}", "1:2", ".S", "S has arguments but cannot be invoked as function"),
        ("{{.M.a 1}}", "1:4", ".M.a", "a is not a method but has arguments"),
        ("{{(index .C 0).Size 1}}", "1:12", "0", "wrong number of args for Size: want 0 got 1"),
        ("{{range .S}}{{end}}", "1:8", ".S", "range can't iterate over hello world"),
        ("{{range $i, $j := 3}}{{end}}", "1:18", "3", "can't use 3 to iterate over more than one variable"),
        ("{{upper 1}}", "1:8", "1", "expected string; found 1"),
        ("{{upper .I}}", "1:8", ".I", "wrong type for value; expected string; got int"),
        ("{{upper .X}}", "1:8", ".X", "wrong type for value; expected string; got interface {}"),
        ("{{upper .MA.zz}}", "1:11", ".MA.zz", "invalid value; expected string"),
        ("{{upper nil}}", "1:8", "nil", "cannot assign nil to string"),
        ("{{upper}}", "1:2", "upper", "wrong number of args for upper: want 1 got 0"),
        ("{{and}}", "1:2", "and", "wrong number of args for and: want at least 1 got 0"),
        ("{{truncate .S `x`}}", "1:14", "`x`", "expected integer; found `x`"),
        (
            "{{truncate .S -1}}",
            "1:2",
            "truncate .S -1",
            "error calling truncate: runtime error: slice bounds out of range [:-1]",
        ),
        ("{{join .A `,`}}", "1:7", ".A", "wrong type for value; expected []string; got []interface {}"),
        ("{{index .L 4}}", "1:2", "index .L 4", "error calling index: index out of range: 4"),
        ("{{index .L 3}}", "1:2", "index .L 3", "error calling index: reflect: slice index out of range"),
        ("{{index .M 1}}", "1:2", "index .M 1", "error calling index: value has type int; should be string"),
        ("{{index .X 1}}", "1:2", "index .X 1", "error calling index: index of untyped nil"),
        ("{{slice .S 3 1}}", "1:2", "slice .S 3 1", "error calling slice: invalid slice index: 3 > 1"),
        ("{{len .I}}", "1:2", "len .I", "error calling len: len of type int"),
        ("{{eq 1 `a`}}", "1:2", "eq 1 `a`", "error calling eq: incompatible types for comparison"),
        ("{{eq .L .L}}", "1:2", "eq .L .L", "error calling eq: non-comparable type [b a c]: []string"),
        ("{{lt .L .L}}", "1:2", "lt .L .L", "error calling lt: invalid type for comparison"),
        ("{{eq 1}}", "1:2", "eq 1", "error calling eq: missing argument for comparison"),
        ("{{call .S}}", "1:2", "call .S", "error calling call: non-function .S of type string"),
        ("{{nil}}", "1:2", "nil", "nil is not a command"),
        ("{{1 2}}", "1:2", "1", "can't give argument to non-function 1"),
        ("{{18446744073709551615}}", "1:2", "18446744073709551615", "18446744073709551615 overflows int"),
        ('{{template "zz" .S}}', "1:11", '{{template "zz" .S}}', 'template "zz" not defined'),
    ],
)
def test_what_does_not_fit_the_data(text: str, column: str, at: str, expected: str) -> None:
    """A mistake at run time names the place, with a column in bytes, and the expression."""
    assert mistake(text) == f'template: :{column}: executing "" at <{at}>: {expected}'


def test_unknown_fields_of_docker_types_are_told_as_docker_does() -> None:
    """The type's name in the message is the one the caller gave."""
    at = 'template: :1:2: executing "" at <.Foo>: can\'t evaluate field Foo in type '
    assert mistake("{{.Foo}}", ROW) == at + "*formatter.diskUsageImagesContext"
    assert mistake("{{.Foo}}", EVENT) == at + "*events.Message"


def test_a_named_string_is_no_string() -> None:
    """Docker's own `upper` fails on an event's type, because Go assigns no named type to `string`."""
    assert mistake("{{upper .Type}}", EVENT).endswith(
        "at <.Type>: wrong type for value; expected string; got events.Type"
    )


def test_mistakes_inside_a_definition_name_it() -> None:
    """The template that runs stands in the message; its place is that in the whole text."""
    text = '{{define "t"}}{{.Nope}}{{end}}{{template "t" .S}}'
    assert mistake(text) == 'template: :1:16: executing "t" at <.Nope>: can\'t evaluate field Nope in type string'


def test_a_template_that_calls_itself_for_ever_is_a_mistake() -> None:
    """Endless recursion ends with Go's message."""
    assert mistake('{{define "r"}}{{template "r" .}}{{end}}{{template "r" 1}}') == (
        'template: :1:25: executing "r" at <{{template "r" .}}>: exceeded maximum template depth (100000)'
    )


def test_what_came_before_a_mistake_is_kept() -> None:
    """`run` gives the text up to the mistake along with it."""
    out, error = parse("{{.S}}, {{.Foo}}").run(WORLD)
    assert out == "hello world, "
    assert "can't evaluate field Foo" in str(error)
    assert parse("{{.S}}").run(WORLD) == ("hello world", None)


def test_the_name_of_a_template_stands_in_its_messages() -> None:
    """A template can have a name."""
    with pytest.raises(TemplateError, match=r"^template: mine:1: unclosed action$"):
        parse("{{", name="mine")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{.Type}}\t{{.Size}}", "TYPE\tSIZE", id="names of columns"),
        pytest.param(
            "{{upper .Size}} {{json .Size}} {{truncate .Size 1}}", "SIZE SIZE SIZE", id="functions are left out"
        ),
        pytest.param('{{split .Size ","}} {{join .Size ","}} {{lower .Type}}', "SIZE SIZE TYPE", id="also of lists"),
        pytest.param("{{pad .Size 1 1}}|", " SIZE |", id="but padding stays"),
        pytest.param("{{.Nope}}", "<no value>", id="no such column"),
        pytest.param("{{.Size}} {{len .Nope}} {{.Type}}", "SIZE ", id="a mistake ends the row"),
    ],
)
def test_header_rows(text: str, expected: str) -> None:
    """A table's header shows the columns' names in the places of the values."""
    assert parse(text).header({"Type": "TYPE", "Size": "SIZE"}) == expected


@pytest.mark.parametrize(
    ("value", "escape_html", "expected"),
    [
        pytest.param("<a>&", False, '"<a>&"', id="HTML as it is"),
        pytest.param("<a>&", True, '"\\u003ca\\u003e\\u0026"', id="HTML escaped"),
        pytest.param('\b\f\n\r\t\x00\x7f"\\/', False, '"\\b\\f\\n\\r\\t\\u0000\x7f\\"\\\\/"', id="control characters"),
        pytest.param("\u2028é日😀", False, '"\\u2028é日😀"', id="line separators, and other text as it is"),
        pytest.param("a\udcffb", False, '"a\\ufffdb"', id="a byte that is no UTF-8"),
        pytest.param([True, False, None, 1], False, "[true,false,null,1]", id="constants"),
        pytest.param([1.0, 2.5, 1e20, 1e21, 1e-6, 1e-7], False, "[1,2.5,100000000000000000000,1e+21,0.000001,1e-7]"),
        pytest.param([-0.0, 1.5e-10, 1e300], False, "[-0,1.5e-10,1e+300]", id="floats"),
        pytest.param({"b": 1, "a": {"é": 1, "z": 2}}, False, '{"a":{"z":2,"é":1},"b":1}', id="maps are sorted"),
        pytest.param(typed(None, "map[string]string"), False, "null", id="a nil map"),
        pytest.param(typed([], "[]string"), False, "[]", id="an empty list"),
        pytest.param(Struct("t", {"b": "<", "a": 1}), False, '{"b":"<","a":1}', id="a struct keeps its order"),
        pytest.param(Struct("*t", {"b": "<", "a": 1}, methods=True), False, '{"a":1,"b":"\\u003c"}'),
        pytest.param(Struct("*t", {"b": 1}, json_value={"x": None}), False, '{"x":null}', id="its own JSON"),
        pytest.param([Struct("*t", {"b": "<"}, methods=True), "<"], False, '[{"b":"\\u003c"},"<"]', id="inside a list"),
    ],
)
def test_json(value: object, escape_html: bool, expected: str) -> None:
    """JSON as Go's encoder writes it."""
    assert go_json(value, escape_html=escape_html) == expected


def test_df_rows_as_json_are_alphabetical_and_escaped() -> None:
    """`docker system df --format json`."""
    assert output("{{json .}}", ROW) == (
        '{"Active":"1","Reclaimable":"54.49MB (100%)","Size":"54.49MB","TotalCount":"2","Type":"Images"}'
    )


def test_json_refuses_what_is_no_number() -> None:
    """NaN and the infinities have no JSON."""
    assert mistake("{{json .}}", float("nan")).endswith("error calling json: json: unsupported value: NaN")
    with pytest.raises(ValueError, match=r"^json: unsupported value: -Inf$"):
        go_json(float("-inf"), escape_html=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sh -c 'x…\"", '"sh -c \'x…\\""'),
        ("a\tb\n\x00\x7f\x1b", '"a\\tb\\n\\x00\\x7f\\x1b"'),
        ("\u00a0\u200b\U000e0001\udcff", '"\\u00a0\\u200b\\U000e0001\\xff"'),
    ],
)
def test_quoting(text: str, expected: str) -> None:
    """Text in Go's quotes shows nothing raw that a terminal could take for more than text."""
    assert go_quote(text) == expected


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES, st.booleans())
def test_json_means_what_went_in(value: object, escape_html: bool) -> None:
    """Any JSON reader gets the value back."""
    assert json.loads(go_json(value, escape_html=escape_html)) == value


@given(st.text())
def test_text_without_actions_comes_out_unchanged(text: str) -> None:
    """A template without `{{` is its own output, whatever the data."""
    text = text.replace("{{", "{ {")
    assert output(text) == text


@given(st.text())
def test_quoted_text_means_itself(text: str) -> None:
    """A Go-quoted text, put into a template, prints the text."""
    assert output("{{" + go_quote(text) + "}}") == text


WORDS = """
    {{ }} {{- -}} .S .L .M .A .MA .X .I .F .MA.n .Nope . $ $x := = | ( ) , nil true 1 -2 2.5 'a' `%5d%v` "a,b" if else
    end range with template define block break continue /* */ {{end}} {{else}} 0x 1i \\ and or not len index slice print
    printf println html js urlquery eq ne lt le gt ge call json split join title lower upper pad truncate
"""
PIECES = st.sampled_from(
    [*WORDS.split(), "{{range .L}}", "{{if .S}}", "{{with $x := .A}}", " ", "\n", "é", "\udcff", '"']
)
ACTIONS = st.lists(PIECES, max_size=12).map(lambda words: "{{" + " ".join(words) + "}}")


@given(st.lists(ACTIONS | PIECES, max_size=6).map("".join))
def test_anything_is_output_or_a_template_error(text: str) -> None:
    """No text, however odd, raises anything but `TemplateError`."""
    try:
        template = parse(text)
    except TemplateError:
        return
    out, error = template.run(WORLD)
    assert isinstance(out, str)
    assert error is None or error.message.startswith("template: :")
    assert isinstance(template.header({"S": "SIZE"}), str)


TOO_MUCH_TEXT = [
    pytest.param('{{range 99}}{{printf "%999999d" 1}}{{end}}', id="wide in a range"),
    pytest.param('{{printf "' + "%999999d" * 9 + '"' + " 1" * 9 + "}}", id="wide many times"),
    pytest.param('{{printf "' + "%.999999f" * 9 + '"' + " 1." * 9 + "}}", id="precise many times"),
    pytest.param('{{printf "%999999v" .L}}', id="wide for each in a list"),
    pytest.param('{{$x := "<"}}{{range 30}}{{$x = js $x}}{{$x = print $x $x}}{{end}}', id="doubled, not shown"),
    pytest.param('{{$x := pad "<" 999999 0}}{{range 99}}{{$y := len $x}}{{end}}', id="looked at again and again"),
    pytest.param('{{join (split (pad "x" 999999 0) "") (pad "x" 99999 0)}}', id="joined"),
    pytest.param('{{pad "x" 16000000 0}}', id="padded"),
]


def calls_the_next_twice(number: int) -> str:
    call = f'{{{{template "{number + 1}"}}}}' if number < 39 else ""
    return f'{{{{define "{number}"}}}}{call}{call}{{{{end}}}}'


TOO_MUCH_TO_DO = [
    pytest.param("{{range 1000000000}}{{end}}", id="turns of nothing"),
    pytest.param("{{range 100000}}{{range 100000}}{{end}}{{end}}", id="ranges in ranges"),
    pytest.param("".join(map(calls_the_next_twice, range(40))) + '{{template "0"}}', id="templates in templates"),
]


@pytest.mark.parametrize("text", TOO_MUCH_TEXT)
def test_no_template_fills_the_memory(text: str) -> None:
    """A page of template makes some megabytes and no gigabytes: beyond that, one sentence says so."""
    out, error = parse(text).run(Struct("x", {"L": typed(["a"] * 20, "[]string")}))

    assert error is not None
    assert "too much text" in error.message
    assert len(out) <= 8_000_000


@pytest.mark.parametrize("text", TOO_MUCH_TO_DO)
def test_no_template_runs_for_ever(text: str) -> None:
    """Nor does it take steps without end."""
    with pytest.raises(TemplateError, match="too much to do: more than 100000 steps"):
        parse(text).execute(EVENT)


def test_every_execution_brings_its_share() -> None:
    """Rows without end go through one template, as long as each of them takes no more than its data ask for."""
    template = parse("{{range .L}}{{upper .}} {{end}}{{json .}}")
    row = Struct("x", {"L": typed(["word"] * 20, "[]string")})
    before = vars(template.budget).copy()

    for _ in range(100):
        template.execute(row)

    assert all(left >= before[name] for name, left in vars(template.budget).items())


def test_rows_share_what_is_allowed() -> None:
    """What one row may make, a thousand rows cannot each."""
    template = parse('{{$x := printf "%99999s" .S}}')

    with pytest.raises(TemplateError, match="too much text"):
        any(map(template.execute, [Struct("x", {"S": ""})] * 1_000))


def test_zeros_in_a_width() -> None:
    """A number with thousands of zeros in front is that number."""
    assert output('{{printf "%.' + "0" * 5_000 + '2f" 1.5}}') == "1.50"


def test_a_round_of_random_templates() -> None:
    """Random templates give text of a bounded length, or a TemplateError; the module has longer rounds."""
    for case in islice(cases(seed=3), 30):
        assert not check(case), case
