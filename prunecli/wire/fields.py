"""Reading an Engine's JSON: each value is what it should be, or the reader is told where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunecli.errors import DumpError, TimestampError
from prunecli.units import Instant, parse_rfc3339

Json = dict[str, Any]

INT64 = 2**63
_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", type(None): "null"}
_ZERO_YEAR = "0001-01-01T"


class Reader:
    """One object of a dump and the path to it, such as `containers[3].State`.

    Every method raises DumpError, with the path, for a value of the wrong type. Where a `default` is given, a key that
    is missing or null has it.
    """

    __slots__ = ("_source", "data", "path")

    def __init__(self, data: Any, path: str, source: str) -> None:
        self.path, self._source = path, source
        if not isinstance(data, dict):
            raise self._wrong(path, data, "an object")
        self.data: Json = data

    def holding(self, data: Json) -> Reader:
        """Return a reader of other data at the same place."""
        return self if data is self.data else Reader(data, self.path, self._source)

    def wrong(self, key: str, what: str) -> DumpError:
        """Return the error that says what is wrong at a key."""
        return DumpError(f"{self._source}: {self._at(key)} {what}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self._bad(key, "a text")
        return value

    def name(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.text(key)
        if not value:
            raise self.wrong(key, "is empty")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number of 64 bits."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._bad(key, "a whole number")
        if not -INT64 <= value < INT64:
            raise self.wrong(key, "is a number of more than 64 bits")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a truth value."""
        value = self.data.get(key, default)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._bad(key, "true or false")
        return value

    def instant(self, key: str) -> Instant | None:
        """Return an RFC 3339 time; None where it is missing, null, empty or Go's zero time."""
        text = self.text(key, "")
        if not text or text.startswith(_ZERO_YEAR):
            return None
        try:
            instant = parse_rfc3339(text)
        except TimestampError:
            raise self.wrong(key, f'is "{text}": expected an RFC 3339 time') from None
        if not -INT64 <= instant < INT64:
            raise self.wrong(key, f'is "{text}", which is not between the years 1678 and 2261')
        return instant

    def dated(self, key: str) -> Instant:
        """Return an RFC 3339 time, 0 where there is none."""
        return self.instant(key) or 0

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where it is missing or null."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._bad(key, "a list of texts")
        return tuple(value)

    def labels(self, key: str) -> dict[str, str]:
        """Return a mapping of texts to texts; empty where it is missing or null."""
        value = self.data.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._bad(key, "an object of texts")
        return dict(value)

    def sub(self, key: str) -> Reader:
        """Return the object at a key; an empty one where it is missing or null."""
        value = self.data.get(key)
        return Reader({} if value is None else value, self._at(key), self._source)

    def items(self, key: str) -> list[Reader]:
        """Return the objects in a list; none where it is missing or null."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._bad(key, "a list")
        at = self._at(key)
        return [Reader(item, f"{at}[{n}]", self._source) for n, item in enumerate(value)]

    def values(self, key: str) -> list[Reader]:
        """Return the objects in an object, in order; none where it is missing or null."""
        sub = self.sub(key)
        return [Reader(value, f"{sub.path}.{name}", self._source) for name, value in sub.data.items()]

    def _at(self, key: str) -> str:
        shown = key if key.isalnum() else f'"{key}"'
        return f"{self.path}.{shown}" if self.path else shown

    def _bad(self, key: str, expected: str) -> DumpError:
        if key not in self.data:
            return DumpError(f"{self._source}: {self._at(key)} is missing: expected {expected}")
        return self._wrong(self._at(key), self.data[key], expected)

    def _wrong(self, path: str, value: Any, expected: str) -> DumpError:
        return DumpError(f"{self._source}: {path} is {kind_of(value)}: expected {expected}")


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words: `a list`."""
    return _NAMES.get(type(value), "a number")


def patched(document: Mapping[str, Any], **values: Any) -> Json:
    """Return a copy in which these keys have these values; keys that did not change keep their place."""
    return {**document, **values}
