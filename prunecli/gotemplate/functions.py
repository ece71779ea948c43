"""The functions a template can call: Go's own, and those that Docker adds for `--format`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast
from urllib.parse import quote_plus

from prunecli.gotemplate.comparing import equal, less
from prunecli.gotemplate.formatting import sprint, sprintln
from prunecli.gotemplate.gojson import go_json
from prunecli.gotemplate.printf import sprintf
from prunecli.gotemplate.values import (
    INVALID,
    Boxed,
    FunctionError,
    Kind,
    Struct,
    check_length,
    element,
    is_list,
    kind_of,
    to_bytes,
    to_text,
    truth,
    type_name,
    typed,
    unbox,
    valid_utf8,
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the types of its parameters, by which arguments are checked.

    `ANY` takes everything; `more` says that any number of further arguments of any type may follow.
    """

    call: Callable[..., object]
    params: tuple[str, ...] = ()
    more: bool = False


ANY: Final = "any"


def _index(item: object, *indexes: object) -> object:
    """Return `item[a][b]`; a missing key gives the zero value of the map's elements."""
    item = unbox(item)
    if item is INVALID:
        raise FunctionError("index of untyped nil")
    for index in map(unbox, indexes):
        if isinstance(item, Boxed) and item.value is None:
            raise FunctionError("index of nil pointer")
        item = unbox(item)
        if isinstance(item, Mapping):
            item = _lookup(item, index)
        elif isinstance(item, str) or is_list(item):
            item = _element_at(cast("str | Sequence[object]", item), index)
        else:
            raise FunctionError(f"can't index item of type {_pointed_type(item)}")
    return item


def _lookup(mapping: Mapping[str, object], key: object) -> object:
    if not isinstance(key, str) or type_name(key) != "string":
        name = type_name(key)
        raise FunctionError(
            "value is nil; should be of type string" if key is INVALID else f"value has type {name}; should be string"
        )
    if key in mapping:
        return element(mapping, mapping[key])
    return _zero(type_name(mapping).partition("]")[2])


def _zero(go_type: str) -> object:
    """Return the zero value of a type."""
    if go_type == "string":
        return ""
    if go_type == "bool":
        return False
    if go_type.startswith(("int", "uint")) and go_type[-1] in "t12468":
        return typed(0, go_type)
    if go_type.startswith("float"):
        return 0.0
    if go_type.startswith(("[]", "map[")):
        return typed(None, go_type)
    return Boxed(None)


