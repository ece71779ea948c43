"""Filters as given, labels, and the filters of build cache."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import FilterError, UsageError
from prunecli.filters import CacheFilter, Filters, LabelFilter, prompt_filters
from prunecli.profile import make_profile

OLD = make_profile("20.10.24", (1, 41))


def given_values(**values: str) -> dict[str, frozenset[str]]:
    return {key.replace("_not", "!"): frozenset(text.split()) for key, text in values.items()}


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["", ""], {}, id="empty texts are ignored"),
        pytest.param(["label=a"], given_values(label="a"), id="one"),
        pytest.param(["label=a", "label=b", "label=a"], given_values(label="a b"), id="values make a set"),
        pytest.param(["label!=k=v"], given_values(label_not="k=v"), id="split at the first equals sign"),
        pytest.param([" UNTIL = 1h "], given_values(until="1h"), id="keys are lower-cased, and both are trimmed"),
        pytest.param(["label=A"], given_values(label="A"), id="values are not lower-cased"),
        pytest.param(["\u00a0label=\u2003x\u3000"], given_values(label="x"), id="all of Go's white space is trimmed"),
        pytest.param(["label=\x1fx"], {"label": frozenset({"\x1fx"})}, id="and no more than that"),
        pytest.param(["=x"], {"": frozenset({"x"})}, id="an empty key is a key"),
        pytest.param(["until="], {"until": frozenset({""})}, id="an empty value is a value"),
    ],
)
def test_from_flags(texts: list[str], values: dict[str, frozenset[str]]) -> None:
    """Flags are read as the docker CLI reads them."""
    assert Filters.from_flags(texts) == Filters(values)


@pytest.mark.parametrize("text", ["foo", " ", "label"])
def test_bad_flag(text: str) -> None:
    """A flag without an equals sign cannot be read."""
    with pytest.raises(UsageError, match=r"^bad format of filter \(expected name=value\)$"):
        Filters.from_flags(["label=a", text])


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        pytest.param("", Filters(), id="an empty parameter"),
        pytest.param("null", Filters(), id="null"),
        pytest.param("{}", Filters(), id="an empty map"),
        pytest.param(' {"label" : {"a":true} } ', Filters(given_values(label="a")), id="a map of maps"),
        pytest.param('{"label":["a","b"]}', Filters(given_values(label="a b")), id="a map of lists"),
        pytest.param('{"label!":{}}', Filters(given_values(label_not="")), id="a key without values"),
        pytest.param('{"label!":[]}', Filters(given_values(label_not="")), id="a key with an empty list"),
        pytest.param('{"label":null}', Filters(given_values(label="")), id="a key with null"),
        pytest.param(
            '{"all":{"1":false,"0":true}}', Filters(given_values(all="1 0"), given_values(all="1")), id="a false value"
        ),
        pytest.param('{"all":{"1":null}}', Filters(given_values(all="1"), given_values(all="1")), id="null is false"),
        pytest.param('{"a":{"x":false,"x":true}}', Filters(given_values(a="x")), id="the last of one value counts"),
        pytest.param('{"a":{"x":true},"a":{"y":true}}', Filters(given_values(a="y")), id="the last of one key counts"),
        pytest.param('{"a":["x"],"a":null}', Filters({"a": frozenset()}), id="also when it is null"),
        pytest.param('{"a":[null]}', Filters({"a": frozenset({""})}), id="null in a list is empty"),
        pytest.param(r'{"a":["\ud83d\ude00","\ud83d"]}', Filters(given_values(a="\U0001f600 \ufffd")), id="surrogates"),
    ],
)
def test_from_json(text: str, filters: Filters) -> None:
    """Both encodings of the Engine API are read as Go reads them."""
    assert Filters.from_json(text) == filters


OUTSIDE = "json: cannot unmarshal {} into Go value of type map[string]map[string]bool"
MIDDLE = "json: cannot unmarshal {} into Go value of type map[string]bool"
INSIDE = "json: cannot unmarshal {} into Go value of type bool"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("xx", "invalid character 'x' looking for beginning of value"),
        (" ", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ('{"a":{"b":true}', "unexpected end of JSON input"),
        ('"abc', "unexpected end of JSON input"),
        ('{"a":tru', "unexpected end of JSON input"),
        ('{"a":trux', "invalid character 'x' in literal true (expecting 'e')"),
        ('{"a":-x}', "invalid character 'x' in numeric literal"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("-Infinity", "invalid character 'I' in numeric literal"),
        ("{a}", "invalid character 'a' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":[1] "b"}', "invalid character '\"' after object key:value pair"),
        ('["]" 2]', "invalid character '2' after array element"),
        ("{} '", r"invalid character '\'' after top-level value"),
        ('{"a\n":1}', r"invalid character '\n' in string literal"),
        (r'{"a\q":1}', "invalid character 'q' in string escape code"),
        (r'{"a\u12g":1}', r"invalid character 'g' in \u hexadecimal character escape"),
        ("[]", OUTSIDE.format("array")),
        ('"x"', OUTSIDE.format("string")),
        ("1.5", OUTSIDE.format("number")),
        ("true", OUTSIDE.format("bool")),
        ('{"a":"x"}', MIDDLE.format("string")),
        ('{"a":["x"],"b":{"y":true}}', MIDDLE.format("array")),
        ('{"a":[1]}', MIDDLE.format("array")),
        ('{"a":1,"a":{"y":true}}', MIDDLE.format("number")),
        ('{"a":{"x":"true"}}', INSIDE.format("string")),
        ('{"a":{"x":{}}}', INSIDE.format("object")),
        ("[" * 100_000, "exceeded max depth"),
    ],
)
def test_bad_json(text: str, complaint: str) -> None:
    """What is neither encoding is an invalid filter, and to an Engine of 2020 what Go's JSON package says of it."""
    with pytest.raises(FilterError, match=r"^invalid filter$") as caught:
        Filters.from_json(text)
    assert caught.value.http_status == 400
    with pytest.raises(FilterError) as caught:
        Filters.from_json(text, OLD)
    assert (caught.value.message, caught.value.http_status) == (complaint, 500)


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        pytest.param(Filters(), "", id="no filters are no parameter"),
        pytest.param(
            Filters.from_flags(["until=1h", "label=b", "label=a"]),
            '{"label":{"a":true,"b":true},"until":{"1h":true}}',
            id="keys and values are sorted",
        ),
        pytest.param(Filters({"label!": frozenset()}), '{"label!":{}}', id="a key without values"),
        pytest.param(Filters.from_json('{"a":{"x":false}}'), '{"a":{"x":false}}', id="a false value"),
        pytest.param(
            Filters.from_flags(['label=<&>\u2028"\u00e9\udcff']),
            '{"label":{"\\u003c\\u0026\\u003e\\u2028\\"\u00e9\ufffd":true}}',
            id="escaped as Go does",
        ),
    ],
)
def test_to_json(filters: Filters, text: str) -> None:
    """Filters are written as docker sends them."""
    assert filters.to_json() == text


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_FILTERS = st.dictionaries(_TEXTS, st.dictionaries(_TEXTS, st.booleans(), max_size=3), max_size=3).map(
    lambda members: Filters.from_json(json.dumps(members))
)


