"""The JSON of a create request, held against the types that an Engine expects."""

from __future__ import annotations

from typing import Any

from prunecli.errors import RefusedError
from prunecli.server.messages import go_kind


class Body:
    """One object of a request; keys that are missing or null have Go's zero values, unknown ones do not count.

    Keys are found whatever their case, as Go finds them. Every method raises RefusedError for a value of another type,
    in the words of Go's JSON package, where `type` is the name of the whole.
    """

    def __init__(self, document: dict[str, Any], type: str, path: str = "") -> None:
        self._values = {key.lower(): value for key, value in document.items()}
        self._type = type
        self._path = path

    def text(self, key: str) -> str:
        """Return a text, empty without one."""
        value = self._get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(key, value, "string")
        return _sane(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a truth value."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, value, "bool")
        return value

    def labels(self, key: str) -> dict[str, str]:
        """Return a mapping of texts, empty without one."""
        value = self._get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(key, value, "map[string]string")
        found = Body(value, self._type, f"{self._path}{key}.")
        return {_sane(name): found.text(name) for name in value}

    def part(self, key: str) -> Body:
        """Return an object within, empty without one."""
        value = self._get(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._wrong(key, value, "struct")
        return Body(value, self._type, f"{self._path}{key}.")

    def parts(self, key: str) -> list[dict[str, str]]:
        """Return a list of mappings of texts, empty without one."""
        value = self._get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, value, "slice")
        held = Body({str(n): item for n, item in enumerate(value)}, self._type, f"{self._path}{key}.")
        return [held.labels(str(n)) for n in range(len(value))]

    def _get(self, key: str) -> Any:
        return self._values.get(key.lower())

    def _wrong(self, key: str, value: Any, wanted: str) -> RefusedError:
        where = f"{self._type}.{self._path}{key}"
        return RefusedError(
            f"invalid JSON: json: cannot unmarshal {go_kind(value)} into Go struct field {where} of type {wanted}"
        )


def _sane(text: str) -> str:
    """Return the text with U+FFFD for half of a surrogate pair, which JSON can spell and no store can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