def _element_at(item: str | Sequence[object], index: object) -> object:
    content = to_bytes(item) if isinstance(item, str) else item
    place = _index_number(index, len(content))
    if place == len(content):
        raise FunctionError(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
    return typed(content[place], "uint8") if isinstance(content, bytes) else element(item, content[place])


def _index_number(index: object, length: int) -> int:
    if index is INVALID:
        raise FunctionError("cannot index slice/array with nil")
    if kind_of(index) not in (Kind.INT, Kind.UINT):
        raise FunctionError(f"cannot index slice/array with type {type_name(index)}")
    number = cast("int", index)
    if not 0 <= number <= length:
        raise FunctionError(f"index out of range: {number}")
    return int(number)


def _pointed_type(item: object) -> str:
    return type_name(item).removeprefix("*")


def _slice(item: object, *indexes: object) -> object:
    """Return `item[a:b]` of a list, or of the bytes of a string."""
    item = unbox(item)
    if item is INVALID:
        raise FunctionError("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionError(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str):
        if len(indexes) == 3:
            raise FunctionError("cannot 3-index slice a string")
        content: Sequence[object] | bytes = to_bytes(item)
    elif is_list(item):
        content = cast("Sequence[object]", item)
    else:
        raise FunctionError(f"can't slice item of type {type_name(item)}")
    bounds = [0, len(content)]
    bounds[: len(indexes)] = [_index_number(index, len(content)) for index in indexes]
    for low, high in pairwise(bounds):
        if low > high:
            raise FunctionError(f"invalid slice index: {low} > {high}")
    part = content[bounds[0] : bounds[1]]
    if isinstance(part, bytes):
        return to_text(part) if type_name(item) == "string" else typed(to_text(part), type_name(item))
    return typed(part, type_name(item))


def _len(item: object) -> int:
    if isinstance(item, Boxed) and item.value is None:
        raise FunctionError("len of nil pointer")
    item = unbox(item)
    if isinstance(item, str):
        return len(to_bytes(item))
    if is_list(item) or isinstance(item, Mapping):
        return len(cast("Sequence[object]", item))
    if item is INVALID:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    raise FunctionError(f"len of type {_pointed_type(item)}")


def _text(values: Sequence[object]) -> str:
    """Return what `html`, `js` and `urlquery` escape: the values printed as actions print them."""
    return sprint([printable(unbox(value)) for value in values])


def printable(value: object) -> object:
    """Return a value as an action prints it: what a pointer points to, and `<no value>` for none."""
    if value is INVALID:
        return "<no value>"
    if isinstance(value, Struct) and value.is_pointer:
        return Struct(value.type_name.removeprefix("*"), value.fields)
    return value


_HTML: Final = str.maketrans({"\0": "�", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})


class _JsTable(dict[int, str]):
    """What becomes of each character; those not asked for yet are found and kept."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        unsafe = char < " " or (char > "\x7f" and not char.isprintable() and not "\ud800" <= char <= "\udfff")
        self[code] = f"\\u{code:04X}" if unsafe else char
        return self[code]


_JS: Final = _JsTable(
    str.maketrans(
        {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
    )
)


def _json(value: object) -> str:
    try:
        return go_json(value, escape_html=False)
    except ValueError as error:
        raise FunctionError(str(error)) from None


def _upper(text: str) -> str:
    return "".join(map(_upper_char, valid_utf8(text)))


def _upper_char(char: str) -> str:
    """Return Unicode's simple upper case: one character for one."""
    return next((changed for changed in (char.upper(), char.title()) if len(changed) == 1), char)


def _lower(text: str) -> str:
    return "".join(char.lower()[0] for char in valid_utf8(text))


def _title(text: str) -> str:
    """Return the text with each word's first letter in title case; letters, digits and `_` are inside a word."""
    inside, out = False, []
    for char in valid_utf8(text):
        titled = char.title()
        out.append(char if inside or len(titled) != 1 else titled)
        inside = char == "_" or (char.isalnum() if char.isascii() else not char.isspace())
    return "".join(out)


def _split(text: str, separator: str) -> object:
    return typed(text.split(separator) if separator else list(text), "[]string")


def _join(texts: Sequence[str], separator: str) -> str:
    check_length(len(texts) * len(separator))
    return str(separator).join(texts)


def _pad(text: str, before: int, after: int) -> str:
    """Return the text with that many spaces around it, unless it is empty."""
    if not text:
        return text
    if min(before, after) < 0:
        raise FunctionError("strings: negative Repeat count")
    check_length(before + after)
    return " " * before + text + " " * after


def _truncate(text: str, length: int) -> str:
    """Return the first bytes of a text."""
    data = to_bytes(text)
    if length < 0:
        raise FunctionError(f"runtime error: slice bounds out of range [:{length}]")
    return to_text(data[:length])


def _call(name: str, function: object) -> object:
    if unbox(function) is INVALID:
        raise FunctionError("call of nil")
    raise FunctionError(f"non-function {name} of type {type_name(unbox(function))}")


GO_FUNCTIONS: Final[Mapping[str, Function]] = {
    "and": Function(lambda *_: INVALID, (ANY,), more=True),  # the execution does these two itself: they stop early
    "or": Function(lambda *_: INVALID, (ANY,), more=True),
    "not": Function(lambda value: not truth(value), (ANY,)),
    "call": Function(_call, (ANY,), more=True),
    "index": Function(_index, (ANY,), more=True),
    "slice": Function(_slice, (ANY,), more=True),
    "len": Function(_len, (ANY,)),
    "print": Function(lambda *values: sprint(values), more=True),
    "printf": Function(lambda form, *values: sprintf(form, values), ("string",), more=True),
    "println": Function(lambda *values: sprintln(values), more=True),
    "html": Function(lambda *values: _text(values).translate(_HTML), more=True),
    "js": Function(lambda *values: _text(values).translate(_JS), more=True),
    "urlquery": Function(lambda *values: quote_plus(to_bytes(_text(values))), more=True),
    "eq": Function(equal, (ANY,), more=True),
    "ne": Function(lambda a, b: not equal(a, b), (ANY, ANY)),
    "lt": Function(less, (ANY, ANY)),
    "le": Function(lambda a, b: less(a, b) or equal(a, b), (ANY, ANY)),
    "gt": Function(lambda a, b: not (less(a, b) or equal(a, b)), (ANY, ANY)),
    "ge": Function(lambda a, b: not less(a, b), (ANY, ANY)),
}

DOCKER_FUNCTIONS: Final[Mapping[str, Function]] = {
    "json": Function(_json, (ANY,)),
    "split": Function(_split, ("string", "string")),
    "join": Function(_join, ("[]string", "string")),
    "title": Function(_title, ("string",)),
    "lower": Function(_lower, ("string",)),
    "upper": Function(_upper, ("string",)),
    "pad": Function(_pad, ("string", "int", "int")),
    "truncate": Function(_truncate, ("string", "int")),
}


def _first(text: Any, *_: Any) -> object:
    return text


# In a table's header the columns' names pass through unchanged, but for their padding.
HEADER_FUNCTIONS: Final[Mapping[str, Function]] = {
    **DOCKER_FUNCTIONS,
    **{name: Function(_first, ("string",)) for name in ("json", "title", "lower", "upper")},
    **{name: Function(_first, ("string", "string")) for name in ("split", "join")},
    "truncate": Function(_first, ("string", "int")),
}
