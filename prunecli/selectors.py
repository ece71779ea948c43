"""BuildKit's filter language: `type==regular,description~=alpine` and the like, parsed and matched.

```
filter    := "" | selector ("," selector)*
selector  := fieldpath [operator value]
fieldpath := field ("." field)*
field     := quoted | [A-Za-z0-9_]+
operator  := "==" | "!=" | "~="
value     := quoted | what is neither a comma nor white space
quoted    := "..." with Go's escapes; after ~= also /.../ and |...|
```

A comma means "and"; nothing at all matches everything.
Source: containerd, package filters, its lexer's oddities included; `build-cache-gc.md` 6 of the specification.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from prunecli.errors import FilterError
from prunecli.units import go_quote

if TYPE_CHECKING:
    from prunecli.goregexp import Effort, Matcher

Lookup: TypeAlias = Callable[[str], str | None]
"""The value of a field, or None where an object does not have it; a flag that is set has the empty value."""

GO_SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space."""


class Operator(Enum):
    """How a field is compared."""

    PRESENT = ""
    EQUAL = "=="
    NOT_EQUAL = "!="
    MATCHES = "~="


@dataclass(frozen=True, slots=True)
class Condition:
    """One selector. Only the first part of a field path is looked at, as BuildKit does."""

    path: tuple[str, ...]
    operator: Operator = Operator.PRESENT
    value: str = ""
    effort: InitVar[Effort | None] = None
    _matcher: Matcher = field(init=False, repr=False, compare=False)

    def __post_init__(self, effort: Effort | None) -> None:
        matcher = _compile(self.value, effort) if self.operator is Operator.MATCHES else _never
        object.__setattr__(self, "_matcher", matcher)

    def match(self, lookup: Lookup) -> bool:
        """Say whether an object passes; an absent field differs from every value but the empty one."""
        value = lookup(self.path[0])
        if self.operator is Operator.PRESENT:
            return value is not None
        if self.operator is Operator.EQUAL:
            return value == self.value
        if self.operator is Operator.NOT_EQUAL:
            return (value or "") != self.value
        return self._matcher(value or "")


@dataclass(frozen=True, slots=True)
class Selector:
    """One filter: all its conditions must hold; without any it matches everything."""

    conditions: tuple[Condition, ...] = ()

    @property
    def only_equal(self) -> tuple[str, str] | None:
        """The field and the value when all that is asked is whether they are equal."""
        if len(self.conditions) != 1 or self.conditions[0].operator is not Operator.EQUAL:
            return None
        return self.conditions[0].path[0], self.conditions[0].value

    def match(self, lookup: Lookup) -> bool:
        """Say whether an object passes."""
        return all(condition.match(lookup) for condition in self.conditions)


def parse_selector(text: str, effort: Effort | None = None) -> Selector:
    """Read one filter. A regular expression that Go refuses is no error, but matches nothing.

    `effort` bounds the work of the regular expressions of several filters together.
    Errors: FilterError in containerd's words: `filters: parse error: [type >|=|< regular]: unsupported operator "=":
    invalid argument`. Positions are bytes there, so a character beyond ASCII shows up in pieces.
    """
    return Selector(_Parser(text, effort).conditions()) if text else Selector()


def _never(_text: str) -> bool:
    return False


def _compile(pattern: str, effort: Effort | None) -> Matcher:
    from prunecli.goregexp import RegexpError, compile_regexp

    try:
        return compile_regexp(pattern, effort)
    except RegexpError:
        return _never


class _Token(Enum):
    END = "end"
    QUOTED = "quoted"
    VALUE = "value"
    FIELD = "field"
    SEPARATOR = "separator"
    OPERATOR = "operator"
    ILLEGAL = "illegal"
    OTHER = "other"


_END = ""
_ILLEGAL = "\0"
_BROKEN = "\ufffd"  # what Go writes for bytes that are no UTF-8
_ESCAPED_DIGITS = {"x": (16, 2), "u": (16, 4), "U": (16, 8), **dict.fromkeys("01234567", (8, 3))}
_ESCAPED_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


