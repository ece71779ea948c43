"""What a person may have meant: the nearest known words to one that is not known, as a line for stderr."""

from __future__ import annotations

from collections.abc import Iterable

from prunecli.printable import printable

_LONGEST = 100
"""Characters beyond which a word is no slip of the fingers; comparing takes the product of two lengths."""

_MOST = 1000
"""Words that are compared at most, those of the nearest length: a slip of the fingers changes it little."""

_NO = "no-"


def did_you_mean(typed: str, known: Iterable[str], *, before: str = "", most: int = 1) -> str:
    """Return `Did you mean "prune"?`, or nothing where no known word is close; `before` stands before each.

    At most `most` words are named, the nearest first. What turns something off is never offered for what turns it on.
    """
    from difflib import get_close_matches

    words = (w for w in known if len(w) <= _LONGEST and w.startswith(_NO) == typed.startswith(_NO))
    safe = [w for w in dict.fromkeys(words) if w and printable(w) == w]
    if len(typed) > _LONGEST:
        return ""
    nearest = sorted(safe, key=lambda w: abs(len(w) - len(typed)))[:_MOST]
    return question(f"{before}{word}" for word in get_close_matches(typed, nearest, n=most))


def question(words: Iterable[str]) -> str:
    """Return `Did you mean "a", "b" or "c"?`, or nothing without words."""
    quoted = [f'"{word}"' for word in words]
    if not quoted:
        return ""
    *first, last = quoted
    return f"Did you mean {', '.join(first)}{' or ' if first else ''}{last}?"
