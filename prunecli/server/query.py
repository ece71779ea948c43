"""What stands in a URL: a path, percent-decoded, and parameters as Go reads them.

Source: Go net/url and net/http, `Request.ParseForm`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from prunecli.errors import RefusedError
from prunecli.units import go_quote

FORM = "application/x-www-form-urlencoded"

_ESCAPE = re.compile(rb"%(?:([0-9a-fA-F]{2})|(.{0,2}))", re.DOTALL)
_MOST_PARAMETERS = 10_000


@dataclass(frozen=True, slots=True)
class Form:
    """Parameters: each key with its values, in the order in which they came."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def first(self, key: str) -> str:
        """Return a parameter's first value, empty without one."""
        return self.values.get(key, ("",))[0]

    def all(self, key: str) -> tuple[str, ...]:
        """Return all values of a parameter."""
        return self.values.get(key, ())

    def __contains__(self, key: object) -> bool:
        """Whether a parameter was given, be it empty."""
        return key in self.values


def split_target(target: str) -> tuple[str, str]:
    """Return path and query, both still encoded, of what follows the method in a request: a path or a whole URL."""
    if "://" in target.partition("/")[0] + "//" and not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def decode_path(path: str) -> str | None:
    """Return a path without percent-encoding, or None where that is malformed."""
    try:
        return _decoded(path)
    except RefusedError:
        return None


def clean_path(path: str) -> str:
    """Return a path without empty parts, `.` and `..`: where it differs, an Engine sends the client there."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts) + ("/" if path.endswith("/") and parts else "")


def parse_form(query: str, body: bytes = b"", content_type: str | None = None) -> Form:
    """Return the parameters of a query and of a body that is a form; those of the body come first.

    Errors: RefusedError in Go's words.
    """
    texts = [query]
    if content_type is not None and content_type.partition(";")[0].strip().lower() == FORM:
        texts.insert(0, body.decode("latin-1"))
    values: dict[str, tuple[str, ...]] = {}
    count = 0
    for text in texts:
        for pair in text.split("&"):
            if not pair:
                continue
            count += 1
            if count > _MOST_PARAMETERS:
                raise RefusedError("number of URL query parameters exceeded limit")
            if ";" in pair:
                raise RefusedError("invalid semicolon separator in query")
            key, _, value = pair.partition("=")
            name = _decoded(key.replace("+", " "))
            values[name] = (*values.get(name, ()), _decoded(value.replace("+", " ")))
    return Form(values)


def _decoded(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")

    def byte(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            raise RefusedError(f"invalid URL escape {go_quote(found[0].decode('utf-8', 'replace'))}")
        return bytes([int(found[1], 16)])

    return _ESCAPE.sub(byte, data).decode("utf-8", "replace")
