"""Tests for one character, as Go's regular expressions know them: ranges, classes, categories, and case folding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from prunecli.errors import FilterError

Test: TypeAlias = Callable[[str], bool]


class RegexpError(ValueError):
    """A regular expression that Go refuses, or that is not supported here."""


def exactly(char: str) -> Test:
    """Return the test for one character."""
    return char.__eq__


def between(low: str, high: str) -> Test:
    """Return the test for a range, both ends included."""
    return lambda char: low <= char <= high


def within(chars: str) -> Test:
    """Return the test for any one of the characters."""
    return frozenset(chars).__contains__


def any_of(tests: list[Test]) -> Test:
    """Return the test that passes when one of them does."""
    return lambda char: any(test(char) for test in tests)


def negated(test: Test) -> Test:
    """Return the opposite test."""
    return lambda char: not test(char)


def folded(test: Test) -> Test:
    """Return the test that a character passes when it does so in any other case."""
    return lambda char: any(test(other) for other in _cases(char))


def category(name: str) -> Test:
    """Return the test for a Unicode general category such as `L` or `Nd`.

    Errors: FilterError for what may be the name of a script, RegexpError for any other name.
    """
    if name == "Any":
        return lambda _char: True
    if re.fullmatch("[A-Z][A-Za-z_]{2,}", name):
        raise FilterError(f"regular expression not supported: \\p{{{name}}}, as Unicode scripts are not known here")
    name = name.title()  # Go 1.25 and newer take `lu` for `Lu`
    if name not in _CATEGORIES:
        raise RegexpError(f"unknown character class {name}")
    return lambda char: unicodedata.category(char).startswith(name) and unicodedata.category(char) != "Cn"


_MINOR_CATEGORIES = {"C": "cfos", "L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}
_CATEGORIES = frozenset(major + minor for major, minors in _MINOR_CATEGORIES.items() for minor in ("", *minors))
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_DIGITS = "0123456789"
_ASCII = "".join(map(chr, range(0x80)))

PERL_CLASSES: dict[str, Test] = {
    "d": within(_DIGITS),
    "s": within("\t\n\f\r "),
    "w": within(_LOWER + _UPPER + _DIGITS + "_"),
}
"""What `\\d`, `\\s` and `\\w` stand for, by their letter."""

POSIX_CLASSES: dict[str, Test] = {
    "alnum": within(_LOWER + _UPPER + _DIGITS),
    "alpha": within(_LOWER + _UPPER),
    "ascii": within(_ASCII),
    "blank": within("\t "),
    "cntrl": within("".join(c for c in _ASCII if not c.isprintable())),
    "digit": within(_DIGITS),
    "graph": within("".join(c for c in _ASCII if c.isprintable() and c != " ")),
    "lower": within(_LOWER),
    "print": within("".join(c for c in _ASCII if c.isprintable())),
    "punct": within("".join(c for c in _ASCII if c.isprintable() and c != " " and not c.isalnum())),
    "space": within("\t\n\v\f\r "),
    "upper": within(_UPPER),
    "word": within(_LOWER + _UPPER + _DIGITS + "_"),
    "xdigit": within(_DIGITS + "abcdefABCDEF"),
}
"""What stands between `[:` and `:]`."""

# Characters that another one becomes in lower or upper case, but which that other one never becomes.
_ODD_CASES = {
    "k": "\u212a",  # Kelvin sign
    "s": "\u017f",  # long s
    "\u00e5": "\u212b",  # angstrom sign
    "\u00b5": "\u03bc",  # micro sign
    "\u03bc": "\u00b5",
    "\u03c3": "\u03c2",  # final sigma
    "\u03c9": "\u2126",  # ohm sign
}


@lru_cache(maxsize=1024)
def _cases(char: str) -> frozenset[str]:
    """Return the character in all its cases."""
    found = {char}
    for _ in range(2):
        changed = {c for known in found for c in (known.lower(), known.upper(), known.title()) if len(c) == 1}
        found |= changed | {_ODD_CASES[c] for c in changed if c in _ODD_CASES}
    return frozenset(found)
