"""Columns of text, laid out as Docker and buildx lay them out.

A tab ends a cell. Cells of one column in lines that follow one another get the same width; a line without that column
ends it. What comes after a line's last tab is no column and is never padded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

_ZERO_WIDTH_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Me", "Mn", "Zl", "Zp"})
_JOINER: Final = "\u200d"


def display_width(text: str) -> int:
    """Return how many cells of a terminal the text takes.

    East Asian wide characters and emoji take two; control and combining characters none; of characters joined into one
    (by a zero-width joiner, a skin tone, or as a flag) only the first counts.
    Source: go-runewidth over grapheme clusters, which Docker's table writer measures with.
    """
    if text.isascii() and text.isprintable():
        return len(text)
    width, previous, flag_open = 0, "", False
    for char in text:
        flag_half = "\U0001f1e6" <= char <= "\U0001f1ff"
        skin_tone = "\U0001f3fb" <= char <= "\U0001f3ff" and width > 0
        joined = previous == _JOINER or (flag_half and flag_open) or skin_tone
        width += 0 if joined else _char_width(char)
        flag_open = flag_half and not flag_open
        previous = char
    return width


def _char_width(char: str) -> int:
    if "\u1160" <= char <= "\u11ff" or unicodedata.category(char) in _ZERO_WIDTH_CATEGORIES:
        return 0  # vowels and final consonants of Hangul join the consonant before them
    return _cells(char)


def _cells(char: str) -> int:
    if unicodedata.category(char) == "Cn":  # unassigned: narrow, but in the planes kept for ideographs
        return 2 if "\U00020000" <= char <= "\U0003fffd" else 1
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def truncate_display(text: str, width: int) -> str:
    """Return the text cut to `width` cells with `…` at its end, or whole when it fits; nothing for a width of 0.

    A width of 1 gives the first character, however wide, and text whose first character alone is too wide stays whole.
    Source: `Ellipsis` of docker/cli, which counts a combining character as one cell.
    """
    if width <= 1:
        return text[:1] if width == 1 else ""
    if sum(map(_cells, text)) <= width:
        return text
    taken = 0
    for place, char in enumerate(text):
        taken += _cells(char)
        if taken > width - 1:
            return text[:place] + "…" if place else text
    return text


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    width: int


@dataclass(slots=True)
class TabWriter:
    """An elastic tab writer: takes text in pieces, and gives it back aligned as soon as the widths are known.

    A cell is at least `minwidth` wide, its `padding` included. With a tab as `padchar` widths grow to a multiple of
    `tabwidth`, and cells are filled up with tabs. `measure` gives a cell's width: by default its number of characters.
    A line with a single cell, a form feed, and `flush` end all columns.
    Source: Go's `text/tabwriter`, without its flags.
    """

    minwidth: int
    tabwidth: int
    padding: int
    padchar: str
    measure: Callable[[str], int] = len
    _lines: list[list[_Cell]] = field(default_factory=lambda: [[]], init=False)
    _open: str = field(default="", init=False)  # the cell that has no end yet

    def write(self, text: str) -> str:
        """Take text, and return what has become final through it."""
        done: list[str] = []
        start = 0
        for place, char in enumerate(text):
            if char not in "\t\v\n\f":
                continue
            self._open += text[start:place]
            start = place + 1
            self._end_cell()
            if char in "\n\f":
                single = len(self._lines[-1]) == 1
                self._lines.append([])
                if char == "\f" or single:
                    done.append(self.flush())
        self._open += text[start:]
        return "".join(done)

    def flush(self) -> str:
        """Return everything that is still held back, and end all columns."""
        if self._open:
            self._end_cell()
        out = "".join(self._layout(self._lines, ()))
        self._lines = [[]]
        return out

    def _end_cell(self) -> None:
        self._lines[-1].append(_Cell(self._open, self.measure(self._open)))
        self._open = ""

    def _layout(self, lines: Sequence[list[_Cell]], widths: tuple[int, ...]) -> Iterator[str]:
        """Give the lines' text; `widths` are those of the columns that all these lines share."""
        column = len(widths)
        for has_column, group in groupby(lines, lambda line: len(line) - 1 > column):
            block = list(group)
            if has_column:
                width = max(line[column].width for line in block) + self.padding
                yield from self._layout(block, (*widths, max(self.minwidth, width)))
            else:
                yield from (self._line(line, widths) for line in block)

    def _line(self, line: list[_Cell], widths: tuple[int, ...]) -> str:
        pieces = [cell.text + self._fill(cell.width, width) for cell, width in zip(line, widths, strict=False)]
        pieces += [cell.text for cell in line[len(widths) :]]
        return "".join(pieces) + ("" if line is self._lines[-1] else "\n")

    def _fill(self, used: int, width: int) -> str:
        if self.padchar != "\t":
            return self.padchar * (width - used)
        if self.tabwidth == 0:
            return ""
        stops = -(-width // self.tabwidth)
        return "\t" * -(-(stops * self.tabwidth - used) // self.tabwidth)


def align_columns(text: str) -> str:
    """Return tab-separated lines as Docker's tables show them: columns at least 10 cells wide, 3 of them blank."""
    writer = TabWriter(minwidth=10, tabwidth=1, padding=3, padchar=" ", measure=display_width)
    return writer.write(text) + writer.flush()


def render_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells, the header first, as a table with a newline after each row; its last column is not padded.

    Tabs and newlines inside a cell end it, as in Docker: callers replace them in text from outside.
    """
    return align_columns("".join("\t".join(row) + "\n" for row in rows))
