"""The JSON of the Engine API's `filters` parameter, read as Go reads it into its two shapes.

Source: moby, filters.FromJSON; Go encoding/json.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeAlias

from prunecli.units import go_quote

Members: TypeAlias = dict[str, dict[str, bool]]
"""Each key with its values, and whether they were given as true."""

_END = "unexpected end of JSON input"
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_CONTEXTS = {
    "Expecting property name": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\u": "in \\u hexadecimal character escape",
}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Pairs(list[tuple[str, Any]]):
    """The members of an object in order, repeated keys included."""


def read_members(text: str) -> Members:
    """Read a map of maps of booleans, or else a map of lists of texts; of a repeated key the last one counts.

    `null` is an empty map, text or set, and false, wherever it stands.
    Errors: ValueError with the complaint of Go's JSON package about the first of the two shapes.
    """
    try:
        document = json.loads(
            _LONE_SURROGATE.sub("\ufffd", text),
            object_pairs_hook=_Pairs,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise ValueError(syntax_complaint(error)) from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    if document is None:
        return {}
    complaint = _complaint(document)
    if not complaint:
        return {_sane(key): {_sane(v): bool(true) for v, true in values or ()} for key, values in document}
    if not _is_map_of_lists(document):
        raise ValueError(complaint)
    return {_sane(key): {_sane(v or ""): True for v in values or ()} for key, values in document}


def _sane(text: str) -> str:
    return _LONE_SURROGATE.sub("\ufffd", text)  # what a half of a \uD83D\uDE00 pair becomes in Go


def _is_map_of_lists(document: Any) -> bool:
    if not isinstance(document, _Pairs):
        return False
    return all(v is None or (_is_list(v) and all(t is None or _is_text(t) for t in v)) for _, v in document)


def _complaint(document: Any) -> str:
    """Return Go's complaint about the first thing that does not fit a map of maps of booleans; empty when all fits."""
    if not isinstance(document, _Pairs):
        return _mismatch(document, "map[string]map[string]bool")
    for _, values in document:
        if values is None:
            continue
        if not isinstance(values, _Pairs):
            return _mismatch(values, "map[string]bool")
        for _, true in values:
            if not (true is None or isinstance(true, bool)):
                return _mismatch(true, "bool")
    return ""


def _mismatch(value: Any, go_type: str) -> str:
    kind = "number"
    if isinstance(value, bool):
        kind = "bool"
    elif isinstance(value, _Pairs):
        kind = "object"
    elif _is_list(value):
        kind = "array"
    elif _is_text(value):
        kind = "string"
    return f"json: cannot unmarshal {kind} into Go value of type {go_type}"


class _Number(str):
    """A number, which nothing here asks for."""

    __slots__ = ()


def refuse_constant(name: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, which Python takes and JSON does not know."""
    minus = name.startswith("-")
    raise ValueError(_stray(name[minus], "in numeric literal" if minus else "looking for beginning of value"))


def syntax_complaint(error: json.JSONDecodeError) -> str:
    """Return Go's words for what Python found."""
    text, at = error.doc, error.pos
    context = next((words for start, words in _CONTEXTS.items() if error.msg.startswith(start)), "")
    if error.msg.startswith("Unterminated string"):
        return _END
    if error.msg.startswith("Illegal trailing comma") or error.msg.startswith("Invalid \\escape"):
        at += 1
    elif error.msg.startswith("Invalid \\u"):
        at = _first_other(text, text.rindex("u", 0, at + 2) + 1, "0123456789abcdefABCDEF")
    if not context.startswith("in "):
        at = _first_other(text, at, " \t\r\n")
    if error.msg.startswith("Expecting ','"):
        context = "after object key:value pair" if _innermost(text[:at]) == "{" else "after array element"
    if not context:
        return _value_complaint(text, at)
    return _stray(text[at], context) if at < len(text) else _END


def _value_complaint(text: str, at: int) -> str:
    """Return Go's words about something that is no value: it reads on into literals and numbers."""
    literal = _LITERALS.get(text[at : at + 1], "-")
    same = 0
    while same < len(literal) and text.startswith(literal[: same + 1], at):
        same += 1
    if at + same >= len(text):
        return _END
    stray = text[at + same]
    if not same:
        return _stray(stray, "looking for beginning of value")
    if literal == "-":
        return _stray(stray, "in numeric literal")
    return _stray(stray, f"in literal {literal} (expecting '{literal[same]}')")


def _first_other(text: str, at: int, chars: str) -> int:
    while at < len(text) and text[at] in chars:
        at += 1
    return at


def _innermost(text: str) -> str:
    """Return the bracket that is still open at the end of the text."""
    open_brackets: list[str] = []
    for char in _STRING.sub("", text):
        if char in "[{":
            open_brackets.append(char)
        elif char in "]}":
            open_brackets.pop()
    return open_brackets[-1]


def _stray(char: str, context: str) -> str:
    byte = chr(char.encode()[0])
    quoted = {"'": "'\\''", '"': "'\"'"}.get(byte, f"'{go_quote(byte)[1:-1]}'")
    return f"invalid character {quoted} {context}"


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and not isinstance(value, _Pairs)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, _Number)
