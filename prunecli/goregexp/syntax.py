r"""The syntax of Go's regular expressions: text to a tree.

Source: Go regexp/syntax with the Perl flags, which regexp.Compile uses: `.` does not match a line feed, `[^a]`
does, `$` is the end of the text alone, and `\b`, `\d`, `\s` and `\w` know ASCII only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from prunecli.errors import FilterError
from prunecli.goregexp.classes import (
    PERL_CLASSES,
    POSIX_CLASSES,
    RegexpError,
    Test,
    any_of,
    between,
    category,
    exactly,
    folded,
    negated,
)

_MAX_DEPTH = 100
_MAX_REPEAT = 1000


class Place(Enum):
    """Where an assertion holds."""

    TEXT_START = r"\A"
    TEXT_END = r"\z"
    LINE_START = "^"
    LINE_END = "$"
    WORD_EDGE = r"\b"
    NO_WORD_EDGE = r"\B"


@dataclass(frozen=True, slots=True)
class Character:
    """One character that passes a test."""

    test: Test


@dataclass(frozen=True, slots=True)
class Assertion:
    """No character, but a place between two."""

    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """One node after the other; none at all matches the empty text."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """Any one of the nodes."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A node `low` to `high` times; None is no bound."""

    node: Node
    low: int
    high: int | None


Node: TypeAlias = Character | Assertion | Sequence | Alternation | Repetition

