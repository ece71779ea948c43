"""Columns as Docker and buildx lay them out, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.tables import TabWriter, align_columns, display_width, render_table, truncate_display

DISK_USAGE = """\
TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
Images          2         1         54.49MB   54.49MB (100%)
Containers      4         1         15.73MB   15.73MB (100%)
Local Volumes   6         5         15.73MB   0B (0%)
Build Cache     4         0         59B       59B
"""

VOLUMES = """\
VOLUME NAME                                                        LINKS     SIZE
volume_bar                                                         1         5.243MB
2eb8298cee742b07f41f2cc5ab1b40a9cbc97a8c2b66fe5bc2c1878b010c0e47   1         0B
"""

CONTAINERS = """\
CONTAINER ID   IMAGE     COMMAND                  LOCAL VOLUMES   SIZE      STATUS                    NAMES
dbb88cd1837f   busybox   "sleep 1000"             2               0B        Up Less than a second     runner
ee51510c33a8   busybox   "sh -c 'dd if=/dev/z…"   1               5.24MB    Exited (0) 1 second ago   container_baz
"""

CACHE = """\
ID                           RECLAIMABLE   SIZE       LAST ACCESSED
02avfh2zopk8m9bp4lm6rab7z    true          0B*        56 seconds ago
nru62wahpg9veuz2hqdofs6j1*   true          0B         56 seconds ago
g2zo6o61vbm3lernj7nniyqdx    true          52.43MB*   56 seconds ago
"""

EMPTY_CACHE = "ID        RECLAIMABLE   SIZE      LAST ACCESSED\n"


def cells(table: str) -> list[list[str]]:
    """Take a table apart at its runs of three or more spaces."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in table.splitlines()]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(DISK_USAGE, id="system df"),
        pytest.param(VOLUMES, id="volumes of system df -v"),
        pytest.param(CONTAINERS, id="containers, with an ellipsis"),
        pytest.param(CACHE, id="buildx du"),
        pytest.param(EMPTY_CACHE, id="a header alone"),
    ],
)
def test_transcripts(table: str) -> None:
    """Docker's own tables come out as they were seen."""
    rows = cells(table)
    assert len({len(row) for row in rows}) == 1
    assert render_table(rows) == table


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], "", id="no rows"),
        pytest.param([["A"], ["long enough"]], "A\nlong enough\n", id="a single column is not padded"),
        pytest.param([["A", "B"], ["", "x"]], "A         B\n          x\n", id="at least ten cells"),
        pytest.param([["1234567", "B"]], "1234567   B\n", id="seven and three are ten"),
        pytest.param([["12345678", "B"]], "12345678   B\n", id="a longer cell keeps its distance"),
        pytest.param([["日本語日本", "B"], ["x", "C"]], "日本語日本   B\nx            C\n", id="wide characters"),
        pytest.param([["A", ""]], "A         \n", id="an empty last cell leaves the padding before it"),
    ],
)
def test_layout(rows: list[list[str]], expected: str) -> None:
    """A column is as wide as its longest cell and three more, and ten at least."""
    assert render_table(rows) == expected


def test_lines_without_a_column_end_it() -> None:
    """Widths hold for lines that follow one another."""
    text = "a\tb\na long first cell\tb\nno column here\na\tb\n"
    assert align_columns(text) == "a                   b\na long first cell   b\nno column here\na         b\n"


def test_the_last_line_needs_no_newline() -> None:
    """Text is given back without a newline that was not there."""
    assert align_columns("a\tb") == "a         b"


def buildx_writer() -> TabWriter:
    return TabWriter(minwidth=1, tabwidth=8, padding=1, padchar="\t")


def test_rows_of_buildx_prune() -> None:
    """The header is laid out with the first row; later rows stand alone, as they are flushed one by one."""
    writer = buildx_writer()
    out = [writer.write("ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\n")]
    rows = [
        ("kal1rx98z7u09au3mfe4ybj8l*", "59B", "Less than a second ago"),
        ("czhp0av6e7azc1n6fjk9qd2da*", "0B", "Less than a second ago"),
    ]
    for name, size, used in rows:
        out.append(writer.write(f"{name:<40}\t{'true':<5}\t{size:<10}\t{used}\n"))
        out.append(writer.flush())
    total = buildx_writer()
    out += [total.write("Total:\t59B\n"), total.flush()]

    assert out[:2] == ["", ""]
    assert "".join(out) == (
        "ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED\n"
        "kal1rx98z7u09au3mfe4ybj8l*              \ttrue \t\t59B       \tLess than a second ago\n"
        "czhp0av6e7azc1n6fjk9qd2da*              \ttrue \t0B        \tLess than a second ago\n"
        "Total:\t59B\n"
    )


def test_verbose_records_of_buildx_prune() -> None:
    """Keys are followed by tabs up to one column; the empty line after a record ends it."""
    writer = buildx_writer()
    record = (
        "ID:\tw6s5bdlkqr11u0qfd7emhxn9a\nParent:\ty0te91kew5ifvfi44kozbikma\n"
        "Created at:\t2026-11-21 07:58:04.654325858 +0000 UTC\nMutable:\tfalse\nUsage count:\t2\n\n"
    )
    assert writer.write(record) == (
        "ID:\t\tw6s5bdlkqr11u0qfd7emhxn9a\nParent:\t\ty0te91kew5ifvfi44kozbikma\n"
        "Created at:\t2026-11-21 07:58:04.654325858 +0000 UTC\nMutable:\tfalse\nUsage count:\t2\n\n"
    )
    assert writer.flush() == ""