@given(_FILTERS)
def test_json_round_trip(filters: Filters) -> None:
    """What was written is what is read."""
    assert Filters.from_json(filters.to_json()) == filters


@given(st.text() | st.text('{}[]",:truefalsn\\ u0x-1', max_size=12))
def test_json_never_surprised(text: str) -> None:
    """Any text at all is either filters or refused, in the words of either age."""
    try:
        filters = Filters.from_json(text)
    except FilterError:
        with pytest.raises(FilterError) as caught:
            Filters.from_json(text, OLD)
        starts = ("invalid character '", "unexpected end of JSON input", "json: cannot unmarshal ")
        assert caught.value.message.startswith(starts)
    else:
        assert Filters.from_json(text, OLD) == filters


@given(_FILTERS, _FILTERS, _FILTERS)
def test_union_laws(a: Filters, b: Filters, c: Filters) -> None:
    """A union asks nobody's order, and nothing adds nothing."""
    assert a.union(b) == b.union(a)
    assert a.union(b).union(c) == a.union(b.union(c))
    assert a.union(a) == a == a.union(Filters())
    assert all(key in a.union(b) for key in (*a.values, *b.values))


@given(_FILTERS, _TEXTS, _TEXTS)
def test_with_value(filters: Filters, key: str, value: str) -> None:
    """A value that was added is there and true, and the rest is as before."""
    more = filters.with_value(key, value)
    assert value in more.true_values(key)
    assert more.get(key) == filters.get(key) | {value}
    assert key in more
    assert filters.union(more) == more


