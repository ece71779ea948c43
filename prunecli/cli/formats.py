"""`--format` as Docker reads it: tables, JSON and Go templates over rows of named fields.

Fields are data from outside. In tables and templates each text has its control characters spelt out; in JSON
(`json`, `{{json .}}`) they stand as they are, escaped the JSON way, so that a program reads what is there and a
terminal never sees a control character. What the template itself says is printed as it was typed.
Source: docker CLI (cli/command/formatter, templates); `cli-and-api.md` 6.3 and 8.4 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunecli.errors import TemplateError
from prunecli.printable import BEYOND_C0, printable
from prunecli.tables import align_columns, render_table

if TYPE_CHECKING:
    from prunecli.gotemplate import Struct, Template

TABLE = "table"
RAW = "raw"
JSON = "json"
PRETTY = "pretty"

_MAX_COLUMNS = 100
_MAX_PADDING = 32_000_000  # characters
_JSON_TEMPLATE = "{{json .}}"

Fields = Mapping[str, object]
Columns = Mapping[str, str]
"""The header of each field."""


@dataclass(frozen=True, slots=True)
class Format:
    """What stood after `--format`; `body` is the Go template in it."""

    given: str

    @property
    def is_table(self) -> bool:
        """Whether it begins with `table`: rows are aligned below a header, and ids are cut."""
        return self.given.startswith(TABLE)

    @property
    def body(self) -> str:
        r"""The template; in it, `\t` and `\n` typed as two characters are a tab and a newline."""
        text = _JSON_TEMPLATE if self.given == JSON else self.given.removeprefix(TABLE)
        return text.strip(" ").replace("\\t", "\t").replace("\\n", "\n")

    def parse(self) -> Template:
        """Return the template, ready to fill in; TemplateError in Docker's words for a mistake in it."""
        from prunecli.gotemplate import parse

        try:
            return parse(self.body)
        except TemplateError as e:
            raise TemplateError(f"template parsing error: {e}") from e

    def render(self, rows: Iterable[tuple[str, Fields]], columns: Columns) -> str:
        """Return a line for every row by the template, as a table below its header where that is asked for.

        Each row comes with its Go type. Errors: TemplateError; then no row is shown at all, as in Docker.
        """
        template = self.parse()
        try:
            lines = [template.execute(context(type_name, row)) + "\n" for type_name, row in rows]
        except TemplateError as e:
            raise TemplateError(f"template parsing error: {e}") from e
        if self.is_table:
            _check_table("".join(lines))
            lines = [align_columns("".join([template.header(columns), "\n", *lines]))]
        return contained("".join(lines), self.body)


def context(type_name: str, fields: Fields) -> Struct:
    """Return a row as a template sees it: a Docker formatter context of that Go type. A tuple is a list of texts."""
    from prunecli.gotemplate import Struct

    said = {name: _as_go(value) for name, value in sorted(fields.items())}
    shown = {name: _as_go(_safe(value)) for name, value in fields.items()}
    return Struct(type_name, shown, json_value=said, methods=True)


def _safe(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_safe, value))
    return printable(value) if isinstance(value, str) else value


def _as_go(value: object) -> object:
    from prunecli.gotemplate import typed

    return typed(value or None, "[]string") if isinstance(value, tuple) else value


def _check_table(text: str) -> None:
    """Refuse what gets too large when each cell is padded to its column's width. Errors: TemplateError."""
    lines = text.splitlines()
    columns = max((line.count("\t") for line in lines), default=0)
    if columns > _MAX_COLUMNS:
        raise TemplateError(f"table has {columns} columns: no more than {_MAX_COLUMNS} can be aligned")
    if max(map(len, lines), default=0) * len(lines) > 8 * len(text) + _MAX_PADDING:
        raise TemplateError(f"table too wide: with all its cells padded it is more than {_MAX_PADDING // 10**6}MB")


def contained(text: str, template: str) -> str:
    r"""Return filled-in text with the unsafe characters that JSON leaves alone escaped the JSON way (`\u009b`).

    Those that the template itself contains stay.
    """
    return BEYOND_C0.sub(lambda m: m[0] if m[0] in template else _in_json(m[0]), text)


def _in_json(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()  # JSON has four digits, and two escapes for the rest
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def table(columns: Columns, rows: Iterable[Fields]) -> str:
    """Return these columns of the rows below their headers, aligned; an empty table is its header alone."""
    cells = [[printable(str(row[name])) for name in columns] for row in rows]
    return render_table([list(columns.values()), *cells])
