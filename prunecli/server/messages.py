"""A request as the views see it, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from prunecli.errors import RefusedError
from prunecli.filters import Filters
from prunecli.filters_json import refuse_constant, syntax_complaint
from prunecli.profile import Profile
from prunecli.server.query import Form

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

_UNTRUE = frozenset({"", "0", "no", "false", "none"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request on a known route.

    `names` are the parts of the path that the route leaves open, decoded. `profile` speaks the API version that was
    asked for. `body` holds what came, `content_type` what it was called; `upload` is a file with the body of a route
    that takes large ones.
    """

    method: str
    path: str
    profile: Profile
    names: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    content_type: str | None = None
    body: bytes = b""
    upload: BinaryIO | None = None

    @property
    def api(self) -> tuple[int, int]:
        """The API version that the client speaks."""
        return self.profile.api

    def text(self, key: str) -> str:
        """Return a parameter's first value, empty without one."""
        return self.form.first(key)

    def flag(self, key: str) -> bool:
        """Return a truth value as an Engine reads it: everything is true but nothing, `0`, `no`, `false` and `none`."""
        return self.text(key).strip().lower() not in _UNTRUE

    def filters(self) -> Filters:
        """Return the parameter `filters`. Errors: FilterError."""
        return Filters.from_json(self.text("filters"), self.profile)

    def document(self, go_type: str) -> dict[str, Any]:
        """Return the JSON object of the body, empty without one, as a create route reads it.

        Errors: RefusedError in the Engine's words, which name the Go type that it is read into.
        """
        if not self.body:
            return {}
        self._check_content_type()
        try:
            document = json.loads(self.body.decode("utf-8", "replace"), parse_constant=refuse_constant)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Extra data"):
                raise RefusedError("unexpected content after JSON") from None
            raise RefusedError(f"invalid JSON: {syntax_complaint(error)}") from None
        except (ValueError, RecursionError) as error:
            raise RefusedError(f"invalid JSON: {error}") from None
        if document is None:
            return {}
        if not isinstance(document, dict):
            kind = go_kind(document)
            raise RefusedError(f"invalid JSON: json: cannot unmarshal {kind} into Go value of type {go_type}")
        return document

    def _check_content_type(self) -> None:
        given = self.content_type or ""
        media = given.partition(";")[0].strip().lower()
        if not media:
            raise RefusedError(f"malformed Content-Type header ({given}): mime: no media type")
        if media != JSON:
            raise RefusedError(f"unsupported Content-Type header ({given}): must be 'application/json'")


def go_kind(value: Any) -> str:
    """Return what Go's JSON package calls a value: `array`, `number`."""
    if isinstance(value, bool):
        return "bool"
    return {str: "string", list: "array", dict: "object", type(None): "null"}.get(type(value), "number")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `headers` beside those that every answer has; `anonymous` answers do without those."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False


def json_answer(document: Any, status: int = 200) -> Answer:
    """Return JSON as Go's encoder writes it for an Engine: without blanks, not escaped for HTML, with a line's end."""
    return Answer(status, to_json(document), JSON)


def to_json(document: Any) -> bytes:
    """Return the bytes of an answer's JSON; what is no valid Unicode becomes U+FFFD."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def refusal(message: str, status: int) -> Answer:
    """Return an Engine's error."""
    return json_answer({"message": message}, status)


NOT_FOUND = Answer(404, to_json({"message": "page not found"}), JSON, anonymous=True)
"""The answer for an unknown path, and for a known one with the wrong method."""
