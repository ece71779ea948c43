"""Cut a template into tokens, with the trim markers and comments already applied."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from prunecli.gotemplate.literals import describe_char, quote
from prunecli.gotemplate.values import to_bytes


class Kind(Enum):
    """What a token is; an `ERROR` carries the message in place of text."""

    ERROR = auto()
    EOF = auto()
    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    BOOL = auto()
    CHAR = auto()
    CHAR_LITERAL = auto()
    NUMBER = auto()
    STRING = auto()
    FIELD = auto()
    VARIABLE = auto()
    IDENTIFIER = auto()
    DOT = auto()
    NIL = auto()
    KEYWORD = auto()
    ASSIGN = auto()
    DECLARE = auto()
    PIPE = auto()
    LEFT_PAREN = auto()
    RIGHT_PAREN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `position` counts characters from the start, `line` from 1."""

    kind: Kind
    text: str
    position: int
    line: int

    def __str__(self) -> str:
        """Name the token as Go's messages do."""
        if self.kind is Kind.EOF:
            return "EOF"
        if self.kind is Kind.ERROR:
            return self.text
        if self.kind in (Kind.KEYWORD, Kind.DOT, Kind.NIL):
            return f"<{self.text}>"
        if len(to_bytes(self.text)) > 10:
            return quote(self.text[:10]) + "..."
        return quote(self.text)

    def is_keyword(self, word: str) -> bool:
        return self.kind is Kind.KEYWORD and self.text == word


_KEYWORDS: Final = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"},
)
_WORDS: Final = {"nil": Kind.NIL, "true": Kind.BOOL, "false": Kind.BOOL} | dict.fromkeys(_KEYWORDS, Kind.KEYWORD)
_PUNCTUATION: Final = {"=": Kind.ASSIGN, "|": Kind.PIPE, "(": Kind.LEFT_PAREN, ")": Kind.RIGHT_PAREN}
_QUOTED: Final = {
    '"': (re.compile(r'"(?:\\[^\n]|[^\\\n"])*"'), Kind.STRING, "unterminated quoted string"),
    "`": (re.compile(r"`[^`]*`"), Kind.STRING, "unterminated raw quoted string"),
    "'": (re.compile(r"'(?:\\[^\n]|[^\\\n'])*'"), Kind.CHAR_LITERAL, "unterminated character constant"),
}
_SPACES: Final = " \t\r\n"
_SPACE_RUN: Final = re.compile(r"[ \t\r\n]+")
_RIGHT: Final = re.compile(r"([ \t\r\n]-)?\}\}")
_TERMINATORS: Final = frozenset(_SPACES + ".,|:()")
_NUMBER: Final = re.compile(
    r"""[+-]?(?:
        0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?
      | 0[oO][0-7_]*(?:\.[0-7_]*)?
      | 0[bB][01_]*(?:\.[01_]*)?
      | [0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?
    )i?""",
    re.VERBOSE,
)


def _is_alphanumeric(char: str) -> bool:
    return char == "_" or unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}


class _LexError(Exception):
    """A mistake in the text, to become an ERROR token."""