_SIMPLE_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_BOUNDS = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}")
_NAMED_GROUP = re.compile(r"\(\?P?<([A-Za-z0-9_]+)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_CATEGORY = re.compile(r"[pP](?:\{(\^?)([^}]*)\}|([^{]))", re.DOTALL)
_POSIX = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLACES = {"A": Place.TEXT_START, "z": Place.TEXT_END, "b": Place.WORD_EDGE, "B": Place.NO_WORD_EDGE}


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    lines: bool = False
    dot_all: bool = False


def parse_pattern(pattern: str) -> Node:
    """Return the tree of a pattern. Errors: RegexpError, also for a pattern that is not valid UTF-8."""
    if re.search("[\ud800-\udfff]", pattern):
        raise RegexpError("invalid UTF-8")
    parser = _Parser(pattern)
    node = parser.alternatives()
    if parser.rest:
        raise RegexpError("unexpected )")
    return node


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._flags = _Flags()

    @property
    def rest(self) -> bool:
        """Whether anything is left to read."""
        return self._at < len(self._pattern)

    def alternatives(self) -> Node:
        """Read up to the end of the pattern or the `)` that closes this group."""
        branches: list[list[Node]] = [[]]
        repeated = False  # whether the last thing was a repetition: a** is a mistake
        while self.rest and self._peek() != ")":
            bounds = self._bounds()
            if bounds is not None:
                branches[-1][-1:] = [_repeat(branches[-1], bounds, repeated)]
                repeated = True
                continue
            repeated = False
            if self._take("|"):
                branches.append([])
            else:
                branches[-1].extend(self._item())
        nodes = tuple(branch[0] if len(branch) == 1 else Sequence(tuple(branch)) for branch in branches)
        return nodes[0] if len(nodes) == 1 else Alternation(nodes)

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            raise RegexpError("unexpected end")
        self._at += 1
        return char

    def _take(self, literal: str) -> bool:
        if not self._pattern.startswith(literal, self._at):
            return False
        self._at += len(literal)
        return True

    def _match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        found = expression.match(self._pattern, self._at)
        if found:
            self._at = found.end()
        return found

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read `*`, `+`, `?` or `{2,3}`, with a `?` behind it; None, and nothing read, for anything else."""
        bounds = _SIMPLE_REPEATS.get(self._peek())
        if bounds is not None:
            self._at += 1
        else:
            found = self._match(_BOUNDS)
            if found is None:
                return None
            low = _count(found[1])
            bounds = (low, low if found[2] is None else None if found[3] is None else _count(found[3]))
        self._take("?")
        return bounds

    def _item(self) -> list[Node]:
        """Read one thing that can be repeated; flags and empty quotations are none."""
        if self._peek() == "(":
            return self._group()
        char = self._next()
        if char == "\\":
            return self._backslash()
        if char == "[":
            return [Character(self._class())]
        if char == ".":
            return [Character(_anything if self._flags.dot_all else negated(exactly("\n")))]
        if char == "^":
            return [Assertion(Place.LINE_START if self._flags.lines else Place.TEXT_START)]
        if char == "$":
            return [Assertion(Place.LINE_END if self._flags.lines else Place.TEXT_END)]
        return [self._literal(char)]

    def _group(self) -> list[Node]:
        outer = self._flags
        if self._match(_NAMED_GROUP):
            pass  # two groups of one name are no mistake to Go
        elif self._pattern.startswith("(?", self._at):
            flags = self._match(_FLAGS)
            if flags is None:
                raise RegexpError("invalid or unsupported Perl syntax")
            self._set_flags(flags[1], True)
            self._set_flags(flags[2] or "", False)
            if flags[3] == ")":
                return []  # they hold up to the end of the group around them
        else:
            self._at += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError(f"regular expression nests too deeply: no more than {_MAX_DEPTH} groups in each other")
        node = self.alternatives()
        if not self._take(")"):
            raise RegexpError("missing closing )")
        self._depth -= 1
        self._flags = outer
        return [node]

    def _set_flags(self, letters: str, value: bool) -> None:
        names = {"i": "fold", "m": "lines", "s": "dot_all"}  # U only turns greed around
        self._flags = replace(self._flags, **{names[c]: value for c in letters if c in names})

    def _literal(self, char: str) -> Node:
        return Character(self._fold(exactly(char)))

    def _fold(self, test: Test) -> Test:
        return folded(test) if self._flags.fold else test

    def _backslash(self) -> list[Node]:
        char = self._peek()
        if char in _PLACES:
            self._at += 1
            return [Assertion(_PLACES[char])]
        if self._take("Q"):
            text, _, _ = self._pattern[self._at :].partition("\\E")
            self._at = min(self._at + len(text) + len("\\E"), len(self._pattern))
            return [self._literal(c) for c in text]
        test = self._class_escape()
        return [Character(test) if test else self._literal(self._escape())]

    def _class_escape(self) -> Test | None:
        r"""Read what follows the backslash of `\d` or `\pL`; None, and nothing read, for another escape."""
        char = self._peek()
        if char and char in "pP":
            found = self._match(_CATEGORY)
            if found is None:
                raise RegexpError("invalid character class range")
            test = self._fold(category(found[2] if found[3] is None else found[3]))
            return negated(test) if (char == "P") != bool(found[1]) else test
        if char.lower() not in PERL_CLASSES:
            return None
        self._at += 1
        test = self._fold(PERL_CLASSES[char.lower()])
        return negated(test) if char.isupper() else test

    def _escape(self) -> str:
        """Read what follows the backslash of an escaped character."""
        if found := self._match(_OCTAL):
            return chr(int(found[0], 8))
        if found := self._match(_HEX):
            code = int((found[1] or found[2])[-8:], 16) if len((found[2] or "").lstrip("0")) <= 6 else -1
            if not 0 <= code <= 0x10FFFF:
                raise RegexpError("invalid escape sequence")
            return chr(code)
        char = self._next()
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isascii() and not char.isalnum():
            return char
        raise RegexpError("invalid escape sequence")

    def _class(self) -> Test:
        """Read a class behind its `[`."""
        inverted = self._take("^")
        tests: list[Test] = []
        while not tests or self._peek() != "]":
            tests.append(self._class_item())
        self._at += 1
        test = any_of(tests)
        return negated(test) if inverted else test

    def _class_item(self) -> Test:
        named = self._match(_POSIX)
        if named:
            if named[2] not in POSIX_CLASSES:
                raise RegexpError("invalid character class range")
            test = self._fold(POSIX_CLASSES[named[2]])
            return negated(test) if named[1] else test
        if self._take("\\"):
            escaped = self._class_escape()
            if escaped:
                return escaped
            low = self._escape()
        else:
            low = self._next()
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("", "]"):
            return self._fold(exactly(low))
        self._at += 1
        high = self._escape() if self._take("\\") else self._next()
        if high < low:
            raise RegexpError("invalid character class range")
        return self._fold(between(low, high))


def _anything(_char: str) -> bool:
    return True


def _count(digits: str) -> int:
    if len(digits) > 4 or int(digits) > _MAX_REPEAT:
        raise RegexpError("invalid repeat count")
    return int(digits)


def _repeat(branch: list[Node], bounds: tuple[int, int | None], repeated: bool) -> Node:
    if not branch:
        raise RegexpError("missing argument to repetition operator")
    if repeated:
        raise RegexpError("invalid nested repetition operator")
    low, high = bounds
    if high is not None and high < low:
        raise RegexpError("invalid repeat count")
    node = Repetition(branch[-1], low, high)
    if max(low, high or 0) > 1 and _copies(node) > _MAX_REPEAT:
        raise RegexpError("invalid repeat count")
    return node


def _copies(node: Node) -> int:
    """Return how often the most repeated part is written out when all bounds are unfolded."""
    match node:
        case Repetition(_, _, 0):
            return 1  # Go does not look into what is left out
        case Repetition(inner, low, high):
            return max(low if high is None else high, 1) * _copies(inner)
        case Sequence(nodes) | Alternation(nodes):
            return max((_copies(n) for n in nodes), default=1)
    return 1
