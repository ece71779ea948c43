"""From the bytes of a file to the JSON object of an Engine dump, or one sentence about why not."""

from __future__ import annotations

import json
import re
from typing import Any

from prunecli.errors import DumpError
from prunecli.wire.fields import Json, kind_of

FORMAT = "engine-dump/v1"
EXPECTED = f"expected an Engine dump ({FORMAT})"

_LITERALS = ("true", "false", "null")
_NUMBER_BEGUN = re.compile(r"\.|[eE][+-]?")  # what may be left of a number behind its whole part


def parse_dump(text: str | bytes, source: str = "the dump") -> Json:
    """Return the JSON object of an Engine dump; only its format is checked.

    Errors: DumpError, with `source` as the name of the file.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not data.strip():
        raise DumpError(f"{source} is empty: {EXPECTED}")
    document = _load(data, source)
    if not isinstance(document, dict):
        raise DumpError(f"{source} is {kind_of(document)}: {EXPECTED}")
    check_format(document, source)
    return document


def check_format(document: Json, source: str) -> None:
    """Raise DumpError unless the document calls itself an Engine dump."""
    if "format" not in document:
        raise DumpError(f'{source} has no "format": {EXPECTED}')
    found = document["format"]
    if found != FORMAT:
        shown = f'"{found}"' if isinstance(found, str) else kind_of(found)
        raise DumpError(f"{source} has the format {shown}: {EXPECTED}")


def _load(data: bytes, source: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        if e.end == len(data) and e.reason == "unexpected end of data":
            raise _cut_short(source, data) from None
        raise DumpError(f"{source} is not UTF-8 at byte {e.start}: {EXPECTED}") from None
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as e:
        if _is_cut(text, e):
            raise _cut_short(source, data) from None
        raise DumpError(f"{source} is not JSON at line {e.lineno}, column {e.colno}: {EXPECTED}") from None
    except RecursionError:
        raise DumpError(f"{source} is nested too deeply: {EXPECTED}") from None
    except ValueError as e:  # NaN, or a number of thousands of digits
        raise DumpError(f"{source} is not JSON: {e}".partition(";")[0] + f": {EXPECTED}") from None
    if "\\ud" in text or "\\uD" in text:
        _refuse_surrogates(document, source)
    return document


def _cut_short(source: str, data: bytes) -> DumpError:
    return DumpError(f"{source} is cut short at byte {len(data)}: {EXPECTED}")


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Say whether more text could have made it JSON."""
    rest = text[error.pos :].rstrip()
    if not rest or error.msg.startswith("Unterminated string"):
        return True
    if error.msg.startswith("Invalid \\") and len(rest) < len("uFFFF\\uFFFF"):
        return '"' not in rest
    if _NUMBER_BEGUN.fullmatch(rest) and text[error.pos - 1].isdigit():
        return True
    return error.msg == "Expecting value" and (rest == "-" or any(word.startswith(rest) for word in _LITERALS))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"it has the number {name}")


def _refuse_surrogates(document: Any, source: str) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DumpError(f"{source} holds half of a surrogate pair, which is no text: {EXPECTED}") from None