def test_the_sums_of_buildx_du() -> None:
    """Four lines, one column."""
    writer = buildx_writer()
    text = "Shared:\t52.43MB\nPrivate:\t59B\nReclaimable:\t52.43MB\nTotal:\t52.43MB\n"
    assert writer.write(text) + writer.flush() == (
        "Shared:\t\t52.43MB\nPrivate:\t59B\nReclaimable:\t52.43MB\nTotal:\t\t52.43MB\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\tbb\tc\naaaaaaaa\tb\tc\n", "a\t\tbb\tc\naaaaaaaa\tb\tc\n", id="two columns"),
        pytest.param("a\tb\f", "a\tb\n", id="a form feed is a newline that flushes"),
        pytest.param("a\tb\nccccccccc\td\n\nx\ty\n", "a\t\tb\nccccccccc\td\n\nx\ty\n", id="a blank line ends columns"),
        pytest.param("\t\tx\n", "\t\tx\n", id="empty cells are one stop wide"),
        pytest.param("a\v\n", "a\t\n", id="a vertical tab ends a cell too"),
    ],
)
def test_tabs_as_padding(text: str, expected: str) -> None:
    """Cells are filled with tabs up to the next stop that all of a column reach."""
    writer = buildx_writer()
    assert writer.write(text) + writer.flush() == expected


@given(st.text(alphabet="ab\t\n\v\f日 ", max_size=40), st.integers(0, 40))
def test_text_in_pieces_is_laid_out_like_text_at_once(text: str, cut: int) -> None:
    """Where a write ends makes no difference."""
    pieces, whole = buildx_writer(), buildx_writer()
    out = pieces.write(text[:cut]) + pieces.write(text[cut:]) + pieces.flush()
    assert out == whole.write(text) + whole.flush()


@given(st.lists(st.tuples(*[st.text(st.characters(categories=["L", "N", "P"]), max_size=15)] * 3), max_size=8))
def test_columns_of_a_table_line_up(rows: list[tuple[str, str, str]]) -> None:
    """In every row each column begins at the same cell, and nothing is lost."""
    lines = render_table(rows).splitlines()
    starts = set()
    for row, line in zip(rows, lines, strict=True):
        assert line.endswith(row[2])
        head = line[: len(line) - len(row[2])]
        assert head.startswith(row[0])
        starts.add(display_width(head))
        assert "".join(head.split()) == row[0] + row[1]
    assert len(starts) <= 1


@pytest.mark.parametrize(
    ("text", "width"),
    [
        pytest.param("plain", 5, id="ASCII"),
        pytest.param("", 0, id="nothing"),
        pytest.param("héllo…", 6, id="accents and punctuation"),
        pytest.param("e\u0301", 1, id="a combining accent"),
        pytest.param("日本", 4, id="ideographs"),
        pytest.param("\uff57\uff49", 4, id="full-width letters"),
        pytest.param("ｶﾅ", 2, id="half-width kana"),
        pytest.param("\u1112\u1161\u11ab", 2, id="a Hangul syllable in parts"),
        pytest.param("😀", 2, id="an emoji"),
        pytest.param("👍🏽", 2, id="with a skin tone"),
        pytest.param("👨\u200d👩\u200d👧", 2, id="a family is one"),
        pytest.param("🇩🇪", 1, id="a flag as its first half"),
        pytest.param("❤\ufe0f", 1, id="a variation selector"),
        pytest.param("\x1b[1m", 3, id="control characters take nothing"),
        pytest.param("\u0378\U00030000", 3, id="unassigned ones"),
    ],
)
def test_display_width(text: str, width: int) -> None:
    """Cells are what a terminal shows, not characters or bytes."""
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("t🐳ststring", 0, "", id="no cells"),
        pytest.param("t🐳ststring", 1, "t", id="one cell has no room for an ellipsis"),
        pytest.param("日本", 1, "日", id="the first character, however wide"),
        pytest.param("", 1, "", id="nothing stays nothing"),
        pytest.param("teststring", 10, "teststring", id="it fits"),
        pytest.param("teststring", 9, "teststri…", id="it does not"),
        pytest.param("teststring", 2, "t…", id="two cells"),
        pytest.param("日本語", 6, "日本語", id="wide characters that fit"),
        pytest.param("日本語", 5, "日本…", id="the ellipsis takes one cell"),
        pytest.param("日本語", 4, "日…", id="half a character is left out"),
        pytest.param("日本語", 2, "日本語", id="Docker leaves alone what begins too wide"),
        pytest.param("sh -c 'dd if=/dev/zero of=/x'", 20, "sh -c 'dd if=/dev/z…", id="a command"),
        pytest.param("e\u0301e\u0301", 3, "e\u0301…", id="a combining accent counts here"),
    ],
)
def test_truncation(text: str, width: int, expected: str) -> None:
    """Text is cut to a number of cells, as Docker's ellipsis does."""
    assert truncate_display(text, width) == expected


@given(st.text(), st.integers(3, 40))
def test_truncated_text_fits(text: str, width: int) -> None:
    """What comes out is never wider than asked for, and is the text or its beginning."""
    cut = truncate_display(text, width)
    assert display_width(cut) <= width
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