class _Lexer:
    """One pass over a template's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0  # of the token being read
        self.position = 0
        self.line = 1  # at `start`
        self.depth = 0  # of open parentheses

    def token(self, kind: Kind) -> Token:
        """Return the text since the last token as a token, and begin the next one."""
        token = Token(kind, self.text[self.start : self.position], self.start, self.line)
        self.skip()
        return token

    def skip(self) -> None:
        """Begin the next token here, without the text before it."""
        self.line += self.text.count("\n", self.start, self.position)
        self.start = self.position

    def tokens(self) -> Iterator[Token]:
        """Give all tokens; the last one is an EOF or an ERROR."""
        try:
            while (left := self.text.find("{{", self.position)) >= 0:
                yield from self.text_before(left)
                self.position = left + 2
                trims = self.text[left + 2 : left + 3] == "-" and self.text[left + 3 : left + 4] in tuple(_SPACES)
                if self.text.startswith("/*", left + 4 if trims else left + 2):
                    self.position += 2 if trims else 0
                    self.skip()
                    self.comment()
                    continue
                yield self.token(Kind.LEFT)
                self.position += 2 if trims else 0
                self.skip()
                self.depth = 0
                yield from self.action()
            self.position = len(self.text)
            if self.position > self.start:
                yield self.token(Kind.TEXT)
            yield Token(Kind.EOF, "", self.position, self.line)
        except _LexError as error:
            yield Token(Kind.ERROR, str(error), self.start, self.line)

    def text_before(self, left: int) -> Iterator[Token]:
        """Give the text up to an action, less the space that a trim marker eats."""
        self.position = left
        if self.text[left + 2 : left + 3] == "-" and self.text[left + 3 : left + 4] in tuple(_SPACES):
            self.position = self.start + len(self.text[self.start : left].rstrip(_SPACES))
        if self.position > self.start:
            yield self.token(Kind.TEXT)
        self.position = left
        self.skip()

    def right_delimiter(self) -> re.Match[str] | None:
        return _RIGHT.match(self.text, self.position)

    def close(self, delimiter: re.Match[str]) -> None:
        """Go past the space after an action when its end has a trim marker."""
        if delimiter[1]:
            space = _SPACE_RUN.match(self.text, self.position)
            self.position = space.end() if space else self.position
            self.skip()

    def comment(self) -> None:
        """Skip a comment, whose `/*` comes next."""
        end = self.text.find("*/", self.position + 2)
        if end < 0:
            raise _LexError("unclosed comment")
        self.position = end + 2
        delimiter = self.right_delimiter()
        if delimiter is None:
            raise _LexError("comment ends before closing delimiter")
        self.position = delimiter.end()
        self.skip()
        self.close(delimiter)

    def action(self) -> Iterator[Token]:
        """Give the tokens of one action, up to and with its right delimiter."""
        while (delimiter := self.right_delimiter()) is None:
            yield self.inside()
        if self.depth > 0:
            raise _LexError("unclosed left paren")
        if delimiter[1]:
            self.position += 2
            self.skip()
        self.position = delimiter.end()
        yield self.token(Kind.RIGHT)
        self.close(delimiter)

    def inside(self) -> Token:
        """Return one token from inside an action."""
        if self.position >= len(self.text):
            raise _LexError("unclosed action")
        char = self.text[self.position]
        if char in _SPACES:
            return self.space()
        if char in _QUOTED:
            return self.quoted(*_QUOTED[char])
        follower = self.text[self.position + 1 : self.position + 2]
        if char == "$" or (char == "." and follower and follower not in "0123456789"):
            return self.name(Kind.VARIABLE if char == "$" else Kind.FIELD)
        if char in ".+-" or char in "0123456789":
            return self.number()
        if _is_alphanumeric(char):
            return self.name(Kind.IDENTIFIER)
        return self.punctuation(char, follower)

    def punctuation(self, char: str, follower: str) -> Token:
        self.position += 1
        if char == ":":
            self.position += 1
            if follower != "=":
                raise _LexError("expected :=")
            return self.token(Kind.DECLARE)
        self.depth += {"(": 1, ")": -1}.get(char, 0)
        if self.depth < 0:
            raise _LexError("unexpected right paren")
        if char in _PUNCTUATION:
            return self.token(_PUNCTUATION[char])
        if char.isascii() and char.isprintable():
            return self.token(Kind.CHAR)
        raise _LexError(f"unrecognized character in action: {describe_char(char)}")

    def space(self) -> Token:
        """Return a run of space, less the last one when that belongs to a trim marker."""
        run = _SPACE_RUN.match(self.text, self.position)
        self.position = run.end() if run else self.position
        if _RIGHT.match(self.text, self.position - 1):
            self.position -= 1
        return self.token(Kind.SPACE)

    def quoted(self, pattern: re.Pattern[str], kind: Kind, complaint: str) -> Token:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise _LexError(complaint)
        self.position = match.end()
        return self.token(kind)

    def name(self, kind: Kind) -> Token:
        """Return a `.Field`, a `$variable`, a lone `.`, or a word."""
        self.position += 1
        while self.position < len(self.text) and _is_alphanumeric(self.text[self.position]):
            self.position += 1
        if not self.at_terminator():
            raise _LexError(f"bad character {describe_char(self.text[self.position])}")
        word = self.text[self.start : self.position]
        if word == ".":
            return self.token(Kind.DOT)
        return self.token(_WORDS.get(word, kind))

    def at_terminator(self) -> bool:
        """Say whether a name may end here."""
        if self.position >= len(self.text) or self.text[self.position] in _TERMINATORS:
            return True
        return self.text.startswith("}}", self.position)

    def number(self) -> Token:
        self.scan_number()
        if self.text[self.position : self.position + 1] in ("+", "-"):  # 1+2i
            self.scan_number()
            if self.text[self.position - 1] != "i":
                raise self.bad_number()
        return self.token(Kind.NUMBER)

    def scan_number(self) -> None:
        match = _NUMBER.match(self.text, self.position)
        self.position = match.end() if match else self.position
        if self.position < len(self.text) and _is_alphanumeric(self.text[self.position]):
            self.position += 1
            raise self.bad_number()

    def bad_number(self) -> _LexError:
        return _LexError(f"bad number syntax: {quote(self.text[self.start : self.position])}")


def tokenize(text: str) -> list[Token]:
    """Return the template's tokens; the last one is an EOF, or an ERROR that says what is wrong."""
    return list(_Lexer(text).tokens())
