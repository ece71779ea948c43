"""From the little Markdown that the prose is written in to man(7): paragraphs, lists, tables, code, definitions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

_INLINE = re.compile(r"`([^`]+)`|\*([^*]+)\*")
WIDTH = 76


def escaped(text: str) -> str:
    """Return text that roff prints as it is."""
    return (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )


def prose(text: str) -> str:
    """Return a paragraph's text: `code` in bold, *words* in italics, wrapped, never read as a request."""
    words = " ".join(text.split())
    out: list[str] = []
    at = 0
    for match in _INLINE.finditer(words):
        out.append(_words(words[at : match.start()]))
        out.append(f"\\fB{escaped(match[1])}\\fR" if match[1] else f"\\fI{_words(match[2])}\\fR")
        at = match.end()
    out.append(_words(words[at:]))
    return "\n".join(_safe(line) for line in _wrapped("".join(out)))


def _words(text: str) -> str:
    return (
        text.replace("\\", "\\e")
        .replace("'", "\\(aq")
        .replace("~", "\\(ti")
        .replace("^", "\\(ha")
        .replace(" - ", " \\(en ")
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _safe(line: str) -> str:
    return f"\\&{line}" if line.startswith((".", "'")) else line


def example(lines: Iterable[str]) -> str:
    """Return lines as they are, set off."""
    return "\n".join([".RS 4", ".EX", *(_safe(escaped(line)) for line in lines), ".EE", ".RE"])


def table(rows: list[list[str]]) -> str:
    """Return a table for tbl(1): a head, and rows whose last column is wrapped."""
    columns = len(rows[0])
    layout = " ".join(["lb"] * columns), " ".join(["l"] * (columns - 1) + ["lx"])
    lines = [".TS", "tab(|);", layout[0], f"{layout[1]}."]
    for row in rows:
        cells = [prose(cell).replace("\n", " ").replace("|", "\\(ba") for cell in row]
        lines.append("|".join([*cells[:-1], f"T{{\n{prose_cell(row[-1])}\nT}}"]))
    return "\n".join([*lines, ".TE"])


def prose_cell(text: str) -> str:
    """Return the text of a wrapped cell."""
    return prose(text) or "\\&"


def body(text: str) -> str:
    """Return the roff for some Markdown."""
    out: list[str] = []
    first = True
    for block in _blocks(text):
        if block[0].startswith("<!--"):
            continue
        out.append(_block(block, first=first))
        first = block[0].startswith("## ")
    return "\n".join(out)


def _blocks(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    fenced = False
    current: list[str] = []
    for line in text.strip().splitlines():
        if line.startswith("```"):
            if fenced:
                found.append(["```", *current])
            elif current:
                found.append(current)
            current, fenced = [], not fenced
        elif fenced:
            current.append(line)
        elif line.strip():
            if line.startswith("<!--"):
                continue
            current.append(line)
        elif current:
            found.append(current)
            current = []
    return [*found, current] if current else found


def _block(lines: list[str], *, first: bool) -> str:
    if lines[0] == "```":
        return example(lines[1:])
    if lines[0].startswith("## "):
        return f".SS {_heading(lines[0][3:])}"
    if lines[0].startswith("| "):
        rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines if "|---" not in line
        ]
        return table([[cell.replace("\\|", "|") for cell in row] for row in rows])
    if lines[0].startswith("- "):
        return "\n".join(f".IP \\(bu 2\n{prose(item)}" for item in _items(lines))
    if len(lines) > 1 and lines[1].startswith(": "):
        return f".TP\n{prose(lines[0])}\n{prose(' '.join([lines[1][2:], *lines[2:]]))}"
    return prose(" ".join(lines)) if first else f".PP\n{prose(' '.join(lines))}"


def _heading(text: str) -> str:
    return '"' + escaped(text).replace('"', "\\(dq") + '"' if " " in text else escaped(text)


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:])
        else:
            items[-1] += " " + line.strip()
    return items
