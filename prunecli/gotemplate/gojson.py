"""Go's `encoding/json`, compact form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from prunecli.gotemplate.formatting import shortest_float
from prunecli.gotemplate.values import Kind, Struct, is_list, is_nil, kind_of, sorted_items, unbox

_ESCAPED: Final = re.compile('[\x00-\x1f"\\\\\u2028\u2029\ud800-\udfff]')
_ESCAPED_HTML: Final = re.compile('[\x00-\x1f"\\\\\u2028\u2029\ud800-\udfff<>&]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def go_json(value: object, *, escape_html: bool) -> str:
    """Return the value as Go's JSON encoder writes it, without a newline at the end.

    A struct's keys keep their order, a map's are sorted by bytes. With `escape_html`, as in `json.Marshal`, `<` becomes
    `\\u003c`, and `>` and `&` likewise; in a struct with methods they always do (see `Struct`). Raises `ValueError`
    with Go's words for a float that is no number or infinite.
    """
    value = unbox(value)
    if isinstance(value, Struct):
        escape_html = escape_html or value.methods
        return _object(value.json_items, escape_html)
    if is_nil(value):
        return "null"
    if isinstance(value, str):
        return _string(value, escape_html)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return _object(sorted_items(value), escape_html)
    if is_list(value):
        items = cast("Iterable[object]", value)
        return f"[{','.join(go_json(item, escape_html=escape_html) for item in items)}]"
    raise ValueError(
        "json: unsupported type: " + ("complex128" if kind_of(value) is Kind.COMPLEX else repr(type(value)))
    )


def _object(items: Iterable[tuple[str, object]], escape_html: bool) -> str:
    pairs = (f"{_string(key, escape_html)}:{go_json(item, escape_html=escape_html)}" for key, item in items)
    return f"{{{','.join(pairs)}}}"


def _string(text: str, escape_html: bool) -> str:
    pattern = _ESCAPED_HTML if escape_html else _ESCAPED
    return f'"{pattern.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    if "\ud800" <= match[0] <= "\udfff":  # a byte that is no UTF-8
        return "\\ufffd"
    return _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}"


def _float(number: float) -> str:
    if not math.isfinite(number):
        name = "NaN" if math.isnan(number) else f"{'+' if number > 0 else '-'}Inf"
        raise ValueError(f"json: unsupported value: {name}")
    return re.sub(r"e-0(\d)$", r"e-\1", shortest_float(number, low=-6, high=21))
