"""Go's `Sprintf`: read a format, and print each directive's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from prunecli.gotemplate.formatting import PLAIN, Verb, format_value
from prunecli.gotemplate.values import INVALID, Kind, check_length, count, kind_of, type_name, unbox

_TOO_LARGE: Final = 1_000_000  # for a width or precision
_FLAGS: Final = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_DIGITS: Final = frozenset("0123456789")


def sprintf(form: str, values: Sequence[object]) -> str:
    """Return the format with its directives filled in; what does not fit is marked there: `%!d(MISSING)`."""
    return _Printf(form, [unbox(value) for value in values]).run()


class _Printf:
    """One pass over a format."""

    def __init__(self, form: str, values: Sequence[object]) -> None:
        self.form = form
        self.values = values
        self.position = 0
        self.argument = 0  # the next value to print
        self.length = 0  # of what was padded
        self.reordered = False
        self.good_index = True
        self.after_index = False
        self.out: list[str] = []

    def run(self) -> str:
        while self.position < len(self.form):
            percent = self.form.find("%", self.position)
            percent = len(self.form) if percent < 0 else percent
            self.out.append(self.form[self.position : percent])
            self.position = percent + 1
            if percent < len(self.form):
                self.directive()
        if not self.reordered and self.argument < len(self.values):
            extra = self.values[self.argument :]
            self.out.append(f"%!(EXTRA {', '.join(map(_describe, extra))})")
        return "".join(self.out)

    def peek(self) -> str:
        return self.form[self.position : self.position + 1]

    def directive(self) -> None:
        """Print one directive, whose percent sign is past."""
        self.good_index, self.after_index = True, False
        flags: dict[str, Any] = {}
        while self.peek() in _FLAGS:
            flags[_FLAGS[self.peek()]] = True
            self.position += 1
        verb = replace(PLAIN, **flags)
        self.index()
        verb = self.width(verb)
        verb = self.precision(verb)
        if not self.after_index:
            self.index()
        letter = self.peek()
        self.position += 1
        if not letter:
            self.out.append("%!(NOVERB)")
        elif letter == "%":
            self.out.append("%")
        elif not self.good_index:
            self.out.append(f"%!{letter}(BADINDEX)")
        elif self.argument >= len(self.values):
            self.out.append(f"%!{letter}(MISSING)")
        else:
            verb = replace(verb, letter=letter)
            if letter in "vw":
                verb = replace(verb, sharp=False, plus=False, go_syntax=verb.sharp, names=verb.plus)
            self.expect(self.values[self.argument], verb)
            self.out.append(format_value(self.values[self.argument], verb))
            self.argument += 1

    def expect(self, value: object, verb: Verb) -> None:
        """Refuse a directive that would make too long a text: each thing in a value gets the whole width."""
        self.length += count(value) * ((verb.width or 0) + (verb.precision or 0))
        check_length(self.length)

    def index(self) -> None:
        """Read the `[n]` that picks a value, counted from 1."""
        self.after_index = False
        if self.peek() != "[":
            return
        self.reordered = True
        closing = self.form.find("]", self.position)
        if closing < 0:
            self.good_index = False
            self.position += 1
            return
        digits = self.form[self.position + 1 : closing]
        self.position = closing + 1
        if not digits or not set(digits) <= _DIGITS or len(digits) > 7:
            self.good_index = False
            return
        self.after_index = True
        if 1 <= int(digits) <= len(self.values):
            self.argument = int(digits) - 1
        else:
            self.good_index = False

    def width(self, verb: Verb) -> Verb:
        if self.peek() == "*":
            self.position += 1
            number = self.star("%!(BADWIDTH)")
            self.after_index = False
            if number is None:
                return verb
            if number < 0:  # a negative width is a minus flag
                return replace(verb, width=-number, minus=True, zero=False)
            return replace(verb, width=number)
        number = self.number()
        if self.after_index and number is not None:
            self.good_index = False
        return replace(verb, width=number)

    def precision(self, verb: Verb) -> Verb:
        if self.peek() != "." or self.position + 1 >= len(self.form):
            return verb
        self.position += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.peek() == "*":
            self.position += 1
            number = self.star("%!(BADPREC)", least=0)
            self.after_index = False
            return replace(verb, precision=number)
        return replace(verb, precision=self.number() or 0)

    def star(self, complaint: str, *, least: int = -_TOO_LARGE) -> int | None:
        """Take the next value as a width or precision; complain in the text when it is none."""
        value = self.values[self.argument] if self.argument < len(self.values) else None
        self.argument = min(self.argument + 1, max(len(self.values), self.argument))
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= _TOO_LARGE:
            return int(value)
        self.out.append(complaint)
        return None

    def number(self) -> int | None:
        number: int | None = None
        while self.peek() in _DIGITS:
            if number is not None and number > _TOO_LARGE:
                self.position = len(self.form)
                return None
            number = (number or 0) * 10 + int(self.peek())
            self.position += 1
        return number


def _describe(value: object) -> str:
    """Return a value that no directive asked for, with its type."""
    if value is INVALID or kind_of(value) is Kind.INVALID:
        return "<nil>"
    return f"{type_name(value)}={format_value(value, PLAIN)}"
