"""`builder du`: the records of the build cache, as buildx lists them.

Source: buildx (commands/diskusage.go, commands/prune.go); `cli-and-api.md` 8.4 and 8.5 of the specification.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from prunecli.cli.df_rows import utc_time
from prunecli.cli.formats import PRETTY, TABLE, Fields, Format, table
from prunecli.cli.pflag import CommandError, DockerCommand, Flag, Text
from prunecli.cli.session import Session
from prunecli.errors import DurationError, FilterError, PrunecliError, TemplateError
from prunecli.filters import CacheFilter, Filters
from prunecli.kinds.build_cache import UsageRow, disk_usage, summarize
from prunecli.plan import shared_records
from prunecli.printable import printable
from prunecli.units import Instant, format_size, human_duration, parse_duration

_GO_TYPE = "*commands.diskusageContext"
_COLUMNS = {
    "ID": "ID",
    "Parents": "PARENTS",
    "CreatedAt": "CREATED AT",
    "Mutable": "MUTABLE",
    "Reclaimable": "RECLAIMABLE",
    "Shared": "SHARED",
    "Size": "SIZE",
    "Description": "DESCRIPTION",
    "UsageCount": "USAGE COUNT",
    "LastUsedAt": "LAST ACCESSED",
    "Type": "TYPE",
}
_TABLE_COLUMNS = {name: _COLUMNS[name] for name in ("ID", "Reclaimable", "Size", "LastUsedAt")}
_PRETTY = (
    ("Created at", "CreatedAt"),
    ("Mutable", "Mutable"),
    ("Reclaimable", "Reclaimable"),
    ("Shared", "Shared"),
    ("Size", "Size"),
    ("Description", "Description"),
    ("Usage count", "UsageCount"),
    ("Last used", "LastUsedAt"),
    ("Type", "Type"),
)
_OMITTED_EMPTY = ("Description", "LastUsedAt", "Type")


class DuError(PrunecliError):
    """What buildx refuses: its errors begin with `ERROR: `."""

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")


class BuildxCommand(DockerCommand):
    """A command of buildx: what it says of its arguments begins with `ERROR: `, what it says of its flags does not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words as pflag would."""
        try:
            return super().parse_args(ctx, args)
        except CommandError as e:
            if e.exit_code != 1:
                raise
            raise CommandError(f"ERROR: {e.message}", e.tail, e.exit_code, hint=e.hint) from e


def _check_filter(text: str) -> None:
    Filters.from_flags([text])


@click.command(
    "du",
    cls=BuildxCommand,
    params=[
        Flag(
            ["--filter"],
            type=Text("filter", _check_filter),
            multiple=True,
            help="Show only records that match (e.g. type=regular, id~=^abc)",
        ),
        Flag(
            ["--format"],
            type=Text("string"),
            help="'table', 'pretty', 'json', 'table TEMPLATE', or a Go template for each record",
        ),
        Flag(["--verbose"], is_flag=True, help="The same as --format pretty"),
    ],
    usage_suffix="",
    help="""Show the records of the build cache, what they take, and how much of it could come back.

    A `*` after an id marks a record that is still written to, one after a size a record that an image shares.
    """,
)
@click.pass_obj
def builder_du(session: Session, filter: tuple[str, ...], format: str | None, verbose: bool) -> int:
    """Measure the build cache and print it in the form that was asked for."""
    if format and verbose:
        raise DuError("--format and --verbose cannot be used together")
    chosen = Format(PRETTY if verbose else format or TABLE)
    filters = Filters.from_flags(filter)
    cache_filter = make_cache_filter(filters)
    now = session.clock.now()
    snapshot = session.world().snapshot(now)
    rows = disk_usage(snapshot.build_cache, shared_records(snapshot), cache_filter=cache_filter)
    try:
        sys.stdout.write(_listing(rows, now, chosen))
    except TemplateError as e:
        raise DuError(e.message) from e
    if chosen.given in (TABLE, PRETTY) and not filters.values:
        sys.stdout.write(_sums(rows))
    return 0


def make_cache_filter(filters: Filters) -> CacheFilter:
    """Return what buildx makes of filters: every key is a field of a record, `key!` and `key~` carry an operator.

    `until` and `unused-for` are checked and mean nothing here.
    Errors: DuError in the words of buildx, or of BuildKit for a selector that does not parse.
    """
    age = _check_age(filters)
    parts: list[str] = []
    for key in sorted(filters.values):
        if key == age:
            continue
        values = filters.get(key)
        if len(values) > 1:
            raise DuError("filters expect only one value")
        operator = "~=" if key == "id" else "=" if key.endswith(("!", "~")) else "=="
        parts.append(operator.join((key, *values)))
    try:
        return CacheFilter((",".join(parts),))
    except FilterError as e:
        what = e.message.replace("failed to parse prune filters", "failed to parse diskusage filters", 1)
        raise DuError(f"failed to call diskusage: {what}") from e


def _check_age(filters: Filters) -> str:
    """Return the key under which an age was given, `until` when none was."""
    until, unused_for = filters.get("until"), filters.get("unused-for")
    if until and unused_for:
        raise DuError('conflicting filters "until" and "unused-for"')
    key, values = ("unused-for", unused_for) if unused_for else ("until", until)
    if len(values) > 1:
        raise DuError("filters expect only one value")
    for text in values:
        try:
            parse_duration(text)
        except DurationError as e:
            raise DuError(f"\"{key}\" filter expects a duration (e.g., '24h'): {e}") from e
    return key


def _listing(rows: Iterable[UsageRow], now: Instant, format: Format) -> str:
    fields = [_fields(row, now, marked=format.is_table) for row in rows]
    if format.given == TABLE:
        return table(_TABLE_COLUMNS, [{**f, "Reclaimable": _text(f["Reclaimable"])} for f in fields])
    if format.given == PRETTY:
        return "".join(map(_pretty, fields))
    return format.render(((_GO_TYPE, row) for row in fields), _COLUMNS)


def _fields(row: UsageRow, now: Instant, *, marked: bool) -> Fields:
    """Return what is said of a record; `marked` puts the stars of a table."""
    record = row.record
    used = record.last_used_at
    return {
        "CreatedAt": utc_time(record.created_at),
        "Description": record.description,
        "ID": record.id + ("*" if marked and record.mutable else ""),
        "LastUsedAt": "" if used is None else f"{human_duration(now - used)} ago",
        "Mutable": record.mutable,
        "Parents": record.parents,
        "Reclaimable": not row.in_use,
        "Shared": row.shared,
        "Size": format_size(row.size) + ("*" if marked and row.shared else ""),
        "Type": record.type,
        "UsageCount": record.usage_count,
    }


def _pretty(fields: Fields) -> str:
    """Return one record as lines, and an empty one; what is empty is left out."""
    lines = [f"ID:           {_text(fields['ID'])}"]
    parents = fields["Parents"]
    assert isinstance(parents, tuple)  # noqa: S101 - a list of ids
    if parents:
        lines += ["Parents:", *(f" - {_text(parent)}" for parent in parents)]
    lines += [
        f"{label + ':':13} {_text(fields[name])}"
        for label, name in _PRETTY
        if fields[name] != "" or name not in _OMITTED_EMPTY
    ]
    return "\n".join([*lines, "", ""])


def _text(value: object) -> str:
    """Return a value as Go prints it, safe for a terminal."""
    return str(value).lower() if isinstance(value, bool) else printable(str(value))


def _sums(rows: tuple[UsageRow, ...]) -> str:
    """Return the four sums; what images share is told where there is any."""
    sums = summarize(rows)
    lines = [f"Reclaimable:\t{format_size(sums.idle)}", f"Total:\t\t{format_size(sums.size)}"]
    if sums.shared > 0:
        lines[:0] = [f"Shared:\t\t{format_size(sums.shared)}", f"Private:\t{format_size(sums.private)}"]
    return "".join(line + "\n" for line in lines)
