"""How much work the regular expressions of one question may cause.

A question is a filter of many records, or a list's. What it asks about is not trusted to be small, and neither are the
expressions: `[ab]*a[ab]{1000}c` has more states than there are atoms, and a few hundred of it fit into a page.
"""

from __future__ import annotations

from prunecli.errors import FilterError

_STATES = 10_000  # of all expressions together
_EXPRESSIONS = 32
_WORDS = 10  # expressions that only look for words count as one of the others together
_MEMORY = 64_000_000  # bytes for what is learnt about all of them
_START = 10_000_000  # units of work, of about 0.1 microseconds
_EACH = 3_000  # more units for every object that is looked at


class Effort:
    """What is left to spend; everything that is compiled for one question shares it."""

    def __init__(self) -> None:
        self.states = _STATES
        self.expressions = 0
        self._words = 0
        self._left = _START

    @property
    def memory(self) -> int:
        """Bytes that one expression may use for what it has learnt."""
        return _MEMORY // max(self.expressions, 1)

    def begin(self, *, words: bool = False) -> None:
        """Count one more expression. Errors: FilterError when they are too many."""
        self._words += words
        self.expressions += not words
        if self.expressions + self._words // _WORDS > _EXPRESSIONS:
            raise FilterError(
                f"too many regular expressions: no more than {_EXPRESSIONS} can be looked for at once, "
                f"or {_EXPRESSIONS * _WORDS} that are plain words"
            )

    def claim_state(self) -> None:
        """Count one more state. Errors: FilterError when they are too many."""
        self.states -= 1
        if self.states < 0:
            raise FilterError(
                f"regular expression too large: with its repetitions written out, it has more than {_STATES} parts"
            )

    def look(self) -> None:
        """Allow for one more object."""
        self._left += _EACH

    def spend(self, units: int) -> None:
        """Take from what is left. Errors: FilterError when nothing is."""
        self._left -= units
        if self._left < 0:
            raise FilterError(
                "regular expression too costly: it can match in too many ways at once; ask for less repetition"
            )