@pytest.mark.parametrize(
    ("flags", "entries", "merged"),
    [
        pytest.param([], ["label=keep"], ["label=keep"], id="an entry is added"),
        pytest.param(["label=a"], ["label=b"], ["label=a", "label=b"], id="beside the flags"),
        pytest.param(["label!=a"], ["label=a"], ["label!=a"], id="the flags win over the same label"),
        pytest.param(["label=a"], ["label!=a"], ["label=a"], id="either way"),
        pytest.param(["label!=a"], ["label=b"], ["label!=a", "label=b"], id="but not over another"),
        pytest.param(["label=a=1"], ["label!=a"], ["label=a=1", "label!=a"], id="the whole value is compared"),
        pytest.param([], ["label=a", "label!=a"], ["label=a"], id="an earlier entry wins too"),
        pytest.param(["until=1h"], ["until=2h"], ["until=1h", "until=2h"], id="other keys are always added"),
        pytest.param(["=1h"], ["until=1h"], ["=1h", "until=1h"], id="whatever the empty key holds"),
        pytest.param([], ["nonsense", ""], [], id="an entry without an equals sign is dropped"),
    ],
)
def test_merge_config(flags: list[str], entries: list[str], merged: list[str]) -> None:
    """`pruneFilters` are merged by the rule of CLI 29."""
    assert Filters.from_flags(flags).merge_config(entries) == Filters.from_flags(merged)


def test_merge_config_verbatim() -> None:
    """Entries are neither trimmed nor lower-cased."""
    assert Filters().merge_config([" LABEL = x "]).get(" LABEL ") == {" x "}


def test_prompt_filters() -> None:
    """The prompt lists labels and until in natural order, and nothing else."""
    flags = ["until=10m", "until=5m", "label=x", "label!=y", "label=a=b", "type=regular", "label=a", "label=a10"]
    flags += ["label=a02", "label=a2", "label=\u00e9", "label=0", "label=00"]
    assert prompt_filters(Filters.from_flags(flags)) == [
        *("label!=y", "label=0", "label=00", "label=a", "label=a2", "label=a02", "label=a10", "label=a=b"),
        *("label=x", "label=\u00e9", "until=5m", "until=10m"),
    ]


def labels(text: str) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in text.split())


CLASSIC = [
    pytest.param([], "", True, id="no filter"),
    pytest.param(["label=x"], "x", True, id="has the label"),
    pytest.param(["label=x"], "x=1", True, id="with any value"),
    pytest.param(["label=x"], "y", False, id="has another"),
    pytest.param(["label=x"], "", False, id="has none"),
    pytest.param(["label=x=1"], "x=1", True, id="has the value"),
    pytest.param(["label=x=1"], "x=12", False, id="has another value"),
    pytest.param(["label=x=1"], "X=1", False, id="has another case"),
    pytest.param(["label=x="], "x", True, id="has the empty value"),
    pytest.param(["label=x="], "x=1", False, id="has no empty value"),
    pytest.param(["label=a=b=c"], "a=b=c", True, id="a value may hold equals signs"),
    pytest.param(["label=x", "label=y"], "x y", True, id="has both"),
    pytest.param(["label=x", "label=y"], "x", False, id="has one of two"),
    pytest.param(["label!=x"], "x", False, id="has the excluded label"),
    pytest.param(["label!=x"], "y", True, id="has it not"),
    pytest.param(["label!=x"], "", True, id="has no label at all"),
    pytest.param(["label!=x=1"], "x=2", True, id="has the excluded label with another value"),
    pytest.param(["label!=x", "label!=y"], "x", True, id="has one of two excluded labels"),
    pytest.param(["label!=x", "label!=y"], "x y", False, id="has both excluded labels"),
    pytest.param(["label=x", "label!=y"], "x", True, id="required and not excluded"),
    pytest.param(["label=x", "label!=y"], "x y", False, id="required but excluded"),
    pytest.param(["label=k!=v"], "k!=v", True, id="an exclamation mark is part of a key"),
]
EACH = {  # where the containerd image store judges otherwise
    "has one of two excluded labels": False,
    "an exclamation mark is part of a key": True,
}


@pytest.mark.parametrize(("flags", "carried", "passes"), CLASSIC)
def test_labels(flags: list[str], carried: str, passes: bool) -> None:
    """An object passes when it has all required labels, and not all of the excluded ones together."""
    assert LabelFilter.from_filters(Filters.from_flags(flags)).match(labels(carried)) is passes


@pytest.mark.parametrize(("flags", "carried", "passes"), CLASSIC)
def test_labels_each(request: pytest.FixtureRequest, flags: list[str], carried: str, passes: bool) -> None:
    """In the containerd image store every excluded label counts for itself."""
    passes = EACH.get(request.node.callspec.id, passes)
    assert LabelFilter.from_filters(Filters.from_flags(flags), each=True).match(labels(carried)) is passes


@pytest.mark.parametrize(
    ("flag", "carried", "passes"),
    [
        pytest.param("label=k!=v", "k=v", False, id="label turned around by a mark"),
        pytest.param("label=k!=v", "k=w", True, id="which another value passes"),
        pytest.param("label=k!", "k=w", False, id="without a value the label must be absent"),
        pytest.param("label!=k!", "k=w", True, id="turned around twice"),
        pytest.param("label!=k!=v", "", False, id="turned around twice, label absent"),
    ],
)
def test_labels_each_turned(flag: str, carried: str, passes: bool) -> None:
    """There a `!` at the end of a label's key turns the test around."""
    assert LabelFilter.from_filters(Filters.from_flags([flag]), each=True).match(labels(carried)) is passes