class _Scanner:
    """The lexer; `start` is where the character read last begins, `at` where the next one does."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0
        self.at = 0
        self.complaint = ""  # the first one is the one that is shown
        self._value_next = False

    def peek(self) -> str:
        """Return the next character without reading it; `_END`, or `_ILLEGAL` with a complaint."""
        start, at = self.start, self.at
        char = self._next()
        self.start, self.at = start, at
        return char

    def scan(self) -> tuple[int, _Token, str]:
        """Return the next token: where it begins, what it is, and its text."""
        char = self._next()
        while char and char in GO_SPACES:
            char = self._next()
        begin = self.start
        token = self._scan_from(char)
        return begin, token, self.text[begin : self.at]

    def _scan_from(self, char: str) -> _Token:
        if char in (_END, _ILLEGAL):
            return _Token.ILLEGAL if char else _Token.END
        if char in '/|"':
            return _Token.QUOTED if self._quoted(char) else _Token.ILLEGAL
        if char in ",.":
            self._value_next = False
            return _Token.SEPARATOR
        if char in "=!~":
            self._skip(lambda c: c in "=!~")
            self._value_next = True
            return _Token.OPERATOR
        if self._value_next:
            self._skip(_is_value)
            self._value_next = False
            return _Token.VALUE
        if _is_field(char):
            self._skip(_is_field)
            return _Token.FIELD
        return _Token.OTHER

    def _next(self) -> str:
        self.start = self.at
        if self.at >= len(self.text):
            return _END
        char = self.text[self.at]
        self.at += 1
        if char == _BROKEN or "\ud800" <= char <= "\udfff":
            return self._complain("rune error")
        return self._complain("unexpected null") if char == "\0" else char

    def _skip(self, belongs: Callable[[str], bool]) -> None:
        while (char := self.peek()) not in (_END, _ILLEGAL) and belongs(char):
            self._next()

    def _complain(self, message: str) -> str:
        self.complaint = self.complaint or message
        return _ILLEGAL

    def _quoted(self, quote: str) -> bool:
        """Read up to the closing quote and say whether everything in between is legal."""
        legal = True
        char = self._next()
        while char != quote:
            if char in (_END, _ILLEGAL, "\n"):
                self._complain("quoted literal not terminated")
                return False
            if char == "\\":
                char, escape_legal = self._escape(quote)
                legal = legal and escape_legal
            else:
                char = self._next()
        return legal

    def _escape(self, quote: str) -> tuple[str, bool]:
        """Read one escape; returns the character behind it and whether it is legal."""
        char = self._next()
        if char and (char in _ESCAPED_CONTROLS or char == quote):
            return self._next(), True
        if not char or char not in _ESCAPED_DIGITS:
            self._complain("illegal escape sequence")
            return char, False
        base, missing = _ESCAPED_DIGITS[char]
        if base == 16:
            char = self._next()
        while missing and _is_digit(char, base):
            char = self._next()
            missing -= 1
        if missing:
            self._complain("illegal numeric escape sequence")
        return char, not missing


class _Parser:
    def __init__(self, text: str, effort: Effort | None) -> None:
        self._scanner = _Scanner(text)
        self._effort = effort

    def conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while (char := self._scanner.peek()) != _END:
            if char != ",":
                self._fail(self._scanner.at, f"unexpected input: {_BROKEN if char == _ILLEGAL else char}")
            self._scanner.scan()
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        path = [self._field()]
        while self._scanner.peek() == ".":
            self._scanner.scan()
            path.append(self._field())
        if self._scanner.peek() in (",", _END):
            return Condition(tuple(path))
        operator = self._operator()
        return Condition(tuple(path), operator, self._value(operator), self._effort)

    def _field(self) -> str:
        begin, token, text = self._scanner.scan()
        if token is _Token.FIELD:
            return text
        if token is _Token.QUOTED:
            return self._unquote(begin, text)
        return self._fail_on(token, begin, "expected field or quoted")

    def _operator(self) -> Operator:
        begin, token, text = self._scanner.scan()
        if token is not _Token.OPERATOR:
            self._fail_on(token, begin, 'expected an operator ("=="|"!="|"~=")')
        try:
            return Operator(text)
        except ValueError:
            self._fail(begin, f"unsupported operator {go_quote(text)}")

    def _value(self, operator: Operator) -> str:
        begin, token, text = self._scanner.scan()
        if token is _Token.VALUE:
            return text
        if token is _Token.QUOTED:
            return self._unquote(begin, text, any_quote=operator is Operator.MATCHES)
        return self._fail_on(token, begin, "expected value or quoted")

    def _unquote(self, begin: int, text: str, *, any_quote: bool = False) -> str:
        if text[0] != '"' and not any_quote:
            self._fail(begin, "invalid quote encountered")
        try:
            return _unescape(text[1:-1])
        except ValueError:
            self._fail(begin, "unquoting failed: quote syntax error")

    def _fail_on(self, token: _Token, begin: int, expected: str) -> NoReturn:
        self._fail(begin, self._scanner.complaint if token is _Token.ILLEGAL else expected)

    def _fail(self, at: int, message: str) -> NoReturn:
        raise FilterError(f"filters: parse error: [{_mark(self._scanner.text, at)}]: {message}: invalid argument")


def _is_field(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _is_value(char: str) -> bool:
    return char != "," and char not in GO_SPACES and unicodedata.category(char)[0] in "LMNPS"


def _is_digit(char: str, base: int) -> bool:
    return char != _END and char in "0123456789abcdefABCDEF"[: 8 if base == 8 else None]


def _unescape(text: str) -> str:
    """Return what a legal quotation stands for; bytes that make no UTF-8 become surrogate escapes.

    Errors: ValueError for an escape beyond a byte or beyond Unicode.
    """
    if "\\" not in text:
        return text
    out = bytearray()
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            char = text[at]
            if char in _ESCAPED_DIGITS:
                base, length = _ESCAPED_DIGITS[char]
                begin = at if base == 8 else at + 1
                at = begin + length
                out += _encode(int(text[begin:at], base), whole=char in "uU")
                continue
            at += 1
            char = _ESCAPED_CONTROLS.get(char, char)
        out += char.encode()
    return out.decode("utf-8", "surrogateescape")


def _encode(code: int, *, whole: bool) -> bytes:
    if not whole:
        return bytes([code])
    return (_BROKEN if 0xD800 <= code <= 0xDFFF else chr(code)).encode()


def _mark(text: str, at: int) -> str:
    """Return the text with the byte at a position marked, if the position is inside."""
    shown = "".join(_BROKEN if "\ud800" <= c <= "\udfff" else c for c in text)
    if at >= len(text):
        return shown
    before, here, after = shown[:at], shown[at], shown[at + 1 :]
    if text[at].isascii() or text[at] != here:
        return f"{before} >|{here}|< {after}"
    return f"{before} >|{_BROKEN}|< {_BROKEN * (len(here.encode()) - 1)}{after}"