@pytest.mark.parametrize(
    ("text", "each", "carried", "passes"),
    [
        pytest.param('{"label!":{}}', False, {}, False, id="excluding nothing rejects everything"),
        pytest.param('{"label!":{}}', False, {"x": ""}, False, id="labelled or not"),
        pytest.param('{"label!":{}}', True, {}, True, id="but not in the containerd store"),
        pytest.param('{"label":{}}', False, {}, True, id="requiring nothing rejects nothing"),
        pytest.param('{"label":["x"]}', False, None, True, id="a missing configuration passes"),
        pytest.param('{"label!":{}}', False, None, True, id="whatever is asked"),
        pytest.param('{"label!":["x"]}', True, None, False, id="but not in the containerd store, missing"),
        pytest.param("{}", True, None, True, id="unless nothing is asked there"),
        pytest.param('{"label":{"x":false}}', False, {"x": ""}, True, id="false makes no difference"),
    ],
)
def test_labels_edges(text: str, each: bool, carried: dict[str, str] | None, passes: bool) -> None:
    """Keys without values and images without configuration are judged as the stores do."""
    assert LabelFilter.from_filters(Filters.from_json(text), each=each).match(carried) is passes


_LABELS = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["", "1", "2"]), max_size=3)
_VALUES = st.frozensets(st.sampled_from(["x", "y", "x=1", "y=2", "z=", "z=1"]), max_size=3)


@given(_VALUES, _VALUES, _LABELS)
def test_label_laws(required: frozenset[str], excluded: frozenset[str], carried: dict[str, str]) -> None:
    """Excluding is the opposite of requiring, more conditions let less pass, and each for itself lets least pass."""
    classic = LabelFilter(required, excluded).match(carried)
    assert LabelFilter(excluded=excluded).match(carried) is not LabelFilter(excluded).match(carried)
    assert classic is (LabelFilter(required).match(carried) and LabelFilter(excluded=excluded).match(carried))
    if excluded and LabelFilter(required, excluded, each=True).match(carried):
        assert classic
    assert LabelFilter(required, each=True).match(carried) is LabelFilter(required).match(carried)


def test_long_label() -> None:
    """The containerd store refuses a label of more than 4096 bytes, and the graph drivers do not mind."""
    fits = Filters.from_flags(["label!=" + "\u00e9" * 2047 + "=vv"])
    assert LabelFilter.from_filters(fits, each=True).match({})
    long = Filters.from_flags(["label=" + "k" * 100 + "=" + "v" * 3997])
    assert not LabelFilter.from_filters(long).match({})
    with pytest.raises(FilterError) as caught:
        LabelFilter.from_filters(long, each=True)
    assert caught.value.message == (
        f"label key and value length (4097 bytes) greater than maximum size (4096 bytes), key: {'k' * 64}: "
        "invalid argument"
    )


def test_cache_filter() -> None:
    """A record passes when any filter of the list matches; a list of the empty filter is not the empty list."""
    records = [{"type": "regular"}, {"type": "frontend"}, {"type": "internal"}]

    def chosen(*given: str) -> list[str]:
        return [r["type"] for r in records if CacheFilter(given).match(r.get)]

    assert chosen("type==regular", "type==internal") == ["regular", "internal"]
    assert chosen("type==regular,type==internal") == []
    assert chosen() == chosen("") == chosen("type==regular", "") == ["regular", "frontend", "internal"]
    assert CacheFilter() != CacheFilter(("",))
    assert CacheFilter(("",)).given == ("",)


def test_bad_cache_filter() -> None:
    """A filter that does not parse is shown with the whole list."""
    with pytest.raises(FilterError) as caught:
        CacheFilter(("mutable", "type=x"))
    assert caught.value.message == (
        "failed to parse prune filters [mutable type=x]: "
        'filters: parse error: [type >|=|< x]: unsupported operator "=": invalid argument'
    )


def test_thousands_of_ids_are_one_question() -> None:
    """Filters that only ask for equality are looked up together, however many they are."""
    wanted = CacheFilter((*(f"id==r{n}" for n in range(5_000)), "type==x,mutable"))
    asked: list[str] = []

    def lookup(name: str) -> str | None:
        asked.append(name)
        return {"id": "r4999", "type": "x"}.get(name)

    assert wanted.match(lookup)
    assert asked == ["id"]
    assert not wanted.match({"id": "r5000", "type": "x"}.get)
    assert not wanted.match(lambda _name: None)
    assert wanted.match({"id": "r5000", "type": "x", "mutable": ""}.get)
